"""All addresses of the console."""

from fastapi import APIRouter

from api.http.errors import NotFound
from console import assets, job, jobs, live, sign_in
from console.pages import PageRoute
from console.sessions import ROOT

nowhere = APIRouter(route_class=PageRoute)


@nowhere.get("/{path:path}")
async def no_page(path: str) -> None:
    raise NotFound(f"There is no page at {ROOT}/{path}.")


router = APIRouter()
for part in (assets.router, sign_in.router, jobs.router, live.router, job.router, nowhere):
    router.include_router(part, prefix=ROOT, include_in_schema=False)
