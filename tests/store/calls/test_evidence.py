"""What is kept of how each call went, and that only what rang is an attempt."""

from typing import Any

import pytest

from domain.calls.models import AgentContact, CallState, Ending, HangUpReason, Outcome
from domain.calls.retries import MAX_NEVER_RANG
from tests.store.calling import Calling, a_caller

NEVER_RANG = "The call ended before any telephone rang."


async def test_a_dial_keeps_its_evidence(shared: Calling) -> None:
    _, call = await shared.a_call()
    await call.rings()

    await call.ends(sip=603, sip_reason="Decline", carrier_code="13", duration_seconds=0)

    dial = await call.row()
    assert (dial.outcome, dial.rang, dial.ended_by) == ("declined", True, "callee")
    assert (dial.sip_code, dial.sip_reason, dial.carrier_code) == (603, "Decline", "13")
    assert dial.asked_at <= dial.ringing_at <= dial.ended_at


@pytest.mark.parametrize(
    "report", [{"sip": 603}, {"sip": 480}, {"ending": Ending.CANCELED}, {"ending": Ending.NO_ANSWER}]
)
async def test_what_never_rang_is_no_attempt_and_dialed_again(shared: Calling, report: dict[str, Any]) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 1, max_attempts=1)

    for dial in range(1, MAX_NEVER_RANG + 1):
        await (await job.call(dial=dial)).ends(**report, rang=False)
        contact = await job.contact()
        assert (contact.attempts, contact.failure_reason) == (0, NEVER_RANG)
        assert contact.status == ("queued" if dial < MAX_NEVER_RANG else "carrier_error")


async def test_a_ring_that_the_carrier_counted_is_one_though_its_event_was_lost(shared: Calling) -> None:
    _, call = await shared.a_call()

    await call.ends(sip=480, rang=True)

    dial, contact = await call.row(), await call.contact()
    assert (dial.outcome, dial.rang, dial.ringing_at, contact.attempts) == ("no_answer", True, None, 1)


async def test_where_it_cannot_be_told_whether_it_rang_the_person_is_spared(shared: Calling) -> None:
    _, call = await shared.a_call()

    await call.ends(sip=480)

    assert ((await call.row()).rang, (await call.contact()).attempts) == (None, 1)


@pytest.mark.parametrize("ending", [Ending.COMPLETED, Ending.CANCELED])
async def test_a_ringing_call_that_we_hung_up_is_no_conversation(shared: Calling, ending: Ending) -> None:
    job, call = await shared.a_call()
    await call.rings()
    await shared.dials.request_hang_up(await call.id(), HangUpReason.RING_TIMER)

    await call.ends(ending, duration_seconds=0)

    dial, contact = await call.row(), await call.contact()
    assert (dial.outcome, dial.rang, dial.ended_by, dial.call_seconds) == ("timeout", True, "us", None)
    assert (contact.status, contact.attempts) == ("queued", 1)
    assert (await job.audit()).exact


async def test_a_call_that_lasted_all_it_may_was_ended_by_us_whoever_did(shared: Calling) -> None:
    _, call = await shared.a_call(max_call_seconds=600)
    await call.answers()

    await call.completes(600)

    assert ((await call.row()).ended_by, (await call.row()).rang) == ("us", True)


async def test_of_a_call_never_placed_it_is_known_that_nothing_rang(shared: Calling) -> None:
    _, call = await shared.a_call()

    await call.is_not_placed(Outcome.INVALID_NUMBER)

    assert ((await call.row()).rang, (await call.row()).ended_by) == (False, "carrier")


async def test_an_unknown_outcome_keeps_what_was_seen_before(shared: Calling) -> None:
    _, call = await shared.a_call()
    await call.rings()

    await call.is_given_up()

    assert ((await call.row()).rang, (await call.row()).ended_by) == (True, "unknown")


@pytest.mark.parametrize("first", list(AgentContact)[:2])
async def test_how_far_the_agent_came_is_kept_in_whatever_order_it_is_reported(
    shared: Calling, first: AgentContact
) -> None:
    _, call = await shared.a_call()
    await call.answers()
    second = next(state for state in list(AgentContact)[:2] if state is not first)

    for state in (first, second):
        await call.reports(CallState.ANSWERED, agent=state)

    assert (await call.row()).agent == "connected"
