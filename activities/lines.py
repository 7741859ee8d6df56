"""What the sharing of an organization's lines needs: the database, and a workflow that runs."""

from typing import TYPE_CHECKING, Protocol

from temporalio import activity

from domain.audit import TEMPORAL
from domain.jobs.line_shares import LinesWanted, OrganizationLines
from domain.model import Model

if TYPE_CHECKING:
    from store.calls.lines import Lines
    from store.jobs.lifecycle import JobLifecycle
    from store.workers import Workers


class LinesWorkflows(Protocol):
    """`workflows.client.JobWorkflows`."""

    async def request_lines(self, organization_id: str, wanted: LinesWanted) -> None: ...


class OrganizationRef(Model):
    organization_id: str


class RequestLines(Model):
    """A job's request to its organization's lines."""

    organization_id: str
    wanted: LinesWanted


class StopOrganization(Model):
    """`hang_up`: live calls too."""

    organization_id: str
    hang_up: bool


class StoppedJobs(Model):
    """The jobs that were paused now."""

    job_ids: tuple[str, ...]


class JobShare(Model):
    """How many calls of a job may be live."""

    job_id: str
    lines: int


class LinesActivities:
    def __init__(
        self, lines: "Lines", lifecycle: "JobLifecycle", workflows: LinesWorkflows, workers: "Workers"
    ) -> None:
        self._lines = lines
        self._lifecycle = lifecycle
        self._workflows = workflows
        self._workers = workers

    @activity.defn
    async def organization_lines(self, organization: OrganizationRef) -> OrganizationLines:
        """An organization's limits, and which jobs place calls."""
        return await self._lines.read(organization.organization_id)

    @activity.defn(name="want_lines")
    async def request_lines(self, request: RequestLines) -> None:
        """Send a job's request, and start the workflow that receives it where none runs."""
        await self._workflows.request_lines(request.organization_id, request.wanted)

    @activity.defn
    async def tell_share(self, share: JobShare) -> None:
        """Tell all workers, for the calls that wait there with a smaller one."""
        await self._workers.tell_share(share.job_id, share.lines, activity.info().scheduled_time)

    @activity.defn
    async def stop_organization(self, stop: StopOrganization) -> StoppedJobs:
        """Pause every job of an organization."""
        stopped = await self._lifecycle.stop(stop.organization_id, hang_up=stop.hang_up, by=TEMPORAL)
        return StoppedJobs(job_ids=stopped.job_ids)
