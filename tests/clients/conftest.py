"""The API that the client is of: real, on loopback."""

from collections.abc import Iterator

import pytest
from outdial_client import Outdial

from tests.api.client import Served, Tenant
from tests.api.conftest import records, served, shared_database_url, tenant

__all__ = ["records", "served", "shared_database_url", "tenant"]


@pytest.fixture
def outdial(served: Served, tenant: Tenant) -> Iterator[Outdial]:
    with Outdial(tenant.owner, served.url) as client:
        yield client
