import os
import signal
import stat
import sys
from pathlib import Path

import pytest

from stack.errors import ServiceFailed
from stack.processes import Program
from stack.supervisor import SupervisedProcess
from tests.end_to_end.live_stack import alive
from tests.waiting import eventually

SLEEPER = [sys.executable, "-S", "-c", "import time; time.sleep(600)"]
IGNORES = "signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True)"
STUBBORN = [sys.executable, "-S", "-c", f"import signal, time; {IGNORES}; time.sleep(600)"]


class Starts:
    """Counts, and lets a test wait for the next one."""

    def __init__(self, *, failing: bool = False) -> None:
        self.seen = 0
        self._failing = failing

    def __call__(self) -> None:
        self.seen += 1
        if self._failing:
            raise OSError("No space left on device")


@pytest.mark.parametrize("before", [None, 0o644])
async def test_the_log_of_a_program_is_its_owners_alone(tmp_path: Path, before: int | None) -> None:
    part = SupervisedProcess(Program("sleeper", SLEEPER), tmp_path, Starts())
    if before is not None:
        part.log.write_text("of a former run\n")
        part.log.chmod(before)
    await part.start()
    await part.stop()
    assert stat.S_IMODE(part.log.stat().st_mode) == 0o600


async def test_a_program_that_dies_is_started_again(tmp_path: Path) -> None:
    starts = Starts()
    part = SupervisedProcess(Program("sleeper", SLEEPER), tmp_path, starts)
    await part.start()
    first = part.pid
    os.kill(first, signal.SIGKILL)
    await eventually(lambda: starts.seen == 2)
    assert part.pid != first
    await part.stop()
    assert not alive({first, part.pid})


async def test_a_start_that_cannot_be_noted_ends_no_supervision(tmp_path: Path) -> None:
    starts = Starts(failing=True)
    part = SupervisedProcess(Program("sleeper", SLEEPER), tmp_path, starts)
    await part.start()
    os.kill(part.pid, signal.SIGKILL)
    await eventually(lambda: starts.seen == 2)
    await part.stop()


async def test_a_program_that_was_stopped_stays_away(tmp_path: Path) -> None:
    starts = Starts()
    part = SupervisedProcess(Program("sleeper", SLEEPER), tmp_path, starts)
    await part.start()
    await part.stop()
    assert starts.seen == 1
    assert not alive({part.pid})


async def test_a_program_that_cannot_run_is_named_with_its_log(tmp_path: Path) -> None:
    async def never(_pid: int) -> bool:
        return False

    broken = Program("broken", [sys.executable, "-S", "-c", "raise SystemExit('no')"], health_check=never)
    part = SupervisedProcess(broken, tmp_path, Starts())
    with pytest.raises(ServiceFailed, match=r"broken does not start.*broken\.log"):
        await part.start()
    await part.stop()
    assert "no" in part.log.read_text()


async def test_a_program_that_does_not_exist_fails_at_once(tmp_path: Path) -> None:
    part = SupervisedProcess(Program("absent", ["/nonexistent/program"]), tmp_path, Starts())
    with pytest.raises(ServiceFailed, match="absent does not start"):
        await part.start()
    await part.stop()


async def test_a_program_that_will_not_end_is_killed(tmp_path: Path) -> None:
    async def printed(_pid: int) -> bool:
        return part.log.read_text() != ""

    part = SupervisedProcess(Program("stubborn", STUBBORN, health_check=printed, stop_timeout=0.2), tmp_path, Starts())
    await part.start()
    await part.stop()
    assert not alive({part.pid})
