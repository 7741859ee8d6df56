"""A dial's outcome: what it cost, and what follows for its contact. No other code ends a dial."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

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
from domain.model import Model
from domain.money import compute_cost
from store.billing.ledger import EntryKind, LedgerEntry, book_all
from store.billing.settlement import release_remaining_hold
from store.calls.dial_result import DialFacts, DialResult, contact_values, ended_by, next_step
from store.calls.dial_rows import CHANNEL
from store.calls.gates import close_gate, is_due_to_note_reached, note_reached, open_after_probe, release_probe
from store.calls.refusals import speaks_of_number
from store.contacts.do_not_call import list_numbers
from store.contacts.transitions import OUTCOME_COLUMNS, RECORD_OUTCOME
from store.db.pool import Connection, few_rows, recordset
from store.jobs.status import pause_if_running

_LATEST = """
    SELECT contact_id, outcome FROM dials
    WHERE job_id = %(job)s AND call_id IS NOT NULL AND ended_at > coalesce(%(since)s, '-infinity'::timestamptz)
    ORDER BY ended_at DESC LIMIT %(looked_at)s
"""
REACHING = timedelta(minutes=1)  # how lately a call rang, for the number to be in order
RANG = frozenset({Outcome.ANSWERED, Outcome.BUSY, Outcome.NO_ANSWER, Outcome.TIMEOUT, Outcome.DECLINED})

_GIVEN = f"""{OUTCOME_COLUMNS}, dial varchar, outcome varchar, sip_code integer, cost numeric, rang boolean,
        ended_by varchar, sip_reason text, carrier_code varchar, machine varchar, agent varchar"""
_RECORD = f"""
    WITH given AS (
      SELECT * FROM {few_rows("given", "given", _GIVEN)}
    ), ended AS (
      UPDATE dials SET state = 'ended', ended_at = clock_timestamp(), outcome = given.outcome,
             sip_code = given.sip_code, call_seconds = given.call_seconds, answered_by = given.answered_by,
             cost = given.cost, call_id = coalesce(dials.call_id, given.call), reserved_from_hold = 0,
             reserved_from_free = 0, rang = given.rang, ended_by = given.ended_by, sip_reason = given.sip_reason,
             carrier_code = given.carrier_code, machine = given.machine, agent = given.agent
      FROM given WHERE dials.id = given.dial
    ), job AS (
      UPDATE batch_jobs SET hold = charged.hold, spent = spent + charged.cost
      FROM {few_rows("jobs", "charged", "job varchar, hold numeric, cost numeric")}
      WHERE batch_jobs.id = charged.job
    ), contact AS (
      {RECORD_OUTCOME}
    )
    SELECT announce(%(channel)s, dial) FROM given
"""  # noqa: S608 — our own constants


class _Latest(Model):
    contact_id: str
    outcome: Outcome


class DialEnding(Model):
    """How a dial ended, by what was known of it. `call_id`: where it had none."""

    facts: DialFacts
    result: DialResult
    call_id: str | None = None

    @property
    def is_news(self) -> bool:
        """Whether the dial is open, or its outcome was unknown until now."""
        known = self.facts.outcome is not Outcome.UNKNOWN
        return self.facts.ended_at is None or not (known or self.result.outcome is Outcome.UNKNOWN)


async def record_outcomes(
    connection: Connection, organization_id: str, endings: Sequence[DialEnding], speed: float
) -> list[bool]:
    """End those dials that are open: outcome, contact, cost and what is left of the reserve, in one transaction.

    The caller has locked the organization and the dials, each of which is there once. `speed` divides the delay until
    the next dial.
    """
    charges = Charges()
    for group in _in_turn([_blame(ending, speed) for ending in endings if ending.is_news]):
        news = [await _blame_number(connection, ending, speed) for ending in group]
        await _write(connection, organization_id, news, charges, speed)
        for job_id in sorted({ending.facts.job_id for ending in news if ending.facts.job_status.ended}):
            await release_remaining_hold(connection, organization_id, job_id)
        for ending in sorted(news, key=lambda each: each.facts.account):  # accounts are locked, which others share
            await _move_gates(connection, ending, speed)
        for ending in news:
            await apply_side_effects(connection, ending.facts, ending.result)
        await _note_reached(connection, news)
    return [ending.is_news for ending in endings]


def _in_turn(endings: Sequence[DialEnding]) -> list[list[DialEnding]]:
    """Together, but for what destinations refused: whom that speaks of, the others and each before it tell."""
    refused = [ending for ending in endings if ending.result.outcome is Outcome.DESTINATION_REJECTED]
    others = [ending for ending in endings if ending.result.outcome is not Outcome.DESTINATION_REJECTED]
    return [*([others] if others else []), *([ending] for ending in refused)]


async def _write(
    connection: Connection, organization_id: str, endings: Sequence[DialEnding], charges: "Charges", speed: float
) -> None:
    """All rows in one statement, all entries of the ledger in another."""
    rows, entries = [], []
    for ending in endings:
        facts, result = ending.facts, ending.result
        step = next_step(facts, result, speed)
        cost = _cost(facts, result)
        entries.append(charges.charge(facts, cost))
        rows.append(_recorded(facts, result, step, ending.call_id) | {"cost": cost})
    values = {"given": recordset(rows), "jobs": recordset(charges.take_by_job()), "channel": CHANNEL}
    await connection.run(_RECORD, values)
    await book_all(connection, organization_id, entries)


class Charges:
    """What calls that ended together cost, one after another."""

    def __init__(self) -> None:
        self._holds: dict[str, Decimal] = {}  # by job, after the calls so far
        self._costs: dict[str, Decimal] = defaultdict(Decimal)

    def charge(self, facts: DialFacts, cost: Decimal) -> LedgerEntry:
        """The call uses up its job's hold (its reserve for this call included); what else it reserved is released."""
        available = self._holds.get(facts.job_id, facts.hold) + facts.reserved_from_hold
        drawn = Decimal(0) if facts.credits_unlimited else min(cost, available)
        self._holds[facts.job_id] = available - drawn
        self._costs[facts.job_id] += cost
        return LedgerEntry(
            kind=EntryKind.CAPTURE if cost else EntryKind.RELEASE,
            balance_delta=-cost,
            held_delta=-(drawn + facts.reserved_from_free),
            job_id=facts.job_id,
            dial_id=facts.id,
        )

    def take_by_job(self) -> list[dict[str, Any]]:
        """What is to be written: holds, and what was charged since this was asked last."""
        costs, self._costs = self._costs, defaultdict(Decimal)
        return [{"job": job, "hold": self._holds[job], "cost": cost} for job, cost in costs.items()]


def _blame(ending: DialEnding, speed: float) -> DialEnding:
    """A request that was not taken while other calls from the number ring: the contact's own, and counted."""
    facts, result = ending.facts, ending.result
    if result.outcome is not Outcome.NOT_PLACED or result.retry_after is not None:
        return ending
    if facts.reached_at is None or facts.reached_at < facts.now - REACHING / speed:
        return ending
    blamed = result.model_copy(update={"outcome": Outcome.CARRIER_ERROR})
    return ending.model_copy(update={"result": blamed})


async def _blame_number(connection: Connection, ending: DialEnding, speed: float) -> DialEnding:
    """A destination that refused may be one of several, and it is the number they refuse."""
    if ending.result.outcome is not Outcome.DESTINATION_REJECTED:
        return ending
    if not await speaks_of_number(connection, ending.facts, speed):
        return ending
    blamed = ending.result.model_copy(update={"outcome": Outcome.CALLER_REJECTED})
    return ending.model_copy(update={"result": blamed})


def _recorded(facts: DialFacts, result: DialResult, step: NextStep, call_id: str | None) -> dict[str, Any]:
    return contact_values(facts, result, step, call_id) | {
        "dial": facts.id,
        "outcome": result.outcome,
        "sip_code": result.sip_code,
        "rang": result.rang,
        "ended_by": ended_by(facts, result),
        "sip_reason": result.sip_reason,
        "carrier_code": result.carrier_code,
        "machine": result.machine,
        "agent": result.agent,
    }


async def apply_side_effects(connection: Connection, facts: DialFacts, result: DialResult) -> None:
    """What follows for others: an unwanted number is listed, the circuit breaker trips."""
    if result.outcome is Outcome.UNWANTED:
        numbers = [facts.to]
        await list_numbers(connection, facts.organization_id, numbers, source=Source.NETWORK, by=SYSTEM)
    if facts.circuit_breaker and result.outcome in TRIPPING_OUTCOMES:
        await _break_circuit(connection, facts, result.outcome)
    if facts.circuit_breaker and facts.heard is False:
        silence = find_silence_pause(facts.silent_calls or 0, facts.silent_since, facts.now)
        if silence is not None:
            await pause_if_running(connection, facts.organization_id, facts.job_id, silence)


async def _break_circuit(connection: Connection, facts: DialFacts, outcome: Outcome) -> None:
    reason = REFUSAL_REASONS.get(outcome)
    if reason is None:
        since = {"job": facts.job_id, "since": facts.resumed_at, "looked_at": SAMPLE_SIZE}
        latest = [(each.contact_id, each.outcome) for each in await connection.fetch_all(_Latest, _LATEST, since)]
        reason = find_pause_reason(count_destinations_once(latest))
    if reason is not None:
        await pause_if_running(connection, facts.organization_id, facts.job_id, reason)


async def _move_gates(connection: Connection, ending: DialEnding, speed: float) -> None:
    """A refusal or an outage closes a gate; the call that goes first, when it ends otherwise, opens it."""
    facts, result = ending.facts, ending.result
    gates = {"account_id": facts.account, "number_id": facts.phone_number_id}
    retry_after = None if result.retry_after is None else result.retry_after * speed  # real seconds
    accepted = facts.call_id is not None or ending.call_id is not None
    closing = find_closing(result.outcome, was_accepted=accepted, retry_after=retry_after)
    if closing is not None:
        await close_gate(connection, facts.id, **gates, closing=closing, speed=speed)
    elif not facts.is_probe:
        return
    elif result.outcome in WAITING_OUTCOMES | {Outcome.UNKNOWN}:
        await release_probe(connection, facts.id, **gates)
    elif result.outcome is Outcome.DESTINATION_REJECTED:  # of the gates nothing is known but that it was taken
        await open_after_probe(connection, facts.id, CallState.QUEUED, **gates)
        await release_probe(connection, facts.id, **gates)
    else:
        await open_after_probe(connection, facts.id, CallState.ENDED, **gates)


async def _note_reached(connection: Connection, endings: Sequence[DialEnding]) -> None:
    """Once for each number, and only where the last time is a while ago."""
    numbers = {
        ending.facts.phone_number_id
        for ending in endings
        if ending.result.outcome in RANG and is_due_to_note_reached(ending.facts.reached_at, ending.facts.now)
    }
    for number_id in sorted(numbers):
        await note_reached(connection, number_id)


def _cost(facts: DialFacts, result: DialResult) -> Decimal:
    if not result.outcome.connected:
        return Decimal(0)
    return compute_cost(result.call_seconds or 0, facts.rate_per_minute)
