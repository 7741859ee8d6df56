"""Who is who, on a database that the tests of a file share."""

import pytest

from store.organizations.agents import Agents
from store.organizations.api_keys import ApiKeys
from store.organizations.organizations import Organizations
from store.organizations.phone_numbers import PhoneNumbers
from tests.store.calling import Calling


@pytest.fixture
def organizations(shared: Calling) -> Organizations:
    return Organizations(shared.engine)


@pytest.fixture
def api_keys(shared: Calling) -> ApiKeys:
    return ApiKeys(shared.engine)


@pytest.fixture
def agents(shared: Calling) -> Agents:
    return Agents(shared.engine)


@pytest.fixture
def phone_numbers(shared: Calling) -> PhoneNumbers:
    return PhoneNumbers(shared.engine)


@pytest.fixture
async def acme(organizations: Organizations) -> str:
    """An organization that has nothing yet, by its id."""
    return (await organizations.create("Acme")).id
