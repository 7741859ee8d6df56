"""The do-not-call list: who is on it, and what becomes of those who waited to be called."""

import asyncio

import pytest

from domain.audit import Action
from domain.calling_rules.do_not_call import LISTED_REASON, Source
from domain.phone.identity import list_all_writings
from domain.quotas import Quota
from store.audit_log import AuditLog
from store.contacts.do_not_call import Added, DoNotCall, find_listed
from store.db.engine import Database
from store.errors import NotFound
from tests.builders import Given, a_contact, a_number
from tests.store.calling import Calling, a_caller

ADA, BOB, CY = "+12025550101", "+12025550102", "+12025550103"


async def _add(engine: Database, given: Given, *numbers: str) -> Added:
    return await DoNotCall(engine).add(given.id, numbers, source=Source.API, by=given.owner.id, note="asked us")


async def _record(engine: Database, given: Given) -> list[tuple[Action, str | None, dict[str, object]]]:
    entries = (await AuditLog(engine).list_page(given.id, None, 1, 100)).entries
    kinds = (Action.DO_NOT_CALL_ADDED, Action.DO_NOT_CALL_REMOVED)
    return [(entry.action, entry.job_id, entry.details) for entry in entries if entry.action in kinds]


async def test_a_listed_number_is_found_with_who_listed_it_and_why(shared: Calling) -> None:
    given = await a_caller(shared.engine)
    assert await _add(shared.engine, given, ADA, BOB) == Added(new=2)
    entry = await DoNotCall(shared.engine).find(given.id, ADA)
    assert entry is not None
    assert (entry.number, entry.source, entry.note) == (ADA, Source.API, "asked us")
    assert entry.added_by == given.owner.id
    assert entry.added_at.tzinfo is not None


async def test_a_number_is_listed_once(shared: Calling) -> None:
    given = await a_caller(shared.engine)
    await _add(shared.engine, given, ADA)
    first = await DoNotCall(shared.engine).find(given.id, ADA)
    again = await DoNotCall(shared.engine).add(given.id, [ADA, BOB, BOB], source=Source.FILE, by="key_2")
    assert again == Added(new=1)
    assert await DoNotCall(shared.engine).find(given.id, ADA) == first
    assert await _record(shared.engine, given) == [
        (Action.DO_NOT_CALL_ADDED, None, {"numbers": 1, "source": "file"}),
        (Action.DO_NOT_CALL_ADDED, None, {"numbers": 1, "source": "api"}),
    ]


async def test_whoever_waits_to_be_called_is_blocked_in_every_open_job(shared: Calling) -> None:
    given = await a_caller(shared.engine)
    waiting = await shared.a_waiting_job(given, [a_contact(2, ADA), a_contact(3, BOB)])
    running = await shared.a_job(given, [a_contact(2, BOB), a_contact(3, CY)])
    added = await _add(shared.engine, given, ADA, BOB)
    assert added == Added(new=2, blocked=3, job_ids=tuple(sorted([waiting.id, running.id])))
    for contact in (await waiting.contact(0), await waiting.contact(1), await running.contact(0)):
        assert (contact.status, contact.failure_reason, contact.error_code) == ("blocked", LISTED_REASON, None)
        assert contact.completed_at is not None
    assert (await running.contact(1)).status == "pending"
    record = await _record(shared.engine, given)
    assert (Action.DO_NOT_CALL_ADDED, waiting.id, {"contactsBlocked": 2, "source": "api"}) in record
    assert (Action.DO_NOT_CALL_ADDED, running.id, {"contactsBlocked": 1, "source": "api"}) in record
    assert ADA not in str(record)


async def test_whoever_waits_for_the_next_attempt_is_blocked_too_and_who_is_final_stays(shared: Calling) -> None:
    given = await a_caller(shared.engine)
    job, ended = [await shared.a_job(given, [a_contact(2, ADA)]) for _ in range(2)]
    await (await job.call()).is_busy()
    await ended.cancel()
    assert await _add(shared.engine, given, ADA) == Added(new=1, blocked=1, job_ids=(job.id,))
    contact = await job.contact()
    assert (contact.status, contact.attempts, contact.next_retry_at) == ("blocked", 1, None)
    assert (await ended.contact()).status == "cancelled"


async def test_a_call_that_is_live_goes_on(shared: Calling) -> None:
    given = await a_caller(shared.engine)
    job = await shared.a_job(given, [a_contact(2, ADA)])
    call = await job.call()
    assert await _add(shared.engine, given, ADA) == Added(new=1)
    assert (await job.contact()).status == "dialing"
    await call.answers()
    await call.completes(60)
    assert (await job.contact()).status == "completed"


async def test_another_organization_calls_the_number_and_does_not_see_the_entry(shared: Calling) -> None:
    given, other = await a_caller(shared.engine), await a_caller(shared.engine)
    job = await shared.a_job(other, [a_contact(2, ADA)])
    await _add(shared.engine, given, ADA)
    assert (await job.contact()).status == "pending"
    assert await DoNotCall(shared.engine).find(other.id, ADA) is None
    assert (await DoNotCall(shared.engine).list_page(other.id, None, 1, 20)).total == 0
    assert await DoNotCall(shared.engine).remove(other.id, ADA, by="key_2") is False
    assert await DoNotCall(shared.engine).find(given.id, ADA) is not None


async def test_a_number_is_taken_off_the_list_once(shared: Calling) -> None:
    given = await a_caller(shared.engine)
    job = await shared.a_job(given, [a_contact(2, ADA)])
    await _add(shared.engine, given, ADA)
    numbers = DoNotCall(shared.engine)
    assert await numbers.remove(given.id, ADA, by="key_2") is True
    assert await numbers.remove(given.id, ADA, by="key_2") is False
    assert await numbers.find(given.id, ADA) is None
    assert (await job.contact()).status == "blocked"
    removals = [entry for entry in await _record(shared.engine, given) if entry[0] is Action.DO_NOT_CALL_REMOVED]
    assert removals == [(Action.DO_NOT_CALL_REMOVED, None, {"numbers": 1})]


async def test_the_list_is_read_newest_first_page_by_page_and_by_part_of_a_number(shared: Calling) -> None:
    given = await a_caller(shared.engine)
    for number in (ADA, BOB, "+442079460101"):
        await _add(shared.engine, given, number)
    numbers = DoNotCall(shared.engine)
    first, second = await numbers.list_page(given.id, None, 1, 2), await numbers.list_page(given.id, None, 2, 2)
    assert [entry.number for entry in first.entries] == ["+442079460101", BOB]
    assert ([entry.number for entry in second.entries], second.total) == ([ADA], 3)
    assert [entry.number for entry in (await numbers.list_page(given.id, "20255501", 1, 20)).entries] == [BOB, ADA]
    for nothing in ("%", "_", "+49", "\0"):
        assert (await numbers.list_page(given.id, nothing, 1, 20)).total == 0


async def test_the_intake_asks_for_many_numbers_at_once(shared: Calling) -> None:
    given = await a_caller(shared.engine)
    await _add(shared.engine, given, ADA, CY)
    async with shared.engine.connect() as connection:
        asked = [a_number(n) for n in range(10_000, 20_000)] + [ADA, BOB]
        assert await find_listed(connection, given.id, list_all_writings(asked)) == {ADA}
        assert await find_listed(connection, given.id, []) == frozenset()


async def test_an_agent_lists_the_number_of_its_call(shared: Calling) -> None:
    given = await a_caller(shared.engine)
    job = await shared.a_job(given, [a_contact(2, ADA)])
    other_job = await shared.a_job(given, [a_contact(2, ADA)])
    call = await job.call()
    row = await call.row()
    full = DoNotCall(shared.engine, {Quota.DO_NOT_CALL: 0})  # what a person says is listed beyond any quota
    opted_out = await full.opt_out(given.id, row.id, by="key_1", note="never again")
    assert opted_out.number == ADA
    assert opted_out.added == Added(new=1, blocked=1, job_ids=(other_job.id,))
    entry = await DoNotCall(shared.engine).find(given.id, ADA)
    assert entry is not None
    assert (entry.source, entry.note) == (Source.AGENT, "never again")
    assert (await DoNotCall(shared.engine).opt_out(given.id, row.id, by="key_1")).added == Added(new=0)


async def test_the_call_of_another_organization_cannot_be_opted_out(shared: Calling) -> None:
    given, other = await a_caller(shared.engine), await a_caller(shared.engine)
    call = await (await shared.a_job(given, [a_contact(2, ADA)])).call()
    call_id = (await call.row()).id
    for organization_id, id in ((other.id, call_id), (given.id, "call_none"), (given.id, "\0")):
        with pytest.raises(NotFound):
            await DoNotCall(shared.engine).opt_out(organization_id, id, by="key_1")
    assert await DoNotCall(shared.engine).find(given.id, ADA) is None


async def test_two_requests_at_once_list_a_number_once(shared: Calling) -> None:
    given = await a_caller(shared.engine)
    await shared.a_job(given, [a_contact(2, ADA)])
    both = await asyncio.gather(_add(shared.engine, given, ADA, BOB), _add(shared.engine, given, BOB, ADA))
    assert sorted((added.new, added.blocked) for added in both) == [(0, 0), (2, 1)]
