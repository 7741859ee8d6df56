"""What the sharing of an organization's lines asks of the world: the record, and a workflow that is there."""

from typing import TYPE_CHECKING, Protocol

from temporalio import activity

from domain.audit import TEMPORAL
from domain.jobs.line_shares import LinesWanted, OrganizationLines
from domain.model import Model

if TYPE_CHECKING:
    from store.calls.lines import Lines
    from store.jobs.lifecycle import JobLifecycle


class LinesWorkflows(Protocol):
    """What is needed of Temporal; `workflows.client.JobWorkflows` is the real one."""

    async def want_lines(self, organization_id: str, wanted: LinesWanted) -> None: ...


class OrganizationRef(Model):
    """Which organization."""

    organization_id: str


class WantLines(Model):
    """What a job says to its organization's lines."""

    organization_id: str
    wanted: LinesWanted


class StopOrganization(Model):
    """Everything is to stop; `hang_up`: live calls too."""

    organization_id: str
    hang_up: bool


class StoppedJobs(Model):
    """The jobs that were paused."""

    job_ids: tuple[str, ...]


class LinesActivities:
    def __init__(self, lines: "Lines", control: "JobLifecycle", workflows: LinesWorkflows) -> None:
        self._lines = lines
        self._control = control
        self._workflows = workflows

    @activity.defn
    async def organization_lines(self, organization: OrganizationRef) -> OrganizationLines:
        """An organization's limits, and which jobs call people."""
        return await self._lines.read(organization.organization_id)

    @activity.defn
    async def want_lines(self, want: WantLines) -> None:
        """Say what a job wants, and start the workflow that hears it where there is none."""
        await self._workflows.want_lines(want.organization_id, want.wanted)

    @activity.defn
    async def stop_organization(self, stop: StopOrganization) -> StoppedJobs:
        """Pause every job of an organization."""
        stopped = await self._control.stop(stop.organization_id, hang_up=stop.hang_up, by=TEMPORAL)
        return StoppedJobs(job_ids=stopped.job_ids)
