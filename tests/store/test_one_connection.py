"""Nobody holds one of the pool's connections while waiting for another: as many who do that wait for each other."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from store.calls.due_page import DuePages
from store.db import engine as engines
from store.db.engine import Database, create_engine
from tests.store.calling import Calling
from tests.store.every_method import METHODS, a_world, public_methods

JOBS = 30  # that start in one instant
POOL_SIZE = 2
SECONDS = 10  # a starved page waited for a connection so long


@pytest.fixture
async def narrow(shared_database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    """With a single connection: whoever takes a second one does not get it."""
    monkeypatch.setattr(engines, "POOL_TIMEOUT_SECONDS", 1)
    engine = create_engine(shared_database_url, pool_size=1)
    yield engine
    await engine.dispose()


def test_every_method_of_the_store_is_tried() -> None:
    assert set(public_methods()) == set(METHODS), "tests/store/every_method.py has to have it"


@pytest.mark.parametrize("method", METHODS)
async def test_a_method_takes_one_connection_at_a_time(
    shared: Calling, shared_database_url: str, narrow: Database, method: str
) -> None:
    await METHODS[method](await a_world(shared, narrow, shared_database_url))


async def test_jobs_that_start_in_one_instant_wait_for_no_connection_of_each_other(
    shared: Calling, shared_database_url: str, narrow: Database
) -> None:
    """All find their windows closed, and put their contacts off."""
    jobs = [(await a_world(shared, narrow, shared_database_url)).closed for _ in range(JOBS)]
    engine = create_engine(shared_database_url, POOL_SIZE)
    pages = DuePages(engine)
    async with asyncio.timeout(SECONDS):
        read = await asyncio.gather(*(pages.read(job.id, datetime.now(UTC), 100) for job in jobs))
    await engine.dispose()
    assert [(page.due, page.next_due_reason) for page in read] == [([], "window")] * JOBS
