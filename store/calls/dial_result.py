"""What a dial's outcome means for its contact: read once, decided by the rules of domain.calls."""

import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import takewhile
from typing import Any

from domain.calls.circuit_breaker import AGENT_FAILURES
from domain.calls.dispatch import NotNowReason
from domain.calls.models import WAITING_OUTCOMES, AgentContact, AnsweredBy, EndedBy, HangUpReason, MachineKind, Outcome
from domain.calls.outcome_table import OUTCOMES
from domain.calls.outcomes import explain_outcome
from domain.calls.retries import NEVER_RANG, NextStep, RetryPolicy, decide_next_step
from domain.model import Model
from domain.statuses import JobStatus
from store.calls.claim_rules import WindowFacts, find_opening
from store.calls.dial_rows import DIAL_COLUMNS, WHOLE_DIAL, DialRow
from store.calls.gates import IS_PROBE
from store.db.pool import Connection, few_ids


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


class DialFacts(DialRow, WindowFacts):
    """All that decides what an outcome means for a dial's contact, its job and its gates. Amounts in dollars."""

    carrier_code: str | None
    silent_calls: int | None
    silent_since: datetime | None
    reserved_from_hold: Decimal
    reserved_from_free: Decimal
    attempts: int
    troubles: int
    zones: list[str] | None
    removed_at: datetime | None
    dials: int
    other_outcomes: list[Outcome | None] | None  # of the contact's other dials, the last one first
    other_times: list[datetime] | None  # when those were asked
    job_status: JobStatus
    hold: Decimal
    rate_per_minute: Decimal
    max_attempts: int
    phone_number_id: str
    retry_policy: RetryPolicy
    circuit_breaker: bool
    resumed_at: datetime | None
    credits_unlimited: bool
    reached_at: datetime | None
    is_probe: bool
    now: datetime


_FACTS = f"""
    SELECT {DIAL_COLUMNS}, d.carrier_code, a.silent_calls, a.silent_since,
           d.reserved_from_hold, d.reserved_from_free,
           c.attempts, c.troubles, c.zones, c.removed_at, c.dials,
           others.other_outcomes, others.other_times,
           j.status AS job_status, j.hold, j.rate_per_minute, j.max_attempts, j.phone_number_id,
           j.retry_policy, j.calling_window AS job_window, j.circuit_breaker, j.resumed_at,
           o.calling_window AS organization_window, o.credits_unlimited, p.reached_at,
           {IS_PROBE} AS is_probe,
           clock_timestamp() AS now
    FROM {few_ids("dials", "given")} JOIN dials d ON d.id = given.id {WHOLE_DIAL}
    JOIN organizations o ON o.id = d.organization_id JOIN phone_numbers p ON p.id = j.phone_number_id
    CROSS JOIN LATERAL (
      SELECT array_agg(e.outcome ORDER BY e.number_of_dial DESC) AS other_outcomes,
             array_agg(e.asked_at ORDER BY e.number_of_dial DESC) AS other_times
      FROM dials e WHERE e.contact_id = d.contact_id AND e.id <> d.id
    ) others
    ORDER BY d.id FOR NO KEY UPDATE OF d
"""  # noqa: S608 — our own constants


async def lock_and_read_facts(connection: Connection, dial_ids: Sequence[str]) -> list[DialFacts]:
    """Lock dials' rows and read their facts. The caller has locked the organization."""
    return await connection.fetch_all(DialFacts, _FACTS, {"dials": list(dial_ids)})


def next_step(facts: DialFacts, result: DialResult, speed: float) -> NextStep:
    """What follows; its delay in real seconds, which `speed` divides."""
    step = decide_next_step(
        result.outcome,
        facts.retry_policy,
        attempts=count_attempts(facts, result),
        max_attempts=facts.max_attempts,
        carrier_errors=_troubles(facts, result),
        no_further_calls=result.final or facts.removed_at is not None or facts.job_status.ended,
        spread=_spread(facts.contact_id, facts.number_of_dial),
        repeats=_repeats(facts, result.outcome),
        **_waiting(facts, speed),
        answered_by=answered_by(facts, result),
        retry_after=None if result.retry_after is None else result.retry_after * speed,  # real seconds
    )
    return step if step.delay is None else step.model_copy(update={"delay": step.delay / speed})


def contact_values(facts: DialFacts, result: DialResult, step: NextStep, call_id: str | None) -> dict[str, Any]:
    """What the end of a dial writes to its contact."""
    connected = result.outcome.connected
    not_before = None if step.delay is None else facts.now + step.delay
    due_at = None if not_before is None else _move_into_window(facts, not_before)
    return {
        "contact": facts.contact_id,
        "call_seconds": result.call_seconds,
        "answered_by": answered_by(facts, result) if connected else None,
        "call": call_id,
        "status": step.status,
        "error_code": None if connected or result.sip_code is None else str(result.sip_code),
        "reason": explain_outcome(result.outcome, _ended_by_us(facts, result)),
        "attempts": count_attempts(facts, result),
        "troubles": _troubles(facts, result),
        "due_at": due_at,
        "held_reason": NotNowReason.WINDOW if due_at != not_before else None,
        "not_before": not_before,
        "final": step.status.final,
    }


def answered_by(facts: DialFacts, result: DialResult) -> AnsweredBy:
    return result.answered_by or facts.answered_by or AnsweredBy.UNKNOWN


def _ended_by_us(facts: DialFacts, result: DialResult) -> HangUpReason | None:
    """Why we ended an answered call, by its length and by our request."""
    if (result.call_seconds or 0) >= facts.max_call_seconds:
        return HangUpReason.MAX_CALL_DURATION
    return HangUpReason.MACHINE if facts.hang_up_reason == HangUpReason.MACHINE else None


def ended_by(facts: DialFacts, result: DialResult) -> EndedBy:
    """The longest time that a call may last is ours, whoever enforced it."""
    return EndedBy.US if _ended_by_us(facts, result) is HangUpReason.MAX_CALL_DURATION else result.ended_by


def _move_into_window(facts: DialFacts, at: datetime) -> datetime:
    return find_opening(facts.calling_window, facts.zones, at)


def count_attempts(facts: DialFacts, result: DialResult) -> int:
    before = 0 if facts.outcome is None else OUTCOMES[facts.outcome].charged
    return facts.attempts - before + OUTCOMES[result.outcome].charged


def _troubles(facts: DialFacts, result: DialResult) -> int:
    """Carrier errors in a row; what says nothing of the contact neither ends the row nor belongs to it."""
    if result.outcome in WAITING_OUTCOMES:
        return facts.troubles
    return facts.troubles + 1 if result.outcome is Outcome.CARRIER_ERROR else 0


def _repeats(facts: DialFacts, outcome: Outcome) -> int:
    """How many of the contact's dials, with this one, had an outcome of this kind."""
    kind = next((kind for kind in (AGENT_FAILURES, NEVER_RANG) if outcome in kind), {outcome})
    return 1 + sum(other in kind for other in facts.other_outcomes or () if other is not None)


def _waiting(facts: DialFacts, speed: float) -> dict[str, Any]:
    """How many dials in a row, this one the last, told nothing of the contact, and for how long."""
    others = zip(facts.other_outcomes or (), facts.other_times or (), strict=True)
    row = [asked_at for _, asked_at in takewhile(lambda other: other[0] in WAITING_OUTCOMES, others)]
    since = row[-1] if row else facts.asked_at
    return {"waits": 1 + len(row), "waited": (facts.now - since) * speed}


def _spread(contact_id: str, dial: int) -> float:
    """A number in [0, 1) that is always the same for one dial."""
    return zlib.crc32(f"{contact_id}:{dial}".encode()) / 2**32
