"""One dial, from the carrier's first report to its last: each is applied once, and states only move forward.

Reports that arrive together are read, judged and written together; what is not plain is seen to by itself, locked.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from psycopg.errors import IntegrityError

from domain.calls.gates import closing_without_answer
from domain.calls.models import AnsweredBy, CallReport, CallState, EndedBy, HangUpReason, MachineKind, Outcome, Recorded
from domain.calls.outcomes import AnswerEvidence, classify_answer
from domain.calls.retries import MAX_RETRY_AFTER
from domain.calls.talk_time import bound_talk_seconds
from store.calls.correction import correct
from store.calls.dial_result import DialFacts, DialResult, lock_and_read_facts
from store.calls.dial_rows import BY_IDS, DialLookup, DialReads, DialRow, find_by_report, lock_dial, lock_reported_dial
from store.calls.gates import close_gate_of_dial
from store.calls.latest import LatestDials
from store.calls.moves import Move, move_forward, reopen, store_events
from store.calls.outcome import DialEnding, record_outcomes
from store.calls.reports import corrected_result, is_move, is_second_call, result_of
from store.calls.silence import CallbackSilence
from store.db.engine import Database
from store.db.grouping import Grouping
from store.db.locks import lock_organization
from store.db.pool import Connection

Item = TypeVar("Item")

logger = logging.getLogger(__name__)

_NOTE_MACHINE = "UPDATE dials SET answered_by = 'machine', machine = %(machine)s WHERE id = %(dial)s"
_REQUEST_HANG_UP = """
    UPDATE dials SET hang_up_reason = %(reason)s WHERE id = %(dial)s AND ended_at IS NULL AND hang_up_reason IS NULL
"""
_CALL_IDS = """
    SELECT call_id FROM dials WHERE carrier_account_id = %(account)s AND to_number = %(to)s
      AND from_number = %(from_)s AND call_id IS NOT NULL AND asked_at >= %(since)s
"""
_REFUSALS = frozenset({Outcome.INVALID_NUMBER, Outcome.ACCOUNT_REJECTED, Outcome.CALLER_REJECTED})


@dataclass(frozen=True)
class _End:
    """`decide`: by the locked facts, how the dial ended; None where that is not for it to say."""

    dial_id: str
    decide: Callable[[DialFacts], DialResult | None]
    report: CallReport | None = None


@dataclass(frozen=True)
class Told:
    """What became of a report, and its dial as it is now; None: it has to be read."""

    recorded: Recorded
    dial: DialRow | None


class Dials:
    """`speed` divides the delays between dials, in the local stack only."""

    def __init__(self, database: Database, speed: float = 1.0) -> None:
        self.silence = CallbackSilence(database)
        self._database = database
        self._speed = speed
        self._reads = DialReads(database)
        self._latest = LatestDials()
        self._moves: Grouping[Move, Told | None] = Grouping(self._move_all)
        self._ends: Grouping[_End, Recorded | None] = Grouping(self._end_all)

    async def get(self, contact_id: str, dial: int) -> DialRow | None:
        """Read a dial by its key."""
        return await self._reads.find(DialLookup(contact=contact_id, dial=dial))

    async def refresh(self, dial: DialRow) -> DialRow:
        """Read a dial again."""
        return (await self.get(dial.contact_id, dial.number_of_dial)) or dial

    async def get_many(self, dial_ids: Sequence[str]) -> list[DialRow]:
        """Read many dials at once."""
        async with self._database.reading() as connection:
            return await connection.fetch_all(DialRow, BY_IDS, {"ids": sorted(set(dial_ids))})

    async def find_job(self, dial_id: str) -> str:
        """The job of a dial that exists."""
        (dial,) = await self.get_many([dial_id])
        return dial.job_id

    async def find_call_ids(self, account: str, to: str, from_: str, since: datetime) -> frozenset[str]:
        """The call ids that dials of this pair of numbers have: a search must skip them."""
        values = {"account": account, "to": to, "from_": from_, "since": since}
        async with self._database.reading() as connection:
            return frozenset(await connection.fetch_values(_CALL_IDS, values))

    async def record(
        self, report: CallReport, account: str, key: str | None = None, *, by_callback: bool = False
    ) -> Recorded:
        """Apply a carrier's report of a call, once; the last one ends the dial.

        `by_callback`: it was posted to us, and whoever has the account's secret can do that, so that our clock bounds
        the call's length.
        """
        lookup = find_by_report(report, account, key)
        dial = self._latest.get(lookup)
        if dial is not None and _is_plain_news(dial, report):
            told = await self._record_as_read(dial, report, account, key, by_callback=by_callback)
            if told is not None:
                return self._remember(lookup, told)
        dial = await self._reads.find(lookup)
        if dial is None:
            return Recorded.NO_SUCH_DIAL
        told = await self._record_as_read(dial, report, account, key, by_callback=by_callback)
        if told is not None:
            return self._remember(lookup, told)
        self._latest.forget(lookup)
        try:
            return await self._apply(report, account, key, by_callback=by_callback)
        except IntegrityError:
            logger.critical("call %s is reported of two dials; the first keeps it", report.call_id)
            return Recorded.NO_SUCH_DIAL

    async def record_placed(self, dial: DialRow, report: CallReport) -> Told:
        """Apply a carrier's answer to the request for a call. `dial`: as claimed; an event may have been faster."""
        told = await self._record_with_others(dial, report, by_callback=False)
        if told is not None:
            return told
        found = await self.refresh(dial)
        if found.call_id == report.call_id and report.state.rank <= found.state.rank:
            return Told(Recorded.NOTHING, found)
        return Told(await self.record(report, dial.account, dial.key), None)

    def _remember(self, lookup: DialLookup, told: Told) -> Recorded:
        if told.dial is None or told.dial.ended_at is not None:
            self._latest.forget(lookup)
        else:
            self._latest.keep(lookup, told.dial)
        return told.recorded

    async def _record_as_read(
        self, dial: DialRow, report: CallReport, account: str, key: str | None, *, by_callback: bool
    ) -> Told | None:
        """None: it has to be looked at by itself, or was read too long ago."""
        if by_callback and dial.heard is not True and not _is_plain_move(dial, report):
            await self.silence.note_event(report, account, key)
        if _is_over_and_known(dial, report):
            async with self._database.reading() as connection:
                await store_events(connection, [(dial.id, report)])
            return Told(Recorded.NOTHING, dial)
        return await self._record_with_others(dial, report, by_callback=by_callback)

    async def _record_with_others(self, dial: DialRow, report: CallReport, *, by_callback: bool) -> Told | None:
        """What plainly moves a dial on, or ends it; None where it has to be looked at by itself."""
        try:
            if _is_plain_move(dial, report):
                heard = by_callback and dial.heard is not True
                if heard and dial.account_is_silent:
                    await self.silence.note_event(report, dial.account, dial.key)
                move = Move(dial=dial, report=report, heard=heard)
                return await self._moves.do(dial.organization_id, move)
            if report.state is CallState.ENDED and not is_second_call(dial, report) and _may_end(dial):
                end = _End(dial.id, lambda facts: self._decide_end(facts, report, by_callback=by_callback), report)
                recorded = await self._ends.do(dial.organization_id, end)
                return None if recorded is None else Told(recorded, None)
        except IntegrityError:  # another dial has the call's id
            return None
        return None

    async def _move_all(self, organization_id: str, moves: Sequence[Move]) -> list[Told | None]:
        """None: what was read is not so any more. Of one dial they are applied one after another."""
        first = _first_of_each([(move.dial.id, move) for move in moves])
        async with self._database.reading() as connection:
            moved = await move_forward(connection, list(first.values()))
        later = [
            replace(move, dial=moved.get(move.dial.id, move.dial)) for move in moves if first[move.dial.id] is not move
        ]
        others = iter(await self._move_all(organization_id, later) if later else ())
        return [_told(move, moved) if first[move.dial.id] is move else next(others) for move in moves]

    async def _end_all(self, organization_id: str, ends: Sequence[_End]) -> list[Recorded | None]:
        """None: it was not for `decide` to say. Of one dial they are done one after another."""
        first = _first_of_each([(end.dial_id, end) for end in ends])
        later = [end for end in ends if first[end.dial_id] is not end]
        async with self._database.transaction() as connection:
            await lock_organization(connection, organization_id)
            facts = {each.id: each for each in await lock_and_read_facts(connection, list(first))}
            endings = {}
            for dial_id, end in first.items():
                result = end.decide(facts[dial_id]) if dial_id in facts else None
                if result is not None:
                    call_id = None if end.report is None else end.report.call_id
                    endings[dial_id] = DialEnding(facts=facts[dial_id], result=result, call_id=call_id)
            reports = [(id, report) for id in endings if (report := first[id].report) is not None]
            if reports:
                await store_events(connection, reports)
            ended = await record_outcomes(connection, organization_id, list(endings.values()), self._speed)
        recorded = {
            dial_id: Recorded.MOVED if news else Recorded.NOTHING for dial_id, news in zip(endings, ended, strict=True)
        }
        others = iter(await self._end_all(organization_id, later) if later else ())
        return [recorded.get(end.dial_id) if first[end.dial_id] is end else next(others) for end in ends]

    def _decide_end(self, facts: DialFacts, report: CallReport, *, by_callback: bool) -> DialResult | None:
        if is_second_call(facts, report) or not _may_end(facts):
            return None
        seconds = self._talk_seconds(facts, report.duration_seconds, by_callback=by_callback)
        return result_of(facts, report.model_copy(update={"duration_seconds": seconds}))

    async def _apply(self, report: CallReport, account: str, key: str | None, *, by_callback: bool) -> Recorded:
        """By itself, with the organization and the dial locked."""
        async with self._database.transaction() as connection:
            dial = await lock_reported_dial(connection, report, account, key, to_end=True)
            if dial is None:
                return Recorded.NO_SUCH_DIAL
            if is_second_call(dial, report):
                logger.critical("dial %s has a second call: %s beside %s", dial.id, report.call_id, dial.call_id)
                return Recorded.SECOND_CALL
            ends = report.state is CallState.ENDED
            if ends or dial.ended_at is not None:
                await store_events(connection, [(dial.id, report)])
            if not _may_end(dial):
                result = corrected_result(dial, report)
                return Recorded.NOTHING if result is None else await self._correct(connection, dial, result)
            if ends:
                return await self._end_alone(connection, dial, report, by_callback=by_callback)
            if dial.ended_at is not None:
                if not await reopen(connection, dial):
                    logger.error("dial %s turned up live while its number is being called by another dial", dial.id)
                    return Recorded.NOTHING
                dial = await lock_dial(connection, dial.id, to_end=True) or dial
            moved = await move_forward(connection, [Move(dial=dial, report=report)])
            return Recorded.MOVED if dial.id in moved else Recorded.NOTHING

    async def mark_not_placed(self, dial_id: str, outcome: Outcome, retry_after: timedelta | None = None) -> None:
        """End a dial of which it is certain that nothing rang. Changes nothing once the call has an id.

        NOT_PLACED, where the carrier names no limit and other calls from the number go through, is the contact's own.
        """
        ended_by = EndedBy.CARRIER if outcome in _REFUSALS else EndedBy.UNKNOWN
        wait = None if retry_after is None else min(max(retry_after, timedelta()), MAX_RETRY_AFTER)
        result = DialResult(outcome=outcome, retry_after=wait, rang=False, ended_by=ended_by)
        await self._end(dial_id, lambda facts: result if facts.call_id is None else None)

    async def note_no_answer(self, dial_id: str) -> None:
        """A request for a call got no answer: the number's next ones wait for one that does; this dial stays open."""
        async with self._database.transaction() as connection:
            dial = await lock_dial(connection, dial_id, to_end=True)
            if dial is not None and dial.call_id is None and dial.ended_at is None:
                await close_gate_of_dial(connection, dial.id, closing_without_answer(), self._speed)

    async def give_up(self, dial_id: str) -> None:
        """End a dial whose outcome cannot be found out.

        On an account of its own an organization can delete the record of a call. One that was answered is charged by
        our clock then.
        """
        await self._end(dial_id, self._decide_unknown)

    async def _end(self, dial_id: str, decide: Callable[[DialFacts], DialResult | None]) -> None:
        for dial in await self.get_many([dial_id]):
            await self._ends.do(dial.organization_id, _End(dial_id, decide))

    def _decide_unknown(self, facts: DialFacts) -> DialResult:
        rang = True if facts.ringing_at is not None or facts.answered_at is not None else None
        result = DialResult(outcome=Outcome.UNKNOWN, rang=rang, machine=facts.machine, agent=facts.agent)
        if not facts.own_account or facts.answered_at is None:
            return result
        seconds = self._talk_seconds(facts, None, by_callback=False)
        return result.model_copy(update={"outcome": Outcome.ANSWERED, "call_seconds": seconds})

    async def request_hang_up(self, dial_id: str, reason: HangUpReason) -> None:
        """Write down why we are about to end a call; the first reason stays."""
        async with self._database.reading() as connection:
            await connection.run(_REQUEST_HANG_UP, {"dial": dial_id, "reason": reason})

    async def note_machine(self, dial_id: str, machine: MachineKind) -> Recorded:
        """By its agent's word, which counts over what the carrier thinks, a call was answered by such a machine."""
        async with self._database.transaction() as connection:
            dial = await lock_dial(connection, dial_id, to_end=True)
            if dial is None:
                return Recorded.NO_SUCH_DIAL
            if dial.ended_at is None:
                await connection.run(_NOTE_MACHINE, {"dial": dial.id, "machine": machine})
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

    async def _correct(self, connection: Connection, dial: DialRow, result: DialResult) -> Recorded:
        [facts] = await lock_and_read_facts(connection, [dial.id])
        corrected = await correct(connection, facts, result, self._speed)
        return Recorded.CORRECTED if corrected else Recorded.NOTHING

    async def _end_alone(
        self, connection: Connection, dial: DialRow, report: CallReport, *, by_callback: bool
    ) -> Recorded:
        [facts] = await lock_and_read_facts(connection, [dial.id])
        result = self._decide_end(facts, report, by_callback=by_callback)
        if result is None:
            return Recorded.NOTHING
        ending = DialEnding(facts=facts, result=result, call_id=report.call_id)
        [ended] = await record_outcomes(connection, dial.organization_id, [ending], self._speed)
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


def _may_end(dial: DialRow) -> bool:
    """Whether it is open, or its outcome is not known."""
    return dial.ended_at is None or dial.outcome is Outcome.UNKNOWN


def _is_over_and_known(dial: DialRow, report: CallReport) -> bool:
    """Whether nothing is left to learn from a late or doubled report: what is over changes by corrections only."""
    return not _may_end(dial) and not is_second_call(dial, report) and corrected_result(dial, report) is None


def _is_plain_news(dial: DialRow, report: CallReport) -> bool:
    """Whether a dial that is remembered tells what a report means. What says nothing new may do so of a call that was
    opened again since; what follows from a machine's answer is the job's rule, which may be another by now."""
    is_news = report.state is CallState.ENDED or is_move(dial, report)
    return is_news and report.answered_by is not AnsweredBy.MACHINE


def _is_plain_move(dial: DialRow, report: CallReport) -> bool:
    return report.state is not CallState.ENDED and dial.ended_at is None and not is_second_call(dial, report)


def _told(move: Move, moved: Mapping[str, DialRow]) -> Told | None:
    dial = moved.get(move.dial.id)
    if not is_move(move.dial, move.report):
        return Told(Recorded.NOTHING, dial or move.dial)
    return None if dial is None else Told(Recorded.MOVED, dial)


def _first_of_each(items: Sequence[tuple[str, Item]]) -> dict[str, Item]:
    first: dict[str, Item] = {}
    for key, item in items:
        first.setdefault(key, item)
    return first
