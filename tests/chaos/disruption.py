"""Does to the parts of a stack and to what is between them what the plan says, and notes when."""

import contextlib
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil

from tests.chaos import clock
from tests.chaos.disk import Disk
from tests.chaos.network import Network
from tests.chaos.plan import Disruption
from tests.chaos.resolver import Resolver
from tests.end_to_end.live_stack import LiveStack

REPLACED_WITHIN_SECONDS = 120
AT_ONCE = 16


@dataclass(frozen=True)
class Surroundings:
    """What else can be hurt; None where this machine does not let us."""

    network: Network
    disk: Disk | None
    resolver: Resolver | None
    clock: Path | None  # the file that says how far it is off
    empty_temporal: Path  # while it exists, Temporal starts with nothing


@dataclass(frozen=True)
class Done:
    """One disruption, and when it was (seconds since the epoch)."""

    disruption: Disruption
    at: float
    skipped: bool = False


@dataclass
class Disruptor:
    """Kills wait until the part was started again; what lasts goes on beside whatever else happens."""

    stack: LiveStack
    around: Surroundings
    done: list[Done] = field(default_factory=list)
    _beside: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(AT_ONCE))
    _lasting: list[Future[None]] = field(default_factory=list)

    def do(self, disruption: Disruption) -> None:
        done = Done(disruption, time.time())
        lasting: dict[str, tuple[Callable[[Disruption], None], object]] = {
            "stop": (self._stop, True),
            "cut": (self._cut, True),
            "slow": (self._slow_down, self.around.resolver),
            "step": (self._step, self.around.clock),
            "fill": (self._fill, self.around.disk),
            "swap": (self._swap, True),
        }
        if disruption.how not in lasting:
            self._end(disruption)
        elif lasting[disruption.how][1] is not None:
            self._lasting.append(self._beside.submit(lasting[disruption.how][0], disruption))
        else:
            done = replace(done, skipped=True)
        self.done.append(done)

    def finish(self) -> None:
        """Return when everything is whole again. Raises what went wrong in it."""
        self._beside.shutdown()
        for lasting in self._lasting:
            lasting.result()

    def _end(self, disruption: Disruption) -> None:
        asked = signal.SIGINT if disruption.part == "postgres" else signal.SIGTERM  # its SIGTERM waits for clients
        how = signal.SIGKILL if disruption.how == "kill" else asked
        old = self.stack.pid(disruption.part, disruption.number)
        with contextlib.suppress(ProcessLookupError):
            self.stack.kill(disruption.part, disruption.number, how)
        deadline = time.monotonic() + REPLACED_WITHIN_SECONDS
        while self.stack.pid(disruption.part, disruption.number) == old:
            assert self.stack.process.poll() is None, f"`up` ended: {self.stack.output}"
            assert time.monotonic() < deadline, f"{disruption} was not started again"
            time.sleep(0.05)

    def _stop(self, disruption: Disruption) -> None:
        """The part with its children: PostgreSQL works in them."""
        frozen = list(_family(self.stack.pid(disruption.part, disruption.number)))
        for process in frozen:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.suspend()
        time.sleep(disruption.seconds)
        for process in frozen:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()

    def _cut(self, disruption: Disruption) -> None:
        network = self.around.network
        network.cut()
        time.sleep(min(disruption.seconds, network.max_seconds or disruption.seconds))
        network.heal()

    def _slow_down(self, disruption: Disruption) -> None:
        assert self.around.resolver is not None
        self.around.resolver.delay = disruption.amount
        time.sleep(disruption.seconds)
        self.around.resolver.delay = 0.0

    def _step(self, disruption: Disruption) -> None:
        assert self.around.clock is not None
        clock.step(self.around.clock, disruption.amount)
        time.sleep(disruption.seconds)
        clock.step(self.around.clock, 0.0)

    def _fill(self, disruption: Disruption) -> None:
        assert self.around.disk is not None
        self.around.disk.fill()
        time.sleep(disruption.seconds)
        self.around.disk.free()

    def _swap(self, disruption: Disruption) -> None:
        """Another Temporal answers at the address, and a worker and the API begin with it; then the old one is back."""
        self.around.empty_temporal.touch()
        self._end(Disruption("kill", "temporal"))
        self._end(Disruption("kill", "workers", disruption.number))
        self._end(Disruption("kill", "api"))
        time.sleep(disruption.seconds)
        self.around.empty_temporal.unlink(missing_ok=True)
        self._end(Disruption("kill", "temporal"))


def _family(pid: int) -> Iterator[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        yield parent
        yield from parent.children(recursive=True)
