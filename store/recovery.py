"""A database that was restored from a backup: of which carrier account nothing is known since when.

No call starts through such an account (store/calls/gates.py), and no process starts or repairs anything on such a
database, until an operator has had the carriers say whom they called since: `outdial recover`.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from domain.audit import SYSTEM
from domain.model import Model
from store.db.engine import Database
from store.db.locks import lock_organization
from store.jobs.status import pause_job
from store.reconcile import OpenJob

SECONDS = "extract(epoch FROM clock_timestamp() - restored_at)::float"

# `{since}`: a literal or a query; `{at}`: since when no call starts. `outdial restore` writes it as the last statement
# of the restoration's transaction: what the backup has of an earlier one is of another time.
MARK_RESTORED = """
    UPDATE carrier_accounts
    SET unreconciled_since = least(unreconciled_since, {since}), restored_at = {at};
    UPDATE temporal_namespace SET restored_at = clock_timestamp();
"""
NOW = "clock_timestamp()"
_NOW_OR_BEFORE = "CASE WHEN unreconciled_since IS NULL THEN clock_timestamp() ELSE restored_at END"
LAST_BACKUP = "(SELECT max(taken_at) FROM backups)"
_LOCK_ALL = "SELECT id FROM organizations ORDER BY id FOR UPDATE"
_TAKE = "INSERT INTO backups (taken_at) VALUES (clock_timestamp()) RETURNING taken_at"
_GAPS = f"""
    SELECT a.id AS account, a.unreconciled_since AS since, {SECONDS} AS seconds,
           ARRAY(SELECT DISTINCT p.number FROM phone_numbers p WHERE p.carrier_account_id = a.id) AS numbers
    FROM carrier_accounts a WHERE a.unreconciled_since IS NOT NULL ORDER BY a.id
"""  # noqa: S608 — our own constants
_ACCOUNTS = """
    SELECT a.id AS account, %(since)s AS since, 0 AS seconds,
           ARRAY(SELECT DISTINCT p.number FROM phone_numbers p WHERE p.carrier_account_id = a.id) AS numbers
    FROM carrier_accounts a ORDER BY a.id
"""
_LIFT = """
    UPDATE carrier_accounts SET unreconciled_since = NULL, restored_at = NULL
    WHERE id = %(account)s AND unreconciled_since = %(since)s
"""
_OPEN_JOBS = """
    SELECT id, organization_id, name, status, scheduled_start_time FROM batch_jobs
    WHERE status NOT IN ('completed', 'failed', 'cancelled') ORDER BY created_at
"""
_KNOWN_JOBS = "SELECT id FROM batch_jobs WHERE id = ANY(%(jobs)s)"
_CALLING_JOBS = """
    SELECT j.id, j.organization_id FROM batch_jobs j JOIN phone_numbers p ON p.id = j.phone_number_id
    WHERE p.carrier_account_id = %(account)s AND j.status IN ('pending', 'scheduled', 'running') ORDER BY j.id
"""
_COUNTS = """
    SELECT (SELECT count(*) FROM contacts c JOIN batch_jobs j ON j.id = c.job_id
            WHERE j.status NOT IN ('completed', 'failed', 'cancelled') AND c.status IN ('pending', 'queued'))
             AS waiting,
           (SELECT count(*) FROM dials WHERE ended_at IS NULL) AS live
"""


class Gap(Model):
    """An account of whose calls nothing is known `since` then. `seconds`: for how long no call has started by now."""

    account: str
    since: datetime
    seconds: float
    numbers: list[str]


class OpenCounts(Model):
    """Contacts of open jobs who wait for a call, and calls that are live, by the database."""

    waiting: int
    live: int


class _Job(Model):
    id: str
    organization_id: str


class Recovery:
    """What is not known, and what an operator does about it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def note_backup(self) -> datetime:
        """Write down that a backup begins now: the moment is in it, and not later than what else is."""
        async with self._database.transaction() as connection:
            moment: datetime = await connection.fetch_value(_TAKE)
            return moment

    async def mark(self, since: datetime) -> None:
        """From now on no call starts: nothing is known of those since then, nor are Temporal's workflows right."""
        async with self._database.transaction() as connection:
            for statement in MARK_RESTORED.format(since="%(since)s", at=_NOW_OR_BEFORE).strip().split(";\n"):
                values: dict[str, Any] = {"since": since} if "%(since)s" in statement else {}
                await connection.run(statement.rstrip(";"), values)
        async with self._database.transaction() as connection:  # a claim that read it otherwise has committed by then
            await connection.run(_LOCK_ALL)

    async def list_gaps(self) -> list[Gap]:
        """The accounts that are marked."""
        async with self._database.reading() as connection:
            return await connection.fetch_all(Gap, _GAPS)

    async def foresee_gaps(self, since: datetime) -> list[Gap]:
        """As they would be marked."""
        async with self._database.reading() as connection:
            return await connection.fetch_all(Gap, _ACCOUNTS, {"since": since})

    async def lift(self, gap: Gap) -> None:
        """Let calls start through an account again: what it did since then is known."""
        async with self._database.transaction() as connection:
            await connection.run(_LIFT, {"account": gap.account, "since": gap.since})

    async def list_open_jobs(self) -> list[OpenJob]:
        async with self._database.reading() as connection:
            return await connection.fetch_all(OpenJob, _OPEN_JOBS)

    async def find_unknown(self, job_ids: Sequence[str]) -> list[str]:
        """Which of these jobs the database does not have."""
        async with self._database.reading() as connection:
            known = frozenset(await connection.fetch_values(_KNOWN_JOBS, {"jobs": list(job_ids)}))
        return [job_id for job_id in job_ids if job_id not in known]

    async def count(self) -> OpenCounts:
        async with self._database.reading() as connection:
            found = await connection.fetch_one(OpenCounts, _COUNTS)
        return found or OpenCounts(waiting=0, live=0)

    async def count_calling_jobs(self, account: str) -> int:
        """Those that `pause_jobs` would pause."""
        async with self._database.reading() as connection:
            return len(await connection.fetch_all(_Job, _CALLING_JOBS, {"account": account}))

    async def pause_jobs(self, account: str, reason: str) -> int:
        """Pause the jobs that call through an account of which it cannot be told whom it called; how many."""
        paused: Counter[bool] = Counter()
        async with self._database.reading() as connection:
            jobs = await connection.fetch_all(_Job, _CALLING_JOBS, {"account": account})
        for job in jobs:
            async with self._database.transaction() as connection:
                await lock_organization(connection, job.organization_id)
                paused[await pause_job(connection, job.organization_id, job.id, reason, by=SYSTEM)] += 1
        return paused[True]
