"""The job that a path names."""

import re
from typing import Annotated

from fastapi import Depends, Path

from api.http.errors import JobNotFound
from api.http.examples import A_JOB
from domain.jobs.models import Job
from store.jobs.repository import Jobs

ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


async def job_id(id: Annotated[str, Path(description="A job's id.", examples=[A_JOB])]) -> str:
    """The id in the path; what cannot be one names no job. Raises JobNotFound."""
    if not ID.fullmatch(id):
        raise JobNotFound
    return id


JobId = Annotated[str, Depends(job_id)]


async def find_job(jobs: Jobs, organization_id: str, id: str) -> Job:
    """Raises JobNotFound."""
    job = await jobs.find(organization_id, id)
    if job is None:
        raise JobNotFound(id)
    return job
