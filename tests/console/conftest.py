"""The console as a browser meets it: real HTTP, real PostgreSQL; Temporal is away."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.api.client import Served, Tenant
from tests.api.conftest import api, http, jobs, other, records, served, shared_database_url, tenant
from tests.console.browsing import Visitor

__all__ = ["api", "http", "jobs", "other", "records", "served", "shared_database_url", "tenant"]


@pytest.fixture
async def visitor(served: Served, tenant: Tenant) -> AsyncIterator[Visitor]:
    """Signed in as the owner."""
    async with Visitor.at(served.url) as visitor:
        await visitor.sign_in(tenant.owner)
        yield visitor


@pytest.fixture
async def member(served: Served, tenant: Tenant) -> AsyncIterator[Visitor]:
    """Signed in with a member's key."""
    async with Visitor.at(served.url) as visitor:
        await visitor.sign_in(tenant.member)
        yield visitor


@pytest.fixture
async def stranger(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    """A browser in which nobody is signed in."""
    async with httpx.AsyncClient(base_url=served.url, timeout=30) as client:
        yield client
