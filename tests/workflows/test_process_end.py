"""A process ends with its exit code, without taking its interpreter down."""

import subprocess
import sys

import pytest

BEFORE = """
import atexit, sys, threading, time
from workflows.process_end import run_to_end
atexit.register(print, "at exit")
class Torn:
    def __del__(self): print("torn down")
torn = Torn()
def main():
    print("said", end="; ")
"""


def ended(main: str) -> tuple[int, str, str]:
    program = [sys.executable, "-c", BEFORE + f"    {main}\nrun_to_end(main)\nprint('not here')"]
    done = subprocess.run(program, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("main", "code", "said"),
    [
        ("pass", 0, ""),
        ("sys.exit()", 0, ""),
        ("sys.exit(3)", 3, ""),
        ("sys.exit('no such file')", 1, "no such file\n"),
        ("raise ValueError(5)", 1, "ValueError: 5\n"),
        ("threading.Thread(target=time.sleep, args=(600,)).start()", 0, ""),
    ],
)
def test_it_ends_at_once_as_its_main_did(main: str, code: int, said: str) -> None:
    found = ended(main)
    assert found[:2] == (code, "said; at exit\n")
    assert found[2].endswith(said)
