"""A dial's row: how it is read, found and locked."""

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

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


_DIAL = """
    SELECT d.id, d.contact_id, d.number_of_dial, d.job_id, d.organization_id, d.carrier_account_id AS account,
           d.from_number AS from_, d.to_number AS to, d.state, d.call_id, d.asked_at, d.ringing_at, d.answered_at,
           d.ended_at, d.hang_up_reason, d.outcome, d.answered_by, d.machine, d.agent, d.call_seconds, d.sip_code,
           d.rang, c.status AS contact_status, c.due_at AS contact_due_at, j.ring_seconds, j.max_call_seconds,
           j.on_machine,
           EXISTS (SELECT 1 FROM carrier_accounts a WHERE a.id = d.carrier_account_id AND a.settings IS NOT NULL
             AND a.trunk IS NULL) AS own_account,
           extract(epoch FROM clock_timestamp() - d.asked_at)::float AS age_seconds,
           coalesce(extract(epoch FROM clock_timestamp() - coalesce(d.answered_at, d.ringing_at)), 0)::float
             AS state_seconds
    FROM dials d JOIN contacts c ON c.id = d.contact_id JOIN batch_jobs j ON j.id = d.job_id
"""
OF_KEY = "d.contact_id = :contact AND d.number_of_dial = :dial"
_OF_ID = "d.id = :id"
OF_CALL = "d.carrier_account_id = :account AND d.call_id = :call"
OF_ACCOUNT = """
    AND (d.carrier_account_id = :account OR EXISTS (
      SELECT 1 FROM carrier_accounts a WHERE a.id = d.carrier_account_id AND a.carrier = :account
        AND a.trunk IS NOT NULL))
"""  # an account speaks for its own dials, and for those of numbers that have a trunk of it
BY_KEY = text(f"{_DIAL} WHERE {OF_KEY}")
BY_IDS = text(f"{_DIAL} WHERE d.id = ANY(:ids)")


async def read_one(connection: AsyncConnection, query: Any, values: dict[str, Any]) -> DialRow | None:
    row = (await connection.execute(query, values)).mappings().one_or_none()
    return None if row is None else DialRow.model_validate(dict(row))


async def lock_dial(connection: AsyncConnection, dial_id: str, *, to_end: bool) -> DialRow | None:
    """Lock a dial's row and read it. To end it takes the organization's lock, and that one first."""
    return await _lock(connection, _OF_ID, {"id": dial_id}, to_end=to_end)


async def lock_reported_dial(
    connection: AsyncConnection, report: CallReport, account: str, key: str | None, *, to_end: bool
) -> DialRow | None:
    """The same, for the dial of a report: by the dial's key where there is one, else by the carrier's call id.

    What comes over a carrier's one stream may be of any number that has a trunk there.
    """
    dial = parse_dial_key(key or report.key or "")
    if dial is not None:
        values = {"contact": dial[0], "dial": dial[1], "account": account}
        return await _lock(connection, OF_KEY + OF_ACCOUNT, values, to_end=to_end)
    return await _lock(connection, OF_CALL, {"account": account, "call": report.call_id}, to_end=to_end)


async def _lock(connection: AsyncConnection, which: str, values: dict[str, Any], *, to_end: bool) -> DialRow | None:
    if to_end:
        organization = f"SELECT d.organization_id FROM dials d WHERE {which}"  # noqa: S608 — our own constants
        lock = f"SELECT id FROM organizations WHERE id = ({organization}) FOR UPDATE"  # noqa: S608
        await connection.execute(text(lock), values)
    return await read_one(connection, text(f"{_DIAL} WHERE {which} FOR NO KEY UPDATE OF d"), values)
