"""Create a campaign, send its file, list campaigns, look at one, delete one."""

from fastapi import APIRouter, Request

from api.auth import KEYS, AdminDep, MemberDep
from api.campaigns.lookup import CampaignId
from api.campaigns.openapi import CREATE_BODY, FILE_BODY
from api.campaigns.queries import CampaignQueryDep, UploadQueryDep
from api.campaigns.schemas import CampaignCreated, CampaignDeleted, CampaignDetail, CampaignPage
from api.campaigns.service import CampaignReaderDep
from api.campaigns.upload import FileUpload
from api.campaigns.views import render_campaign
from api.contacts.reader import ContactReader
from api.dependencies import (
    BodyBudgetDep,
    CampaignIntakeDep,
    CampaignsDep,
    ForkPoolDep,
    PhoneNumbersDep,
)
from api.http.bodies import read_small, refuse_encodings
from api.http.errors import InvalidStatus
from api.http.idempotency import REPLAYABLE, CreateContext, IdempotentDep
from api.http.responses import errors
from api.jobs.create import number_to_call_from
from domain.campaigns.models import CampaignStatus
from domain.campaigns.request import read_campaign
from domain.errors import InvalidRequest
from domain.requests.strict_json import parse_json
from store.errors import WrongCampaignStatus

CREATED = "Campaign created. Send its file to PUT /campaigns/{id}/contacts, then start it."
SEND_THE_FILE = "Send the file itself as the body, as text/csv: no form."

router = APIRouter(prefix="/campaigns", tags=["campaigns"], dependencies=KEYS)


@router.post(
    "",
    operation_id="createCampaign",
    responses=errors(400, 401, 403, 404, 409, 503) | REPLAYABLE,
    openapi_extra=CREATE_BODY,
)
async def create(
    caller: AdminDep,
    request: Request,
    campaigns: CampaignsDep,
    phone_numbers: PhoneNumbersDep,
    idempotent: IdempotentDep,
) -> CampaignCreated:
    """Create a campaign: up to 1,000,000 contacts that are called by jobs of at most 10,000, under one id.

    The settings are those of a batch job and hold for each of its jobs; `maxCost` is what all of them may cost
    together, and `jobsAtOnce` how many of them have people to call at the same time. It is a draft until its file is
    in (`PUT /campaigns/{id}/contacts`) and it is started (`POST /campaigns/{id}/start`).

    Error codes: `invalid_request`, `invalid_timezone`, `past_scheduled_time`, `phone_number_not_found`,
    `no_outbound_agent`, `quota_exceeded`, `idempotency_conflict`.
    """
    body = await read_small(request)

    async def work(context: CreateContext) -> CampaignCreated:
        read = read_campaign(parse_json(body), context.now)
        await number_to_call_from(phone_numbers, caller, read.request.settings.from_phone_number_id)
        id = context.new_id("campaign")
        await campaigns.create(caller.organization_id, read.request, by=caller.key_id, id=id)
        message = CREATED if read.start_note is None else f"{CREATED} {read.start_note}"
        return CampaignCreated(
            campaign_id=id, status=CampaignStatus.DRAFT, message=message, warnings=list(read.warnings)
        )

    return await idempotent.answer(CampaignCreated, body, work)


@router.get("", operation_id="listCampaigns", responses=errors(400, 401, 503))
async def list_campaigns(caller: MemberDep, query: CampaignQueryDep, campaigns: CampaignsDep) -> CampaignPage:
    """List the organization's campaigns, newest first.

    Error codes: `invalid_status`, `invalid_page`, `invalid_page_size`.
    """
    found = await campaigns.list_page(caller.organization_id, query.status, query.page, query.page_size)
    return CampaignPage(campaigns=[render_campaign(one) for one in found.campaigns], **query.of(found.total))


@router.get("/{id}", operation_id="getCampaign", responses=errors(401, 404, 503))
async def detail(caller: MemberDep, id: CampaignId, reader: CampaignReaderDep) -> CampaignDetail:
    """Look at one campaign: its counts over all jobs, its forecast, its jobs, and the account of its file.

    Error codes: `campaign_not_found`.
    """
    return await reader.read(caller.organization_id, id)


@router.put(
    "/{id}/contacts",
    operation_id="sendCampaignContacts",
    responses=errors(400, 401, 403, 404, 409, 503),
    openapi_extra=FILE_BODY,
)
async def send(
    caller: AdminDep,
    id: CampaignId,
    request: Request,
    query: UploadQueryDep,
    intake: CampaignIntakeDep,
    pool: ForkPoolDep,
    budget: BodyBudgetDep,
    reader: CampaignReaderDep,
) -> CampaignDetail:
    """Send the campaign's file as the body: CSV, read by the rules of a batch job's, of up to 1 GB.

    It is read while it arrives, and what is in stays in. After a broken connection send the same file again: rows that
    are in are not read twice. Or send only what is missing, from the `upload.offset` that `GET /campaigns/{id}` tells,
    with `offset`. A telephone that stands in several rows is called once. Rows that cannot be called are skipped and
    counted in `validation`; `GET /campaigns/{id}/rejects` has them. One file of an organization comes in at a time.

    Error codes: `invalid_csv`, `missing_phone_column`, `too_many_contacts`, `invalid_request`; `upload_conflict` for
    another file than before, another offset, or while another campaign's file comes in; `invalid_status` for one that
    is no draft; `quota_exceeded`, `campaign_not_found`.
    """
    refuse_encodings(request)
    if request.headers.get("content-type", "").startswith("multipart/"):
        raise InvalidRequest(SEND_THE_FILE)
    with budget.share(caller.organization_id) as share:
        contacts = ContactReader(pool, caller.organization_id)
        upload = FileUpload(intake, contacts, share, caller.organization_id, id)
        await upload.take(request, query.offset)
    return await reader.read(caller.organization_id, id)


@router.delete("/{id}", operation_id="deleteCampaign", responses=errors(400, 401, 403, 404, 503))
async def delete(caller: AdminDep, id: CampaignId, campaigns: CampaignsDep) -> CampaignDeleted:
    """Delete a draft, or a campaign that has ended, with its file's contacts that no job has.

    Its jobs stay, and are deleted one by one (`DELETE /batch/jobs/{id}`). It cannot be undone.

    Error codes: `campaign_not_found`; `invalid_status` for one that has not ended.
    """
    try:
        contacts = await campaigns.delete(caller.organization_id, id, by=caller.key_id)
    except WrongCampaignStatus as error:
        raise InvalidStatus(
            f"This campaign is {error.status}, or its jobs have not ended. Cancel it before you delete it."
        ) from None
    return CampaignDeleted(message="The campaign was deleted.", campaign_id=id, contacts_deleted=contacts)
