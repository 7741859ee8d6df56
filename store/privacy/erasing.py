"""The statements that erase. Rows stay, so that counts, costs and the ledger do; what tells of a person goes.

Numbers become `ERASED` in contacts, whom nobody calls any more, and keyed hashes in calls, so that distinct persons are
still counted. Each statement changes nothing the second time.
"""

import json
from collections.abc import Collection, Iterable
from typing import Any

from domain.model import Model
from domain.privacy import ERASED, SUPPRESSED_REASON, mentions, without
from store.contacts.transitions import block
from store.db.copy_text import json_text
from store.db.engine import AnyConnection, fetch_all, fetch_value, fetch_values, run

# Digits of other scripts that files are written in, for a search in SQL; what is found is looked at again.
_SCRIPTS = "".join(chr(zero + digit) for zero in (0x660, 0x6F0, 0x966, 0xFF10) for digit in range(10))
_PLAIN = "0123456789" * 4
_MENTIONS = """
    EXISTS (SELECT 1 FROM unnest(%(tails)s::text[]) AS tail WHERE position(tail IN
      regexp_replace(translate({text}, '{scripts}', '{plain}'), '[^0-9]', '', 'g')) > 0)
"""
_CONTACTS = """
    UPDATE contacts SET number = %(erased)s, data = '{}', external_id = NULL, conversation = NULL,
           removed_at = coalesce(removed_at, clock_timestamp())
    WHERE id = ANY(%(contacts)s) AND number <> %(erased)s
"""
CALL_TABLES = ("dials", "old_dials")  # in this order: a call that is moved meanwhile is found in the archive
_CALLS = r"""
    UPDATE {dials} SET to_number = given.hash, conversation = NULL,
           sip_reason = CASE WHEN sip_reason !~ '\d{{5}}' THEN sip_reason END
    FROM unnest(%(dials)s::text[], %(hashes)s::text[]) AS given (id, hash)
    WHERE {dials}.id = given.id
"""
_DELIVERIES = """
    UPDATE webhook_deliveries SET response_body = NULL, facts = facts #- '{evidence,sip_reason}'
    WHERE contact_id = ANY(%(contacts)s)
"""
# A test call has the fields of a job's first contact, and the number of who tries it.
_TEST_CALLS = """
    SELECT c.id FROM contacts c JOIN batch_jobs j ON j.id = c.job_id
    WHERE j.organization_id = %(organization)s AND j.test AND c.number <> %(erased)s
      AND (c.data::jsonb - %(names)s::text[]) = %(rest)s::jsonb
"""
_LOCK_CALLS = "SELECT id FROM {dials} WHERE contact_id = ANY(%(contacts)s) ORDER BY id FOR NO KEY UPDATE"
_REPORTED = "UPDATE {dials} SET conversation = NULL WHERE contact_id = ANY(%(contacts)s)"


def _mentions(text: str) -> str:
    """The condition that a text, by its SQL, may have one of the numbers in it."""
    return _MENTIONS.format(text=text, scripts=_SCRIPTS, plain=_PLAIN)


_REJECTS = f"""
    SELECT r.job_id AS of_id, r.row, r.cells, r.reason FROM rejects r JOIN batch_jobs j ON j.id = r.job_id
    WHERE j.organization_id = %(organization)s AND {_mentions("r.cells::text || r.reason")}
    UNION ALL
    SELECT r.campaign_id, r.row, r.cells, r.reason FROM campaign_rejects r JOIN campaigns c ON c.id = r.campaign_id
    WHERE c.organization_id = %(organization)s AND {_mentions("r.cells::text || r.reason")}
"""  # noqa: S608 — our own constants, as below
_ERASE_REJECT = """
    WITH of_campaign AS (
      UPDATE campaign_rejects SET cells = CAST(%(cells)s AS json), reason = %(reason)s
      WHERE campaign_id = %(of_id)s AND row = %(row)s
    )
    UPDATE rejects SET cells = CAST(%(cells)s AS json), reason = %(reason)s
    WHERE job_id = %(of_id)s AND row = %(row)s
"""
_REPORTS = f"""
    SELECT id, validation AS report FROM batch_jobs
    WHERE organization_id = %(organization)s AND {_mentions("validation::text")}
    UNION ALL
    SELECT id, report FROM campaigns WHERE organization_id = %(organization)s AND {_mentions("report::text")}
"""  # noqa: S608
_ERASE_REPORT = """
    WITH of_campaign AS (UPDATE campaigns SET report = CAST(%(report)s AS jsonb) WHERE id = %(id)s)
    UPDATE batch_jobs SET validation = CAST(%(report)s AS jsonb) WHERE id = %(id)s
"""
# Contacts of campaigns that wait for their job: nobody has to be told of them, so that their rows go.
_CAMPAIGN_CONTACTS = """
    WITH gone AS (
      DELETE FROM campaign_contacts c USING campaigns
      WHERE campaigns.organization_id = %(organization)s AND c.campaign_id = campaigns.id
        AND c.number = ANY(%(numbers)s)
      RETURNING c.campaign_id
    ), counted AS (
      UPDATE campaigns SET accepted = accepted - gone.contacts
      FROM (SELECT campaign_id, count(*) AS contacts FROM gone GROUP BY 1) AS gone WHERE id = gone.campaign_id
    )
    SELECT count(*) FROM gone
"""
_ANSWERS = f"""
    SELECT route, key, answer FROM idempotency_records
    WHERE scope = %(organization)s AND answer LIKE '{{%%' AND {_mentions("answer")}
"""  # noqa: S608
_ERASE_ANSWER = """
    UPDATE idempotency_records SET answer = %(answer)s
    WHERE scope = %(organization)s AND route = %(route)s AND key = %(key)s
"""


class RejectedRow(Model):
    """`of_id`: the job or the campaign that has it."""

    of_id: str
    row: int
    cells: Any
    reason: str


class _Report(Model):
    id: str
    report: Any


class _Answer(Model):
    route: str
    key: str
    answer: str


async def erase_contacts(connection: AnyConnection, contact_ids: Collection[str]) -> int:
    """Number, fields, report: of contacts whom nobody calls any more. What waits to be sent of them goes as it is
    then: without a person."""
    values = {"contacts": list(contact_ids), "erased": ERASED}
    await run(connection, _DELIVERIES, values)
    return await run(connection, _CONTACTS, values)


async def drop_campaign_contacts(connection: AnyConnection, organization_id: str, numbers: Collection[str]) -> int:
    """Those that no job has yet, by the writings of a number; the campaign has so many fewer."""
    values = {"organization": organization_id, "numbers": list(numbers)}
    return int(await fetch_value(connection, _CAMPAIGN_CONTACTS, values))


async def erase_calls(connection: AnyConnection, hashes: dict[str, str]) -> int:
    """The number, and what the agent reported, of calls that have ended: their ids with the hash of each."""
    values = {"dials": list(hashes), "hashes": list(hashes.values())}
    return sum([await run(connection, _CALLS.format(dials=table), values) for table in CALL_TABLES])


async def erase_copies(
    connection: AnyConnection, organization_id: str, rows: Iterable[dict[str, Any]], tails: Collection[str]
) -> int:
    """Test calls that were given the fields of these contacts: one that waits is not made; a live one goes on, and
    what its agent reports is not kept."""
    found: list[str] = []
    for row in rows:
        names = [name for name, value in row.items() if mentions(str(value), tails)]
        rest = {name: value for name, value in row.items() if name not in names}
        if rest:
            values = {"organization": organization_id, "erased": ERASED, "names": names, "rest": json_text(rest)}
            found += await fetch_values(connection, _TEST_CALLS, values)
    for table in CALL_TABLES:  # before contacts, as always
        await fetch_values(connection, _LOCK_CALLS.format(dials=table), {"contacts": found})
        await run(connection, _REPORTED.format(dials=table), {"contacts": found})
    for contact_id in found:
        await block(connection, contact_id, SUPPRESSED_REASON)
    return await erase_contacts(connection, found)


async def find_rejects(connection: AnyConnection, organization_id: str, tails: Collection[str]) -> list[RejectedRow]:
    """Rejected rows that mention a number."""
    values = {"organization": organization_id, "tails": list(tails)}
    return await fetch_all(connection, RejectedRow, _REJECTS, values)


async def erase_rejects(connection: AnyConnection, rows: Iterable[RejectedRow], tails: Collection[str]) -> int:
    """The whole row: what stands beside the number is the person's too."""
    erased = 0
    for row in rows:
        cells = [ERASED] * len(row.cells) if isinstance(row.cells, list) else ERASED
        reason = ERASED if mentions(row.reason, tails) else row.reason
        values = {"of_id": row.of_id, "row": row.row, "cells": json_text(cells), "reason": reason}
        await run(connection, _ERASE_REJECT, values)
        erased += 1
    return erased


async def erase_reports(connection: AnyConnection, organization_id: str, tails: Collection[str]) -> int:
    """Numbers that reports of files tell as rewritten; also in answers that are kept for repeated requests."""
    values, erased = {"organization": organization_id, "tails": list(tails)}, 0
    for found in await fetch_all(connection, _Report, _REPORTS, values):
        await run(connection, _ERASE_REPORT, {"id": found.id, "report": json_text(without(found.report, tails))})
        erased += 1
    for answer in await fetch_all(connection, _Answer, _ANSWERS, values):
        kept = json_text(without(json.loads(answer.answer), tails))
        keys = {"organization": organization_id, "route": answer.route, "key": answer.key}
        erased += await run(connection, _ERASE_ANSWER, keys | {"answer": kept})
    return erased
