"""One dial, from the carrier's first word to its end. `_end` is the only place where a dial ends."""

import logging
import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.calls import AnsweredBy, CallReport, CallState, HangUpReason, Outcome, Recorded
from domain.model import Model
from domain.money import cost_of
from domain.outcomes import judge, sentence
from domain.retries import REFUSED_DELAY, NextStep, next_step
from domain.statuses import ContactStatus, JobStatus
from store.ledger import EntryKind, book
from store.settling import settle_if_over

CHANNEL = "outdial_dials"  # NOTIFY carries the dial's id whenever its row moved

logger = logging.getLogger(__name__)


class DialNow(Model):
    """A dial's row and what became of its contact. `age_seconds` is by the database's clock, since it was asked."""

    id: str
    contact_id: str
    number_of_dial: int
    job_id: str
    organization_id: str
    account: str
    from_: str
    to: str
    state: CallState
    call_id: str | None
    asked_at: datetime
    ringing_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    hang_up_reason: HangUpReason | None
    outcome: Outcome | None
    contact_status: ContactStatus
    contact_due_at: datetime
    ring_seconds: int
    max_call_seconds: int
    age_seconds: float
    state_seconds: float  # since it began to ring, or was answered


class _Verdict(Model):
    """How a dial ends."""

    outcome: Outcome
    sip_code: int | None = None
    call_seconds: int | None = None
    answered_by: AnsweredBy | None = None
    retry_after: timedelta | None = None
    final: bool = False  # whatever the outcome, the contact is not called again


_DIAL = """
    SELECT d.id, d.contact_id, d.number_of_dial, d.job_id, d.organization_id, d.carrier_account_id AS account,
           d.from_number AS from_, d.to_number AS to, d.state, d.call_id, d.asked_at, d.ringing_at, d.answered_at,
           d.ended_at, d.hang_up_reason, d.outcome, c.status AS contact_status, c.due_at AS contact_due_at,
           j.ring_seconds, j.max_call_seconds,
           extract(epoch FROM clock_timestamp() - d.asked_at)::float AS age_seconds,
           coalesce(extract(epoch FROM clock_timestamp() - coalesce(d.answered_at, d.ringing_at)), 0)::float
             AS state_seconds
    FROM dials d JOIN contacts c ON c.id = d.contact_id JOIN batch_jobs j ON j.id = d.job_id
"""
_BY_KEY = text(_DIAL + "WHERE d.contact_id = :contact AND d.number_of_dial = :dial")
_BY_ID = text(_DIAL + "WHERE d.id = :id")
_BY_IDS = text(_DIAL + "WHERE d.id = ANY(:ids)")
_BY_ID_LOCKED = text(_DIAL + "WHERE d.id = :id FOR NO KEY UPDATE OF d")
_BY_CALL = text(_DIAL + "WHERE d.carrier_account_id = :account AND d.call_id = :call")

_LOCK_ORGANIZATION = text("SELECT id FROM organizations WHERE id = :organization FOR UPDATE")

_REMEMBER = text("""
    INSERT INTO carrier_events (dial_id, call_id, state, ending, sequence, sip_code)
    VALUES (:dial, :call, :state, :ending, :sequence, :sip_code) ON CONFLICT DO NOTHING
""")

# States only move forward; a call id is written once. Who answered is often told after the answer.
_FORWARD = text("""
    WITH moved AS (
      UPDATE dials SET
        call_id = coalesce(call_id, :call), state = CAST(:state AS varchar),
        ringing_at = CASE WHEN CAST(:state AS varchar) = 'ringing' THEN coalesce(ringing_at, clock_timestamp())
                     ELSE ringing_at END,
        answered_at = CASE WHEN CAST(:state AS varchar) = 'answered' THEN coalesce(answered_at, clock_timestamp())
                      ELSE answered_at END,
        answered_by = coalesce(:answered_by, answered_by)
      WHERE id = :dial AND ended_at IS NULL
        AND (state = ANY(:behind)
             OR state = :state AND answered_by IS NULL AND CAST(:answered_by AS varchar) IS NOT NULL)
      RETURNING id, contact_id
    ), named AS (
      UPDATE contacts SET call_id = :call FROM moved WHERE contacts.id = moved.contact_id
    )
    SELECT pg_notify(:channel, id) FROM moved
""")

_FACTS_AT_THE_END = text("""
    SELECT d.id, d.contact_id, d.number_of_dial, d.job_id, d.organization_id, d.carrier_account_id,
           d.state, d.call_id, d.ringing_at, d.answered_at, d.ended_at, d.hang_up_reason, d.outcome,
           d.answered_by, d.reserved_from_hold, d.reserved_from_free,
           c.attempts, c.troubles, j.status AS job_status, j.hold, j.rate_per_minute, j.max_attempts,
           j.max_call_seconds, o.credits_unlimited
    FROM dials d JOIN contacts c ON c.id = d.contact_id JOIN batch_jobs j ON j.id = d.job_id
    JOIN organizations o ON o.id = d.organization_id
    WHERE d.id = :dial
""")

_END = text("""
    WITH ended AS (
      UPDATE dials SET state = 'ended', ended_at = clock_timestamp(), outcome = :outcome, sip_code = :sip_code,
             call_seconds = :call_seconds, answered_by = :answered_by, cost = :cost,
             call_id = coalesce(call_id, :call), reserved_from_hold = 0, reserved_from_free = 0
      WHERE id = :dial
    ), drawn AS (
      UPDATE batch_jobs SET hold = :hold WHERE id = :job
    ), contact AS (
      UPDATE contacts SET status = :status, error_code = :error_code, failure_reason = :reason,
             attempts = :attempts, troubles = :troubles,
             due_at = coalesce(clock_timestamp() + :delay, due_at), next_retry_at = clock_timestamp() + :delay,
             completed_at = CASE WHEN :final THEN clock_timestamp() END,
             call_id = coalesce(:call, call_id), call_seconds = coalesce(:call_seconds, call_seconds),
             answered_by = coalesce(:answered_by, answered_by)
      WHERE id = :contact
    )
    SELECT pg_notify(:channel, :dial)
""")


class Dials:
    """`speed` divides the delays between dials, in the local stack only."""

    def __init__(self, engine: AsyncEngine, speed: float = 1.0) -> None:
        self._engine = engine
        self._speed = speed

    async def get(self, contact_id: str, dial: int) -> DialNow | None:
        """Read a dial by its key."""
        async with self._engine.connect() as connection:
            return await _one(connection, _BY_KEY, {"contact": contact_id, "dial": dial})

    async def again(self, dial: DialNow) -> DialNow:
        """Read a dial once more."""
        return (await self.get(dial.contact_id, dial.number_of_dial)) or dial

    async def by_ids(self, dial_ids: Sequence[str]) -> list[DialNow]:
        """Read many dials at once."""
        async with self._engine.connect() as connection:
            rows = (await connection.execute(_BY_IDS, {"ids": list(dial_ids)})).mappings().all()
            return [DialNow.model_validate(dict(row)) for row in rows]

    async def calls_to(self, account: str, to: str, from_: str, since: datetime) -> frozenset[str]:
        """The call ids that dials of this pair hold: what a search must pass over."""
        async with self._engine.connect() as connection:
            rows = await connection.execute(
                text(
                    "SELECT call_id FROM dials WHERE carrier_account_id = :account AND to_number = :to"
                    " AND from_number = :from_ AND call_id IS NOT NULL AND asked_at >= :since"
                ),
                {"account": account, "to": to, "from_": from_, "since": since},
            )
            return frozenset(rows.scalars())

    async def record(self, report: CallReport, account: str, key: str | None = None) -> Recorded:
        """Apply what a carrier said of a call, once: states only move forward, the last word ends the dial."""
        try:
            return await self._apply(report, account, key)
        except IntegrityError:
            logger.critical("call %s is said to be of two dials; the first keeps it", report.call_id)
            return Recorded.NO_SUCH_DIAL

    async def _apply(self, report: CallReport, account: str, key: str | None) -> Recorded:
        async with self._engine.begin() as connection:
            found = await _find(connection, report, account, key)
            dial = found and await _locked(connection, found, to_end=report.state is CallState.ENDED)
            if dial is None:
                return Recorded.NO_SUCH_DIAL
            if _is_second_call(dial, report):
                logger.critical("dial %s has a second call: %s beside %s", dial.id, report.call_id, dial.call_id)
                return Recorded.SECOND_CALL
            await _remember(connection, dial.id, report)
            if dial.ended_at is not None and dial.outcome is not Outcome.UNKNOWN:
                return Recorded.NOTHING
            if report.state is CallState.ENDED:
                return await self._end_by_report(connection, dial, report)
            if dial.ended_at is not None and not await _reopen(connection, dial):
                return Recorded.NOTHING
            return await _forward(connection, dial.id, report)

    async def not_placed(self, dial_id: str, outcome: Outcome, retry_after: timedelta | None = None) -> None:
        """End a dial of which it is certain that nothing rang. Changes nothing once the call has an id."""
        async with self._engine.begin() as connection:
            found = await _one(connection, _BY_ID, {"id": dial_id})
            dial = found and await _locked(connection, found, to_end=True)
            if dial is not None and dial.call_id is None:
                await self._end(connection, dial, _Verdict(outcome=outcome, retry_after=retry_after))

    async def give_up(self, dial_id: str) -> None:
        """End a dial whose outcome cannot be told."""
        async with self._engine.begin() as connection:
            found = await _one(connection, _BY_ID, {"id": dial_id})
            dial = found and await _locked(connection, found, to_end=True)
            if dial is not None:
                await self._end(connection, dial, _Verdict(outcome=Outcome.UNKNOWN))

    async def hang_up_wanted(self, dial_id: str, reason: HangUpReason) -> None:
        """Write down that, and why, we are about to end a call: the first reason stays."""
        async with self._engine.begin() as connection:
            await connection.execute(
                text(
                    "UPDATE dials SET hang_up_reason = :reason"
                    " WHERE id = :dial AND ended_at IS NULL AND hang_up_reason IS NULL"
                ),
                {"dial": dial_id, "reason": reason},
            )

    async def _end_by_report(self, connection: AsyncConnection, dial: DialNow, report: CallReport) -> Recorded:
        outcome = judge(
            report,
            rang=dial.ringing_at is not None,
            answered=dial.answered_at is not None,
            hung_up=dial.hang_up_reason,
        )
        verdict = _Verdict(
            outcome=outcome,
            sip_code=report.sip_code,
            call_seconds=report.duration_seconds if outcome is Outcome.ANSWERED else None,
            answered_by=report.answered_by,
            final=dial.outcome is Outcome.UNKNOWN,
        )
        ended = await self._end(connection, dial, verdict, call_id=report.call_id)
        return Recorded.MOVED if ended else Recorded.NOTHING

    async def _end(
        self, connection: AsyncConnection, dial: DialNow, verdict: _Verdict, call_id: str | None = None
    ) -> bool:
        """End a dial: outcome, contact, capture, the reserve given back, in one transaction; only if open.

        The caller has locked it to end it.
        """
        facts = (await connection.execute(_FACTS_AT_THE_END, {"dial": dial.id})).mappings().one()
        known = facts["outcome"] != Outcome.UNKNOWN
        if facts["ended_at"] is not None and (known or verdict.outcome is Outcome.UNKNOWN):
            return False
        step = self._next(facts, verdict)
        await connection.execute(_END, self._ending(facts, verdict, step, call_id))
        await _capture(connection, facts, verdict)
        if facts["hold"] is not None and JobStatus(facts["job_status"]).ended:
            await settle_if_over(connection, facts["organization_id"], facts["job_id"])
        await self._account_gate(connection, facts, verdict.outcome)
        return True

    def _next(self, facts: RowMapping, verdict: _Verdict) -> NextStep:
        step = next_step(
            verdict.outcome,
            attempts=_attempts(facts, verdict),
            max_attempts=facts["max_attempts"],
            troubles=_troubles(facts, verdict),
            job_ended=verdict.final or JobStatus(facts["job_status"]).ended,
            spread=_spread(facts["contact_id"], facts["number_of_dial"]),
            retry_after=None if verdict.retry_after is None else verdict.retry_after * self._speed,  # real seconds
        )
        return step if step.delay is None else step.model_copy(update={"delay": step.delay / self._speed})

    def _ending(self, facts: RowMapping, verdict: _Verdict, step: NextStep, call_id: str | None) -> dict[str, Any]:
        answered = verdict.outcome is Outcome.ANSWERED
        longest = answered and (verdict.call_seconds or 0) >= facts["max_call_seconds"]
        return {
            "dial": facts["id"],
            "contact": facts["contact_id"],
            "job": facts["job_id"],
            "outcome": verdict.outcome,
            "sip_code": verdict.sip_code,
            "call_seconds": verdict.call_seconds,
            "answered_by": (verdict.answered_by or facts["answered_by"] or AnsweredBy.UNKNOWN) if answered else None,
            "cost": _cost(facts, verdict),
            "call": call_id,
            "hold": _hold_afterwards(facts, verdict),
            "status": step.status,
            "error_code": None if answered or verdict.sip_code is None else str(verdict.sip_code),
            "reason": sentence(verdict.outcome, longest=longest),
            "attempts": _attempts(facts, verdict),
            "troubles": _troubles(facts, verdict),
            "delay": step.delay,
            "final": step.status.final,
            "channel": CHANNEL,
        }

    async def _account_gate(self, connection: AsyncConnection, facts: RowMapping, outcome: Outcome) -> None:
        """A refusal closes the account's gate for all jobs; its probe call, when it ends otherwise, opens it."""
        if outcome is Outcome.REFUSED:
            await connection.execute(
                text(
                    "UPDATE carrier_accounts SET closed_until = clock_timestamp() + :delay, closed_reason = :reason,"
                    " probe_dial_id = NULL WHERE id = :account"
                ),
                {
                    "delay": REFUSED_DELAY / self._speed,
                    "reason": sentence(outcome),
                    "account": facts["carrier_account_id"],
                },
            )
            return
        await connection.execute(
            text(
                "UPDATE carrier_accounts SET closed_until = NULL, closed_reason = NULL, probe_dial_id = NULL"
                " WHERE id = :account AND probe_dial_id = :dial"
            ),
            {"account": facts["carrier_account_id"], "dial": facts["id"]},
        )


async def _one(connection: AsyncConnection, query: Any, values: dict[str, Any]) -> DialNow | None:
    row = (await connection.execute(query, values)).mappings().one_or_none()
    return None if row is None else DialNow.model_validate(dict(row))


async def _locked(connection: AsyncConnection, dial: DialNow, *, to_end: bool) -> DialNow | None:
    """Lock a dial's row and read it anew. To end it takes the organisation's lock, and that one first."""
    if to_end:
        await connection.execute(_LOCK_ORGANIZATION, {"organization": dial.organization_id})
    return await _one(connection, _BY_ID_LOCKED, {"id": dial.id})


async def _find(connection: AsyncConnection, report: CallReport, account: str, key: str | None) -> DialNow | None:
    """By the dial's key where the report has one, else by the carrier's call id."""
    contact_id, _, dial = (key or report.key or "").rpartition(":")
    if contact_id and dial.isascii() and dial.isdigit() and len(dial) < 10:
        found = await _one(connection, _BY_KEY, {"contact": contact_id, "dial": int(dial)})
        return found if found is not None and found.account == account else None
    return await _one(connection, _BY_CALL, {"account": account, "call": report.call_id})


def _is_second_call(dial: DialNow, report: CallReport) -> bool:
    """A live call beside the dial's own; or one of a dial that was thought never placed, and may be redialled."""
    if dial.call_id is not None:
        return dial.call_id != report.call_id
    over = dial.ended_at is not None and dial.outcome is not Outcome.UNKNOWN
    return over and report.state is not CallState.ENDED


async def _remember(connection: AsyncConnection, dial_id: str, report: CallReport) -> None:
    await connection.execute(
        _REMEMBER,
        {
            "dial": dial_id,
            "call": report.call_id,
            "state": report.state,
            "ending": report.ending or "",
            "sequence": report.sequence,
            "sip_code": report.sip_code,
        },
    )


async def _forward(connection: AsyncConnection, dial_id: str, report: CallReport) -> Recorded:
    moved = await connection.execute(
        _FORWARD,
        {
            "dial": dial_id,
            "call": report.call_id,
            "state": report.state,
            "answered_by": report.answered_by,
            "behind": [state for state in CallState if state.rank < report.state.rank],
            "channel": CHANNEL,
        },
    )
    return Recorded.MOVED if moved.first() is not None else Recorded.NOTHING


async def _reopen(connection: AsyncConnection, dial: DialNow) -> bool:
    """Evidence of a live call whose outcome was thought unknown: the dial is open again, and followed.

    Its outcome stays "unknown" until it ends: it was charged for that, and its contact is not called again.
    """
    try:
        async with connection.begin_nested():
            await connection.execute(
                text("UPDATE dials SET ended_at = NULL, state = 'asked' WHERE id = :dial"), {"dial": dial.id}
            )
    except IntegrityError:  # this pair is on the phone again by another job's dial; that one is followed
        logger.error("dial %s turned up live while its number is being called by another dial", dial.id)
        return False
    await connection.execute(
        text("UPDATE contacts SET status = 'dialing', completed_at = NULL WHERE id = :contact"),
        {"contact": dial.contact_id},
    )
    return True


async def _capture(connection: AsyncConnection, facts: RowMapping, verdict: _Verdict) -> None:
    cost = _cost(facts, verdict)
    given_back = _drawn(facts, cost) + Decimal(facts["reserved_from_free"])
    if not cost and not given_back:
        return
    await book(
        connection,
        organization_id=facts["organization_id"],
        kind=EntryKind.CAPTURE if cost else EntryKind.RELEASE,
        balance_delta=-cost,
        held_delta=-given_back,
        job_id=facts["job_id"],
        dial_id=facts["id"],
    )


def _cost(facts: RowMapping, verdict: _Verdict) -> Decimal:
    if verdict.outcome is not Outcome.ANSWERED:
        return Decimal(0)
    return cost_of(verdict.call_seconds or 0, Decimal(facts["rate_per_minute"]))


def _drawn(facts: RowMapping, cost: Decimal) -> Decimal:
    """How much of the job's hold (its reserve for this call included) the call has used up."""
    if facts["credits_unlimited"]:
        return Decimal(0)
    return min(cost, Decimal(facts["reserved_from_hold"]) + Decimal(facts["hold"]))


def _hold_afterwards(facts: RowMapping, verdict: _Verdict) -> Decimal:
    available = Decimal(facts["hold"]) + Decimal(facts["reserved_from_hold"])
    return available - _drawn(facts, _cost(facts, verdict))


def _attempts(facts: RowMapping, verdict: _Verdict) -> int:
    charged_as_unknown: bool = facts["outcome"] == Outcome.UNKNOWN
    return int(facts["attempts"]) - charged_as_unknown + verdict.outcome.charged


def _troubles(facts: RowMapping, verdict: _Verdict) -> int:
    return int(facts["troubles"]) + 1 if verdict.outcome is Outcome.TROUBLE else 0


def _spread(contact_id: str, dial: int) -> float:
    """A number in [0, 1) that is always the same for one dial."""
    return zlib.crc32(f"{contact_id}:{dial}".encode()) / 2**32
