"""What became of a campaign's contacts, as a file, and the rows of its file that were rejected."""

from fastapi import APIRouter

from api.auth import KEYS, MemberDep
from api.campaigns.lookup import CampaignId
from api.dependencies import CampaignResultsDep
from api.http.responses import errors
from api.jobs.export_routes import REJECTS, RESULTS, answer_rejects, answer_results, names_for
from api.jobs.exports import FileAnswer
from api.jobs.queries import ExportQueryDep

router = APIRouter(prefix="/campaigns/{id}", tags=["campaigns"], dependencies=KEYS)


@router.get(
    "/results",
    operation_id="downloadCampaignResults",
    status_code=200,
    response_class=FileAnswer,
    responses=errors(400, 401, 404, 429, 503) | RESULTS,
)
async def download_results(
    caller: MemberDep, query: ExportQueryDep, id: CampaignId, results: CampaignResultsDep
) -> FileAnswer:
    """Download what became of every contact of all jobs, and who waits for one, in the order of the file.

    Columns and marks are those of `GET /batch/jobs/{id}/results`. Each job's contacts are as they stand at one
    instant, those of later jobs at later ones.

    Error codes: `campaign_not_found`; `invalid_request` for another `format`; `unavailable` while several other
    downloads are under way.
    """
    opened = results.open_results(caller.organization_id, id, names_for(query.format))
    return await answer_results(opened, id, query.format)


@router.get(
    "/rejects",
    operation_id="downloadCampaignRejects",
    status_code=200,
    response_class=FileAnswer,
    responses=errors(401, 404, 429, 503) | REJECTS,
)
async def download_rejects(caller: MemberDep, id: CampaignId, results: CampaignResultsDep) -> FileAnswer:
    """Download the rows of the campaign's file that were rejected, the first 100,000: as those of a batch job.

    Error codes: `campaign_not_found`.
    """
    return await answer_rejects(results.open_rejects(caller.organization_id, id), id)
