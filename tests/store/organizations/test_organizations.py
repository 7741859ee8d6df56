"""Organizations: their limits and rules."""

import re
from decimal import Decimal

import pytest

from domain.calling_rules.frequency_caps import ContactFrequency
from store.audit_log import AuditLog
from store.db.engine import Database
from store.errors import NotFound
from store.organizations.organizations import OrganizationChange, Organizations
from tests.store.calling import Calling


async def test_an_organization_begins_with_its_credits(organizations: Organizations) -> None:
    organization = await organizations.create("Acme", 7, Decimal("12.345678"))

    assert await organizations.get(organization.id) == organization
    assert re.fullmatch(r"org_[0-9a-f]{24}", organization.id)
    assert organization.concurrent_call_limit == 7
    assert organization.free == organization.balance == Decimal("12.345678")
    assert not organization.credits_unlimited


async def test_no_credits_given_means_unlimited_and_zero_does_not(organizations: Organizations) -> None:
    assert (await organizations.create("Acme")).credits_unlimited
    poor = await organizations.create("Acme", credits=Decimal(0))
    assert (poor.credits_unlimited, poor.free) == (False, 0)


async def test_an_operator_sees_all_organizations(engine: Database) -> None:
    organizations = Organizations(engine)
    created = [await organizations.create(name) for name in ("One", "Two")]

    assert await organizations.list_all() == created


async def test_the_limit_of_calls_can_be_changed(organizations: Organizations, acme: str) -> None:
    changed = await organizations.set_concurrent_call_limit(acme, 9)

    assert changed == await organizations.get(acme)
    assert changed.concurrent_call_limit == 9


async def test_an_organization_that_is_not_there_is_not_found(organizations: Organizations) -> None:
    with pytest.raises(NotFound):
        await organizations.get("org_none")
    with pytest.raises(NotFound):
        await organizations.set_concurrent_call_limit("org_none", 3)


async def test_a_change_keeps_what_was_not_given_and_is_recorded_once(
    organizations: Organizations, shared: Calling
) -> None:
    organization = await organizations.create("Acme", 5, allowed_countries=("US",))
    change = OrganizationChange(reserved_lines=2, contact_frequency=ContactFrequency(calls_per_24_hours=1))

    for _ in range(2):
        changed = await organizations.change(organization.id, change, by="key_1")

    assert changed == await organizations.get(organization.id)
    assert (changed.concurrent_call_limit, changed.reserved_lines) == (5, 2)
    assert (changed.allowed_countries, changed.calling_window) == (("US",), None)
    assert changed.contact_frequency == ContactFrequency(calls_per_24_hours=1)
    entries = (await AuditLog(shared.engine).list_page(organization.id, None, 1, 10)).entries
    frequency = {"callsPer24Hours": 1, "callsPer7Days": None, "quietHours": None}
    assert [(entry.actor, entry.details) for entry in entries] == [
        ("key_1", {"reservedLines": 2, "contactFrequency": frequency})
    ]


async def test_no_more_lines_are_reserved_than_there_are(organizations: Organizations) -> None:
    organization = await organizations.create("Acme", 5)

    with pytest.raises(ValueError, match="reserved lines"):
        await organizations.change(organization.id, OrganizationChange(reserved_lines=6), by="key_1")

    assert await organizations.get(organization.id) == organization


async def test_the_same_id_is_created_once(organizations: Organizations) -> None:
    organization = await organizations.create("Acme", credits=Decimal(5), id="org_given")

    assert await organizations.create("Other", credits=Decimal(5), id="org_given") == organization
