"""The store as workers use it: on a database of one test, or on one that the tests of a file share."""

from collections.abc import AsyncIterator, Iterator

import pytest

from store.db.engine import Database, create_engine
from tests.builders import Given
from tests.databases import Databases
from tests.store.calling import Calling, a_caller


@pytest.fixture
def calling(engine: Database) -> Calling:
    return Calling(engine)


@pytest.fixture(scope="module")
def shared_database_url(databases: Databases) -> Iterator[str]:
    """A migrated database for the tests of one file, each with an organization of its own."""
    with databases.lend() as url:
        yield url


@pytest.fixture(scope="module")
async def shared(shared_database_url: str) -> AsyncIterator[Calling]:
    """The store on the file's database: for tests that touch nothing but their own organization."""
    engine = create_engine(shared_database_url, pool_size=10)
    yield Calling(engine)
    await engine.dispose()


@pytest.fixture
async def given(shared: Calling) -> Given:
    """An organization of the test's own."""
    return await a_caller(shared.engine)
