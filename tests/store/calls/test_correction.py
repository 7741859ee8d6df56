"""What is learned of a call after its end: outcome, contact, counters and webhooks follow; money does not."""

from typing import Any

import pytest

from domain.calls.models import AgentContact, AnsweredBy, CallState, Ending, MachineKind, Recorded
from domain.calls.retries import OnScreened, OnVoicemail, RetryPolicy
from domain.webhooks.events import EventType
from store.db.vault import Vault
from store.tables import webhook_deliveries
from store.webhooks.endpoints import EndpointRequest, Webhooks
from tests.store.calling import Call, Calling, Job, a_caller

VAULT = Vault(["secret-of-the-tests-long-enough-for-us"])
AGAIN = RetryPolicy(on_voicemail=OnVoicemail.RETRY)
MACHINE, HUMAN = AnsweredBy.MACHINE, AnsweredBy.HUMAN
UNREACHABLE, CONNECTED = AgentContact.UNREACHABLE, AgentContact.CONNECTED


async def completed(store: Calling, seconds: int = 9, **fields: Any) -> tuple[Job, Call]:
    """A call that was answered and is over; nobody said by whom."""
    job = await store.a_job(await a_caller(store.engine), 1, **fields)
    call = await job.call()
    await call.rings()
    await call.answers()
    await call.completes(seconds)
    assert (await call.contact()).status == "completed"
    return job, call


async def reports(call: Call, **evidence: Any) -> Recorded:
    """As the machine detection's callback does: of an answered call, without an end."""
    return await call.reports(CallState.ANSWERED, **evidence)


async def test_a_machine_reported_after_the_end_is_called_again_where_the_job_says_so(shared: Calling) -> None:
    job, call = await completed(shared, retry_policy=AGAIN)
    spent = (await job.row()).spent

    assert await reports(call, answered_by=MACHINE) is Recorded.CORRECTED

    contact = await call.contact()
    assert (contact.status, contact.attempts, contact.answered_by) == ("queued", 1, "machine")
    assert contact.completed_at is None
    assert contact.next_retry_at > await shared.now()
    assert ((await call.row()).answered_by, (await call.row()).outcome) == ("machine", "answered")
    assert ((await job.row()).spent, (await job.audit()).exact) == (spent, True)
    await job.call(dial=2)


@pytest.mark.parametrize("fields", [{}, {"retry_policy": AGAIN, "max_attempts": 1}])
async def test_it_is_noted_where_no_call_follows(shared: Calling, fields: dict[str, Any]) -> None:
    _, call = await completed(shared, **fields)
    ended_at = (await call.contact()).completed_at

    assert await reports(call, answered_by=MACHINE) is Recorded.CORRECTED

    contact = await call.contact()
    assert (contact.status, contact.answered_by, contact.attempts) == ("completed", "machine", 1)
    assert contact.completed_at == ended_at


async def test_after_the_end_of_the_job_nobody_is_called_again(shared: Calling) -> None:
    job, call = await completed(shared, retry_policy=AGAIN)
    await job.change(status="completed", dialling=False)

    await reports(call, answered_by=MACHINE)

    assert ((await call.contact()).status, (await call.contact()).answered_by) == ("completed", "machine")


async def test_a_report_that_says_nothing_new_changes_nothing(shared: Calling) -> None:
    _, call = await completed(shared, retry_policy=AGAIN)
    await reports(call, answered_by=MACHINE)
    due_at = (await call.contact()).due_at

    assert await reports(call, answered_by=MACHINE) is Recorded.NOTHING
    assert await reports(call, answered_by=AnsweredBy.UNKNOWN) is Recorded.NOTHING
    assert await call.rings() is Recorded.NOTHING
    assert await call.completes(9, by=HUMAN) is Recorded.NOTHING  # the first word counts

    assert (await call.contact()).due_at == due_at


async def test_a_fax_machine_reported_after_the_end_is_not_called_again(shared: Calling) -> None:
    _, call = await completed(shared, retry_policy=AGAIN)

    await reports(call, answered_by=MACHINE, machine=MachineKind.FAX)

    contact = await call.contact()
    assert (contact.status, contact.failure_reason) == ("completed", "A fax machine answered.")
    assert (await call.row()).outcome == "fax"


async def test_a_screened_call_follows_its_own_rule(shared: Calling) -> None:
    _, call = await completed(shared, retry_policy=RetryPolicy(on_screened=OnScreened.RETRY))

    await reports(call, answered_by=MACHINE, machine=MachineKind.SCREENING)

    assert ((await call.row()).outcome, (await call.contact()).status) == ("screened", "queued")


async def test_an_agent_that_was_not_there_is_no_attempt_and_no_success(shared: Calling) -> None:
    job, call = await completed(shared, seconds=2, max_attempts=1)
    spent = (await job.row()).spent

    await reports(call, agent=UNREACHABLE)

    contact, dial = await call.contact(), await call.row()
    assert (dial.outcome, dial.agent) == ("agent_unreachable", "unreachable")
    assert (contact.status, contact.attempts) == ("queued", 0)
    assert spent > 0
    assert ((await job.row()).spent, (await job.audit()).exact) == (spent, True)


async def test_an_agent_that_was_there_after_all_makes_it_a_conversation_again(shared: Calling) -> None:
    _, call = await completed(shared)
    await reports(call, agent=UNREACHABLE)

    await reports(call, agent=CONNECTED)

    contact = await call.contact()
    assert ((await call.row()).outcome, contact.status, contact.attempts) == ("answered", "completed", 1)
    assert (contact.failure_reason, contact.next_retry_at) == (None, None)


async def test_whoever_was_called_again_meanwhile_is_left_alone(shared: Calling) -> None:
    job, call = await completed(shared, retry_policy=AGAIN)
    await reports(call, answered_by=MACHINE)
    second = await job.call(dial=2)

    await reports(call, agent=UNREACHABLE)

    contact = await call.contact()
    assert ((await call.row()).outcome, contact.status, contact.attempts) == ("agent_unreachable", "dialing", 0)
    await second.answers()
    await second.completes()
    assert ((await call.contact()).status, (await call.contact()).attempts) == ("completed", 1)


async def test_somebody_removed_meanwhile_stays_removed(shared: Calling) -> None:
    job, call = await completed(shared, retry_policy=AGAIN)
    await reports(call, answered_by=MACHINE)
    await job.cancel()

    await reports(call, agent=UNREACHABLE)

    assert (await call.contact()).status == "cancelled"


async def test_three_calls_without_an_agent_are_enough(shared: Calling) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 1, max_attempts=1)

    for dial in (1, 2, 3):
        call = await job.call(dial=dial)
        await call.answers()
        await call.completes(2)
        await reports(call, agent=UNREACHABLE)

    contact = await job.contact()
    assert (contact.status, contact.attempts, contact.dials) == ("failed", 0, 3)
    assert contact.failure_reason == "The call was answered, and its agent could not be reached."


async def test_an_end_that_was_asked_for_is_corrected_by_the_code_that_comes_later(shared: Calling) -> None:
    _, call = await shared.a_call()
    await call.rings()
    await call.ends(Ending.FAILED)  # as the carrier's resource says it, without a code
    assert ((await call.row()).outcome, (await call.contact()).attempts) == ("trouble", 0)

    assert await call.ends(Ending.FAILED, sip=603, rang=True) is Recorded.CORRECTED

    contact, dial = await call.contact(), await call.row()
    assert (dial.outcome, dial.sip_code, dial.ended_by) == ("declined", 603, "callee")
    assert (contact.status, contact.attempts, contact.troubles, contact.error_code) == ("failed", 1, 0, "603")


async def test_a_final_status_that_came_without_a_code_gives_way_to_the_one_the_code_tells(shared: Calling) -> None:
    job, call = await shared.a_call()
    await job.change(status="cancelled", dialling=False)
    await call.ends(Ending.FAILED)
    before = await call.contact()

    assert await call.ends(Ending.FAILED, sip=608, rang=False) is Recorded.CORRECTED

    after = await call.contact()
    assert [(one.status, one.completed_at is None) for one in (before, after)] == [
        ("carrier_error", False),
        ("blocked", False),
    ]
    assert (await job.audit()).exact


async def test_a_call_counted_as_rung_is_no_attempt_once_it_is_known_that_it_was_not(shared: Calling) -> None:
    _, call = await shared.a_call()
    await call.ends(Ending.NO_ANSWER)
    assert (await call.contact()).attempts == 1

    await call.ends(Ending.NO_ANSWER, sip=480, rang=False)

    assert ((await call.row()).outcome, (await call.contact()).attempts) == ("never_rang", 0)


async def test_what_was_answered_never_becomes_unanswered_or_the_other_way_round(shared: Calling) -> None:
    _, talked = await completed(shared)
    _, busy = await shared.a_call()
    await busy.ends(Ending.BUSY)

    assert await talked.ends(Ending.FAILED, sip=503, rang=True) is Recorded.NOTHING
    assert await busy.ends(Ending.COMPLETED, sip=200, rang=True) is Recorded.NOTHING

    assert [(await call.row()).outcome for call in (talked, busy)] == ["answered", "busy"]


# --- webhooks


async def test_an_event_not_sent_yet_is_withdrawn_and_the_last_word_is_told(
    shared: Calling, listening_job: tuple[Job, str]
) -> None:
    job, endpoint = listening_job
    call = await job.call()
    await call.answers()
    await call.completes()
    await reports(call, answered_by=MACHINE)
    assert await _told(shared, endpoint) == []  # it is due again

    again = await job.call(dial=2)
    await again.answers()
    await again.completes()
    await reports(again, answered_by=MACHINE)

    assert await _told(shared, endpoint) == [("completed", "machine", 2)]


async def test_an_event_that_was_sent_is_followed_by_another(shared: Calling, listening_job: tuple[Job, str]) -> None:
    job, endpoint = listening_job
    call = await job.call()
    await call.answers()
    await call.completes()
    await shared.change(webhook_deliveries, webhook_deliveries.c.endpoint_id == endpoint, attempts=1)

    await reports(call, answered_by=HUMAN)

    assert await _told(shared, endpoint) == [("completed", "unknown", 1), ("completed", "human", 1)]


async def _told(store: Calling, endpoint: str) -> list[tuple[str, str, int]]:
    rows = await store.all(webhook_deliveries, webhook_deliveries.c.endpoint_id == endpoint)
    facts = [row.facts for row in sorted(rows, key=lambda row: row.seq)]
    return [(fact["status"], fact["answered_by"], fact["attempts"]) for fact in facts]


@pytest.fixture
async def listening_job(shared: Calling) -> tuple[Job, str]:
    """A job that calls again after voicemail, twice at most, and an endpoint that is told of its contacts."""
    given = await a_caller(shared.engine)
    webhooks = Webhooks(shared.engine, VAULT)
    request = EndpointRequest(url="https://example.com/hooks", events=(EventType.CONTACT_FINISHED,))
    made = await webhooks.create(given.id, request)
    return await shared.a_job(given, 1, retry_policy=AGAIN, max_attempts=2), made.endpoint.id


# --- an agent's word


@pytest.mark.parametrize("live", [True, False])
async def test_an_agent_that_met_a_screening_telephone_says_so_during_the_call_or_after_it(
    shared: Calling, live: bool
) -> None:
    job = await shared.a_job(
        await a_caller(shared.engine), 1, retry_policy=RetryPolicy(on_screened=OnScreened.RETRY), max_attempts=2
    )
    call = await job.call()
    await call.answers(by=HUMAN)  # as the carrier thinks
    if not live:
        await call.completes(20)

    told = await shared.dials.note_machine(await call.id(), MachineKind.SCREENING)

    assert told is (Recorded.MOVED if live else Recorded.CORRECTED)
    if live:
        await call.completes(20)
    contact, dial = await call.contact(), await call.row()
    assert (dial.outcome, dial.answered_by, dial.machine) == ("screened", "machine", "screening")
    assert (contact.status, contact.attempts, contact.answered_by) == ("queued", 1, "machine")
    assert (await job.audit()).exact
