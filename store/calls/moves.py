"""Dials that move on: all that were reported together, in one statement, without the organization's lock.

Each was read before, without a lock: the statement changes only what still is as it was read. Whoever follows a call
is told at once that it is to be hung up; that it rings or was answered it sees where it looks by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.errors import IntegrityError

from domain.calls.models import CallReport, CallState, HangUpReason
from store.calls.dial_rows import CHANNEL, DIAL_COLUMNS, WHOLE_DIAL, DialRow
from store.calls.gates import IS_PROBE, is_due_to_note_reached, note_reached, open_after_probe
from store.calls.reports import is_move, merge_evidence
from store.contacts.transitions import reopen as reopen_contact
from store.db.pool import Connection, few_rows, recordset

_RANKS = "ARRAY['" + "', '".join(CallState) + "']::varchar[]"
_EVENTS = """
    INSERT INTO carrier_events (dial_id, call_id, state, ending, sequence, sip_code)
    SELECT dial, call, state, ending, sequence, sip_code
    FROM jsonb_to_recordset(%(events)s) AS events (dial varchar, call varchar, state varchar, ending varchar,
      sequence integer, sip_code integer)
    ON CONFLICT DO NOTHING
"""
_GIVEN = """dial varchar, call varchar, state varchar, answered_by varchar, machine varchar, agent varchar,
        hang_up_reason varchar, heard boolean, was_answered_by varchar, was_machine varchar, was_agent varchar"""
# A call id is written once. Who answered is often reported after the answer. Who answered may be the reason to end the
# call: both are written at once.
_MOVE = f"""
    WITH event AS ({_EVENTS}), given AS (
      SELECT * FROM {few_rows("given", "given", _GIVEN)}
    ), locked AS MATERIALIZED (
      SELECT dials.id FROM dials JOIN given ON dials.id = given.dial ORDER BY dials.id FOR NO KEY UPDATE OF dials
    ), moved AS (
      UPDATE dials SET
        call_id = coalesce(dials.call_id, given.call), state = given.state,
        ringing_at = CASE WHEN given.state = 'ringing' THEN coalesce(dials.ringing_at, clock_timestamp())
                     ELSE dials.ringing_at END,
        answered_at = CASE WHEN given.state = 'answered' THEN coalesce(dials.answered_at, clock_timestamp())
                      ELSE dials.answered_at END,
        answered_by = given.answered_by, machine = given.machine, agent = given.agent,
        heard = coalesce(given.heard, dials.heard),
        hang_up_reason = CASE WHEN given.state = 'answered' AND dials.hang_up_reason = ANY(%(void_once_answered)s)
                         THEN given.hang_up_reason ELSE coalesce(dials.hang_up_reason, given.hang_up_reason) END
      FROM given JOIN locked ON locked.id = given.dial
      WHERE dials.id = given.dial AND dials.ended_at IS NULL AND (dials.call_id IS NULL OR dials.call_id = given.call)
        AND array_position({_RANKS}, dials.state) <= array_position({_RANKS}, given.state)
        AND dials.answered_by IS NOT DISTINCT FROM given.was_answered_by
        AND dials.machine IS NOT DISTINCT FROM given.was_machine
        AND dials.agent IS NOT DISTINCT FROM given.was_agent
      RETURNING dials.*
    ), named AS (
      UPDATE contacts SET call_id = moved.call_id FROM moved
      WHERE contacts.id = moved.contact_id AND contacts.call_id IS DISTINCT FROM moved.call_id
    ), announced AS (
      SELECT count(announce(%(channel)s, id)) FROM moved WHERE hang_up_reason IS NOT NULL
    )
    SELECT {DIAL_COLUMNS}, {IS_PROBE} AS is_probe, j.phone_number_id AS number_id, p.reached_at,
           clock_timestamp() AS now
    FROM moved d {WHOLE_DIAL}
    JOIN phone_numbers p ON p.id = j.phone_number_id CROSS JOIN announced
"""  # noqa: S608 — our own constants


@dataclass(frozen=True)
class Move:
    """A report that does not end its call, and the dial as it was read. `heard`: the report was posted to us."""

    dial: DialRow
    report: CallReport
    heard: bool = False


class _Moved(DialRow):
    number_id: str
    is_probe: bool
    reached_at: datetime | None
    now: datetime


async def move_forward(connection: Connection, moves: Sequence[Move]) -> dict[str, DialRow]:
    """Move live dials on, each of which is there once; those that moved, by id, as they are now.

    `connection` may commit each statement by itself.
    """
    news = [move for move in moves if is_move(move.dial, move.report) or (move.heard and move.dial.heard is not True)]
    values = {
        "events": recordset([event_row(move.dial.id, move.report) for move in moves]),
        "given": recordset([_row(move) for move in news]),
        "void_once_answered": [reason for reason in HangUpReason if reason.spares_answered],
        "channel": CHANNEL,
    }
    moved = await connection.fetch_all(_Moved, _MOVE, values)
    states = {move.dial.id: move.report.state for move in moves}
    for each in moved:
        if each.is_probe:
            gates = {"account_id": each.account, "number_id": each.number_id}
            await open_after_probe(connection, each.id, states[each.id], **gates)
    await _note_reached(connection, moved, states)
    return {each.id: each for each in moved}


async def store_events(connection: Connection, reports: Sequence[tuple[str, CallReport]]) -> None:
    """Keep that these reports came, each once."""
    await connection.run(_EVENTS, {"events": recordset([event_row(dial_id, report) for dial_id, report in reports])})


def event_row(dial_id: str, report: CallReport) -> dict[str, object]:
    return {
        "dial": dial_id,
        "call": report.call_id,
        "state": report.state,
        "ending": report.ending or "",
        "sequence": report.sequence,
        "sip_code": report.sip_code,
    }


async def reopen(connection: Connection, dial: DialRow) -> bool:
    """Open a dial again: its outcome was recorded as unknown, and now its call turns out to be live.

    Its outcome stays "unknown" until it ends: it was charged for that, and its contact is not called again. False where
    its pair of numbers is on the phone again, by another job's dial, which is followed.
    """
    try:
        async with connection.transaction():
            await connection.run(
                "UPDATE dials SET ended_at = NULL, state = 'asked' WHERE id = %(dial)s", {"dial": dial.id}
            )
    except IntegrityError:
        return False
    await reopen_contact(connection, dial.contact_id)
    return True


def _row(move: Move) -> dict[str, object]:
    dial, report = move.dial, move.report
    row: dict[str, object] = {"state": dial.state, "answered_by": dial.answered_by}
    row |= {"machine": dial.machine, "agent": dial.agent, "hang_up_reason": None}
    if is_move(dial, report):
        evidence = merge_evidence(dial, report)
        row = {
            "state": report.state,
            "answered_by": evidence.answered_by or dial.answered_by,
            "machine": evidence.machine,
            "agent": evidence.agent,
            "hang_up_reason": dial.on_machine.decide_hang_up(report.answered_by),
        }
    return row | {
        "dial": dial.id,
        "call": report.call_id,
        "heard": move.heard or None,
        "was_answered_by": dial.answered_by,
        "was_machine": dial.machine,
        "was_agent": dial.agent,
    }


async def _note_reached(connection: Connection, moved: Sequence[_Moved], states: dict[str, CallState]) -> None:
    """Once for each number, and only where the last time is a while ago."""
    reached = {CallState.RINGING, CallState.ANSWERED}
    numbers = {
        each.number_id
        for each in moved
        if states[each.id] in reached and is_due_to_note_reached(each.reached_at, each.now)
    }
    for number_id in sorted(numbers):
        await note_reached(connection, number_id)
