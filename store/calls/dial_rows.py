"""A dial's row: how it is read, found and locked."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from domain.calls.models import (
    AgentContact,
    AnsweredBy,
    CallReport,
    CallState,
    HangUpReason,
    MachineKind,
    OnMachine,
    Outcome,
)
from domain.calls.order import parse_dial_key
from domain.model import Model
from domain.statuses import ContactStatus
from store.db.engine import Database
from store.db.grouping import Grouping
from store.db.pool import Connection, few_ids, few_rows, recordset

CHANNEL = "outdial_dials"  # its notices carry the dial's id whenever its row moved


class DialRow(Model):
    """A dial's row and how its contact stands. `age_seconds`: since it was asked, by the database's clock."""

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
    answered_by: AnsweredBy | None = None
    machine: MachineKind | None = None
    agent: AgentContact | None = None
    call_seconds: int | None = None
    sip_code: int | None = None
    rang: bool | None = None
    heard: bool | None = None
    account_is_silent: bool = False  # no event of the carrier account arrives
    contact_status: ContactStatus
    contact_due_at: datetime
    ring_seconds: int
    max_call_seconds: int
    on_machine: OnMachine
    own_account: bool  # of its organization, which has the secret that signs the carrier's events
    age_seconds: float
    state_seconds: float  # since it began to ring, or was answered

    @property
    def key(self) -> str:
        """The key by which the carrier knows it."""
        return f"{self.contact_id}:{self.number_of_dial}"


# Of `dials d`, with `WHOLE_DIAL`.
DIAL_COLUMNS = """d.id, d.contact_id, d.number_of_dial, d.job_id, d.organization_id, d.carrier_account_id AS account,
           d.from_number AS from_, d.to_number AS to, d.state, d.call_id, d.asked_at, d.ringing_at, d.answered_at,
           d.ended_at, d.hang_up_reason, d.outcome, d.answered_by, d.machine, d.agent, d.call_seconds, d.sip_code,
           d.rang, d.heard, c.status AS contact_status, c.due_at AS contact_due_at, j.ring_seconds, j.max_call_seconds,
           j.on_machine,
           a.settings IS NOT NULL AND a.trunk IS NULL AS own_account,
           coalesce(a.silent_calls > 0, false) AS account_is_silent,
           extract(epoch FROM clock_timestamp() - d.asked_at)::float AS age_seconds,
           coalesce(extract(epoch FROM clock_timestamp() - coalesce(d.answered_at, d.ringing_at)), 0)::float
             AS state_seconds"""
WHOLE_DIAL = """JOIN contacts c ON c.id = d.contact_id JOIN batch_jobs j ON j.id = d.job_id
    LEFT JOIN carrier_accounts a ON a.id = d.carrier_account_id"""
_DIAL = f"""
    SELECT {DIAL_COLUMNS}
    FROM dials d {WHOLE_DIAL}
"""  # noqa: S608 — our own constants
OF_KEY = "d.contact_id = %(contact)s AND d.number_of_dial = %(dial)s"
_OF_ID = "d.id = %(id)s"
OF_CALL = "d.carrier_account_id = %(account)s AND d.call_id = %(call)s"
OF_ACCOUNT = """
    AND (d.carrier_account_id = %(account)s OR EXISTS (
      SELECT 1 FROM carrier_accounts a WHERE a.id = d.carrier_account_id AND a.carrier = %(account)s
        AND a.trunk IS NOT NULL))
"""  # an account speaks for its own dials, and for those of numbers that have a trunk of it
BY_IDS = f"SELECT {DIAL_COLUMNS} FROM {few_ids('ids', 'given')} JOIN dials d ON d.id = given.id {WHOLE_DIAL}"  # noqa: S608


class DialLookup(Model):
    """A dial by its contact and number, of an account where that is given; or by the carrier's call id."""

    account: str | None = None
    contact: str | None = None
    dial: int | None = None
    call: str | None = None


class _Found(DialRow):
    """`at`: of those that were asked for."""

    at: int


_ASKED = f"""
    SELECT asked.at, {DIAL_COLUMNS}
    FROM {few_rows("asked", "asked", "at integer, account varchar, contact varchar, dial integer, call varchar")}
    JOIN dials d ON {{which}} {WHOLE_DIAL}
"""  # noqa: S608 — our own constants
_ASKED_BY_KEY = (
    _ASKED.format(which="d.contact_id = asked.contact AND d.number_of_dial = asked.dial")
    + """
    WHERE asked.account IS NULL OR d.carrier_account_id = asked.account
       OR (a.carrier = asked.account AND a.trunk IS NOT NULL)
"""
)
_ASKED_BY_CALL = _ASKED.format(which="d.carrier_account_id = asked.account AND d.call_id = asked.call")


async def lock_dial(connection: Connection, dial_id: str, *, to_end: bool) -> DialRow | None:
    """Lock a dial's row and read it. To end it takes the organization's lock, and that one first."""
    return await _lock(connection, _OF_ID, {"id": dial_id}, to_end=to_end)


async def lock_reported_dial(
    connection: Connection, report: CallReport, account: str, key: str | None, *, to_end: bool
) -> DialRow | None:
    """The same, for the dial of a report: by the dial's key where there is one, else by the carrier's call id.

    What comes over a carrier's one stream may be of any number that has a trunk there.
    """
    lookup = find_by_report(report, account, key)
    which = OF_CALL if lookup.call is not None else OF_KEY + OF_ACCOUNT
    return await _lock(connection, which, lookup.model_dump(), to_end=to_end)


def find_by_report(report: CallReport, account: str, key: str | None) -> DialLookup:
    dial = parse_dial_key(key or report.key or "")
    if dial is None:
        return DialLookup(account=account, call=report.call_id)
    return DialLookup(account=account, contact=dial[0], dial=dial[1])


class DialReads:
    """Reads of dials: those that are asked for while the last ones are read are one read."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._reads: Grouping[DialLookup, DialRow | None] = Grouping(self._read)

    async def find(self, lookup: DialLookup) -> DialRow | None:
        return await self._reads.do("by call" if lookup.call is not None else "by key", lookup)

    async def _read(self, which: str, lookups: Sequence[DialLookup]) -> list[DialRow | None]:
        asked = recordset([{"at": at, **lookup.model_dump()} for at, lookup in enumerate(lookups)])
        query = _ASKED_BY_CALL if which == "by call" else _ASKED_BY_KEY
        async with self._database.reading() as connection:
            found = {row.at: row for row in await connection.fetch_all(_Found, query, {"asked": asked})}
        return [found.get(at) for at in range(len(lookups))]


async def _lock(connection: Connection, which: str, values: dict[str, Any], *, to_end: bool) -> DialRow | None:
    if to_end:
        organization = f"SELECT d.organization_id FROM dials d WHERE {which}"  # noqa: S608 — our own constants
        lock = f"SELECT id FROM organizations WHERE id = ({organization}) FOR UPDATE"  # noqa: S608
        await connection.run(lock, values)
    return await connection.fetch_one(DialRow, f"{_DIAL} WHERE {which} FOR NO KEY UPDATE OF d", values)
