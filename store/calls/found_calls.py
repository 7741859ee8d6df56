"""Calls that a carrier knows and a restored database does not: read to be matched, and written as if they were claimed.

All of it can be done again: a call whose id a dial has is known.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal

from psycopg.errors import UniqueViolation

from domain.calls.models import CallReport, CallState, Ending, PlacedCall
from domain.calls.order import parse_dial_key
from domain.calls.recovery import CLOCK_SLACK, FoundDial, Matching, UnnamedDial, WaitingContact
from domain.model import Model
from domain.phone.identity import list_all_writings
from domain.statuses import ContactStatus
from store.billing.ledger import EntryKind, book
from store.calls.claim import CLAIM
from store.calls.claim_rules import split_reserve
from store.calls.dial_result import lock_and_read_facts
from store.calls.dial_rows import DialRow
from store.calls.dials import Dials
from store.calls.outcome import DialEnding, record_outcomes
from store.calls.reports import result_of
from store.calls.unowned_calls import find_owner, write_unowned
from store.contacts.transitions import WAITING, fail_waiting
from store.db.engine import Database
from store.db.ids import new_id
from store.db.locks import lock_organization
from store.db.pool import Connection, recordset

RIVAL = "A call to this number was found at the carrier, and it cannot be told whether it was this contact's."

_OF_ACCOUNT = """(d.carrier_account_id = %(account)s
      OR d.carrier_account_id IN (SELECT id FROM carrier_accounts WHERE carrier = %(account)s AND trunk IS NOT NULL))"""
_KNOWN = f"SELECT d.call_id FROM all_dials d WHERE d.call_id = ANY(%(calls)s) AND {_OF_ACCOUNT}"  # noqa: S608
_UNNAMED = """
    SELECT d.contact_id, d.number_of_dial, d.from_number AS from_, d.to_number AS to, d.asked_at FROM dials d
    WHERE d.organization_id IN (SELECT organization_id FROM phone_numbers WHERE carrier_account_id = %(account)s)
      AND d.carrier_account_id = %(account)s AND d.asked_at > %(since)s
      AND d.call_id IS NULL AND (d.ended_at IS NULL OR d.outcome = 'unknown')
"""
_WAITING = """
    SELECT c.id, j.from_number AS from_, c.number AS to, c.dials,
           coalesce(w.created_at, j.created_at) AS job_created_at
    FROM contacts c JOIN batch_jobs j ON j.id = c.job_id JOIN phone_numbers p ON p.id = j.phone_number_id
    LEFT JOIN campaigns w ON w.id = j.campaign_id
    WHERE p.carrier_account_id = %(account)s AND j.status NOT IN ('completed', 'failed', 'cancelled')
      AND c.organization_id IN (SELECT organization_id FROM phone_numbers WHERE carrier_account_id = %(account)s)
      AND c.status IN ('pending', 'queued', 'dialing') AND (c.number = ANY(%(numbers)s) OR c.id = ANY(%(contacts)s))
"""
_OF_OTHER_ACCOUNTS = """
    SELECT c.id FROM contacts c JOIN batch_jobs j ON j.id = c.job_id JOIN phone_numbers p ON p.id = j.phone_number_id
    WHERE c.id = ANY(%(contacts)s) AND p.carrier_account_id <> %(account)s
"""
_OPEN = """
    SELECT d.id, d.contact_id, d.number_of_dial, d.call_id FROM dials d
    WHERE d.ended_at IS NULL AND d.call_id IS NOT NULL AND d.carrier_account_id = %(account)s
    ORDER BY d.asked_at
"""
_CONTACT = """
    SELECT c.organization_id, c.job_id, c.status, c.dials, j.from_number, j.hold, j.rate_per_minute,
           o.credits_unlimited
    FROM contacts c JOIN batch_jobs j ON j.id = c.job_id JOIN organizations o ON o.id = c.organization_id
    WHERE c.id = %(contact)s
"""
_COUNT_DIALS = "UPDATE contacts SET dials = %(before)s WHERE id = %(contact)s"
_REMOVED = "UPDATE contacts SET removed_at = coalesce(removed_at, clock_timestamp()) WHERE id = %(contact)s"


class OpenCall(Model):
    """A dial whose call was live by what the database knows."""

    id: str
    contact_id: str
    number_of_dial: int
    call_id: str

    @property
    def key(self) -> str:
        return f"{self.contact_id}:{self.number_of_dial}"


class _Contact(Model):
    organization_id: str
    job_id: str
    status: ContactStatus
    dials: int
    from_number: str
    hold: Decimal
    rate_per_minute: Decimal
    credits_unlimited: bool


class FoundCallsStore:
    """`speed` as in Dials."""

    def __init__(self, database: Database, speed: float = 1.0) -> None:
        self._database = database
        self._speed = speed
        self._dials = Dials(database, speed)

    async def read_matching(self, account: str, since: datetime, calls: Sequence[PlacedCall]) -> Matching:
        """What the database knows of those whom an account's calls may have reached."""
        keyed = [key[0] for call in calls if (key := parse_dial_key(call.report.key or "")) is not None]
        values = {
            "account": account,
            "since": since - CLOCK_SLACK,
            "calls": [call.report.call_id for call in calls],
            "numbers": list_all_writings({call.to for call in calls if call.to is not None}),
            "contacts": keyed,
        }
        async with self._database.reading() as connection:
            known = await connection.fetch_values(_KNOWN, values)
            unnamed = await connection.fetch_all(UnnamedDial, _UNNAMED, values)
            waiting = await connection.fetch_all(WaitingContact, _WAITING, values)
        return Matching(frozenset(known), unnamed, waiting)

    async def leave_out_others(self, account: str, calls: Sequence[PlacedCall]) -> list[PlacedCall]:
        """Without those whose keys say that they went through another account: one list may have the calls of both."""
        keys = {call.report.call_id: parse_dial_key(call.report.key or "") for call in calls}
        contacts = [key[0] for key in keys.values() if key is not None]
        async with self._database.reading() as connection:
            values = {"account": account, "contacts": contacts}
            others = frozenset(await connection.fetch_values(_OF_OTHER_ACCOUNTS, values))
        return [call for call in calls if (key := keys[call.report.call_id]) is None or key[0] not in others]

    async def leave_out_known(self, account: str, calls: Sequence[PlacedCall]) -> list[PlacedCall]:
        """Without those that a dial has."""
        async with self._database.reading() as connection:
            values = {"account": account, "calls": [call.report.call_id for call in calls]}
            known = frozenset(await connection.fetch_values(_KNOWN, values))
        return [call for call in calls if call.report.call_id not in known]

    async def list_open(self, account: str) -> list[OpenCall]:
        """Dials whose calls were live, the oldest first: how they went on the carrier must say."""
        async with self._database.reading() as connection:
            return await connection.fetch_all(OpenCall, _OPEN, {"account": account})

    async def record(self, report: CallReport, account: str, key: str | None = None) -> None:
        """What the carrier says of a call that is known; nothing where its record does not say how it ended."""
        if report.state is not CallState.ENDED or report.ending is not None:
            await self._dials.record(report, account, key)

    async def add(self, account: str, found: FoundDial) -> bool:
        """Write down a found call's dial, and all that followed from it. Rivals end: a person has to look at them.

        False where it cannot be that contact's next dial: its last one is not over, or it has ended.
        """
        if found.is_new and not await self._claim(account, found):
            return False
        if not found.is_new and found.rivals:
            await self._fail(found.rivals)
        report = found.call.report
        dial = await self._dials.get(found.contact_id, found.dial)
        if dial is not None and report.state is CallState.ENDED and report.ending is None:
            await self._dials.give_up(dial.id)
        elif dial is not None and report.ending is Ending.FAILED and report.sip_code is None:
            await self._end_for_good(dial, report)
        else:
            await self._dials.record(report, account, f"{found.contact_id}:{found.dial}")
        return True

    async def add_unowned(self, account: str, call: PlacedCall) -> bool:
        """Write down a call that is over and of no job: it is charged, and counts for the caps on calls to its number.

        Its dial looks as that of a deleted job. False where it is live, or the number that called is nobody's.
        """
        if call.report.state is not CallState.ENDED or call.from_ is None or call.to is None:
            return False
        async with self._database.transaction() as connection:
            owner = await find_owner(connection, account, call.from_)
            if owner is None:
                return False
            await lock_organization(connection, owner.organization_id)
            if not await _is_known(connection, account, call.report.call_id):
                await write_unowned(connection, owner, account, call)
        return True

    async def is_on_the_phone(self, contact_id: str) -> bool:
        """Whether a call of a contact is not over, so that the next one cannot be written down yet."""
        async with self._database.reading() as connection:
            contact = await connection.fetch_one(_Contact, _CONTACT, {"contact": contact_id})
        return contact is not None and contact.status is ContactStatus.DIALING

    async def _end_for_good(self, dial: DialRow, report: CallReport) -> None:
        """A list says "failed" of what the callback's code told apart: a person may have declined, and is not called
        again."""
        async with self._database.transaction() as connection:
            await lock_organization(connection, dial.organization_id)
            [facts] = await lock_and_read_facts(connection, [dial.id])
            result = result_of(facts, report).model_copy(update={"final": True})
            ending = DialEnding(facts=facts, result=result, call_id=report.call_id)
            await record_outcomes(connection, dial.organization_id, [ending], self._speed)

    async def _fail(self, contact_ids: Collection[str]) -> None:
        async with self._database.transaction() as connection:
            for contact_id in contact_ids:
                await fail_waiting(connection, contact_id, RIVAL)

    async def _claim(self, account: str, found: FoundDial) -> bool:
        """As a claim that the rules allowed: the carrier was asked, whatever they say now."""
        values = {"contact": found.contact_id}
        try:
            async with self._database.transaction() as connection:
                contact = await connection.fetch_one(_Contact, _CONTACT, values)
                if contact is None:
                    return False
                await lock_organization(connection, contact.organization_id)
                contact = await connection.fetch_one(_Contact, _CONTACT, values)
                if contact is None or contact.status not in WAITING or contact.dials >= found.dial:
                    return False
                if await _is_known(connection, account, found.call.report.call_id):
                    return True
                await _write_dial(connection, account, contact, found)
                for rival in found.rivals:
                    await fail_waiting(connection, rival, RIVAL)
        except UniqueViolation:  # the pair of numbers is on the phone
            return False
        return True


async def _is_known(connection: Connection, account: str, call_id: str) -> bool:
    return bool(await connection.fetch_values(_KNOWN, {"account": account, "calls": [call_id]}))


async def _write_dial(connection: Connection, account: str, contact: _Contact, found: FoundDial) -> None:
    dial_id = new_id("call")
    from_hold, from_free = split_reserve(contact)  # of what is free, though that may be less
    granted = {
        "dial": dial_id,
        "contact": found.contact_id,
        "job": contact.job_id,
        "account": account,
        "from_number": contact.from_number,
        "asked_at": found.call.asked_at,
        "from_hold": from_hold,
        "from_free": from_free,
    }
    await connection.run(_COUNT_DIALS, {"contact": found.contact_id, "before": found.dial - 1})
    await connection.fetch_all(DialRow, CLAIM, {"granted": recordset([granted]), "slots": recordset([])})
    if found.rivals:
        await connection.run(_REMOVED, {"contact": found.contact_id})  # nor is it called again
    await book(
        connection,
        organization_id=contact.organization_id,
        kind=EntryKind.RESERVE,
        held_delta=from_free,
        job_id=contact.job_id,
        dial_id=dial_id,
    )


def contacts_of(found: Collection[FoundDial]) -> set[str]:
    """Those who are to be shown to a person: it cannot be told which of them was called."""
    return {contact for each in found if each.rivals for contact in (each.contact_id, *each.rivals)}
