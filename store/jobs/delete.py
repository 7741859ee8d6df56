"""A job is deleted: its contacts and all that is known of them go; what has happened stays in the database.

What goes: the job, its contacts with their fields, what its conversations brought, its rejected rows. What stays: its
dials (the number called, when, what came of it, what it cost), which caps on calls to a number, late events and
searches of the carrier need; the ledger, whose entries name dials; and what was done to the job and by whom.
"""

import sqlalchemy as sa
from sqlalchemy import text

from domain.audit import Action
from store.analytics.counting import count_job
from store.audit_log import record_action
from store.db.engine import Database
from store.errors import NotFound, StillCalling, WrongStatus
from store.jobs.status import lock_and_read_status
from store.tables import batch_jobs, dials, old_dials

# A call whose outcome is unknown may turn up for as long as one may last.
_LIVE = text("""
    SELECT count(*) FROM dials d JOIN batch_jobs j ON j.id = d.job_id
    WHERE d.organization_id = :organization AND d.job_id = :job
      AND (d.ended_at IS NULL OR d.outcome = 'unknown'
           AND d.asked_at > clock_timestamp() - make_interval(secs => j.ring_seconds + j.max_call_seconds))
""")
_DIALS = text("SELECT id FROM dials WHERE job_id = :job ORDER BY id FOR NO KEY UPDATE")  # before contacts, as always
_CONTACTS = text("DELETE FROM contacts WHERE job_id = :job")


class JobDeletion:
    """One method, one transaction."""

    def __init__(self, engine: Database) -> None:
        self._engine = engine

    async def delete(self, organization_id: str, job_id: str, *, by: str) -> int:
        """Delete an ended job and say how many contacts went with it.

        Raises NotFound; WrongStatus where it has not ended; StillCalling where calls are, or may be, live.
        """
        async with self._engine.begin() as connection:
            status = await lock_and_read_status(connection, organization_id, job_id)
            if not status.ended:
                raise WrongStatus(status)
            whose = {"organization": organization_id, "job": job_id}
            live = (await connection.execute(_LIVE, whose)).scalar_one()
            if live:
                raise StillCalling(live)
            await connection.execute(_DIALS, {"job": job_id})
            await count_job(connection, job_id)  # for the last time: where people were called goes with its contacts
            for table in (dials, old_dials):
                await connection.execute(
                    sa.update(table)
                    .where(table.c.job_id == job_id, table.c.conversation.is_not(sa.null()))
                    .values(conversation=sa.null())
                )
            contacts = (await connection.execute(_CONTACTS, {"job": job_id})).rowcount
            gone = await connection.execute(sa.delete(batch_jobs).where(batch_jobs.c.id == job_id))
            if gone.rowcount != 1:
                raise NotFound("job", job_id)
            await record_action(connection, organization_id, Action.DELETED, by, {"contacts": contacts}, job_id=job_id)
            return int(contacts)
