"""What a job's workflow asks of the record: begin, who is next, obey an operator, complete."""

from datetime import datetime
from typing import TYPE_CHECKING

from temporalio import activity

from domain.dispatch import JobPage, Wish
from domain.model import Model
from domain.statuses import JobStatus

if TYPE_CHECKING:
    from store.control import Control
    from store.progress import JobProgress


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


class Abandonment(Model):
    """A contact for which our own side failed for good."""

    contact_id: str
    reason: str


class JobActivities:
    def __init__(self, progress: "JobProgress", control: "Control") -> None:
        self._progress = progress
        self._control = control

    @activity.defn
    async def note_workflow(self, job: JobRef) -> None:
        """Mark that the job's workflow exists."""
        await self._progress.workflow_started(job.job_id)

    @activity.defn
    async def begin_job(self, job: JobRef) -> JobStatus:
        """The job's time has come: open its gate."""
        return await self._control.begin(job.organization_id, job.job_id)

    @activity.defn
    async def next_page(self, request: PageRequest) -> JobPage:
        """Where the job stands, and who is due."""
        return await self._progress.page(request.job_id, request.as_of, request.limit)

    @activity.defn
    async def obey(self, order: Order) -> None:
        """Do what an operator asks from Temporal's side. What the job's status does not allow changes nothing."""
        await self._control.obey(order.organization_id, order.job_id, order.wish)

    @activity.defn
    async def change_limit(self, change: LimitChange) -> None:
        """Set how many lines the job may use."""
        await self._control.change_limit(change.organization_id, change.job_id, change.limit)

    @activity.defn
    async def reschedule(self, rescheduling: Rescheduling) -> None:
        """Move the start of a job that has not begun."""
        await self._control.reschedule(rescheduling.organization_id, rescheduling.job_id, rescheduling.start)

    @activity.defn
    async def complete_job(self, job: JobRef) -> bool:
        """Mark the job completed, if every contact is final."""
        return await self._control.complete(job.organization_id, job.job_id)

    @activity.defn
    async def abandon_contact(self, abandonment: Abandonment) -> None:
        """End a contact, never its job."""
        await self._progress.abandon(abandonment.contact_id, abandonment.reason)
