"""`python -m api` as a process of its own, to be stopped or killed."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO

import httpx

from stack.ports import free_port
from tests.api.client import SECRET


@dataclass
class Process:
    popen: "subprocess.Popen[bytes]"
    url: str
    stderr: IO[bytes]  # a file: a pipe that nobody reads would stop the process

    def log(self) -> str:
        self.stderr.seek(0)
        return self.stderr.read().decode()


@contextmanager
def api_process(database_url: str, temporal: str) -> Iterator[Process]:
    """It answers already; `temporal` is an address."""
    port = free_port()
    environment = os.environ | {
        "OUTDIAL_DATABASE_URL": database_url,
        "OUTDIAL_API_PORT": str(port),
        "OUTDIAL_SECRET": SECRET,
        "TEMPORAL_ADDRESS": temporal,
    }
    with (
        TemporaryFile() as stderr,
        subprocess.Popen([sys.executable, "-m", "api"], env=environment, stderr=stderr) as popen,
    ):
        try:
            started = Process(popen, f"http://127.0.0.1:{port}", stderr)
            _wait_until_it_answers(started)
            yield started
        finally:
            popen.kill()


def _wait_until_it_answers(process: Process) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert process.popen.poll() is None, process.log()
        try:
            assert httpx.get(f"{process.url}/healthz").status_code == 200
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the process did not answer")
