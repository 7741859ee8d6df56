"""`python -m api` as a process: it starts while Temporal is away, and leaves nothing behind."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import psutil
import pytest

from tests.api.client import Api, free_port


@dataclass
class Process:
    popen: "subprocess.Popen[bytes]"
    url: str

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.popen.pid).children(recursive=True)

    def log(self) -> str:
        assert self.popen.stderr is not None
        return self.popen.stderr.read().decode()


@pytest.fixture
def process(shared_database_url: str) -> Iterator[Process]:
    port = free_port()
    environment = os.environ | {
        "OUTDIAL_DATABASE_URL": shared_database_url,
        "OUTDIAL_API_PORT": str(port),
        "TEMPORAL_ADDRESS": f"127.0.0.1:{free_port()}",
    }
    popen = subprocess.Popen([sys.executable, "-m", "api"], env=environment, stderr=subprocess.PIPE)
    started = Process(popen, f"http://127.0.0.1:{port}")
    try:
        until_it_answers(started)
        yield started
    finally:
        popen.kill()
        popen.wait()
        assert popen.stderr is not None
        popen.stderr.close()


def until_it_answers(process: Process) -> None:
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


def until_gone(processes: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(processes, timeout=10)
    assert not alive


def test_a_stop_ends_it_with_its_workers(process: Process) -> None:
    children = process.children()
    assert children  # the reader of contact files is warm
    process.popen.send_signal(signal.SIGTERM)
    process.popen.wait(timeout=20)
    until_gone(children)
    assert "Traceback" not in process.log()


def test_a_kill_leaves_no_worker_behind(process: Process) -> None:
    children = process.children()
    assert children
    process.popen.kill()
    process.popen.wait(timeout=20)
    until_gone(children)


async def test_a_stop_ends_the_streams_of_those_who_watch(process: Process, api: Api) -> None:
    job = await api.new_job()
    async with (
        httpx.AsyncClient(base_url=process.url, timeout=30, headers=api.key) as client,
        client.stream("GET", f"/batch/jobs/{job}/events") as events,
    ):
        lines = events.aiter_lines()
        assert (await anext(lines)).startswith(("event", "id"))
        process.popen.send_signal(signal.SIGTERM)
        assert [line async for line in lines]  # to the end of the stream, which is no broken one

    await asyncio.to_thread(process.popen.wait, 20)
    assert '"level": "error"' not in process.log()
