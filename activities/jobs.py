"""What a job's workflow asks of the record: begin, who is next, obey an operator, complete."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from temporalio import activity

from domain.calls.dispatch import JobPage, Wish
from domain.jobs.models import JobChange
from domain.model import Model
from domain.statuses import JobStatus

if TYPE_CHECKING:
    from store.calls.due_page import DuePages
    from store.jobs.lifecycle import JobLifecycle
    from store.jobs.update import JobUpdates


class JobRef(Model):
    """Which job."""

    organization_id: str
    job_id: str


class PageRequest(Model):
    """At most `limit` contacts due at `as_of` (UTC)."""

    organization_id: str
    job_id: str
    as_of: datetime
    limit: int


class Order(Model):
    """An operator's wish for a job."""

    organization_id: str
    job_id: str
    wish: Wish


class LimitChange(Model):
    """A new `concurrentCallLimit`, 1 to 50."""

    organization_id: str
    job_id: str
    limit: int


class Rescheduling(Model):
    """A new start; one without an offset counts as UTC."""

    organization_id: str
    job_id: str
    start: datetime


class Change(Model):
    """Fields of a job, as PATCH takes them."""

    organization_id: str
    job_id: str
    fields: dict[str, Any]


class Removal(Model):
    """A contact that is not to be called any more."""

    organization_id: str
    job_id: str
    contact_id: str


class Abandonment(Model):
    """A contact for which our own side failed for good."""

    contact_id: str
    reason: str


class JobActivities:
    def __init__(self, progress: "DuePages", control: "JobLifecycle", changes: "JobUpdates") -> None:
        self._progress = progress
        self._control = control
        self._changes = changes

    @activity.defn
    async def note_workflow(self, job: JobRef) -> None:
        """Mark that the job's workflow exists."""
        await self._progress.mark_workflow_started(job.job_id)

    @activity.defn
    async def begin_job(self, job: JobRef) -> JobStatus:
        """The job's time has come: open its gate."""
        return await self._control.begin(job.organization_id, job.job_id)

    @activity.defn
    async def next_page(self, request: PageRequest) -> JobPage:
        """Where the job stands, and who is due."""
        return await self._progress.read(request.job_id, request.as_of, request.limit)

    @activity.defn
    async def obey(self, order: Order) -> None:
        """Do what an operator asks from Temporal's side. What the job's status does not allow changes nothing."""
        await self._control.obey(order.organization_id, order.job_id, order.wish)

    @activity.defn
    async def change_limit(self, change: LimitChange) -> None:
        """Set how many lines the job may use."""
        limit = JobChange(concurrent_call_limit=change.limit)
        await self._changes.obey(change.organization_id, change.job_id, limit)

    @activity.defn
    async def reschedule(self, rescheduling: Rescheduling) -> None:
        """Move the start of a job that has not begun; of one that has, nothing changes."""
        start = JobChange(scheduled_start_time=_in_utc(rescheduling.start))
        await self._changes.obey(rescheduling.organization_id, rescheduling.job_id, start)

    @activity.defn
    async def change(self, change: Change) -> None:
        """Change fields of the job; what cannot be read, or its status does not allow, changes nothing."""
        await self._changes.obey_fields(change.organization_id, change.job_id, change.fields)

    @activity.defn
    async def remove_contact(self, removal: Removal) -> None:
        """Call a contact no more; one that is not there changes nothing."""
        await self._changes.obey_removal(removal.organization_id, removal.job_id, removal.contact_id)

    @activity.defn
    async def close_job(self, job: JobRef) -> int:
        """Its end time has come: cancel everybody who is not on the phone; how many."""
        return await self._control.close(job.organization_id, job.job_id, activity.info().scheduled_time)

    @activity.defn
    async def complete_job(self, job: JobRef) -> bool:
        """Mark the job completed, if every contact is final."""
        return await self._control.complete(job.organization_id, job.job_id)

    @activity.defn
    async def abandon_contact(self, abandonment: Abandonment) -> None:
        """End a contact, never its job."""
        await self._progress.abandon(abandonment.contact_id, abandonment.reason)


def _in_utc(start: datetime) -> datetime:
    return start.astimezone(UTC) if start.tzinfo is not None else start.replace(tzinfo=UTC)
