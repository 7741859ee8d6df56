"""What has changed in jobs since an instant: two statements for all jobs that clients watch."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from domain.calls.models import AnsweredBy
from domain.jobs.models import JobCounts
from domain.model import Model
from domain.statuses import ContactStatus, JobStatus
from store.db.engine import Database
from store.db.ids import may_exist
from store.db.pool import Connection

OVERLAP = timedelta(seconds=5)  # a change becomes visible at its commit, later than its time stamp
MAX_CHANGES = 100  # contacts of one job sent at once; the pages have the others

_STATES = """
    SELECT j.id, j.status, j.status_reason, j.total_contacts, j.actual_start_time, j.completed_at,
           clock_timestamp() AS at,
           (SELECT json_object_agg(counted.status, counted.contacts) FROM
             (SELECT c.status, count(*) AS contacts FROM contacts c WHERE c.job_id = j.id GROUP BY c.status) AS counted)
             AS counts
    FROM batch_jobs j
    WHERE j.id = ANY(%(jobs)s) AND (CAST(%(organization)s AS varchar) IS NULL OR j.organization_id = %(organization)s)
"""
# An attempt, its end (which may bring another one), the final status, the agent's report; the latest first.
_CHANGES = """
    SELECT job_id, id, row, number, external_id, status, error_code, attempts, next_retry_at, call_seconds, answered_by,
           disposition
    FROM (
      SELECT c.*, c.conversation ->> 'disposition' AS disposition,
             row_number() OVER (PARTITION BY c.job_id ORDER BY c.changed_at DESC, c.row) AS place
      FROM (
        SELECT c.*, greatest(c.last_attempt_at, c.completed_at, c.reported_at,
                 (SELECT d.ended_at FROM dials d WHERE d.contact_id = c.id AND d.number_of_dial = c.dials))
                 AS changed_at
        FROM contacts c
        WHERE c.job_id = ANY(%(jobs)s)
          AND (greatest(c.last_attempt_at, c.completed_at, c.reported_at) > %(since)s
               OR c.id IN (SELECT d.contact_id FROM dials d WHERE d.job_id = ANY(%(jobs)s) AND d.ended_at > %(since)s))
      ) AS c
    ) AS c
    WHERE place <= %(most)s ORDER BY job_id, place
"""


class ContactChange(Model):
    """A contact that changed, as it is now."""

    id: str
    row: int
    number: str  # E.164
    external_id: str | None
    status: ContactStatus
    error_code: str | None
    attempts: int
    next_retry_at: datetime | None
    call_seconds: int | None
    answered_by: AnsweredBy | None
    disposition: str | None


class JobState(Model):
    """A job as it is now."""

    id: str
    status: JobStatus
    status_reason: str | None
    total_contacts: int
    actual_start_time: datetime | None
    completed_at: datetime | None
    counts: JobCounts

    @property
    def over(self) -> bool:
        """Whether nothing will change any more: it has ended, and no call of it is live."""
        return self.status.ended and not self.counts.by_status[ContactStatus.DIALING]


class Look(Model):
    """A job at an instant of the database's clock, and its contacts that changed, the latest last, MAX_CHANGES at most.

    `more`: others changed before them.
    """

    at: datetime
    state: JobState
    changes: tuple[ContactChange, ...] = ()
    more: bool = False


class _Change(ContactChange):
    job_id: str


class _State(Model):
    id: str
    status: JobStatus
    status_reason: str | None
    total_contacts: int
    actual_start_time: datetime | None
    completed_at: datetime | None
    at: datetime
    counts: dict[str, int] | None


class ChangeFeed:
    """Read only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def look(
        self, job_ids: Sequence[str], since: datetime | None, organization_id: str | None = None
    ) -> dict[str, Look]:
        """The jobs of these that exist, and belong to the organization, where one is named.

        `since`: with the contacts that changed from a little before that instant on; None: without contacts.
        """
        jobs = [job_id for job_id in job_ids if may_exist(job_id)]
        async with self._database.reading() as connection:
            found = await connection.fetch_all(_State, _STATES, {"jobs": jobs, "organization": organization_id})
            states = {row.id: row for row in found}
            changes = {} if since is None else await _changes(connection, list(states), since)
        return {job_id: _look(row, changes.get(job_id, [])) for job_id, row in states.items()}


async def _changes(
    connection: Connection, job_ids: Sequence[str], since: datetime
) -> Mapping[str, list[ContactChange]]:
    values = {"jobs": job_ids, "since": since - OVERLAP, "most": MAX_CHANGES + 1}
    changes: dict[str, list[ContactChange]] = {}
    for change in await connection.fetch_all(_Change, _CHANGES, values):
        changes.setdefault(change.job_id, []).append(change)
    return changes


def _look(row: _State, latest_first: Sequence[ContactChange]) -> Look:
    return Look(
        at=row.at,
        state=_state(row),
        changes=tuple(reversed(latest_first[:MAX_CHANGES])),
        more=len(latest_first) > MAX_CHANGES,
    )


def _state(row: _State) -> JobState:
    by_status = dict.fromkeys(ContactStatus, 0) | {
        ContactStatus(status): count for status, count in (row.counts or {}).items()
    }
    return JobState(**row.model_dump(exclude={"at", "counts"}), counts=JobCounts(by_status=by_status))
