import os
import subprocess
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[3]
DEMO_SECONDS = 180


@pytest.mark.soak
@pytest.mark.timeout(DEMO_SECONDS + 60)
def test_make_demo_ends_by_itself_and_leaves_nothing() -> None:
    before = _status()
    done = subprocess.run(
        ["make", "demo", "ONCE=1"],
        cwd=ROOT,
        env=os.environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEMO_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "is completed." in done.stdout
    assert _status() == before
    assert not [process for process in psutil.process_iter(["cmdline"]) if _is_of_a_demo(process)]


def _is_of_a_demo(process: psutil.Process) -> bool:
    return any("outdial-demo-" in part for part in process.info["cmdline"] or [])


def _status() -> str:
    command = ["git", "status", "--porcelain"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
