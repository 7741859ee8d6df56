"""What organizations keep for a number of days: then it is erased, in batches that hold no lock of an organization.

The days are counted from the end of a job or a campaign, for the numbers of calls from each call. Whatever is erased is
not looked at again, so that a process that dies leaves nothing to repair: the next sweep goes on.
"""

from datetime import datetime

from domain.audit import SYSTEM, Action
from domain.model import Model
from domain.privacy import ERASED
from store.audit_log import record_action
from store.db.engine import AnyConnection, Database, fetch_all, fetch_values, run
from store.privacy.erasing import CALL_TABLES, erase_calls, erase_contacts
from store.privacy.number_hashes import NumberHashes

BATCH = 500  # contacts, or calls, of one transaction: tens of milliseconds
MAX_BATCHES = 20  # of one job, campaign or organization in one sweep
MAX_DUE = 10  # of each kind in one sweep

_KEPT_UNTIL = "statement_timestamp() - make_interval(days => coalesce(o.retention_days, %(days)s))"  # null: for ever
_JOBS = f"""
    SELECT j.id, j.organization_id FROM batch_jobs j JOIN organizations o ON o.id = j.organization_id
    WHERE j.erased_at IS NULL AND j.completed_at < {_KEPT_UNTIL}
      AND NOT EXISTS (SELECT 1 FROM dials d WHERE d.job_id = j.id AND d.ended_at IS NULL)
    ORDER BY j.completed_at LIMIT {MAX_DUE}
"""  # noqa: S608 — our own constants, as below
_CAMPAIGNS = f"""
    SELECT c.id, c.organization_id FROM campaigns c JOIN organizations o ON o.id = c.organization_id
    WHERE c.ended_at < {_KEPT_UNTIL}
      AND (EXISTS (SELECT 1 FROM campaign_contacts w WHERE w.campaign_id = c.id)
           OR EXISTS (SELECT 1 FROM campaign_rejects r WHERE r.campaign_id = c.id)
           OR c.report -> 'rewritten' <> '[]')
    LIMIT {MAX_DUE}
"""  # noqa: S608
# Of each organization one call that is old enough, by its index: joined, PostgreSQL would read all calls of all.
_ORGANIZATIONS = f"""
    SELECT o.id, {_KEPT_UNTIL} AS kept_since, o.numbers_hashed_until AS done_until FROM organizations o
    CROSS JOIN LATERAL (SELECT FROM all_dials d WHERE d.organization_id = o.id AND d.asked_at < {_KEPT_UNTIL}
      AND d.asked_at >= coalesce(o.numbers_hashed_until, '-infinity') AND d.to_number LIKE '+%%' LIMIT 1) AS old
    LIMIT {MAX_DUE}
"""  # noqa: S608
_CONTACTS = f"SELECT id FROM contacts WHERE job_id = %(id)s AND number <> %(erased)s LIMIT {BATCH}"  # noqa: S608
_CALLS = "SELECT id, to_number FROM {table} WHERE contact_id = ANY(%(contacts)s) ORDER BY id FOR NO KEY UPDATE"
_DROP_REJECTS = "DELETE FROM rejects WHERE job_id = %(id)s"
_ERASED = """
    UPDATE batch_jobs SET erased_at = clock_timestamp(), validation = jsonb_set(validation, '{rewritten}', '[]', false)
    WHERE id = %(id)s AND erased_at IS NULL
"""
_ERASE_CAMPAIGN = """
    WITH waiting AS (DELETE FROM campaign_contacts WHERE campaign_id = %(id)s),
         rejected AS (DELETE FROM campaign_rejects WHERE campaign_id = %(id)s)
    UPDATE campaigns SET report = jsonb_set(report, '{rewritten}', '[]', false) WHERE id = %(id)s
"""
_OLD_CALLS = f"""
    SELECT id, to_number, asked_at FROM {{table}}
    WHERE organization_id = %(id)s AND asked_at < %(kept_since)s
      AND asked_at >= coalesce(CAST(%(done_until)s AS timestamptz), '-infinity')
      AND ended_at IS NOT NULL AND to_number LIKE '+%%'
    ORDER BY asked_at LIMIT {BATCH} FOR NO KEY UPDATE
"""  # noqa: S608
_HASH_NUMBER = """
    UPDATE {table} AS call SET to_number = given.hash
    FROM unnest(%(dials)s::text[], %(hashes)s::text[]) AS given (id, hash) WHERE call.id = given.id
"""
_DONE_UNTIL = "UPDATE organizations SET numbers_hashed_until = %(until)s WHERE id = %(id)s"


class KeptTooLong(Model):
    """A job, or a campaign, whose contacts' data has been kept for long enough."""

    id: str
    organization_id: str


class OldCalls(Model):
    """An organization that has numbers of calls from before `kept_since`; those before `done_until` are hashes."""

    id: str
    kept_since: datetime
    done_until: datetime | None


class _Call(Model):
    id: str
    to_number: str
    asked_at: datetime | None = None


class Retention:
    """For the reconciler. `days`: of organizations that say nothing themselves; None: for ever."""

    def __init__(self, engine: Database, hashes: NumberHashes, days: int | None = None) -> None:
        self._engine = engine
        self._hashes = hashes
        self._days = {"days": days}

    async def list_jobs(self) -> list[KeptTooLong]:
        """Ended jobs, the longest ended first; none with a live call."""
        async with self._engine.reading() as connection:
            return await fetch_all(connection, KeptTooLong, _JOBS, self._days)

    async def list_campaigns(self) -> list[KeptTooLong]:
        async with self._engine.reading() as connection:
            return await fetch_all(connection, KeptTooLong, _CAMPAIGNS, self._days)

    async def list_old_calls(self) -> list[OldCalls]:
        async with self._engine.reading() as connection:
            return await fetch_all(connection, OldCalls, _ORGANIZATIONS, self._days)

    async def erase_job(self, job: KeptTooLong) -> bool:
        """Erase its contacts' data, the numbers of its calls and its rejected rows; False where more is left."""
        await self._hashes.prepare()
        for _ in range(MAX_BATCHES):
            if not await self._erase_contacts(job):
                break
        else:
            return False
        async with self._engine.transaction() as connection:
            await run(connection, _DROP_REJECTS, {"id": job.id})
            if await run(connection, _ERASED, {"id": job.id}):
                await record_action(connection, job.organization_id, Action.DATA_ERASED, SYSTEM, job_id=job.id)
        return True

    async def _erase_contacts(self, job: KeptTooLong) -> int:
        async with self._engine.transaction() as connection:
            found = await fetch_values(connection, _CONTACTS, {"id": job.id, "erased": ERASED})
            calls = [
                call
                for table in CALL_TABLES  # locked before contacts, as always
                for call in await fetch_all(connection, _Call, _CALLS.format(table=table), {"contacts": found})
            ]
            await erase_calls(connection, {call.id: self._hashed(call.to_number) for call in calls})
            return await erase_contacts(connection, found)

    async def erase_campaign(self, campaign: KeptTooLong) -> None:
        """Contacts that no job ever had, and rejected rows: those of its jobs go with the jobs."""
        async with self._engine.transaction() as connection:
            await run(connection, _ERASE_CAMPAIGN, {"id": campaign.id})

    async def hash_numbers(self, old: OldCalls) -> bool:
        """Make keyed hashes of the numbers of old calls, of deleted jobs too; False where more is left."""
        await self._hashes.prepare()
        for _ in range(MAX_BATCHES):
            async with self._engine.transaction() as connection:
                if not sum([await self._hash_batch(connection, table, old) for table in CALL_TABLES]):
                    await run(connection, _DONE_UNTIL, {"id": old.id, "until": old.kept_since})
                    return True
        return False

    async def _hash_batch(self, connection: AnyConnection, table: str, old: OldCalls) -> int:
        calls = await fetch_all(connection, _Call, _OLD_CALLS.format(table=table), old.model_dump())
        hashes = [self._hashed(call.to_number) for call in calls]
        values = {"dials": [call.id for call in calls], "hashes": hashes}
        return await run(connection, _HASH_NUMBER.format(table=table), values)

    def _hashed(self, number: str) -> str:
        return self._hashes.hash(number) if number.startswith("+") else number
