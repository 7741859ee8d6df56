"""A dial's outcome: what it cost, and what follows for its contact. No other code ends a dial."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.audit import SYSTEM
from domain.calling_rules.do_not_call import Source
from domain.calls.circuit_breaker import (
    REFUSAL_REASONS,
    SAMPLE_SIZE,
    TRIPPING_OUTCOMES,
    count_destinations_once,
    find_pause_reason,
)
from domain.calls.gates import find_closing
from domain.calls.models import WAITING_OUTCOMES, CallState, Outcome
from domain.calls.retries import NextStep
from domain.calls.silence import find_silence_pause
from domain.money import compute_cost
from domain.statuses import JobStatus
from store.billing.ledger import EntryKind, book
from store.billing.settlement import release_remaining_hold
from store.calls.dial_result import DIAL_FACTS, DialResult, contact_values, ended_by, next_step
from store.calls.dial_rows import CHANNEL
from store.calls.gates import close_gate, note_reached, open_after_probe, release_probe
from store.calls.refusals import speaks_of_number
from store.contacts.do_not_call import list_numbers
from store.contacts.transitions import RECORD_OUTCOME
from store.jobs.status import pause_if_running

_LATEST = text("""
    SELECT contact_id, outcome FROM dials
    WHERE job_id = :job AND call_id IS NOT NULL AND ended_at > coalesce(:since, '-infinity'::timestamptz)
    ORDER BY ended_at DESC LIMIT :looked_at
""")
REACHING = timedelta(minutes=1)  # how lately a call rang, for the number to be in order
RANG = frozenset({Outcome.ANSWERED, Outcome.BUSY, Outcome.NO_ANSWER, Outcome.TIMEOUT, Outcome.DECLINED})

_RECORD = text(f"""
    WITH ended AS (
      UPDATE dials SET state = 'ended', ended_at = clock_timestamp(), outcome = :outcome, sip_code = :sip_code,
             call_seconds = :call_seconds, answered_by = :answered_by, cost = :cost,
             call_id = coalesce(call_id, :call), reserved_from_hold = 0, reserved_from_free = 0,
             rang = :rang, ended_by = :ended_by, sip_reason = :sip_reason, carrier_code = :carrier_code,
             machine = :machine, agent = :agent
      WHERE id = :dial
    ), job AS (
      UPDATE batch_jobs SET hold = :hold, spent = spent + :cost WHERE id = :job
    ), contact AS (
      {RECORD_OUTCOME}
    )
    SELECT announce(:channel, :dial)
""")  # noqa: S608 — our own constants


async def record_outcome(
    connection: AsyncConnection, dial_id: str, result: DialResult, speed: float, call_id: str | None = None
) -> bool:
    """End a dial if it is open: outcome, contact, cost and what is left of its reserve, in one transaction.

    The caller has locked the organization and the dial. `speed` divides the delay until the next dial.
    """
    facts = (await connection.execute(DIAL_FACTS, {"dial": dial_id})).mappings().one()
    known = facts["outcome"] != Outcome.UNKNOWN
    if facts["ended_at"] is not None and (known or result.outcome is Outcome.UNKNOWN):
        return False
    result = await _blame(connection, facts, result, speed)
    step = next_step(facts, result, speed)
    await connection.execute(_RECORD, _recorded(facts, result, step, call_id))
    await _capture(connection, facts, result)
    if JobStatus(facts["job_status"]).ended:
        await release_remaining_hold(connection, facts["organization_id"], facts["job_id"])
    await _move_gates(connection, facts, result, call_id, speed)
    await apply_side_effects(connection, facts, result)
    return True


async def _blame(connection: AsyncConnection, facts: RowMapping, result: DialResult, speed: float) -> DialResult:
    """What other calls from the number tell of this one's outcome.

    A request that was not taken while they ring is the contact's own, and counted; a destination that refused is one of
    several, and it is the number they refuse.
    """
    if result.outcome is Outcome.DESTINATION_REJECTED and await speaks_of_number(connection, facts, speed):
        return result.model_copy(update={"outcome": Outcome.CALLER_REJECTED})
    if result.outcome is not Outcome.NOT_PLACED or result.retry_after is not None:
        return result
    reached: datetime | None = facts["reached_at"]
    if reached is None or reached < facts["now"] - REACHING / speed:
        return result
    return result.model_copy(update={"outcome": Outcome.CARRIER_ERROR})


def _recorded(facts: RowMapping, result: DialResult, step: NextStep, call_id: str | None) -> dict[str, Any]:
    return contact_values(facts, result, step, call_id) | {
        "dial": facts["id"],
        "job": facts["job_id"],
        "outcome": result.outcome,
        "sip_code": result.sip_code,
        "cost": _cost(facts, result),
        "hold": _remaining_hold(facts, result),
        "channel": CHANNEL,
        "rang": result.rang,
        "ended_by": ended_by(facts, result),
        "sip_reason": result.sip_reason,
        "carrier_code": result.carrier_code,
        "machine": result.machine,
        "agent": result.agent,
    }


async def apply_side_effects(connection: AsyncConnection, facts: RowMapping, result: DialResult) -> None:
    """What follows for others: an unwanted number is listed, the circuit breaker trips."""
    if result.outcome is Outcome.UNWANTED:
        numbers = [facts["to_number"]]
        await list_numbers(connection, facts["organization_id"], numbers, source=Source.NETWORK, by=SYSTEM)
    if facts["circuit_breaker"] and result.outcome in TRIPPING_OUTCOMES:
        await _break_circuit(connection, facts, result.outcome)
    if facts["circuit_breaker"] and facts["heard"] is False:
        silence = find_silence_pause(facts["silent_calls"] or 0, facts["silent_since"], facts["now"])
        if silence is not None:
            await pause_if_running(connection, facts["organization_id"], facts["job_id"], silence)


async def _break_circuit(connection: AsyncConnection, facts: RowMapping, outcome: Outcome) -> None:
    reason = REFUSAL_REASONS.get(outcome)
    if reason is None:
        since = {"job": facts["job_id"], "since": facts["resumed_at"], "looked_at": SAMPLE_SIZE}
        latest = [(contact_id, Outcome(found)) for contact_id, found in await connection.execute(_LATEST, since)]
        reason = find_pause_reason(count_destinations_once(latest))
    if reason is not None:
        await pause_if_running(connection, facts["organization_id"], facts["job_id"], reason)


async def _move_gates(
    connection: AsyncConnection, facts: RowMapping, result: DialResult, call_id: str | None, speed: float
) -> None:
    """A refusal or an outage closes a gate; the call that goes first, when it ends otherwise, opens it."""
    gates = {"account_id": facts["carrier_account_id"], "number_id": facts["phone_number_id"]}
    retry_after = None if result.retry_after is None else result.retry_after * speed  # real seconds
    accepted = facts["call_id"] is not None or call_id is not None
    closing = find_closing(result.outcome, was_accepted=accepted, retry_after=retry_after)
    if closing is not None:
        await close_gate(connection, facts["id"], **gates, closing=closing, speed=speed)
    elif result.outcome in WAITING_OUTCOMES | {Outcome.UNKNOWN}:
        await release_probe(connection, facts["id"], **gates)
    elif result.outcome is Outcome.DESTINATION_REJECTED:  # of the gates nothing is known but that it was taken
        await open_after_probe(connection, facts["id"], CallState.QUEUED, **gates)
        await release_probe(connection, facts["id"], **gates)
    else:
        await open_after_probe(connection, facts["id"], CallState.ENDED, **gates)
    if result.outcome in RANG:
        await note_reached(connection, facts["phone_number_id"])


async def _capture(connection: AsyncConnection, facts: RowMapping, result: DialResult) -> None:
    cost = _cost(facts, result)
    given_back = _drawn(facts, cost) + Decimal(facts["reserved_from_free"])
    await book(
        connection,
        organization_id=facts["organization_id"],
        kind=EntryKind.CAPTURE if cost else EntryKind.RELEASE,
        balance_delta=-cost,
        held_delta=-given_back,
        job_id=facts["job_id"],
        dial_id=facts["id"],
    )


def _cost(facts: RowMapping, result: DialResult) -> Decimal:
    if not result.outcome.connected:
        return Decimal(0)
    return compute_cost(result.call_seconds or 0, Decimal(facts["rate_per_minute"]))


def _drawn(facts: RowMapping, cost: Decimal) -> Decimal:
    """How much of the job's hold (its reserve for this call included) the call has used up."""
    if facts["credits_unlimited"]:
        return Decimal(0)
    return min(cost, Decimal(facts["reserved_from_hold"]) + Decimal(facts["hold"]))


def _remaining_hold(facts: RowMapping, result: DialResult) -> Decimal:
    available = Decimal(facts["hold"]) + Decimal(facts["reserved_from_hold"])
    return available - _drawn(facts, _cost(facts, result))
