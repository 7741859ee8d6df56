"""The credits of an organization: what it has, what is held for whom, and every entry."""

from functools import partial

from fastapi import APIRouter, Request

from api.dependencies import KEYS, CallerDep, PartsDep, PlatformDep
from api.http.bodies import read_small
from api.http.error_responses import errors
from api.http.errors import OrganizationNotFound
from api.http.examples import AN_ORGANIZATION
from api.http.idempotency import TAKES_KEY, CreateContext, PlatformOnceDep
from api.http.json_body import described, parsed
from api.http.openapi import PAGE_QUERY
from api.http.pagination import PageQueryDep
from api.organizations.bodies import TopUp
from api.organizations.schemas import CreditsView, ToppedUp
from api.organizations.views import balance_view, credits_view
from api.parts import Parts
from store import errors as store

EXAMPLE = {"organizationId": AN_ORGANIZATION, "amount": "250.00"}

router = APIRouter(prefix="/organization/credits", tags=["organization"], dependencies=KEYS)


@router.get("", operation_id="getCredits", responses=errors(400, 401, 503), openapi_extra=PAGE_QUERY)
async def get_credits(caller: CallerDep, query: PageQueryDep, parts: PartsDep) -> CreditsView:
    """Look at the organization's credits: the sums, what is held for which job, and a page of the ledger.

    Always `balance` = top-ups − costs, and `free` = `balance` − `held`. Error codes: `invalid_page`,
    `invalid_page_size`.
    """
    return credits_view(await parts.ledger.credits(caller.organization_id, query.page, query.page_size), query)


@router.post(
    "",
    operation_id="topUpCredits",
    tags=["platform"],
    responses=errors(400, 401, 403, 404, 409, 503),
    openapi_extra=described(TopUp, EXAMPLE) | TAKES_KEY,
)
async def top_up(_: PlatformDep, request: Request, parts: PartsDep, once: PlatformOnceDep) -> ToppedUp:
    """Add credits to an organization. With the platform's key only: nobody tops up their own.

    Jobs that wait for credits go on. Error codes: `invalid_request`, `organization_not_found`,
    `idempotency_conflict`.
    """
    content = await read_small(request)
    return await once.answer(ToppedUp, content, partial(_top_up, content, parts))


async def _top_up(content: bytes, parts: Parts, making: CreateContext) -> ToppedUp:
    sent = parsed(TopUp, content)
    try:
        after = await parts.ledger.top_up(sent.organization_id, sent.amount, id=making.new_id("entry"))
    except store.NotFound:
        raise OrganizationNotFound(
            "There is no organization of this id.", [{"field": "organizationId", "reason": "not found"}]
        ) from None
    return ToppedUp(organization_id=after.id, amount=sent.amount, credits=balance_view(after))
