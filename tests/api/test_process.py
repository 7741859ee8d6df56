"""`python -m api` as a process: it starts while Temporal is away, and leaves nothing behind."""

import asyncio
import signal
from collections.abc import Iterator

import httpx
import psutil
import pytest

from stack.ports import free_port
from tests.api.client import Api
from tests.api.process import Process, api_process


@pytest.fixture
def process(shared_database_url: str) -> Iterator[Process]:
    with api_process(shared_database_url, f"127.0.0.1:{free_port()}") as started:
        yield started


def children_of(process: Process) -> list[psutil.Process]:
    return psutil.Process(process.popen.pid).children(recursive=True)


def until_gone(processes: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(processes, timeout=10)
    assert not alive


def test_a_stop_ends_it_with_its_workers(process: Process) -> None:
    children = children_of(process)
    assert children  # the reader of contact files is warm
    process.popen.send_signal(signal.SIGTERM)
    process.popen.wait(timeout=20)
    until_gone(children)
    assert "Traceback" not in process.log()


def test_a_kill_leaves_no_worker_behind(process: Process) -> None:
    children = children_of(process)
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
