"""Organizations, keys, agents and phone numbers."""

import re
from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.calling_rules.frequency_caps import ContactFrequency
from domain.calls.models import Audio
from domain.jobs.models import Caller
from domain.statuses import Architecture, Role
from store.audit_log import AuditLog
from store.errors import InUse, NotFound
from store.organizations.directory import Directory
from store.organizations.organizations import OrganizationChange
from store.tables import api_keys
from tests.builders import AUDIO_URL, a_job, an_organization


async def test_an_organization_begins_with_its_credits(directory: Directory) -> None:
    organization = await directory.create_organization("Acme", 7, Decimal("12.345678"))

    assert await directory.organization(organization.id) == organization
    assert re.fullmatch(r"org_[0-9a-f]{24}", organization.id)
    assert organization.concurrent_call_limit == 7
    assert organization.free == organization.balance == Decimal("12.345678")
    assert not organization.credits_unlimited


async def test_no_credits_given_means_unlimited(directory: Directory) -> None:
    assert (await directory.create_organization("Acme")).credits_unlimited


async def test_zero_credits_are_not_unlimited(directory: Directory) -> None:
    organization = await directory.create_organization("Acme", credits=Decimal(0))

    assert not organization.credits_unlimited
    assert organization.free == 0


async def test_an_operator_sees_all_organizations(directory: Directory) -> None:
    created = [await directory.create_organization(name) for name in ("One", "Two")]

    assert await directory.organizations() == created


async def test_the_limit_of_calls_can_be_changed(directory: Directory) -> None:
    organization = await directory.create_organization("Acme", 5)

    changed = await directory.set_concurrent_call_limit(organization.id, 9)

    assert changed == await directory.organization(organization.id)
    assert changed.concurrent_call_limit == 9


async def test_a_key_tells_who_calls(directory: Directory) -> None:
    organization = await directory.create_organization("Acme")

    issued = await directory.create_key(organization.id, Role.ADMIN, "laptop")

    assert re.fullmatch(r"od_[A-Za-z0-9_-]{43}", issued.key)
    assert await directory.caller(issued.key) == Caller(
        key_id=issued.id, organization_id=organization.id, role=Role.ADMIN
    )


async def test_a_key_is_stored_as_its_hash_only(directory: Directory, engine: AsyncEngine) -> None:
    organization = await directory.create_organization("Acme")

    issued = await directory.create_key(organization.id, Role.OWNER, "laptop")

    async with engine.connect() as connection:
        row = (await connection.execute(sa.select(api_keys))).mappings().one()
    assert issued.key not in str(dict(row))
    assert re.fullmatch(r"[0-9a-f]{64}", row["key_hash"])


@pytest.mark.parametrize("key", ["", "od_", "od_" + "x" * 43, "'; --", "\x00", "\udcff", "ключ"])
async def test_nobody_calls_with_a_key_that_was_never_issued(directory: Directory, key: str) -> None:
    assert await directory.caller(key) is None


async def test_a_revoked_key_is_nobodys(directory: Directory) -> None:
    organization = await directory.create_organization("Acme")
    lost = await directory.create_key(organization.id, Role.OWNER, "lost")
    kept = await directory.create_key(organization.id, Role.OWNER, "kept")

    await directory.revoke_key(organization.id, lost.id)

    assert await directory.caller(lost.key) is None
    assert await directory.caller(kept.key) is not None


async def test_revoking_twice_keeps_the_first_time(directory: Directory) -> None:
    organization = await directory.create_organization("Acme")
    issued = await directory.create_key(organization.id, Role.OWNER, "lost")

    await directory.revoke_key(organization.id, issued.id)
    once = await directory.keys(organization.id)
    await directory.revoke_key(organization.id, issued.id)

    assert await directory.keys(organization.id) == once
    assert [(key.id, key.name, key.role) for key in once] == [(issued.id, "lost", Role.OWNER)]


async def test_a_number_comes_with_its_outbound_agent(directory: Directory) -> None:
    organization = await directory.create_organization("Acme")
    agent = await directory.create_agent(
        organization.id, "Ada", Architecture.REALTIME, Audio.SIP, "sip:ada@example.com"
    )

    number = await directory.create_phone_number(
        organization.id, "+12025550100", agent_id=agent.id, label="Main", calls_per_second=Decimal("2.5")
    )

    assert await directory.phone_number(organization.id, number.id) == number
    assert await directory.phone_numbers(organization.id) == [number]
    assert await directory.agents(organization.id) == [agent]
    assert number.agent == agent
    assert (number.label, number.calls_per_second) == ("Main", Decimal("2.5"))
    assert number.carrier_account_id == "twilio"


async def test_an_agent_can_be_assigned_and_taken_away(directory: Directory) -> None:
    organization = await directory.create_organization("Acme")
    agent = await directory.create_agent(organization.id, "Ada", Architecture.PIPELINE, Audio.WEBSOCKET, AUDIO_URL)
    number = await directory.create_phone_number(organization.id, "+12025550100")
    assert number.agent is None

    assert (await directory.assign_agent(organization.id, number.id, agent.id)).agent == agent
    assert (await directory.assign_agent(organization.id, number.id, None)).agent is None


async def test_two_numbers_share_a_carrier_account(directory: Directory) -> None:
    organization = await directory.create_organization("Acme")

    for number in ("+12025550100", "+12025550101"):
        await directory.create_phone_number(organization.id, number, carrier_account_id="trunk")

    accounts = {number.carrier_account_id for number in await directory.phone_numbers(organization.id)}
    assert accounts == {"trunk"}


async def test_what_belongs_to_another_organization_does_not_exist(engine: AsyncEngine) -> None:
    directory = Directory(engine)
    mine, theirs = await an_organization(engine), await an_organization(engine, name="Other")
    their_agent = theirs.number.agent
    assert their_agent is not None

    assert await directory.phone_number(mine.id, theirs.number.id) is None
    assert await directory.phone_numbers(mine.id) == [mine.number]
    assert await directory.agents(mine.id) == [mine.number.agent]
    with pytest.raises(NotFound):
        await directory.revoke_key(mine.id, theirs.owner.id)
    with pytest.raises(NotFound):
        await directory.assign_agent(mine.id, theirs.number.id, None)
    with pytest.raises(NotFound):
        await directory.assign_agent(mine.id, mine.number.id, their_agent.id)
    with pytest.raises(NotFound):
        await directory.create_phone_number(mine.id, "+12025550109", agent_id=their_agent.id)
    assert await directory.phone_number(theirs.id, theirs.number.id) == theirs.number


@pytest.mark.parametrize("phone_number_id", ["phone_none", "", "phone_\0"])
async def test_a_number_that_never_was_does_not_exist(directory: Directory, phone_number_id: str) -> None:
    organization = await directory.create_organization("Acme")

    assert await directory.phone_number(organization.id, phone_number_id) is None


async def test_an_organization_that_is_not_there_is_not_found(directory: Directory) -> None:
    with pytest.raises(NotFound):
        await directory.organization("org_none")
    with pytest.raises(NotFound):
        await directory.set_concurrent_call_limit("org_none", 3)
    with pytest.raises(NotFound):
        await directory.create_key("org_none", Role.OWNER, "laptop")
    with pytest.raises(NotFound):
        await directory.create_phone_number("org_none", "+12025550100")


async def test_a_change_keeps_what_was_not_given_and_is_recorded_once(
    directory: Directory, engine: AsyncEngine
) -> None:
    organization = await directory.create_organization("Acme", 5, allowed_countries=("US",))
    change = OrganizationChange(reserved_lines=2, contact_frequency=ContactFrequency(calls_per_24_hours=1))

    for _ in range(2):
        changed = await directory.change_organization(organization.id, change, by="key_1")

    assert changed == await directory.organization(organization.id)
    assert (changed.concurrent_call_limit, changed.reserved_lines) == (5, 2)
    assert (changed.allowed_countries, changed.calling_window) == (("US",), None)
    assert changed.contact_frequency == ContactFrequency(calls_per_24_hours=1)
    entries = (await AuditLog(engine).page(organization.id, None, 1, 10)).entries
    frequency = {"callsPer24Hours": 1, "callsPer7Days": None, "quietHours": None}
    assert [(entry.actor, entry.details) for entry in entries] == [
        ("key_1", {"reservedLines": 2, "contactFrequency": frequency})
    ]


async def test_no_more_lines_are_reserved_than_there_are(directory: Directory) -> None:
    organization = await directory.create_organization("Acme", 5)

    with pytest.raises(ValueError, match="reserved lines"):
        await directory.change_organization(organization.id, OrganizationChange(reserved_lines=6), by="key_1")

    assert await directory.organization(organization.id) == organization


async def test_a_number_knows_its_country(directory: Directory) -> None:
    organization = await directory.create_organization("Acme")

    number = await directory.create_phone_number(organization.id, "+442071838750")

    assert number.country == "GB"


async def test_what_an_open_job_uses_is_not_removed(engine: AsyncEngine) -> None:
    directory, given = Directory(engine), await an_organization(engine)
    job = await a_job(engine, given)
    assert given.number.agent is not None

    with pytest.raises(InUse) as number:
        await directory.remove_phone_number(given.id, given.number.id)
    with pytest.raises(InUse) as agent:
        await directory.remove_agent(given.id, given.number.agent.id)

    assert number.value.by == (job.id,)
    assert agent.value.by == (job.id, given.number.id)


async def test_what_is_removed_does_not_exist_any_more(engine: AsyncEngine) -> None:
    directory, given = Directory(engine), await an_organization(engine)
    agent = given.number.agent
    assert agent is not None

    await directory.remove_phone_number(given.id, given.number.id)
    await directory.remove_agent(given.id, agent.id)

    assert await directory.phone_numbers(given.id) == await directory.agents(given.id) == []
    assert await directory.phone_number(given.id, given.number.id) is None
    for gone in (
        directory.remove_phone_number(given.id, given.number.id),
        directory.remove_agent(given.id, agent.id),
        directory.create_phone_number(given.id, "+12025550109", agent_id=agent.id),
    ):
        with pytest.raises(NotFound):
            await gone


async def test_a_number_removed_while_a_create_was_read_makes_no_job(engine: AsyncEngine) -> None:
    given = await an_organization(engine)
    await Directory(engine).remove_phone_number(given.id, given.number.id)

    with pytest.raises(NotFound):
        await a_job(engine, given)


async def test_the_same_id_is_created_once(directory: Directory) -> None:
    organization = await directory.create_organization("Acme", credits=Decimal(5), id="org_given")

    assert await directory.create_organization("Other", credits=Decimal(5), id="org_given") == organization
    for _ in range(2):
        await directory.create_agent(
            organization.id, "Ada", Architecture.PIPELINE, Audio.WEBSOCKET, AUDIO_URL, id="agent_given"
        )
        await directory.create_phone_number(organization.id, "+12025550100", id="phone_given")
    first, second = [
        await directory.create_key(organization.id, Role.OWNER, "laptop", id="key_given") for _ in range(2)
    ]

    assert [agent.id for agent in await directory.agents(organization.id)] == ["agent_given"]
    assert [number.id for number in await directory.phone_numbers(organization.id)] == ["phone_given"]
    assert [key.id for key in await directory.keys(organization.id)] == ["key_given"]
    assert await directory.caller(first.key) is None
    assert await directory.caller(second.key) is not None


async def test_settings_give_a_number_an_account_of_its_own(directory: Directory) -> None:
    organization = await directory.create_organization("Acme")

    own = await directory.create_phone_number(organization.id, "+12025550100", sealed_settings="sealed")
    shared = await directory.create_phone_number(organization.id, "+12025550101")

    assert (own.carrier, own.own_carrier_settings) == ("twilio", True)
    assert (shared.carrier_account_id, shared.own_carrier_settings) == ("twilio", False)
    assert own.carrier_account_id == "twilio_" + own.id.removeprefix("phone_")
