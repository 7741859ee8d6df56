"""The simulator's own database, in SQLite: who was dialed when. It survives a `kill -9`.

A new call is written before its request is answered, and so is the end of one that is hung up. What happens by itself
is written in batches: it happens again, at the same instant, if it was lost.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from carriers.simulator.calls import Call

COLUMNS = [field.name for field in fields(Call) if field.name != "steps"]

_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS calls ({", ".join(COLUMNS)}, PRIMARY KEY (sid)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS calls_pair ON calls ("to", from_, asked_at);
CREATE INDEX IF NOT EXISTS calls_newest ON calls (asked_at);
""".replace(" to,", ' "to",')

_NAMES = ", ".join(f'"{name}"' for name in COLUMNS)
_WRITE = f"INSERT OR REPLACE INTO calls ({_NAMES}) VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608
_READ = f"SELECT {_NAMES} FROM calls"  # noqa: S608

_REPORT = """
SELECT json_object(
  'dials', (SELECT json_group_array(json_object('to', "to", 'from', from_, 'key', key, 'askedAt', asked_at,
      'ringingAt', ringing_at, 'answeredAt', answered_at, 'endedAt', ended_at,
      'outcome', CASE WHEN ended_at IS NULL THEN NULL ELSE status END, 'sipCode', sip_code,
      'callId', sid, 'deletedAt', deleted_at,
      'recording', json(CASE WHEN recording_sid IS NULL THEN 'false' ELSE 'true' END)))
    FROM (SELECT * FROM calls ORDER BY asked_at)),
  'mostLive', (SELECT coalesce(max(live), 0) FROM (SELECT sum(step) OVER (ORDER BY at, step) AS live FROM (
      SELECT asked_at AS at, 1 AS step FROM calls
      UNION ALL SELECT ended_at, -1 FROM calls WHERE ended_at IS NOT NULL))))
"""


class CallStore:
    """All calls ever taken. Used from one thread; `report` opens a connection of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=OFF")  # a killed process loses nothing, a lost machine may
        self._connection.executescript(_SCHEMA)
        self._add_missing_columns()
        self._changed: dict[str, Call] = {}

    def add(self, call: Call) -> None:
        """Write a new call, now."""
        self._connection.execute(_WRITE, _row(call))

    def update(self, call: Call) -> None:
        """Write a call with the next batch."""
        self._changed[call.sid] = call

    def flush(self) -> None:
        if not self._changed:
            return
        rows = [_row(call) for call in self._changed.values()]
        self._changed.clear()
        self._connection.execute("BEGIN")
        self._connection.executemany(_WRITE, rows)
        self._connection.execute("COMMIT")

    def get(self, sid: str) -> Call | None:
        rows = self._connection.execute(f"{_READ} WHERE sid = ?", [sid]).fetchall()
        return _call(rows[0]) if rows else None

    def unfinished(self) -> Iterator[Call]:
        """Calls that were live, or whose last callback was not delivered, when the process ended."""
        return map(_call, self._connection.execute(f"{_READ} WHERE ended_at IS NULL OR NOT told").fetchall())

    def get_by_recording(self, sid: str) -> Call | None:
        self.flush()
        rows = self._connection.execute(f"{_READ} WHERE recording_sid = ? AND deleted_at IS NULL", [sid]).fetchall()
        return _call(rows[0]) if rows else None

    def _add_missing_columns(self) -> None:
        """To a file of a version before."""
        have = {name for _, name, *_ in self._connection.execute("PRAGMA table_info(calls)")}
        for name in COLUMNS:
            if name not in have:
                self._connection.execute(f'ALTER TABLE calls ADD COLUMN "{name}"')

    def dials_by_number(self) -> dict[str, int]:
        return dict(self._connection.execute('SELECT "to", count(*) FROM calls GROUP BY "to"').fetchall())

    def last_dial_at(self) -> float:
        return float(self._connection.execute("SELECT coalesce(max(dial_at), 0) FROM calls").fetchone()[0])

    def page(self, where: dict[str, Any], *, before: float, limit: int, offset: int) -> list[Call]:
        """Calls whose columns have these values, asked before an instant; newest first.

        `started_from` and `started_to` are instants that bound `initiated_at`.
        """
        self.flush()
        terms = {"started_from": "initiated_at >= ?", "started_to": "initiated_at < ?"}
        clauses = [terms.get(name, f'"{name}" = ?') for name in where]
        condition = " AND ".join([*clauses, "deleted_at IS NULL", "asked_at <= ?"])
        query = f"{_READ} WHERE {condition} ORDER BY asked_at DESC LIMIT ? OFFSET ?"
        rows = self._connection.execute(query, [*where.values(), before, limit, offset])
        return [_call(row) for row in rows]

    def report(self) -> str:
        """`GET /simulator/report` as JSON text, made by SQLite: outside the interpreter's lock."""
        connection = sqlite3.connect(self._path)
        try:
            return str(connection.execute(_REPORT).fetchone()[0])
        finally:
            connection.close()

    def close(self) -> None:
        self.flush()
        self._connection.close()


def _row(call: Call) -> list[Any]:
    return [
        " ".join(sorted(value)) if name == "events" else value for name in COLUMNS for value in [getattr(call, name)]
    ]


def _call(row: tuple[Any, ...]) -> Call:
    values = dict(zip(COLUMNS, row, strict=True))
    values["events"] = frozenset(values["events"].split())
    return Call(**values)
