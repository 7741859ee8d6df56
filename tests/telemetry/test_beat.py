"""A process is well while its event loop turns, not while a thread of it answers."""

import asyncio
import time
from collections.abc import Iterator

import pytest
from prometheus_client import start_http_server

from store.db.listen import in_background
from telemetry.beat import find_fault
from telemetry.metrics import REGISTRY
from telemetry.probes import watch_loop


@pytest.fixture
def url() -> Iterator[str]:
    server, thread = start_http_server(0, "127.0.0.1", registry=REGISTRY)
    yield f"http://127.0.0.1:{server.server_port}/metrics"
    server.shutdown()
    server.server_close()
    thread.join()


async def test_a_loop_that_turns_is_well(url: str) -> None:
    async with in_background(watch_loop()):
        assert await asyncio.to_thread(find_fault, url) is None


async def test_a_loop_that_stands_still_is_not_although_metrics_are_served(url: str) -> None:
    async with in_background(watch_loop()):
        await asyncio.sleep(0)
        asking = asyncio.get_running_loop().run_in_executor(None, find_fault, url, 1.5)
        time.sleep(2.5)  # the loop stands still
        assert await asking == "the event loop has not turned for 2 s"


def test_a_process_that_does_not_answer_is_not_well() -> None:
    assert find_fault("http://127.0.0.1:9/metrics") == "http://127.0.0.1:9/metrics cannot be read (URLError)"
