"""Real uvicorn on loopback, real PostgreSQL; Temporal is away unless a test says otherwise."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from api.app import create_app
from stack.ports import free_port
from store.db.engine import Database, create_engine
from store.jobs.lifecycle import JobLifecycle
from store.jobs.repository import Jobs
from tests.api.client import Api, Served, Tenant, new_tenant, serve, settings_for
from tests.databases import Databases


@pytest.fixture
def temporal_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{free_port()}")


@pytest.fixture(scope="session")
def shared_database_url(databases: Databases) -> Iterator[str]:
    """One database for all tests here: each test has organizations of its own."""
    with databases.lend() as url:
        yield url


@pytest.fixture(scope="session")
def served(shared_database_url: str) -> Iterator[Served]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{free_port()}")
        patch.setenv("OUTDIAL_ASTERISK_URL", f"http://127.0.0.1:{free_port()}/ari")
        served = serve(create_app(settings_for(shared_database_url)))
    yield served
    served.stop()


@pytest.fixture(scope="session")
async def records(shared_database_url: str) -> AsyncIterator[Database]:
    engine = create_engine(shared_database_url, pool_size=4)
    yield engine
    await engine.dispose()


@pytest.fixture
def jobs(records: Database) -> Jobs:
    return Jobs(records)


@pytest.fixture
def control(records: Database) -> JobLifecycle:
    return JobLifecycle(records)


@pytest.fixture
async def tenant(records: Database) -> Tenant:
    return await new_tenant(records)


@pytest.fixture
async def other(records: Database) -> Tenant:
    return await new_tenant(records)


@pytest.fixture
async def http(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a key."""
    async with httpx.AsyncClient(base_url=served.url, timeout=30, verify=False) as client:
        yield client


@pytest.fixture
def api(http: httpx.AsyncClient, tenant: Tenant) -> Api:
    return Api(http, tenant)
