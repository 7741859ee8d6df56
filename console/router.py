"""All addresses of the console."""

from fastapi import APIRouter
from fastapi.responses import RedirectResponse

from api.http.errors import NotFound
from console import analytics, assets, campaigns, do_not_call, job, jobs, live, new_job, organization, sign_in
from console.pages import PageRoute
from console.sessions import ROOT

nowhere = APIRouter(route_class=PageRoute)


@nowhere.get("/{path:path}")
async def no_page(path: str) -> RedirectResponse:
    """Raises NotFound; `/console/` leads to `/console`."""
    if path:
        raise NotFound(f"There is no page at {ROOT}/{path}.")
    return RedirectResponse(ROOT)


router = APIRouter()
parts = (
    assets.router,
    sign_in.router,
    jobs.router,
    live.router,
    job.router,
    new_job.router,
    new_job.columns_router,
    campaigns.router,
    analytics.router,
    organization.router,
    do_not_call.router,
    nowhere,
)
for part in parts:
    router.include_router(part, prefix=ROOT, include_in_schema=False)
