"""What a crash may have left undone, over all organizations: for the reconciler only."""

from datetime import datetime

from domain.calls.models import CallState
from domain.model import Model
from domain.statuses import JobStatus
from store.calls.claim_rules import LIVE_MINUTES
from store.db.engine import Database

UNSTARTED_AFTER = "15 seconds"  # create starts the workflow itself, right after its transaction
STUCK_AFTER = "60 seconds"  # without a dial although somebody is due: twice the longest page and claim
CANCELLED_WITHIN = "5 minutes"  # a workflow that did not hear of it, and waits for a start, would stay until then
MAX_ROWS = 200  # of each kind that a sweep reads: the next sweep finds the rest

MAX_OPEN_JOBS = 2_000  # whose workflows a sweep asks for: of more, others each time

# Compared with statement_timestamp(): clock_timestamp() may change within a statement, so that no index could be used.


class OpenJob(Model):
    id: str
    organization_id: str
    name: str
    status: JobStatus
    scheduled_start_time: datetime | None

    @property
    def start_at(self) -> datetime | None:
        """When a workflow that is started for it has to begin; None: at once."""
        return self.scheduled_start_time if self.status is JobStatus.SCHEDULED else None


class OpenDial(Model):
    """A dial that nobody seems to follow."""

    id: str
    contact_id: str
    number_of_dial: int
    account: str
    state: CallState
    call_id: str | None

    @property
    def key(self) -> str:
        """The key by which the carrier knows it."""
        return f"{self.contact_id}:{self.number_of_dial}"


_UNSTARTED = f"""
    SELECT id, organization_id, name, status, scheduled_start_time FROM batch_jobs
    WHERE workflow_started_at IS NULL AND status IN ('pending', 'scheduled', 'paused', 'running')
      AND created_at < statement_timestamp() - interval '{UNSTARTED_AFTER}'
    ORDER BY created_at LIMIT {MAX_ROWS}
"""  # noqa: S608 — our own constants
_OPEN = f"""
    SELECT id, organization_id, name, status, scheduled_start_time FROM batch_jobs
    WHERE workflow_started_at IS NOT NULL AND status NOT IN ('completed', 'failed', 'cancelled')
    ORDER BY random() LIMIT {MAX_OPEN_JOBS}
"""  # noqa: S608 — our own constants
_CALLING = f"""
    SELECT id FROM (SELECT id FROM batch_jobs WHERE status = 'running'
                    UNION SELECT job_id FROM dials WHERE ended_at IS NULL) AS job
    LIMIT {MAX_OPEN_JOBS}
"""  # noqa: S608 — our own constants
_OVERDUE = f"""
    SELECT d.id, d.contact_id, d.number_of_dial, d.carrier_account_id AS account, d.state, d.call_id
    FROM dials d JOIN batch_jobs j ON j.id = d.job_id
    WHERE d.ended_at IS NULL
      AND statement_timestamp() > coalesce(d.answered_at + make_interval(secs => j.max_call_seconds / %(speed)s),
                                       d.asked_at + make_interval(secs => j.ring_seconds / %(speed)s))
                              + make_interval(secs => %(slack)s)
    ORDER BY d.asked_at LIMIT {MAX_ROWS}
"""  # noqa: S608 — our own constants
_STUCK = f"""
    SELECT j.id FROM batch_jobs j JOIN organizations o ON o.id = j.organization_id
    JOIN phone_numbers p ON p.id = j.phone_number_id JOIN carrier_accounts a ON a.id = p.carrier_account_id
    WHERE j.status = 'running' AND a.closed_until IS NULL AND p.closed_until IS NULL
      AND o.stopped_at IS NULL AND a.stopped_at IS NULL AND p.stopped_at IS NULL AND a.unreconciled_since IS NULL
      AND EXISTS (SELECT 1 FROM contacts c WHERE c.job_id = j.id AND c.status IN ('pending', 'queued')
                  AND c.due_at < statement_timestamp() - interval '{STUCK_AFTER}')
      AND NOT EXISTS (SELECT 1 FROM dials d WHERE d.organization_id = j.organization_id AND d.ended_at IS NULL)
      AND NOT EXISTS (SELECT 1 FROM dials d WHERE d.organization_id = j.organization_id
                      AND d.asked_at > statement_timestamp() - interval '{STUCK_AFTER}')
      AND (o.credits_unlimited OR j.hold >= 2 * j.rate_per_minute
           OR j.hold + o.balance - o.held >= 2 * j.rate_per_minute)
    LIMIT {MAX_ROWS}
"""  # noqa: S608 — our own constants

# By job, not by organization: what the one does says nothing of whether the other was woken. Not those who wait for a
# line, a pace, a carrier account, credits or `maxCost`: their workflows have timers.
_UNSEEN_CONTACTS = f"""
    SELECT j.id FROM batch_jobs j JOIN organizations o ON o.id = j.organization_id
    JOIN phone_numbers p ON p.id = j.phone_number_id JOIN carrier_accounts a ON a.id = p.carrier_account_id
    WHERE j.status = 'running' AND a.closed_until IS NULL AND a.unreconciled_since IS NULL
      AND (p.next_slot_at IS NULL OR p.next_slot_at < statement_timestamp())
      AND EXISTS (SELECT 1 FROM contacts c WHERE c.job_id = j.id AND c.status IN ('pending', 'queued')
                  AND c.due_at < statement_timestamp() - interval '{STUCK_AFTER}')
      AND NOT EXISTS (SELECT 1 FROM dials d WHERE d.organization_id = j.organization_id AND d.job_id = j.id
                      AND d.ended_at IS NULL AND d.asked_at > statement_timestamp() - interval '{STUCK_AFTER}')
      AND NOT EXISTS (SELECT 1 FROM dials d WHERE d.job_id = j.id
                      AND d.ended_at > statement_timestamp() - interval '{STUCK_AFTER}')
      AND (SELECT count(*) FROM dials d WHERE d.organization_id = j.organization_id AND d.job_id = j.id
           AND d.ended_at IS NULL) < j.concurrent_call_limit
      AND (SELECT count(*) FROM dials d WHERE d.organization_id = j.organization_id AND d.ended_at IS NULL)
          < o.concurrent_call_limit - o.reserved_lines
      AND (o.credits_unlimited OR j.hold >= 2 * j.rate_per_minute
           OR j.hold + o.balance - o.held >= 2 * j.rate_per_minute)
      AND (j.max_cost IS NULL OR j.spent + ({LIVE_MINUTES} + 2) * j.rate_per_minute <= j.max_cost)
"""  # noqa: S608 — our own constants
_NOBODY_OPEN = f"""
    SELECT j.id FROM batch_jobs j
    WHERE j.status = 'running'
      AND NOT EXISTS (SELECT 1 FROM contacts c WHERE c.job_id = j.id AND c.status IN ('pending', 'queued', 'dialing'))
      AND NOT EXISTS (SELECT 1 FROM dials d WHERE d.job_id = j.id
                      AND d.ended_at > statement_timestamp() - interval '{STUCK_AFTER}')
"""  # noqa: S608
_START_PASSED = f"""
    SELECT j.id FROM batch_jobs j
    WHERE j.status IN ('pending', 'scheduled') AND j.workflow_started_at IS NOT NULL
      AND greatest(j.created_at, j.scheduled_start_time, j.resumed_at)
          < statement_timestamp() - interval '{STUCK_AFTER}'
"""  # noqa: S608
_CANCELLED_LATELY = f"""
    SELECT j.id FROM batch_jobs j
    WHERE j.status = 'cancelled'
      AND j.completed_at BETWEEN statement_timestamp() - interval '{CANCELLED_WITHIN}'
                             AND statement_timestamp() - interval '{STUCK_AFTER}'
"""  # noqa: S608
_SLEEPING = f"""
    SELECT id FROM ({_UNSEEN_CONTACTS} UNION {_NOBODY_OPEN} UNION {_START_PASSED} UNION {_CANCELLED_LATELY}) AS job
    ORDER BY random() LIMIT {MAX_ROWS}
"""  # noqa: S608


class Reconciliation:
    """Read only. `speed` divides the length of calls, in the local stack only."""

    def __init__(self, database: Database, speed: float = 1.0) -> None:
        self._database = database
        self._speed = speed

    async def list_unstarted_jobs(self) -> list[OpenJob]:
        """Jobs that were stored and have never had a workflow."""
        return await self._jobs(_UNSTARTED)

    async def list_open_jobs(self) -> list[OpenJob]:
        """Jobs that have not ended and had a workflow."""
        return await self._jobs(_OPEN)

    async def list_calling_jobs(self) -> list[str]:
        """Jobs that run, or whose calls are live."""
        async with self._database.reading() as connection:
            return await connection.fetch_values(_CALLING)

    async def list_overdue_dials(self, slack_seconds: float) -> list[OpenDial]:
        """Dials open longer than a call can last, by `slack_seconds`."""
        async with self._database.reading() as connection:
            return await connection.fetch_all(OpenDial, _OVERDUE, {"speed": self._speed, "slack": slack_seconds})

    async def list_stuck_jobs(self) -> list[str]:
        """Running jobs with contacts due for a minute, for which nothing was dialed meanwhile."""
        async with self._database.reading() as connection:
            return await connection.fetch_values(_STUCK)

    async def list_sleeping_jobs(self) -> list[str]:
        """Jobs whose workflows seem not to know what the database does: contacts that are due for a minute while lines
        are free, nobody left to call, a start that has passed, a cancellation of the last minutes."""
        async with self._database.reading() as connection:
            return await connection.fetch_values(_SLEEPING, {"speed": self._speed})

    async def _jobs(self, query: str) -> list[OpenJob]:
        async with self._database.reading() as connection:
            return await connection.fetch_all(OpenJob, query)
