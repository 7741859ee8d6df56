"""A dial's outcome: what it cost, and what follows for its contact. No other code ends a dial."""

from decimal import Decimal
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.audit import SYSTEM
from domain.calling_rules.do_not_call import Source
from domain.calls.circuit_breaker import ACCOUNT_REJECTED_REASON, SAMPLE_SIZE, TRIPPING_OUTCOMES, find_pause_reason
from domain.calls.models import Outcome
from domain.calls.outcomes import explain_outcome
from domain.calls.retries import ACCOUNT_RETRY_DELAY, NextStep
from domain.money import compute_cost
from domain.statuses import JobStatus
from store.billing.ledger import EntryKind, book
from store.billing.settlement import release_remaining_hold
from store.calls.dial_result import DIAL_FACTS, DialResult, contact_values, ended_by, next_step
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
    facts = (await connection.execute(DIAL_FACTS, {"dial": dial_id})).mappings().one()
    known = facts["outcome"] != Outcome.UNKNOWN
    if facts["ended_at"] is not None and (known or result.outcome is Outcome.UNKNOWN):
        return False
    step = next_step(facts, result, speed)
    await connection.execute(_RECORD, _recorded(facts, result, step, call_id))
    await _capture(connection, facts, result)
    if JobStatus(facts["job_status"]).ended:
        await release_remaining_hold(connection, facts["organization_id"], facts["job_id"])
    await _move_account_gate(connection, facts, result.outcome, speed)
    await apply_side_effects(connection, facts, result)
    return True


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
