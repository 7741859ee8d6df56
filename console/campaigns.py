"""The list of campaigns, and one of them: progress over all its jobs, pause, cancel, results."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import HTMLResponse, Response

from api.auth import MemberDep
from api.campaigns.export_routes import download_results
from api.campaigns.lookup import CampaignId
from api.campaigns.queries import CampaignQueryDep
from api.campaigns.routes import detail, list_campaigns
from api.campaigns.schemas import CampaignDetail, CampaignPage
from api.dependencies import AuditLogDep
from api.jobs.exports import FileAnswer
from console.pages import FrameDep, PageRoute, page, render
from domain.audit import Action
from domain.campaigns.models import CampaignStatus

router = APIRouter(route_class=PageRoute)

ListedDep = Annotated[CampaignPage, Depends(list_campaigns)]
CampaignDep = Annotated[CampaignDetail, Depends(detail)]


@router.get("/campaigns")
async def campaigns(frame: FrameDep, listed: ListedDep, query: CampaignQueryDep) -> HTMLResponse:
    """All campaigns, newest first, by status."""
    return page(frame, "campaigns.html", listed=listed, query=query, statuses=CampaignStatus)


@router.get("/live/campaigns")
async def rows(frame: FrameDep, listed: ListedDep, query: CampaignQueryDep) -> HTMLResponse:
    """The same list alone, for a page that keeps itself up to date."""
    return HTMLResponse(render("campaign/rows.html", frame=frame, listed=listed, query=query))


@router.get("/campaigns/{id}")
async def campaign_page(frame: FrameDep, campaign: CampaignDep) -> HTMLResponse:
    """Raises CampaignNotFound."""
    return page(frame, "campaign.html", campaign=campaign)


@router.get("/live/campaigns/{id}")
async def part(frame: FrameDep, campaign: CampaignDep) -> HTMLResponse:
    """The same without what surrounds it. Raises CampaignNotFound."""
    return HTMLResponse(render("campaign/live.html", frame=frame, campaign=campaign))


@router.get("/campaigns/{id}/results")
async def results_file(
    caller: MemberDep, id: CampaignId, file: Annotated[FileAnswer, Depends(download_results)], audit: AuditLogDep
) -> Response:
    """The results, with the numbers in them: who took them is recorded."""
    details = {"campaignId": id}
    await audit.record(caller.organization_id, Action.RESULTS_DOWNLOADED, by=caller.key_id, details=details)
    return file
