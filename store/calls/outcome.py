"""A dial's outcome: what it cost, and what follows for its contact. No other code ends a dial."""

import zlib
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.audit import SYSTEM
from domain.calling_rules.do_not_call import Source
from domain.calls.circuit_breaker import ACCOUNT_REJECTED_REASON, SAMPLE_SIZE, TRIPPING_OUTCOMES, find_pause_reason
from domain.calls.dispatch import NotNowReason
from domain.calls.models import AgentContact, AnsweredBy, EndedBy, HangUpReason, MachineKind, Outcome
from domain.calls.outcome_table import OUTCOMES
from domain.calls.outcomes import explain_outcome
from domain.calls.retries import ACCOUNT_RETRY_DELAY, AGENT_FAILURES, NextStep, RetryPolicy, decide_next_step
from domain.model import Model
from domain.money import compute_cost
from domain.statuses import JobStatus
from store.billing.ledger import EntryKind, book
from store.billing.settlement import release_remaining_hold
from store.calls.claim_rules import find_opening, read_calling_window
from store.calls.dial_rows import CHANNEL
from store.contacts.do_not_call import list_numbers
from store.contacts.transitions import RECORD_OUTCOME
from store.jobs.status import pause_if_running

_SLOW_DOWN = text("""
    UPDATE phone_numbers SET next_slot_at = greatest(next_slot_at, clock_timestamp() + :wait) WHERE id = :number
""")
_LATEST = text("""
    SELECT outcome FROM dials
    WHERE job_id = :job AND call_id IS NOT NULL AND ended_at > coalesce(:since, '-infinity'::timestamptz)
    ORDER BY ended_at DESC LIMIT :looked_at
""")


class DialResult(Model):
    """How a dial ended."""

    outcome: Outcome
    sip_code: int | None = None
    call_seconds: int | None = None
    answered_by: AnsweredBy | None = None
    retry_after: timedelta | None = None
    final: bool = False  # whatever the outcome, the contact is not called again
    rang: bool | None = None  # None: it cannot be told
    ended_by: EndedBy = EndedBy.UNKNOWN
    sip_reason: str | None = None
    carrier_code: str | None = None
    machine: MachineKind | None = None
    agent: AgentContact | None = None


_FACTS = text("""
    SELECT d.id, d.contact_id, d.number_of_dial, d.job_id, d.organization_id, d.carrier_account_id,
           d.state, d.call_id, d.ringing_at, d.answered_at, d.ended_at, d.hang_up_reason, d.outcome,
           d.answered_by, d.machine, d.agent, d.call_seconds, d.reserved_from_hold, d.reserved_from_free, d.to_number,
           c.attempts, c.troubles, c.zones, c.removed_at, c.status AS contact_status, c.dials,
           (SELECT array_agg(e.outcome) FROM dials e WHERE e.contact_id = d.contact_id AND e.id <> d.id)
             AS other_outcomes,
           j.status AS job_status, j.hold, j.rate_per_minute, j.max_attempts, j.max_call_seconds, j.phone_number_id,
           j.retry_policy, j.calling_window AS job_window, j.circuit_breaker, j.resumed_at,
           o.calling_window AS organization_window, o.credits_unlimited, a.probe_dial_id,
           clock_timestamp() AS now
    FROM dials d JOIN contacts c ON c.id = d.contact_id JOIN batch_jobs j ON j.id = d.job_id
    JOIN organizations o ON o.id = d.organization_id
    JOIN carrier_accounts a ON a.id = d.carrier_account_id
    WHERE d.id = :dial
""")

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
    SELECT pg_notify(:channel, :dial)
""")  # noqa: S608 — our own constants


async def record_outcome(
    connection: AsyncConnection, dial_id: str, result: DialResult, speed: float, call_id: str | None = None
) -> bool:
    """End a dial if it is open: outcome, contact, cost and what is left of its reserve, in one transaction.

    The caller has locked the organization and the dial. `speed` divides the delay until the next dial.
    """
    facts = (await connection.execute(_FACTS, {"dial": dial_id})).mappings().one()
    known = facts["outcome"] != Outcome.UNKNOWN
    if facts["ended_at"] is not None and (known or result.outcome is Outcome.UNKNOWN):
        return False
    step = _next_step(facts, result, speed)
    await connection.execute(_RECORD, _recorded(facts, result, step, call_id))
    await _capture(connection, facts, result)
    if JobStatus(facts["job_status"]).ended:
        await release_remaining_hold(connection, facts["organization_id"], facts["job_id"])
    await _move_account_gate(connection, facts, result.outcome, speed)
    await _apply_side_effects(connection, facts, result)
    return True


def _next_step(facts: RowMapping, result: DialResult, speed: float) -> NextStep:
    step = decide_next_step(
        result.outcome,
        RetryPolicy.model_validate(facts["retry_policy"]),
        attempts=_attempts(facts, result),
        max_attempts=facts["max_attempts"],
        carrier_errors=_troubles(facts, result),
        no_further_calls=result.final or facts["removed_at"] is not None or JobStatus(facts["job_status"]).ended,
        spread=_spread(facts["contact_id"], facts["number_of_dial"]),
        repeats=_repeats(facts, result.outcome),
        answered_by=_answered_by(facts, result),
        retry_after=None if result.retry_after is None else result.retry_after * speed,  # real seconds
    )
    return step if step.delay is None else step.model_copy(update={"delay": step.delay / speed})


def _recorded(facts: RowMapping, result: DialResult, step: NextStep, call_id: str | None) -> dict[str, Any]:
    connected = result.outcome.connected
    not_before = None if step.delay is None else facts["now"] + step.delay
    due_at = None if not_before is None else _move_into_window(facts, not_before)
    return {
        "dial": facts["id"],
        "contact": facts["contact_id"],
        "job": facts["job_id"],
        "outcome": result.outcome,
        "sip_code": result.sip_code,
        "call_seconds": result.call_seconds,
        "answered_by": _answered_by(facts, result) if connected else None,
        "cost": _cost(facts, result),
        "call": call_id,
        "hold": _remaining_hold(facts, result),
        "status": step.status,
        "error_code": None if connected or result.sip_code is None else str(result.sip_code),
        "reason": explain_outcome(result.outcome, _ended_by_us(facts, result)),
        "attempts": _attempts(facts, result),
        "troubles": _troubles(facts, result),
        "due_at": due_at,
        "held_reason": NotNowReason.WINDOW if due_at != not_before else None,
        "not_before": not_before,
        "final": step.status.final,
        "channel": CHANNEL,
        "rang": result.rang,
        "ended_by": _ended_by(facts, result),
        "sip_reason": result.sip_reason,
        "carrier_code": result.carrier_code,
        "machine": result.machine,
        "agent": result.agent,
    }


def _answered_by(facts: RowMapping, result: DialResult) -> AnsweredBy:
    return result.answered_by or AnsweredBy(facts["answered_by"] or AnsweredBy.UNKNOWN)


def _ended_by_us(facts: RowMapping, result: DialResult) -> HangUpReason | None:
    """Why we ended an answered call, by its length and by our request."""
    if (result.call_seconds or 0) >= facts["max_call_seconds"]:
        return HangUpReason.MAX_CALL_DURATION
    return HangUpReason.MACHINE if facts["hang_up_reason"] == HangUpReason.MACHINE else None


def _ended_by(facts: RowMapping, result: DialResult) -> EndedBy:
    """The longest time that a call may last is ours, whoever enforced it."""
    return EndedBy.US if _ended_by_us(facts, result) is HangUpReason.MAX_CALL_DURATION else result.ended_by


def _move_into_window(facts: RowMapping, at: datetime) -> datetime:
    return find_opening(read_calling_window(facts), facts["zones"], at)


async def _apply_side_effects(connection: AsyncConnection, facts: RowMapping, result: DialResult) -> None:
    """What follows for others: an unwanted number is listed, the carrier is given time, the circuit breaker trips."""
    if result.outcome is Outcome.UNWANTED:
        numbers = [facts["to_number"]]
        await list_numbers(connection, facts["organization_id"], numbers, source=Source.NETWORK, by=SYSTEM)
    if result.retry_after is not None:
        await connection.execute(_SLOW_DOWN, {"number": facts["phone_number_id"], "wait": result.retry_after})
    if facts["circuit_breaker"] and result.outcome in TRIPPING_OUTCOMES:
        await _break_circuit(connection, facts, result.outcome)


async def _break_circuit(connection: AsyncConnection, facts: RowMapping, outcome: Outcome) -> None:
    if outcome is Outcome.ACCOUNT_REJECTED:
        reason: str | None = ACCOUNT_REJECTED_REASON
    else:
        since = {"job": facts["job_id"], "since": facts["resumed_at"], "looked_at": SAMPLE_SIZE}
        reason = find_pause_reason([Outcome(found) for found in (await connection.execute(_LATEST, since)).scalars()])
    if reason is not None:
        await pause_if_running(connection, facts["organization_id"], facts["job_id"], reason)


async def _move_account_gate(connection: AsyncConnection, facts: RowMapping, outcome: Outcome, speed: float) -> None:
    """A refusal closes the account's gate for all jobs; its probe call, when it ends otherwise, opens it."""
    if outcome is Outcome.ACCOUNT_REJECTED:
        await connection.execute(
            text(
                "UPDATE carrier_accounts SET closed_until = clock_timestamp() + :delay, closed_reason = :reason,"
                " probe_dial_id = NULL WHERE id = :account"
            ),
            {
                "delay": ACCOUNT_RETRY_DELAY / speed,
                "reason": explain_outcome(outcome),
                "account": facts["carrier_account_id"],
            },
        )
    elif facts["probe_dial_id"] == facts["id"]:
        await connection.execute(
            text(
                "UPDATE carrier_accounts SET closed_until = NULL, closed_reason = NULL, probe_dial_id = NULL"
                " WHERE id = :account AND probe_dial_id = :dial"
            ),
            {"account": facts["carrier_account_id"], "dial": facts["id"]},
        )


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


def _attempts(facts: RowMapping, result: DialResult) -> int:
    before = 0 if facts["outcome"] is None else OUTCOMES[Outcome(facts["outcome"])].charged
    return int(facts["attempts"]) - before + OUTCOMES[result.outcome].charged


def _troubles(facts: RowMapping, result: DialResult) -> int:
    return int(facts["troubles"]) + 1 if result.outcome is Outcome.CARRIER_ERROR else 0


def _repeats(facts: RowMapping, outcome: Outcome) -> int:
    """How many of the contact's dials, with this one, had an outcome of this kind."""
    kind = AGENT_FAILURES if outcome in AGENT_FAILURES else {outcome}
    return 1 + sum(Outcome(other) in kind for other in facts["other_outcomes"] or () if other is not None)


def _spread(contact_id: str, dial: int) -> float:
    """A number in [0, 1) that is always the same for one dial."""
    return zlib.crc32(f"{contact_id}:{dial}".encode()) / 2**32
