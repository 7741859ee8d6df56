"""A person is forgotten: nobody calls them any more, nothing of them is left, and others keep what is theirs."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from domain.calling_rules.do_not_call import Source
from domain.calls.agent_report import ConversationReport
from domain.privacy import ERASED, CallErasure, PersonalData
from store.calls.agent_reports import AgentReports
from store.contacts.do_not_call import DoNotCall
from store.contacts.packed import pack_contacts
from store.db.ids import new_id
from store.db.vault import Vault
from store.errors import NoContactsLeft, NotFound, PersonOnThePhone
from store.jobs.repository import Jobs
from store.privacy.exporting import PersonalDataExport
from store.privacy.forgetting import Forgetting
from store.privacy.number_hashes import HASH, NumberHashes
from store.tables import campaign_contacts, campaign_rejects, campaigns, contacts, dials, erasure_calls
from tests.builders import a_contact, a_job, a_report, a_request
from tests.store.calling import Calling, a_caller

SECRET = "secret-of-the-tests-long-enough-for-us"
OLD, NEW = "+541123456789", "+5491123456789"  # two writings of one telephone
ADA = "+12025550131"
BY = "key_1"


@pytest.fixture
def hashes(shared: Calling) -> NumberHashes:
    return NumberHashes(shared.engine, Vault([SECRET]))


@pytest.fixture
def forgetting(shared: Calling, hashes: NumberHashes) -> Forgetting:
    return Forgetting(shared.engine, hashes)


async def forget(forgetting: Forgetting, organization_id: str, number: str) -> dict[str, int]:
    await forgetting.suppress(organization_id, number, by=BY)
    return (await forgetting.forget(organization_id, number, by=BY)).deleted


async def test_who_waits_is_not_called_and_what_is_known_goes(shared: Calling, forgetting: Forgetting) -> None:
    given = await a_caller(shared.engine)
    job = await shared.a_job(given, [a_contact(2, ADA, name="Ada"), a_contact(3, "+12025550132")])
    other = await a_job(shared.engine, await a_caller(shared.engine), [a_contact(2, ADA, name="Ada")])

    deleted = await forget(forgetting, given.id, ADA)

    assert (deleted["contacts"], deleted["calls"]) == (1, 0)
    ada, bob = [await _contact(shared, (job.id, row)) for row in (2, 3)]
    assert (ada.number, ada.data, ada.status) == (ERASED, {}, "blocked")
    assert (bob.number, bob.status) == ("+12025550132", "pending")
    assert (await _contact(shared, (other.id, 2))).number == ADA  # another organization's own
    known = await PersonalDataExport(shared.engine).read(given.id, ADA)
    assert known == PersonalData()


async def test_every_writing_of_a_number_is_the_persons(
    shared: Calling, forgetting: Forgetting, hashes: NumberHashes
) -> None:
    given = await a_caller(shared.engine)
    job = await a_job(shared.engine, given, [a_contact(2, OLD), a_contact(3, NEW)])

    assert (await forget(forgetting, given.id, NEW))["contacts"] == 2
    assert {(await _contact(shared, (job.id, row))).number for row in (2, 3)} == {ERASED}
    assert hashes.hash(OLD) == hashes.hash(NEW)


async def test_a_live_call_goes_on_and_nobody_calls_after_it(shared: Calling, forgetting: Forgetting) -> None:
    given = await a_caller(shared.engine)
    job = await shared.a_job(given, [a_contact(2, ADA), a_contact(3, "+12025550133")])
    call = await job.call()
    await call.answers()
    number = (await call.row()).to_number

    await forgetting.suppress(given.id, number, by=BY)
    with pytest.raises(PersonOnThePhone):
        await forgetting.forget(given.id, number, by=BY)
    assert (await _contact_of(shared, call.contact_id)).number == number

    await call.ends()
    receipt = await forgetting.forget(given.id, number, by=BY)
    assert receipt.deleted["calls"] == 1
    [at_carrier] = receipt.calls
    assert (at_carrier.call_id, at_carrier.state, receipt.is_done) == (call.call_id, CallErasure.PENDING, False)
    async with shared.engine.connect() as connection:
        kept = await connection.scalar(sa.select(dials.c.to_number).where(dials.c.contact_id == call.contact_id))
    assert str(kept).startswith(HASH)
    dial_id, report = await call.id(), ConversationReport(summary="Ada comes.")
    with pytest.raises(NotFound):  # what an agent reports afterwards is not kept
        await AgentReports(shared.engine).record(given.id, dial_id, report)


async def test_a_file_that_has_the_number_later_does_not_call_it(calling: Calling) -> None:
    given = await a_caller(calling.engine)
    await forget(Forgetting(calling.engine, NumberHashes(calling.engine, Vault([SECRET]))), given.id, OLD)
    for secret in (f"another-{SECRET},{SECRET}", f"another-{SECRET}"):  # the key is sealed anew by whoever begins
        again = NumberHashes(calling.engine, Vault(secret.split(",")))
        await again.prepare()
        only = [a_contact(2, NEW)]
        with pytest.raises(NoContactsLeft):
            await Jobs(calling.engine, None, again).create(
                given.id, a_request(given), given.number, pack_contacts(only), a_report(only)
            )

    do_not_call = DoNotCall(calling.engine, None, again)
    added = await do_not_call.add(given.id, [OLD], source=Source.API, by=BY)
    assert added.new == 0  # it is listed already
    entry = await do_not_call.find(given.id, NEW)
    assert entry is not None
    assert entry.source is Source.ERASURE
    assert (await do_not_call.list_page(given.id, None, 1, 10)).entries == []
    assert await do_not_call.remove(given.id, OLD, by=BY) is True
    assert await do_not_call.find(given.id, NEW) is None


async def test_who_waits_in_a_campaign_is_taken_out(shared: Calling, forgetting: Forgetting) -> None:
    given = await a_caller(shared.engine)
    campaign = {"id": new_id("campaign"), "organization_id": given.id, "name": "Spring", "request": {}}
    campaign |= {"contacts_per_job": 10, "accepted": 2, "created_by": BY, "report": {"rewritten": [{"written": ADA}]}}
    rows = [(2, ADA), (3, "+12025550135")]
    waiting = {"campaign_id": campaign["id"], "part": 1, "data": {"name": "Ada"}}
    async with shared.engine.begin() as connection:
        await connection.execute(sa.insert(campaigns).values(campaign))
        for row, number in rows:
            values = waiting | {"row": row, "id": new_id("contact"), "number": number}
            await connection.execute(sa.insert(campaign_contacts).values(values))
        refused = {"campaign_id": campaign["id"], "row": 4, "cells": [ADA, "Ada"], "reason": "x"}
        await connection.execute(sa.insert(campaign_rejects).values(refused))

    deleted = await forget(forgetting, given.id, ADA)

    assert (deleted["contacts"], deleted["rejectedRows"], deleted["reportsOfFiles"]) == (1, 1, 1)
    kept = await shared.one(campaigns, campaigns.c.id == campaign["id"])
    assert (kept.accepted, kept.report) == (1, {"rewritten": [{"written": ERASED}]})
    assert (await shared.one(campaign_contacts, campaign_contacts.c.campaign_id == kept.id)).row == 3
    assert (await shared.one(campaign_rejects, campaign_rejects.c.campaign_id == kept.id)).cells == [ERASED, ERASED]


async def test_a_carrier_that_does_not_answer_is_asked_again_later_and_never_done(
    shared: Calling, forgetting: Forgetting
) -> None:
    given = await a_caller(shared.engine)
    job = await shared.a_job(given, [a_contact(2, "+12025550134")])
    call = await job.call()
    await call.ends()
    await forgetting.suppress(given.id, "+12025550134", by=BY)
    receipt = await forgetting.forget(given.id, "+12025550134", by=BY)
    [due] = [each for each in await forgetting.list_due_calls() if each.erasure_id == receipt.id]

    await forgetting.record_failure(due, "The carrier did not answer the question.")
    assert [each for each in await forgetting.list_due_calls() if each.erasure_id == receipt.id] == []
    found = await forgetting.find(given.id, receipt.id)
    assert (found.is_done, found.calls[0].attempts) == (False, 1)
    assert found.calls[0].last_error == "The carrier did not answer the question."
    async with shared.engine.connect() as connection:
        mine = erasure_calls.c.erasure_id == receipt.id
        wait = sa.select(erasure_calls.c.next_attempt_at - sa.func.now()).where(mine)
        assert timedelta(seconds=50) < await connection.scalar(wait) <= timedelta(seconds=60)

    await forgetting.record_done(due, CallErasure.DELETED, 1)
    await forgetting.record_done(due, CallErasure.DELETED, 1)
    found = await forgetting.find(given.id, receipt.id)
    assert (found.is_done, found.calls[0].recordings, found.calls[0].last_error) == (True, 1, None)
    with pytest.raises(NotFound):
        await forgetting.find((await a_caller(shared.engine)).id, receipt.id)


async def _contact(shared: Calling, where: tuple[str, int]) -> sa.Row[tuple[object, ...]]:
    async with shared.engine.connect() as connection:
        query = sa.select(contacts).where(contacts.c.job_id == where[0], contacts.c.row == where[1])
        return (await connection.execute(query)).one()


async def _contact_of(shared: Calling, contact_id: str) -> sa.Row[tuple[object, ...]]:
    async with shared.engine.connect() as connection:
        return (await connection.execute(sa.select(contacts).where(contacts.c.id == contact_id))).one()
