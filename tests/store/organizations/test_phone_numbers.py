"""Numbers to call from, and the agents that hold their calls."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from domain.audit import OPERATOR
from domain.calls.models import Audio
from domain.statuses import Architecture
from store.errors import GrantedToAnother, InUse, NotFound, NotGranted
from store.jobs.lifecycle import JobLifecycle
from store.organizations.agents import Agents
from store.organizations.carrier_grants import CarrierGrants, Resource
from store.organizations.organizations import Organizations
from store.organizations.phone_numbers import TWILIO, PhoneNumbers
from tests.builders import AUDIO_URL, a_caller_id, a_job, an_organization
from tests.store.calling import Calling


async def test_a_number_comes_with_its_outbound_agent(agents: Agents, phone_numbers: PhoneNumbers, acme: str) -> None:
    agent = await agents.create(acme, "Ada", Architecture.REALTIME, Audio.SIP, "sip:ada@example.com")

    number = await phone_numbers.create(
        acme,
        a_caller_id(),
        agent_id=agent.id,
        label="Main",
        calls_per_second=Decimal("2.5"),
        granted_by=OPERATOR,
    )

    assert await phone_numbers.find(acme, number.id) == number
    assert await phone_numbers.list_all(acme) == [number]
    assert await agents.list_all(acme) == [agent]
    assert number.agent == agent
    assert (number.label, number.calls_per_second) == ("Main", Decimal("2.5"))
    assert number.carrier_account_id == "twilio"


async def test_an_agent_can_be_assigned_and_taken_away(agents: Agents, phone_numbers: PhoneNumbers, acme: str) -> None:
    agent = await agents.create(acme, "Ada", Architecture.PIPELINE, Audio.WEBSOCKET, AUDIO_URL)
    number = await phone_numbers.create(acme, a_caller_id(), granted_by=OPERATOR)
    assert number.agent is None

    assert (await phone_numbers.assign_agent(acme, number.id, agent.id)).agent == agent
    assert (await phone_numbers.assign_agent(acme, number.id, None)).agent is None


async def test_a_number_knows_its_country(phone_numbers: PhoneNumbers, acme: str) -> None:
    assert (await phone_numbers.create(acme, "+442071838750", granted_by=OPERATOR)).country == "GB"


async def test_two_numbers_share_a_carrier_account(phone_numbers: PhoneNumbers, acme: str) -> None:
    for number in ("+12025550100", "+12025550101"):
        await phone_numbers.create(acme, number, carrier_account_id="trunk", granted_by=OPERATOR)

    assert {number.carrier_account_id for number in await phone_numbers.list_all(acme)} == {"trunk"}


async def test_settings_give_a_number_an_account_of_its_own(phone_numbers: PhoneNumbers, acme: str) -> None:
    own = await phone_numbers.create(acme, "+12025550100", sealed_settings="sealed")
    shared = await phone_numbers.create(acme, a_caller_id(), granted_by=OPERATOR)

    assert (own.carrier, own.own_carrier_settings) == ("twilio", True)
    assert (shared.carrier_account_id, shared.own_carrier_settings) == ("twilio", False)
    assert own.carrier_account_id == "twilio_" + own.id.removeprefix("phone_")


async def test_what_belongs_to_another_organization_does_not_exist(
    shared: Calling, agents: Agents, phone_numbers: PhoneNumbers
) -> None:
    mine, theirs = await an_organization(shared.engine), await an_organization(shared.engine, name="Other")
    their_agent = theirs.number.agent
    assert their_agent is not None

    assert await phone_numbers.find(mine.id, theirs.number.id) is None
    assert await phone_numbers.list_all(mine.id) == [mine.number]
    assert await agents.list_all(mine.id) == [mine.number.agent]
    for refused in (
        phone_numbers.assign_agent(mine.id, theirs.number.id, None),
        phone_numbers.assign_agent(mine.id, mine.number.id, their_agent.id),
        phone_numbers.create(mine.id, "+12025550109", agent_id=their_agent.id),
        phone_numbers.create("org_none", "+12025550100"),
    ):
        with pytest.raises(NotFound):
            await refused
    assert await phone_numbers.find(theirs.id, theirs.number.id) == theirs.number


@pytest.mark.parametrize("phone_number_id", ["phone_none", "", "phone_\0"])
async def test_a_number_that_never_was_does_not_exist(
    phone_numbers: PhoneNumbers, acme: str, phone_number_id: str
) -> None:
    assert await phone_numbers.find(acme, phone_number_id) is None


async def test_what_an_open_job_uses_is_not_removed(
    shared: Calling, agents: Agents, phone_numbers: PhoneNumbers
) -> None:
    given = await an_organization(shared.engine)
    job = await a_job(shared.engine, given)
    assert given.number.agent is not None

    with pytest.raises(InUse) as number:
        await phone_numbers.remove(given.id, given.number.id)
    with pytest.raises(InUse) as agent:
        await agents.remove(given.id, given.number.agent.id)

    assert number.value.by == (job.id,)
    assert agent.value.by == (job.id, given.number.id)


async def test_what_is_removed_does_not_exist_any_more_and_makes_no_job(
    shared: Calling, agents: Agents, phone_numbers: PhoneNumbers
) -> None:
    given = await an_organization(shared.engine)
    agent = given.number.agent
    assert agent is not None

    await phone_numbers.remove(given.id, given.number.id)
    await agents.remove(given.id, agent.id)

    assert await phone_numbers.list_all(given.id) == await agents.list_all(given.id) == []
    assert await phone_numbers.find(given.id, given.number.id) is None
    for gone in (
        phone_numbers.remove(given.id, given.number.id),
        agents.remove(given.id, agent.id),
        phone_numbers.create(given.id, "+12025550109", agent_id=agent.id),
        a_job(shared.engine, given),  # it was read before the number was removed
    ):
        with pytest.raises(NotFound):
            await gone


async def test_the_same_id_is_created_once(agents: Agents, phone_numbers: PhoneNumbers, acme: str) -> None:
    number = a_caller_id()
    for _ in range(2):
        await agents.create(acme, "Ada", Architecture.PIPELINE, Audio.WEBSOCKET, AUDIO_URL, id="agent_given")
        await phone_numbers.create(acme, number, granted_by=OPERATOR, id="phone_given")

    assert [agent.id for agent in await agents.list_all(acme)] == ["agent_given"]
    assert [number.id for number in await phone_numbers.list_all(acme)] == ["phone_given"]


async def test_a_number_or_trunk_of_a_shared_account_must_be_granted(
    shared: Calling, phone_numbers: PhoneNumbers, acme: str
) -> None:
    grants, number, trunk = CarrierGrants(shared.engine), a_caller_id(), "PJSIP/{number}@trunk2"
    on_trunk: Any = {"carrier_account_id": "asterisk", "sealed_settings": "sealed", "trunk": trunk}

    with pytest.raises(NotGranted, match="number"):
        await phone_numbers.create(acme, number)
    await grants.create(acme, Resource.of_number("asterisk", number), by=OPERATOR)
    with pytest.raises(NotGranted, match="trunk"):
        await phone_numbers.create(acme, number, **on_trunk)
    await grants.create(acme, Resource.of_trunk("asterisk", trunk), by=OPERATOR)
    created = await phone_numbers.create(acme, number, **on_trunk)

    assert created.carrier == "asterisk"
    with pytest.raises(NotGranted, match="trunk"):
        await phone_numbers.change_carrier_settings(acme, created.id, "asterisk", "sealed", "PJSIP/{number}@trunk3")
    assert await phone_numbers.list_all(acme) == [created]


async def test_an_account_of_ones_own_needs_no_grant_until_it_is_given_up(
    phone_numbers: PhoneNumbers, acme: str
) -> None:
    own = await phone_numbers.create(acme, a_caller_id(), sealed_settings="sealed")

    with pytest.raises(NotGranted):
        await phone_numbers.change_carrier_settings(acme, own.id, TWILIO, None)

    assert await phone_numbers.list_all(acme) == [own]


@pytest.mark.parametrize("writing", ["+5491166773399", "+541166773399"])
async def test_a_telephone_is_granted_to_one_organization_in_all_its_writings(
    shared: Calling, organizations: Organizations, writing: str
) -> None:
    grants, carrier = CarrierGrants(shared.engine), f"carrier{len(writing)}"
    first, second = (await organizations.create("First")).id, (await organizations.create("Second")).id
    granted = await grants.create(first, Resource.of_number(carrier, "+5491166773399"), by=OPERATOR)

    with pytest.raises(GrantedToAnother):
        await grants.create(second, Resource.of_number(carrier, writing), by=OPERATOR)

    assert await grants.create(first, Resource.of_number(carrier, writing), by=OPERATOR) == granted
    assert (await grants.list_all(first), await grants.list_all(second)) == ([granted], [])


async def test_of_two_organizations_at_once_one_is_granted_a_number(
    shared: Calling, organizations: Organizations
) -> None:
    ids = [(await organizations.create("Either")).id for _ in range(8)]
    resource = Resource.of_number(TWILIO, a_caller_id())

    granting = (CarrierGrants(shared.engine).create(id, resource, by=OPERATOR) for id in ids)
    results = await asyncio.gather(*granting, return_exceptions=True)

    assert sorted(isinstance(result, GrantedToAnother) for result in results) == [False] + [True] * 7


async def test_without_its_grant_no_new_job_calls_from_a_number(shared: Calling) -> None:
    given = await an_organization(shared.engine)
    grants = CarrierGrants(shared.engine)
    (granted,) = await grants.list_all(given.id)
    job = await a_job(shared.engine, given)

    with pytest.raises(InUse) as used:
        await grants.revoke(given.id, granted.id, by=OPERATOR)
    assert used.value.by == (job.id,)

    await JobLifecycle(shared.engine).cancel(given.id, job.id)
    await grants.revoke(given.id, granted.id, by=OPERATOR)
    with pytest.raises(NotGranted):
        await a_job(shared.engine, given)
    with pytest.raises(NotFound):
        await grants.revoke(given.id, granted.id, by=OPERATOR)
