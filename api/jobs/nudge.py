"""Signals to workflows after their job changed in the database. They would find out by themselves, only later."""

from collections.abc import Iterable
from typing import Annotated

from fastapi import BackgroundTasks, Depends

from api.dependencies import WorkflowsDep
from api.jobs.scheduler import reached
from workflows.client import JobWorkflows


class Nudges:
    """Sent once the answer has left; a failure is only logged."""

    def __init__(self, afterwards: BackgroundTasks, workflows: JobWorkflows) -> None:
        self._afterwards = afterwards
        self._workflows = workflows

    def jobs(self, ids: Iterable[str]) -> None:
        """Have the jobs' workflows re-check the database."""
        for id in ids:
            self._afterwards.add_task(self._job, id)

    def lines(self, organization_id: str) -> None:
        """Have the organization's lines shared out anew."""
        self._afterwards.add_task(self._lines, organization_id)

    async def _job(self, id: str) -> None:
        await reached(self._workflows.nudge(id), f"nudge of {id}")

    async def _lines(self, organization_id: str) -> None:
        await reached(self._workflows.nudge_lines(organization_id), f"nudge of the lines of {organization_id}")


async def nudges(afterwards: BackgroundTasks, workflows: WorkflowsDep) -> Nudges:
    return Nudges(afterwards, workflows)


NudgesDep = Annotated[Nudges, Depends(nudges)]
