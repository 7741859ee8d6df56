"""Telling workflows to look at the record after it changed. They would find out by themselves, only later."""

from collections.abc import Iterable

from fastapi import BackgroundTasks

from api.jobs.scheduler import reached
from api.parts import Parts
from workflows.client import JobWorkflows


async def nudge(workflows: JobWorkflows, job_id: str) -> None:
    """Tell the job's workflow to look. A failure is only logged."""
    await reached(workflows.look(job_id), f"nudge of {job_id}")


def nudge_all(afterwards: BackgroundTasks, parts: Parts, job_ids: Iterable[str]) -> None:
    """Nudge these jobs once the answer has left."""
    for job_id in job_ids:
        afterwards.add_task(nudge, parts.workflows, job_id)


def nudge_lines(afterwards: BackgroundTasks, parts: Parts, organization_id: str) -> None:
    """Have the organization's lines dealt out anew once the answer has left."""
    afterwards.add_task(_nudge_lines, parts.workflows, organization_id)


async def _nudge_lines(workflows: JobWorkflows, organization_id: str) -> None:
    await reached(workflows.look_at_lines(organization_id), f"nudge of the lines of {organization_id}")
