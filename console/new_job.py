"""A new job in four steps on one page. The page sends the same requests to the API as any client."""

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from api.auth import AdminDep
from api.dependencies import BodyBudgetDep, ForkPoolDep, JobsDep
from api.http.bodies import Form, read_body
from api.jobs.lookup import find_job
from console.listings import AllAgentsDep, AllNumbersDep
from console.pages import FrameDep, PageRoute, page
from domain.calling_rules.schedule import list_zones
from domain.contacts.first_rows import FirstRows, read_first_rows
from domain.jobs.views import BatchJob, render_job
from domain.json_model import JsonModel

router = APIRouter(route_class=PageRoute)
columns_router = APIRouter()  # its errors are read by a script


class Columns(JsonModel):
    """What stands first in a file."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@router.get("/new")
async def new_job(
    frame: FrameDep,
    _: AdminDep,
    numbers: AllNumbersDep,
    agents: AllAgentsDep,
    jobs: JobsDep,
    like: str = "",
) -> HTMLResponse:
    """`like`: a job whose number and rules it begins with. Raises Forbidden for members, JobNotFound."""
    earlier: BatchJob | None = render_job(await find_job(jobs, frame.caller.organization_id, like)) if like else None
    named = {agent.id: agent for agent in agents}
    callable_numbers = [
        (number, named.get(number.outbound_agent_id or ""))
        for number in numbers
        if number.outbound_agent_id
        and (number.outbound_agent_id not in named or named[number.outbound_agent_id].architecture.can_talk)
    ]
    return page(frame, "new-job.html", numbers=callable_numbers, like=earlier, zones=sorted(list_zones()))


@columns_router.post("/columns")
async def columns(caller: AdminDep, request: Request, pool: ForkPoolDep, budget: BodyBudgetDep) -> Columns:
    """The columns and first rows of a file, read as a job's would be. Raises InvalidCsv."""
    with budget.share(caller.organization_id) as share:
        body = await read_body(request, share)
        content = body.file if isinstance(body, Form) else None
        found: FirstRows = await pool.run(caller.organization_id, read_first_rows, content)
    return Columns(columns=found.header, rows=found.rows)
