"""A person is forgotten. First nobody is called any more; once no call is live, all that is known goes in one
transaction; what carriers have is deleted afterwards, by the reconciler, until each has answered.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from domain.audit import Action
from domain.calling_rules.do_not_call import Source
from domain.model import Model
from domain.phone.identity import list_writings
from domain.privacy import SUPPRESSED_REASON, CallErasure, ErasedCall, Erasure, tails_of
from store.audit_log import record_action
from store.calls.in_flight import CallScope, withdraw_unrung_calls
from store.contacts.transitions import block_numbers
from store.db.copy_text import json_text
from store.db.engine import AnyConnection, Database, fetch_all, fetch_one, fetch_value, run
from store.db.ids import may_exist, new_id
from store.db.locks import lock_organization
from store.errors import NotFound, PersonOnThePhone
from store.privacy.erasing import (
    CALL_TABLES,
    drop_campaign_contacts,
    erase_calls,
    erase_contacts,
    erase_copies,
    erase_rejects,
    erase_reports,
    find_rejects,
)
from store.privacy.number_hashes import NumberHashes

MAX_DUE = 50  # calls that a sweep has carriers delete
FIRST_RETRY = timedelta(minutes=1)  # then twice as long each time
LONGEST_RETRY = timedelta(hours=6)

_SUPPRESS = """
    INSERT INTO suppressed_numbers (organization_id, number_hash, source, added_by, added_at)
    SELECT %(organization)s, %(hash)s, coalesce(listed.source, %(source)s), coalesce(listed.added_by, %(by)s),
           coalesce(listed.added_at, clock_timestamp())
    FROM (SELECT 1) AS one LEFT JOIN LATERAL (
      SELECT source, added_by, added_at FROM do_not_call
      WHERE organization_id = %(organization)s AND number = ANY(%(numbers)s) ORDER BY added_at LIMIT 1
    ) AS listed ON true
    ON CONFLICT DO NOTHING
"""
_UNLIST = "DELETE FROM do_not_call WHERE organization_id = %(organization)s AND number = ANY(%(numbers)s)"
_LIVE = """
    SELECT count(*) FROM dials
    WHERE organization_id = %(organization)s AND to_number = ANY(%(numbers)s) AND ended_at IS NULL
"""
_CALLS = """
    SELECT id, contact_id, carrier_account_id, call_id FROM {dials}
    WHERE organization_id = %(organization)s AND to_number = ANY(%(numbers)s) ORDER BY id FOR NO KEY UPDATE
"""
# By job: no index has all numbers of an organization, and that of open contacts has those who wait.
_CONTACTS = """
    SELECT c.id, c.data FROM contacts c
    WHERE c.job_id IN (SELECT id FROM batch_jobs WHERE organization_id = %(organization)s)
      AND c.number = ANY(%(numbers)s)
"""
_STORE = """
    INSERT INTO erasures (id, organization_id, number_hash, requested_by, deleted)
    VALUES (%(id)s, %(organization)s, %(hash)s, %(by)s, CAST(%(deleted)s AS jsonb))
"""
_STORE_CALLS = """
    INSERT INTO erasure_calls (erasure_id, dial_id, carrier_account_id, call_id)
    SELECT %(id)s, id, carrier_account_id, call_id FROM all_dials WHERE id = ANY(%(dials)s) AND call_id IS NOT NULL
"""
_RECEIPT = """
    SELECT id, requested_by, requested_at, deleted FROM erasures
    WHERE id = %(id)s AND organization_id = %(organization)s
"""
_RECEIPT_CALLS = """
    SELECT dial_id, carrier_account_id, call_id, state, recordings, attempts, last_error FROM erasure_calls
    WHERE erasure_id = %(id)s ORDER BY dial_id
"""
_DUE = f"""
    SELECT erasure_id, dial_id, carrier_account_id AS account, call_id, attempts FROM erasure_calls
    WHERE state = 'pending' AND next_attempt_at <= statement_timestamp() ORDER BY next_attempt_at LIMIT {MAX_DUE}
"""  # noqa: S608 — our own constant
_DONE = """
    UPDATE erasure_calls SET state = %(state)s, recordings = recordings + %(recordings)s, attempts = attempts + 1,
           last_error = NULL
    WHERE erasure_id = %(erasure)s AND dial_id = %(dial)s AND state = 'pending'
"""
_AGAIN = """
    UPDATE erasure_calls SET attempts = attempts + 1, last_error = %(error)s,
           next_attempt_at = clock_timestamp() + %(delay)s
    WHERE erasure_id = %(erasure)s AND dial_id = %(dial)s AND state = 'pending'
"""


class DueCall(Model):
    """A call that its carrier has still to delete."""

    erasure_id: str
    dial_id: str
    account: str
    call_id: str
    attempts: int


class _Call(Model):
    id: str
    contact_id: str
    carrier_account_id: str
    call_id: str | None


class _Contact(Model):
    id: str
    data: dict[str, Any]


class _Receipt(Model):
    id: str
    requested_by: str
    requested_at: datetime
    deleted: dict[str, int]


class Forgetting:
    """Each public method is one transaction."""

    def __init__(self, engine: Database, hashes: NumberHashes) -> None:
        self._engine = engine
        self._hashes = hashes

    async def suppress(self, organization_id: str, number: str, *, by: str) -> tuple[str, ...]:
        """Have nobody call a number, E.164, any more; the jobs whose contacts ended by it. Idempotent.

        What is on the do-not-call list of it is a keyed hash from then on.
        """
        await self._hashes.prepare()
        values = self._values(organization_id, number)
        async with self._engine.transaction() as connection:
            await lock_organization(connection, organization_id)
            await run(connection, _SUPPRESS, values | {"by": by, "source": Source.ERASURE})
            await run(connection, _UNLIST, values)
            blocked = await block_numbers(connection, organization_id, [number], SUPPRESSED_REASON)
            await withdraw_unrung_calls(connection, CallScope(organization_id=organization_id, numbers=(number,)))
            return tuple(sorted(set(blocked)))

    async def forget(self, organization_id: str, number: str, *, by: str) -> Erasure:
        """Erase all that an organization has of a telephone, once `suppress` was done. Idempotent.

        Raises PersonOnThePhone while a call with it is live: then nothing is changed.
        """
        await self._hashes.prepare()
        values = self._values(organization_id, number) | {"id": new_id("erasure"), "by": by}
        async with self._engine.transaction() as connection:
            await lock_organization(connection, organization_id)
            live = await fetch_value(connection, _LIVE, values)
            if live:
                raise PersonOnThePhone
            deleted, calls = await self._erase(connection, values)
            await run(connection, _STORE, values | {"deleted": json_text(deleted)})
            await run(connection, _STORE_CALLS, values | {"dials": [call.id for call in calls]})
            details = {"receiptId": values["id"]}
            await record_action(connection, organization_id, Action.PERSON_FORGOTTEN, by, details)
            receipt = await _read_receipt(connection, values)
            assert receipt is not None  # noqa: S101  it was written above
            return receipt

    async def _erase(self, connection: AnyConnection, values: Mapping[str, Any]) -> tuple[dict[str, int], list[_Call]]:
        organization_id, tails = values["organization"], tails_of(values["numbers"])
        calls = [
            call
            for table in CALL_TABLES
            for call in await fetch_all(connection, _Call, _CALLS.format(dials=table), values)
        ]
        contacts = await fetch_all(connection, _Contact, _CONTACTS, values)
        called = {call.contact_id for call in calls}
        deleted = {
            "contacts": await erase_contacts(connection, [contact.id for contact in contacts])
            + await drop_campaign_contacts(connection, organization_id, values["numbers"]),
            "calls": await erase_calls(connection, {call.id: values["hash"] for call in calls}),
            "testCalls": await erase_copies(
                connection, organization_id, [contact.data for contact in contacts if contact.data], tails
            ),
            "rejectedRows": await erase_rejects(
                connection, await find_rejects(connection, organization_id, tails), tails
            ),
            "reportsOfFiles": await erase_reports(connection, organization_id, tails),
        }
        await erase_contacts(connection, called)  # of test calls to the person's own telephone
        return deleted, calls

    async def find(self, organization_id: str, id: str) -> Erasure:
        """The receipt. Raises NotFound."""
        if not may_exist(id):
            raise NotFound("receipt", id)
        async with self._engine.reading() as connection:
            found = await _read_receipt(connection, {"organization": organization_id, "id": id})
        if found is None:
            raise NotFound("receipt", id)
        return found

    async def list_due_calls(self) -> list[DueCall]:
        """Calls of all organizations that carriers are to delete now: for the reconciler."""
        async with self._engine.reading() as connection:
            return await fetch_all(connection, DueCall, _DUE)

    async def record_done(self, call: DueCall, state: CallErasure, recordings: int = 0) -> None:
        """A carrier deleted it, or never will."""
        values = {"erasure": call.erasure_id, "dial": call.dial_id, "state": state, "recordings": recordings}
        async with self._engine.transaction() as connection:
            await run(connection, _DONE, values)

    async def record_failure(self, call: DueCall, error: str) -> None:
        """A carrier did not answer, or refused: it stays pending, and is asked again later."""
        delay = min(FIRST_RETRY * 2 ** min(call.attempts, 16), LONGEST_RETRY)
        values = {"erasure": call.erasure_id, "dial": call.dial_id, "error": error, "delay": delay}
        async with self._engine.transaction() as connection:
            await run(connection, _AGAIN, values)

    def _values(self, organization_id: str, number: str) -> dict[str, Any]:
        return {
            "organization": organization_id,
            "numbers": list(list_writings(number)),
            "hash": self._hashes.hash(number),
        }


async def _read_receipt(connection: AnyConnection, values: Mapping[str, Any]) -> Erasure | None:
    found = await fetch_one(connection, _Receipt, _RECEIPT, values)
    if found is None:
        return None
    calls = await fetch_all(connection, ErasedCall, _RECEIPT_CALLS, values)
    return Erasure(**found.model_dump(), calls=tuple(calls))
