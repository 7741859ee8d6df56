"""Fixtures that all tests share, and who of several processes runs which test."""

import signal
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from hypothesis import settings

from store.billing.ledger import Ledger
from store.db.engine import Database, create_engine
from store.jobs.repository import Jobs
from tests.databases import Databases
from tests.units import turn_of, unit_of


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--carrier", metavar="NAME", help="of the conformance suite: judge this carrier only")


def pytest_configure() -> None:
    """`timeout` must leave nothing behind either: fixtures end what they started. Nor is it a property's fault that a
    machine is busy: its examples take as long as they take."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    settings.register_profile("patient", parent=settings.default, deadline=None)
    settings.load_profile("patient")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: turn_of(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Of `-n`: what shares a server goes to one process, what takes long is begun first."""
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415  where it is not installed nobody asks

    class ByUnit(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return unit_of(nodeid)

    config.option.loadscopereorder = False
    return ByUnit(config, log)


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    with Databases.running() as databases:
        yield databases


@pytest.fixture
def database_url(databases: Databases) -> Iterator[str]:
    """A migrated, empty database for this test alone."""
    with databases.lend() as url:
        yield url


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[Database]:
    """The engine of a process, on this test's database."""
    engine = create_engine(database_url, pool_size=10)
    yield engine
    await engine.dispose()


@pytest.fixture
def jobs(engine: Database) -> Jobs:
    return Jobs(engine)


@pytest.fixture
def ledger(engine: Database) -> Ledger:
    return Ledger(engine)
