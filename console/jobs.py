"""The list of jobs."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import HTMLResponse

from api.jobs.queries import JobQueryDep
from api.jobs.rendered import read_job_page
from api.jobs.schemas import JobPage
from console.pages import FrameDep, PageRoute, page, render

router = APIRouter(route_class=PageRoute)

JobsDep = Annotated[JobPage, Depends(read_job_page)]


@router.get("")
async def jobs(frame: FrameDep, listed: JobsDep, query: JobQueryDep) -> HTMLResponse:
    """All jobs, newest first, by status and name."""
    return page(frame, "jobs.html", listed=listed, query=query)


@router.get("/live/jobs")
async def rows(frame: FrameDep, listed: JobsDep, query: JobQueryDep) -> HTMLResponse:
    """The same list alone, for a page that keeps itself up to date."""
    return HTMLResponse(render("jobs/rows.html", frame=frame, listed=listed, query=query))
