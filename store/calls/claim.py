"""The claim: whatever must hold at the moment of dialing is checked in one transaction, before the carrier is asked.

Every change of what may be dialed (claims, outcomes, control, top-ups) locks the organization's row first. That one
lock makes the counts exact. The order of locks in the whole store: organization, dial, job, contacts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from domain.calls.dispatch import ClaimUnanswered, NotNow, NotNowReason
from domain.calls.models import Audio
from domain.model import Model
from store.billing.ledger import EntryKind, LedgerEntry, book_all
from store.calls.claim_facts import ClaimedContact, ClaimFacts, ClaimingJob, read_claim_facts
from store.calls.claim_rules import Blocked, judge, wait_until
from store.calls.dial_rows import DIAL_COLUMNS, DialRow
from store.calls.gates import PROBE_RECHECK_INTERVAL, becomes_probe
from store.contacts.due_times import postpone
from store.contacts.transitions import MARK_DIALING, block
from store.db.engine import Database
from store.db.grouping import AWAY, Grouping
from store.db.ids import new_id
from store.db.locks import lock_organization
from store.db.pool import Connection, NoConnection, few_rows, recordset


class Claimed(DialRow):
    """The dial's row as it was written; a line and two minutes of credits are taken.

    `wait_seconds`: until the slot of the number's pace comes that this call has.
    """

    audio: Audio
    audio_url: str
    data: dict[str, Any]
    wait_seconds: float = 0.0

    @property
    def dial_id(self) -> str:
        return self.id


class ClaimRequest(Model):
    """The `dial`-th dial of a contact; its row will have the id `dial_id`.

    `lines`: how many calls of its job may be live with it, None: as many as its limit says.
    """

    dial_id: str
    job_id: str
    contact_id: str
    dial: int
    lines: int | None = None


@dataclass(frozen=True)
class _Grant:
    """A claim that the rules allow, and whose dial is yet to be written."""

    dial_id: str
    job: ClaimingJob
    contact: ClaimedContact
    asked_at: datetime
    from_hold: Decimal
    from_free: Decimal

    def values(self) -> dict[str, object]:
        """What the dial's row says."""
        return {
            "dial": self.dial_id,
            "contact": self.contact.id,
            "job": self.job.id,
            "account": self.job.carrier_account_id,
            "from_number": self.job.from_number,
            "asked_at": self.asked_at,
            "from_hold": self.from_hold,
            "from_free": self.from_free,
        }

    def claimed(self, row: DialRow) -> Claimed:
        return Claimed(
            **dict(row),
            audio=self.job.audio,
            audio_url=self.job.audio_url,
            data=self.contact.data,
            wait_seconds=max(timedelta(), self.asked_at - self.job.now).total_seconds(),
        )


_GRANTED = """dial varchar, contact varchar, job varchar, account varchar, from_number varchar, asked_at timestamptz,
        from_hold numeric, from_free numeric"""
# Dials of one number are asked exactly as far apart as their slots.
CLAIM = f"""
    WITH granted AS (
      SELECT * FROM {few_rows("granted", "granted", _GRANTED)}
    ), dialed AS (
      INSERT INTO dials (id, contact_id, number_of_dial, job_id, organization_id, carrier_account_id, from_number,
                         to_number, asked_at, reserved_from_hold, reserved_from_free)
      SELECT granted.dial, c.id, c.dials + 1, c.job_id, c.organization_id, granted.account, granted.from_number,
             c.number, granted.asked_at, granted.from_hold, granted.from_free
      FROM granted JOIN contacts c ON c.id = granted.contact
      RETURNING *
    ), moved AS (
      {MARK_DIALING} RETURNING contacts.*
    ), paced AS (
      UPDATE phone_numbers SET next_slot_at = slots.at
      FROM {few_rows("slots", "slots", "number varchar, at timestamptz")} WHERE phone_numbers.id = slots.number
    ), held AS (
      UPDATE batch_jobs SET hold = hold - reserved.amount
      FROM (SELECT job, sum(from_hold) AS amount FROM granted GROUP BY job) AS reserved
      WHERE batch_jobs.id = reserved.job AND reserved.amount > 0
    )
    SELECT {DIAL_COLUMNS}
    FROM dialed d JOIN moved c ON c.id = d.contact_id JOIN batch_jobs j ON j.id = d.job_id
    LEFT JOIN carrier_accounts a ON a.id = d.carrier_account_id
"""  # noqa: S608 — our own constants


class Claims:
    """`speed` divides the spacing and the length of calls, in the local stack only."""

    def __init__(self, database: Database, speed: float = 1.0) -> None:
        self._database = database
        self._speed = speed
        self._claims: Grouping[ClaimRequest, Claimed | NotNow] = Grouping(self._claim_all)

    async def claim(
        self, organization_id: str, job_id: str, contact_id: str, dial: int, lines: int | None = None
    ) -> Claimed | NotNow:
        """Claim the `dial`-th dial of a contact, or say why not; together with what else waits of its organization.

        `lines`: how many calls of the job may be live with it, by its share; None: as many as its limit says.
        Raises ClaimUnanswered where the connection was lost on the way.
        """
        dial_id = new_id("call")
        request = ClaimRequest(dial_id=dial_id, job_id=job_id, contact_id=contact_id, dial=dial, lines=lines)
        try:
            return await self._claims.do(organization_id, request)
        except NoConnection:
            raise
        except AWAY as error:
            raise ClaimUnanswered(dial_id) from error

    async def _claim_all(self, organization_id: str, requests: Sequence[ClaimRequest]) -> list[Claimed | NotNow]:
        """One after another by the rules, in one transaction."""
        job_ids, contact_ids = [each.job_id for each in requests], [each.contact_id for each in requests]
        async with self._database.transaction() as connection:
            await lock_organization(connection, organization_id)
            facts = await read_claim_facts(connection, organization_id, job_ids, contact_ids, self._speed)
            batch = _Batch(connection, facts)
            judged = [await batch.claim(request) for request in requests]
            rows = await batch.write(organization_id)
        return [each.claimed(rows[each.dial_id]) if isinstance(each, _Grant) else each for each in judged]


class _Batch:
    """Claims of one organization, judged one after another, and written at once."""

    def __init__(self, connection: Connection, facts: ClaimFacts) -> None:
        self._connection = connection
        self._facts = facts
        self._granted: list[_Grant] = []

    async def claim(self, request: ClaimRequest) -> _Grant | NotNow:
        """What holds this contact alone is written down, and uses up no attempt."""
        found = self._facts.find(request.job_id, request.contact_id)
        if found is None:
            return NotNow(reason=NotNowReason.CONTACT)
        job, contact = found
        judged = judge(job, contact, request.dial, self._facts.earlier_calls(contact), request.lines)
        if isinstance(judged, Blocked):
            await block(self._connection, contact.id, judged.reason)
            return NotNow(reason=NotNowReason.CONTACT)
        if judged is not None:
            if judged.reason.concerns_one_contact and judged.until is not None:
                await postpone(self._connection, contact.id, judged.until, judged.reason)
            return judged
        return await self._grant(request.dial_id, job, contact)

    async def write(self, organization_id: str) -> dict[str, DialRow]:
        """All dials in one statement, and what they take from the free credits in another; their rows, by id."""
        if not self._granted:
            return {}
        values = {
            "granted": recordset([grant.values() for grant in self._granted]),
            "slots": recordset(self._facts.list_slots({grant.job.id for grant in self._granted})),
        }
        rows = await self._connection.fetch_all(DialRow, CLAIM, values)
        entries = [
            LedgerEntry(kind=EntryKind.RESERVE, held_delta=grant.from_free, job_id=grant.job.id, dial_id=grant.dial_id)
            for grant in self._granted
        ]
        await book_all(self._connection, organization_id, entries)
        return {row.id: row for row in rows}

    async def _grant(self, dial_id: str, job: ClaimingJob, contact: ClaimedContact) -> _Grant | NotNow:
        if not await becomes_probe(
            self._connection, job, dial_id, account_id=job.carrier_account_id, number_id=job.phone_number_id
        ):
            return wait_until(NotNowReason.ACCOUNT, job.now, job.now + PROBE_RECHECK_INTERVAL)
        self._facts.note_probe(job, dial_id)
        asked_at = self._facts.take_slot(job)
        from_hold, from_free = self._facts.count(self._facts.jobs[job.id], contact, asked_at)
        grant = _Grant(dial_id, job, contact, asked_at, from_hold, from_free)
        self._granted.append(grant)
        return grant
