"""What a job's workflow asks of the database: begin, who is next, apply a command, complete."""

from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from temporalio import activity

from domain.calls.dispatch import JobPage
from domain.jobs.commands import OperatorCommand
from domain.model import Model
from domain.statuses import JobStatus
from store.errors import NotFound

if TYPE_CHECKING:
    from store.calls.due_page import DuePages
    from store.jobs.commands import OperatorCommands
    from store.jobs.lifecycle import JobLifecycle


class JobRef(Model):
    organization_id: str
    job_id: str


class PageRequest(JobRef):
    """At most `limit` contacts due at `as_of` (UTC)."""

    as_of: datetime
    limit: int


class Abandonment(Model):
    """A contact for which our own side failed for good."""

    contact_id: str
    reason: str


class JobActivities:
    """A job that was deleted had ended, whatever its workflow knows of that: nothing is done to it.

    `begin_job` and `complete_job` return the page that follows; to runs of older versions, which request none, how it
    went.
    """

    def __init__(self, pages: "DuePages", lifecycle: "JobLifecycle", commands: "OperatorCommands") -> None:
        self._pages = pages
        self._lifecycle = lifecycle
        self._commands = commands

    @activity.defn
    async def note_workflow(self, job: JobRef) -> None:
        """Mark that the job's workflow exists."""
        await self._pages.mark_workflow_started(job.job_id)

    @activity.defn
    async def begin_job(self, job: PageRequest | JobRef) -> JobPage | JobStatus:
        """The job's time has come: open its gate. Where the start was moved meanwhile, nothing changes."""
        status = JobStatus.CANCELLED
        with suppress(NotFound):
            status = await self._lifecycle.begin(job.organization_id, job.job_id, activity.info().scheduled_time)
        return await self.next_page(job) if isinstance(job, PageRequest) else status

    @activity.defn
    async def next_page(self, request: PageRequest) -> JobPage:
        """Where the job stands, and who is due."""
        return await self._pages.read(request.job_id, request.as_of, request.limit)

    @activity.defn
    async def apply_command(self, command: OperatorCommand) -> None:
        """Do what an operator asks for from Temporal's side."""
        await self._commands.apply(command)

    @activity.defn
    async def close_job(self, job: JobRef) -> int:
        """Its end time has come: cancel everybody who is not on the phone; how many."""
        with suppress(NotFound):
            return await self._lifecycle.close(job.organization_id, job.job_id, activity.info().scheduled_time)
        return 0

    @activity.defn
    async def complete_job(self, job: PageRequest | JobRef) -> JobPage | bool:
        """Mark the job completed, if every contact is final."""
        completed = False
        with suppress(NotFound):
            completed = await self._lifecycle.complete(job.organization_id, job.job_id)
        return await self.next_page(job) if isinstance(job, PageRequest) else completed

    @activity.defn
    async def abandon_contact(self, abandonment: Abandonment) -> None:
        """End a contact, never its job."""
        await self._pages.abandon(abandonment.contact_id, abandonment.reason)
