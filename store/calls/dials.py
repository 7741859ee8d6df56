"""One dial, from the carrier's first report to its last: each is applied once, and states only move forward."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.calls.gates import closing_without_answer
from domain.calls.models import AnsweredBy, CallReport, CallState, EndedBy, HangUpReason, MachineKind, Outcome, Recorded
from domain.calls.outcomes import AnswerEvidence, classify_answer, determine_ended_by, determine_outcome
from domain.calls.retries import MAX_RETRY_AFTER
from domain.calls.talk_time import bound_talk_seconds
from store.calls.correction import correct
from store.calls.dial_result import DialResult
from store.calls.dial_rows import BY_IDS, BY_KEY, CHANNEL, DialRow, lock_dial, lock_reported_dial, read_one
from store.calls.gates import IS_PROBE, close_gate_of_dial, note_reached, open_after_probe
from store.calls.outcome import record_outcome
from store.calls.silence import CallbackSilence
from store.contacts.transitions import reopen
from store.db.engine import Database, reading

logger = logging.getLogger(__name__)

_STORE_EVENT = text("""
    INSERT INTO carrier_events (dial_id, call_id, state, ending, sequence, sip_code)
    VALUES (:dial, :call, :state, :ending, :sequence, :sip_code) ON CONFLICT DO NOTHING
""")

# A call id is written once. Who answered is often reported after the answer.
_MOVE_FORWARD = text(f"""
    WITH event AS (
      INSERT INTO carrier_events (dial_id, call_id, state, ending, sequence, sip_code)
      VALUES (:dial, :call, :state, '', :sequence, NULL) ON CONFLICT DO NOTHING
    ), moved AS (
      UPDATE dials SET
        call_id = coalesce(call_id, :call), state = CAST(:state AS varchar),
        ringing_at = CASE WHEN CAST(:state AS varchar) = 'ringing' THEN coalesce(ringing_at, clock_timestamp())
                     ELSE ringing_at END,
        answered_at = CASE WHEN CAST(:state AS varchar) = 'answered' THEN coalesce(answered_at, clock_timestamp())
                      ELSE answered_at END,
        answered_by = :answered_by, machine = :machine, agent = :agent,
        hang_up_reason = CASE WHEN CAST(:state AS varchar) = 'answered' AND hang_up_reason = ANY(:void_once_answered)
                              THEN :hang_up_reason ELSE coalesce(hang_up_reason, :hang_up_reason) END
      WHERE id = :dial AND ended_at IS NULL
        AND (state = ANY(:behind)
             OR state = :state AND :has_news)
      RETURNING id, contact_id, job_id, carrier_account_id
    ), named AS (
      UPDATE contacts SET call_id = :call FROM moved WHERE contacts.id = moved.contact_id
    )
    SELECT announce(:channel, d.id), d.carrier_account_id, {IS_PROBE} AS is_probe,
           (SELECT j.phone_number_id FROM batch_jobs j WHERE j.id = d.job_id) AS phone_number_id
    FROM moved d
""")  # noqa: S608 — our own constants

_NOTE_MACHINE = text("UPDATE dials SET answered_by = 'machine', machine = :machine WHERE id = :dial")
_REFUSALS = frozenset({Outcome.INVALID_NUMBER, Outcome.ACCOUNT_REJECTED, Outcome.CALLER_REJECTED})


class Dials:
    """`speed` divides the delays between dials, in the local stack only."""

    def __init__(self, engine: Database, speed: float = 1.0) -> None:
        self.silence = CallbackSilence(engine)
        self._engine = engine
        self._speed = speed

    async def get(self, contact_id: str, dial: int) -> DialRow | None:
        """Read a dial by its key."""
        async with reading(self._engine) as connection:
            return await read_one(connection, BY_KEY, {"contact": contact_id, "dial": dial})

    async def refresh(self, dial: DialRow) -> DialRow:
        """Read a dial again."""
        return (await self.get(dial.contact_id, dial.number_of_dial)) or dial

    async def get_many(self, dial_ids: Sequence[str]) -> list[DialRow]:
        """Read many dials at once."""
        async with reading(self._engine) as connection:
            rows = (await connection.execute(BY_IDS, {"ids": list(dial_ids)})).mappings().all()
            return [DialRow.model_validate(dict(row)) for row in rows]

    async def find_job(self, dial_id: str) -> str:
        """The job of a dial that exists."""
        (dial,) = await self.get_many([dial_id])
        return dial.job_id

    async def find_call_ids(self, account: str, to: str, from_: str, since: datetime) -> frozenset[str]:
        """The call ids that dials of this pair of numbers have: a search must skip them."""
        async with reading(self._engine) as connection:
            rows = await connection.execute(
                text(
                    "SELECT call_id FROM dials WHERE carrier_account_id = :account AND to_number = :to"
                    " AND from_number = :from_ AND call_id IS NOT NULL AND asked_at >= :since"
                ),
                {"account": account, "to": to, "from_": from_, "since": since},
            )
            return frozenset(rows.scalars())

    async def record(
        self, report: CallReport, account: str, key: str | None = None, *, by_callback: bool = False
    ) -> Recorded:
        """Apply a carrier's report of a call, once; the last one ends the dial.

        `by_callback`: whoever has the account's secret can send it, so that our clock bounds the call's length.
        """
        try:
            return await self._apply_or_correct(report, account, key, by_callback=by_callback)
        except IntegrityError:
            logger.critical("call %s is reported of two dials; the first keeps it", report.call_id)
            return Recorded.NO_SUCH_DIAL

    async def _apply_or_correct(
        self, report: CallReport, account: str, key: str | None, *, by_callback: bool
    ) -> Recorded:
        """What corrects an ended dial needs the lock that an end takes: known only once the dial was read."""
        ends = report.state is CallState.ENDED
        recorded = await self._apply(report, account, key, to_end=ends, by_callback=by_callback)
        if recorded is None:
            recorded = await self._apply(report, account, key, to_end=True, by_callback=by_callback)
        return recorded or Recorded.NOTHING

    async def _apply(
        self, report: CallReport, account: str, key: str | None, *, to_end: bool, by_callback: bool
    ) -> Recorded | None:
        """None: it corrects an ended dial, which needs the lock that is taken `to_end`."""
        async with self._engine.begin() as connection:
            ends = report.state is CallState.ENDED
            dial = await lock_reported_dial(connection, report, account, key, to_end=to_end)
            if dial is None:
                return Recorded.NO_SUCH_DIAL
            if _is_second_call(dial, report):
                logger.critical("dial %s has a second call: %s beside %s", dial.id, report.call_id, dial.call_id)
                return Recorded.SECOND_CALL
            if ends or dial.ended_at is not None:
                await _store_event(connection, dial.id, report)
            if dial.ended_at is not None and dial.outcome is not Outcome.UNKNOWN:
                result = _corrected_result(dial, report)
                if result is None:
                    return Recorded.NOTHING
                return await self._correct(connection, dial, result) if to_end else None
            if ends:
                return await self._end_by_report(connection, dial, report, by_callback=by_callback)
            if dial.ended_at is not None and not await _reopen(connection, dial):
                return Recorded.NOTHING
            return await _move_forward(connection, dial, report)

    async def mark_not_placed(self, dial_id: str, outcome: Outcome, retry_after: timedelta | None = None) -> None:
        """End a dial of which it is certain that nothing rang. Changes nothing once the call has an id.

        NOT_PLACED, where the carrier names no limit and other calls from the number go through, is the contact's own.
        """
        async with self._engine.begin() as connection:
            dial = await lock_dial(connection, dial_id, to_end=True)
            if dial is not None and dial.call_id is None:
                ended_by = EndedBy.CARRIER if outcome in _REFUSALS else EndedBy.UNKNOWN
                wait = None if retry_after is None else min(max(retry_after, timedelta()), MAX_RETRY_AFTER)
                result = DialResult(outcome=outcome, retry_after=wait, rang=False, ended_by=ended_by)
                await record_outcome(connection, dial.id, result, self._speed)

    async def note_no_answer(self, dial_id: str) -> None:
        """A request for a call got no answer: the number's next ones wait for one that does; this dial stays open."""
        async with self._engine.begin() as connection:
            dial = await lock_dial(connection, dial_id, to_end=True)
            if dial is not None and dial.call_id is None and dial.ended_at is None:
                await close_gate_of_dial(connection, dial.id, closing_without_answer(), self._speed)

    async def give_up(self, dial_id: str) -> None:
        """End a dial whose outcome cannot be found out.

        On an account of its own an organization can delete the record of a call. One that was answered is charged by
        our clock then.
        """
        async with self._engine.begin() as connection:
            dial = await lock_dial(connection, dial_id, to_end=True)
            if dial is None:
                return
            rang = True if dial.ringing_at is not None or dial.answered_at is not None else None
            result = DialResult(outcome=Outcome.UNKNOWN, rang=rang, machine=dial.machine, agent=dial.agent)
            if dial.own_account and dial.answered_at is not None:
                seconds = self._talk_seconds(dial, None, by_callback=False)
                result = result.model_copy(update={"outcome": Outcome.ANSWERED, "call_seconds": seconds})
            await record_outcome(connection, dial.id, result, self._speed)

    async def request_hang_up(self, dial_id: str, reason: HangUpReason) -> None:
        """Write down why we are about to end a call; the first reason stays."""
        async with self._engine.begin() as connection:
            await connection.execute(
                text(
                    "UPDATE dials SET hang_up_reason = :reason"
                    " WHERE id = :dial AND ended_at IS NULL AND hang_up_reason IS NULL"
                ),
                {"dial": dial_id, "reason": reason},
            )

    async def note_machine(self, dial_id: str, machine: MachineKind) -> Recorded:
        """By its agent's word, which counts over what the carrier thinks, a call was answered by such a machine."""
        async with self._engine.begin() as connection:
            dial = await lock_dial(connection, dial_id, to_end=True)
            if dial is None:
                return Recorded.NO_SUCH_DIAL
            if dial.ended_at is None:
                await connection.execute(_NOTE_MACHINE, {"dial": dial.id, "machine": machine})
                return Recorded.MOVED
            if dial.outcome is None or not dial.outcome.connected:
                return Recorded.NOTHING
            evidence = AnswerEvidence(answered_by=AnsweredBy.MACHINE, machine=machine, agent=dial.agent)
            result = DialResult(
                outcome=classify_answer(evidence),
                call_seconds=dial.call_seconds,
                **evidence.model_dump(exclude={"talk_seconds"}),
            )
            return await self._correct(connection, dial, result)

    async def _correct(self, connection: AsyncConnection, dial: DialRow, result: DialResult) -> Recorded:
        corrected = await correct(connection, dial.id, result, self._speed)
        return Recorded.CORRECTED if corrected else Recorded.NOTHING

    async def _end_by_report(
        self, connection: AsyncConnection, dial: DialRow, report: CallReport, *, by_callback: bool
    ) -> Recorded:
        seconds = self._talk_seconds(dial, report.duration_seconds, by_callback=by_callback)
        result = _result_of(dial, report.model_copy(update={"duration_seconds": seconds}))
        ended = await record_outcome(connection, dial.id, result, self._speed, call_id=report.call_id)
        return Recorded.MOVED if ended else Recorded.NOTHING

    def _talk_seconds(self, dial: DialRow, reported: int | None, *, by_callback: bool) -> int | None:
        """None where neither the carrier nor we know of a talk."""
        if reported is None and dial.answered_at is None:
            return None
        return bound_talk_seconds(
            reported,
            max_call_seconds=dial.max_call_seconds,
            since_asked=dial.age_seconds if by_callback else None,
            since_answered=None if dial.answered_at is None else dial.state_seconds,
            speed=self._speed,
        )


def _result_of(dial: DialRow, report: CallReport) -> DialResult:
    """How a dial ended by the carrier's last report, and by all that was reported before."""
    answered = dial.answered_at is not None
    rang = True if answered or dial.ringing_at is not None else report.rang
    outcome = determine_outcome(report, rang=rang, answered=answered, hung_up=dial.hang_up_reason)
    evidence = _merge_evidence(dial, report)
    if outcome is Outcome.ANSWERED:
        outcome = classify_answer(evidence)
    return DialResult(
        outcome=outcome,
        sip_code=report.sip_code,
        call_seconds=report.duration_seconds if outcome.connected else None,
        answered_by=report.answered_by,
        final=dial.outcome is Outcome.UNKNOWN,
        rang=True if outcome.connected else rang,
        ended_by=determine_ended_by(report, outcome, dial.hang_up_reason),
        sip_reason=report.sip_reason,
        carrier_code=report.carrier_code,
        machine=evidence.machine,
        agent=evidence.agent,
    )


def _corrected_result(dial: DialRow, report: CallReport) -> DialResult | None:
    """How a dial that is over ended, with what a late report adds; None where that can be nothing."""
    if dial.outcome is not None and dial.outcome.connected:
        evidence = _merge_evidence(dial, report).model_copy(update={"talk_seconds": dial.call_seconds})
        if (evidence.answered_by, evidence.machine, evidence.agent) == (dial.answered_by, dial.machine, dial.agent):
            return None
        return DialResult(
            outcome=classify_answer(evidence),
            call_seconds=dial.call_seconds,
            answered_by=evidence.answered_by,
            machine=evidence.machine,
            agent=evidence.agent,
            carrier_code=report.carrier_code,
        )
    adds_code = report.sip_code is not None and dial.sip_code is None
    adds_ring = report.rang is not None and dial.rang is None
    if report.state is not CallState.ENDED or dial.call_id is None or not (adds_code or adds_ring):
        return None
    known = {"sip_code": report.sip_code or dial.sip_code, "rang": dial.rang if report.rang is None else report.rang}
    return _result_of(dial, report.model_copy(update=known))


def _merge_evidence(dial: DialRow, report: CallReport) -> AnswerEvidence:
    """Of who answered the first word counts, of the agent the furthest it came."""
    return AnswerEvidence(
        answered_by=report.answered_by if dial.answered_by in {None, AnsweredBy.UNKNOWN} else dial.answered_by,
        machine=dial.machine or report.machine,
        agent=dial.agent if report.agent is None else report.agent.further(dial.agent),
        talk_seconds=report.duration_seconds,
    )


def _is_second_call(dial: DialRow, report: CallReport) -> bool:
    """A live call beside the dial's own; or one of a dial that was thought never placed, and may be redialed."""
    if dial.call_id is not None:
        return dial.call_id != report.call_id
    over = dial.ended_at is not None and dial.outcome is not Outcome.UNKNOWN
    return over and report.state is not CallState.ENDED


async def _store_event(connection: AsyncConnection, dial_id: str, report: CallReport) -> None:
    await connection.execute(
        _STORE_EVENT,
        {
            "dial": dial_id,
            "call": report.call_id,
            "state": report.state,
            "ending": report.ending or "",
            "sequence": report.sequence,
            "sip_code": report.sip_code,
        },
    )


async def _move_forward(connection: AsyncConnection, dial: DialRow, report: CallReport) -> Recorded:
    """Move a live dial on. Who answered may be the reason to end the call: both are written at once."""
    evidence = _merge_evidence(dial, report)
    before = (dial.answered_by, dial.machine, dial.agent)
    moved = await connection.execute(
        _MOVE_FORWARD,
        {
            "dial": dial.id,
            "call": report.call_id,
            "state": report.state,
            "sequence": report.sequence,
            "answered_by": evidence.answered_by or dial.answered_by,
            "machine": evidence.machine,
            "agent": evidence.agent,
            "has_news": (evidence.answered_by, evidence.machine, evidence.agent) != before,
            "hang_up_reason": dial.on_machine.decide_hang_up(report.answered_by),
            "void_once_answered": [reason for reason in HangUpReason if reason.spares_answered],
            "behind": [state for state in CallState if state.rank < report.state.rank],
            "channel": CHANNEL,
        },
    )
    row = moved.mappings().first()
    if row is None:
        return Recorded.NOTHING
    gates = {"account_id": row["carrier_account_id"], "number_id": row["phone_number_id"]}
    if report.state in {CallState.RINGING, CallState.ANSWERED}:
        await note_reached(connection, row["phone_number_id"])
    if row["is_probe"]:
        await open_after_probe(connection, dial.id, report.state, **gates)
    return Recorded.MOVED


async def _reopen(connection: AsyncConnection, dial: DialRow) -> bool:
    """Open a dial again: its outcome was recorded as unknown, and now its call turns out to be live.

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
    await reopen(connection, dial.contact_id)
    return True
