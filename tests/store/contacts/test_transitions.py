"""Who may change a contact's status, and a job's; and from which statuses each change is allowed."""

import re
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.calls.models import Outcome
from domain.statuses import ContactStatus
from store.contacts.transitions import (
    MARK_DIALING,
    OUTCOME_COLUMNS,
    RECORD_OUTCOME,
    TRANSITIONS,
    block,
    cancel_waiting,
    correct_outcome,
    fail_waiting,
    finish_exhausted,
    remove,
    reopen,
    unblock_numbers,
)
from store.db.engine import run
from store.db.pool import recordset
from store.tables import contacts, dials
from tests.store.calling import Calling, a_caller

ROOT = Path(__file__).parents[3]
PRODUCT = ("activities", "api", "carriers", "cli", "domain", "stack", "store", "workflows")
OWNERS = {"contacts": "store/contacts/transitions.py", "batch_jobs": "store/jobs/status.py"}
IN_SQL = r"UPDATE {table}\b(?:(?!WHERE|\bFROM\b).)*?(?:SET|,)\s*status ="
IN_CALLS = r"update\({table}\)(?:(?!execute).)*?\.values\([^)]*?\bstatus\b['\"]?\s*[=:]"


def _sources() -> Iterator[tuple[str, str]]:
    for folder in PRODUCT:
        for path in (ROOT / folder).rglob("*.py"):
            if "migrations" not in path.parts:
                yield path.relative_to(ROOT).as_posix(), path.read_text()


def _changes_status(source: str, table: str) -> bool:
    return any(re.search(pattern.format(table=table), source, re.DOTALL) for pattern in (IN_SQL, IN_CALLS))


@pytest.mark.parametrize("table", OWNERS)
def test_one_file_changes_a_status(table: str) -> None:
    assert [path for path, source in _sources() if _changes_status(source, table)] == [OWNERS[table]]


@pytest.mark.parametrize(
    "written",
    [
        "UPDATE contacts SET status = 'busy' WHERE id = :id",
        "UPDATE contacts SET due_at = now(),\n       status = CASE status WHEN 'queued' THEN 'busy' END",
        "sa.update(contacts).where(contacts.c.id == id).values(status=status)",
        'sa.update(contacts).values({"status": status})',
    ],
)
def test_a_change_is_found_however_it_is_written(written: str) -> None:
    assert _changes_status(written, "contacts")
    assert not _changes_status(written, "batch_jobs")


def test_every_status_is_reached_and_only_an_unknown_outcome_is_reopened() -> None:
    reached = {status for _, to in TRANSITIONS.values() for status in to}
    mended = {"correct", "unblock"}
    left = {status for name, (allowed, _) in TRANSITIONS.items() if name not in mended for status in allowed}
    assert reached == set(ContactStatus)
    assert left == {ContactStatus.PENDING, ContactStatus.QUEUED, ContactStatus.DIALING, ContactStatus.FAILED}
    assert ContactStatus.CANCELLED not in TRANSITIONS["correct"][0]


async def _mark_dialing(connection: AsyncConnection, job_id: str, contact: Any) -> None:
    granted = "SELECT CAST(%(contact)s AS varchar) AS contact, now() AS asked_at"
    await run(connection, f"WITH granted AS ({granted}) {MARK_DIALING}", {"contact": contact.id})


async def _record_outcome(connection: AsyncConnection, job_id: str, contact: Any) -> None:
    names = ("error_code", "reason", "due_at", "held_reason", "not_before", "call", "call_seconds", "answered_by")
    ended = {"contact": contact.id, "status": "busy", "final": True, "attempts": 1, "troubles": 0}
    given = f"SELECT * FROM jsonb_to_recordset(%(given)s) AS given ({OUTCOME_COLUMNS})"
    values = {"given": recordset([dict.fromkeys(names) | ended])}
    await run(connection, f"WITH given AS ({given}) {RECORD_OUTCOME}", values)


async def _correct_outcome(connection: AsyncConnection, job_id: str, contact: Any) -> None:
    names = ("error_code", "reason", "due_at", "held_reason", "not_before", "call", "call_seconds", "answered_by")
    learned = {"contact": contact.id, "status": "busy", "final": True, "attempts": 1, "troubles": 0}
    await correct_outcome(connection, dict.fromkeys(names) | learned)


CHANGES: dict[str, Callable[[AsyncConnection, str, Any], Awaitable[Any]]] = {
    "mark_dialing": _mark_dialing,
    "record_final_status": _record_outcome,
    "correct": _correct_outcome,
    "reopen": lambda connection, _, contact: reopen(connection, contact.id),
    "finish_exhausted": lambda connection, job_id, _: finish_exhausted(connection, job_id, 1),
    "block": lambda connection, _, contact: block(connection, contact.id, "why"),
    "unblock": lambda connection, _, contact: unblock_numbers(
        connection, contact.organization_id, [contact.number], "untouched"
    ),
    "fail_waiting": lambda connection, _, contact: fail_waiting(connection, contact.id, "why"),
    "cancel_waiting": lambda connection, job_id, _: cancel_waiting(connection, job_id, "why"),
    "remove": lambda connection, _, contact: remove(connection, contact.id, "why"),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_contact_moves_only_from_the_statuses_that_the_table_allows(shared: Calling, change: str) -> None:
    job = await shared.a_job(await a_caller(shared.engine), len(ContactStatus))
    for which, status in enumerate(ContactStatus):
        await job.call(which)
        here = contacts.c.id == job.contact_ids[which]
        await shared.change(contacts, here, status=status, failure_reason="untouched", attempts=1)
        await shared.change(dials, dials.c.contact_id == job.contact_ids[which], outcome=Outcome.BUSY)
    for which in range(len(ContactStatus)):
        async with shared.engine.begin() as connection:
            await CHANGES[change](connection, job.id, await job.contact(which))
    moved = set()
    for which, status in enumerate(ContactStatus):
        now = await job.contact(which)
        if (now.status, now.failure_reason, now.dials) != (status, "untouched", 1) or now.removed_at is not None:
            moved.add(status)
    assert moved == set(TRANSITIONS[change][0])


@pytest.mark.parametrize("change", ["block", "fail_waiting", "cancel_waiting", "remove"])
async def test_a_status_that_is_no_outcome_of_a_dial_has_no_code_of_one(shared: Calling, change: str) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 1)
    await (await job.call()).is_busy()
    assert (await job.contact()).error_code == "486"

    async with shared.engine.begin() as connection:
        await CHANGES[change](connection, job.id, await job.contact())

    contact = await job.contact()
    assert ContactStatus(contact.status).final
    assert (contact.error_code, contact.held_reason, contact.next_retry_at) == (None, None, None)
