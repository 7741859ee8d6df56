"""Asks one address again and again, as another client of the API would, from a process of its own.

`python -m benchmarks.cases.asking URL` until its input ends; it prints the milliseconds of each answer as JSON.
"""

import contextlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import httpx

from benchmarks.processes import ROOT

PAUSE_SECONDS = 0.005
TIMEOUT_SECONDS = 30


@contextlib.contextmanager
def asking(url: str) -> Iterator[list[float]]:
    """Ask while the block runs; the milliseconds of each answer are in the list afterwards."""
    argv = [sys.executable, "-m", "benchmarks.cases.asking", url]
    child = subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    found: list[float] = []
    try:
        assert child.stdout is not None
        child.stdout.readline()  # its first answer is here
        yield found
        found += json.loads(child.communicate(timeout=TIMEOUT_SECONDS)[0])
    finally:
        child.kill()
        child.wait()


def main(url: str) -> None:
    ended, found = threading.Event(), list[float]()

    def wait_for_the_end() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    with httpx.Client(trust_env=False, timeout=TIMEOUT_SECONDS) as client:
        client.get(url)
        print("asking", flush=True)
        while not ended.is_set():
            began = time.perf_counter()
            client.get(url)
            found.append((time.perf_counter() - began) * 1000)
            time.sleep(PAUSE_SECONDS)
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
