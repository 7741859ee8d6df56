"""Which events are queued, for whom, and that it is done with the fact itself."""

from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from domain.calling_rules.do_not_call import Source
from domain.calls.agent_report import ConversationReport
from domain.calls.models import AnsweredBy
from domain.webhooks.events import EventType
from store.calls.agent_reports import AgentReports
from store.contacts.do_not_call import DoNotCall
from store.db.vault import Vault
from store.jobs.update import JobUpdates
from store.tables import contacts, organizations, webhook_deliveries, webhook_endpoints
from store.webhooks.endpoints import EndpointChange, EndpointRequest, Webhooks
from tests.builders import Given
from tests.store.calling import Calling, Job, a_caller

VAULT = Vault(["secret-of-the-tests-long-enough-for-us"])
ALL = tuple(type for type in EventType if type is not EventType.TEST)
URL = "https://example.com/hooks"


class Listener:
    """An organization with an endpoint, and the events queued for it."""

    def __init__(self, calling: Calling, given: Given, endpoint: str) -> None:
        self.given = given
        self.endpoint = endpoint
        self._calling = calling

    async def rows(self) -> list[Any]:
        rows = await self._calling.all(webhook_deliveries, webhook_deliveries.c.endpoint_id == self.endpoint)
        return sorted(rows, key=lambda row: row.seq)

    async def queued(self) -> list[str]:
        return [row.type for row in await self.rows()]


@pytest.fixture
def webhooks(shared: Calling) -> Webhooks:
    return Webhooks(shared.engine, VAULT)


async def listening(
    calling: Calling, webhooks: Webhooks, *events: EventType, given: Given | None = None, **fields: Any
) -> Listener:
    given = given or await a_caller(calling.engine)
    made = await webhooks.create(given.id, EndpointRequest(url=URL, events=events or ALL, **fields))
    return Listener(calling, given, made.endpoint.id)


async def test_the_life_of_a_job_is_queued_in_order(shared: Calling, webhooks: Webhooks) -> None:
    us = await listening(shared, webhooks)
    job = await shared.a_job(us.given, 1)
    await job.pause()
    await job.pause()
    await shared.lifecycle.resume(us.given.id, job.id)
    call = await job.call()
    await call.completes(seconds=61, by=AnsweredBy.HUMAN)
    assert await shared.lifecycle.complete(us.given.id, job.id)

    assert await us.queued() == [
        "batch.started",
        "batch.paused",
        "batch.resumed",
        "contact.finished",
        "batch.completed",
    ]
    rows = await us.rows()
    assert {row.lane for row in rows} == {job.id}
    assert [row.facts["status"] for row in rows] == ["running", "paused", "running", "completed", "completed"]
    assert rows[0].facts["counts"] == {"pending": 1}
    assert rows[4].facts["counts"] == {"completed": 1}


async def test_a_contact_is_queued_when_it_is_final_with_its_outcome_and_without_a_persons_data(
    shared: Calling, webhooks: Webhooks
) -> None:
    us = await listening(shared, webhooks, EventType.CONTACT_FINISHED)
    job = await shared.a_job(us.given, 1, max_attempts=2)
    await (await job.call()).is_busy()
    assert await us.queued() == []
    await (await job.call(dial=2)).is_busy()
    (row,) = await us.rows()
    assert row.contact_id == job.contact_ids[0]
    assert (row.facts["status"], row.facts["outcome"], row.facts["error_code"]) == ("busy", "busy", "486")
    evidence = row.facts["evidence"]
    assert (evidence["outcome"], evidence["ended_by"], evidence["sip_code"]) == ("busy", "callee", 486)
    contact = await job.contact()
    assert contact.number[1:] not in str(row)
    assert contact.data["name"] not in str(row)


async def test_every_contact_that_is_cancelled_with_its_job_is_queued_before_the_job(
    shared: Calling, webhooks: Webhooks
) -> None:
    us = await listening(shared, webhooks)
    job = await shared.a_job(us.given, 3)
    live = await job.call()
    await job.cancel()
    assert await us.queued() == ["batch.started", "contact.finished", "contact.finished", "batch.cancelled"]
    assert (await us.rows())[-1].facts["counts"] == {"cancelled": 2, "dialing": 1}
    await live.completes()
    assert (await us.queued())[-1] == "contact.finished"


async def test_a_job_that_fails_is_queued_with_its_reason(shared: Calling, webhooks: Webhooks) -> None:
    us = await listening(shared, webhooks, EventType.BATCH_FAILED)
    job = await shared.a_job(us.given, 1)
    await shared.lifecycle.fail(us.given.id, job.id, "Nobody knows.")
    await shared.lifecycle.fail(us.given.id, job.id, "Nobody knows.")
    (row,) = await us.rows()
    assert (row.type, row.facts["status_reason"]) == ("batch.failed", "Nobody knows.")


async def test_a_contact_that_ends_without_a_call_is_queued_too(shared: Calling, webhooks: Webhooks) -> None:
    us = await listening(shared, webhooks, EventType.CONTACT_FINISHED)
    job = await shared.a_job(us.given, 3)
    await JobUpdates(shared.engine).remove_contact(us.given.id, job.id, job.contact_ids[0], by="key_1")
    number = (await job.contact(1)).number
    await DoNotCall(shared.engine).add(us.given.id, [number], source=Source.API, by="key_1")
    await shared.due_pages.abandon(job.contact_ids[2], "We failed.")
    rows = await us.rows()
    assert [row.contact_id for row in rows] == job.contact_ids
    assert [row.facts["status"] for row in rows] == ["cancelled", "blocked", "failed"]
    assert [row.facts["outcome"] for row in rows] == [None, None, None]


async def test_an_outcome_thought_unknown_that_turns_up_is_queued_again(shared: Calling, webhooks: Webhooks) -> None:
    us = await listening(shared, webhooks, EventType.CONTACT_FINISHED)
    job = await shared.a_job(us.given, 1)
    call = await job.call()
    await call.is_given_up()
    await call.completes()
    assert [row.facts["status"] for row in await us.rows()] == ["failed", "completed"]


async def test_only_what_an_endpoint_wants_is_queued_and_nothing_while_it_is_disabled(
    shared: Calling, webhooks: Webhooks
) -> None:
    us = await listening(shared, webhooks, EventType.BATCH_PAUSED)
    more = await listening(shared, webhooks, given=us.given)
    foreign = await listening(shared, webhooks)
    job = await shared.a_job(us.given, 1)
    await job.pause()
    await webhooks.change(us.given.id, us.endpoint, EndpointChange(enabled=False))
    await shared.lifecycle.resume(us.given.id, job.id)
    await job.pause()
    assert await us.queued() == ["batch.paused"]
    assert await more.queued() == ["batch.started", "batch.paused", "batch.resumed", "batch.paused"]
    assert await foreign.queued() == []


async def test_what_is_undone_is_not_queued(shared: Calling, webhooks: Webhooks) -> None:
    us = await listening(shared, webhooks)
    job = await shared.a_job(us.given, 1)
    async with shared.engine.connect() as connection:
        await connection.execute(sa.update(contacts).where(contacts.c.job_id == job.id).values(status="completed"))
        await connection.rollback()
    assert await us.queued() == ["batch.started"]


async def test_low_credits_are_queued_once_for_each_fall(shared: Calling, webhooks: Webhooks) -> None:
    given = await a_caller(shared.engine, credits=Decimal("10.1"))
    us = await listening(shared, webhooks, EventType.CREDITS_LOW, given=given)
    job = await shared.a_job(given, 3)  # holds 0.105
    assert await us.queued() == ["credits.low"]
    (row,) = await us.rows()
    assert {name: Decimal(amount) for name, amount in row.facts.items()} == {
        "balance": Decimal("10.1"),
        "held": Decimal("0.105"),
        "free": Decimal("9.995"),
        "credits_below": Decimal(10),
    }
    await shared.a_job(given, 1)
    assert await us.queued() == ["credits.low"]
    await shared.ledger.top_up(given.id, Decimal(5))
    assert await us.queued() == ["credits.low"]
    await shared.ledger.top_up(given.id, Decimal(1))
    await shared.change(organizations, organizations.c.id == given.id, balance=Decimal("10.2"))
    await shared.a_job(given, 3)
    assert await us.queued() == ["credits.low"] * 2
    await job.cancel()


async def test_what_single_calls_give_back_does_not_make_credits_fall_again(
    shared: Calling, webhooks: Webhooks
) -> None:
    given = await a_caller(shared.engine, credits=Decimal("10.05"))
    us = await listening(shared, webhooks, EventType.CREDITS_LOW, given=given)
    job = await shared.a_job(given, 2)
    await job.change(hold=Decimal(0))
    await shared.change(organizations, organizations.c.id == given.id, held=Decimal(0))
    for dial in (1, 2):
        call = await job.call(0, dial)
        await call.is_not_placed()
        await shared.change(contacts, contacts.c.job_id == job.id, due_at=sa.func.now())
    assert await us.queued() == ["credits.low"]


async def test_credits_that_are_low_already_do_not_fall(shared: Calling, webhooks: Webhooks) -> None:
    given = await a_caller(shared.engine, credits=Decimal(5))
    us = await listening(shared, webhooks, EventType.CREDITS_LOW, given=given)
    unlimited = await a_caller(shared.engine, credits=None)
    them = await listening(shared, webhooks, EventType.CREDITS_LOW, given=unlimited)
    await shared.a_job(given, 3)
    await shared.a_job(unlimited, 3)
    assert await us.queued() == await them.queued() == []


async def test_an_answered_contact_waits_for_the_agents_report_and_goes_out_with_it(
    shared: Calling, webhooks: Webhooks
) -> None:
    us = await listening(shared, webhooks, EventType.CONTACT_FINISHED)
    job = await shared.a_job(us.given, 2, max_attempts=1)
    await (await job.call(0)).completes()
    await (await job.call(1)).is_busy()
    answered, busy = await us.rows()
    assert 4 < (answered.next_attempt_at - answered.created_at).total_seconds() < 6
    assert (busy.next_attempt_at - busy.created_at).total_seconds() < 1
    await report(shared, job)
    (hurried, _) = await us.rows()
    assert hurried.next_attempt_at < answered.next_attempt_at


async def test_a_report_that_comes_after_the_event_was_sent_is_queued_with_another(
    shared: Calling, webhooks: Webhooks
) -> None:
    us = await listening(shared, webhooks, EventType.CONTACT_FINISHED)
    job = await shared.a_job(us.given, 1)
    call = await job.call(0)
    await report(shared, job, "asked")
    assert await us.queued() == []
    await call.completes()
    (row,) = await us.rows()
    assert (row.next_attempt_at - row.created_at).total_seconds() < 1
    await shared.change(webhook_deliveries, webhook_deliveries.c.endpoint_id == us.endpoint, status="delivered")
    for disposition in ("confirmed", "confirmed"):
        await report(shared, job, disposition)
    first, second = await us.rows()
    assert first.id != second.id
    assert first.contact_id == second.contact_id


async def report(calling: Calling, job: Job, disposition: str = "confirmed") -> None:
    """The agent of the first contact's call reports how it went."""
    call_id = (await job.call_of(0).row()).id
    report = ConversationReport(disposition=disposition)
    await AgentReports(calling.engine).record(job.given.id, call_id, report)


async def test_a_deleted_job_takes_what_is_queued_of_it_along(shared: Calling, webhooks: Webhooks) -> None:
    us = await listening(shared, webhooks, EventType.BATCH_STARTED)
    job = await shared.a_waiting_job(us.given, 1)
    await shared.lifecycle.start_now(us.given.id, job.id)
    async with shared.engine.begin() as connection:
        await connection.execute(sa.text("DELETE FROM batch_jobs WHERE id = :id"), {"id": job.id})
    assert await us.queued() == []
    assert await shared.count(webhook_endpoints, webhook_endpoints.c.id == us.endpoint) == 1
