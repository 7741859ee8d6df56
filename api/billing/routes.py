"""The credits of an organization: what it has, what is held for whom, and every entry."""

from fastapi import APIRouter, Request

from api.auth import KEYS, MemberDep, PlatformDep
from api.billing.schemas import CreditsView, ToppedUp, TopUp, render_balance, render_credits
from api.dependencies import LedgerDep
from api.http.bodies import read_small
from api.http.examples import AN_ORGANIZATION
from api.http.idempotency import REPLAYABLE, CreateContext, PlatformIdempotentDep
from api.http.json_body import describe_body, parse_body
from api.http.pagination import PageQueryDep
from api.http.responses import errors

EXAMPLE = {"organizationId": AN_ORGANIZATION, "amount": "250.00"}

router = APIRouter(prefix="/organization/credits", tags=["organization"], dependencies=KEYS)


@router.get("", operation_id="getCredits", responses=errors(400, 401, 503))
async def get_credits(caller: MemberDep, query: PageQueryDep, ledger: LedgerDep) -> CreditsView:
    """Look at the organization's credits: the sums, what is held for which job, and a page of the ledger.

    Always `balance` = top-ups − costs, and `free` = `balance` − `held`. Error codes: `invalid_page`,
    `invalid_page_size`.
    """
    return render_credits(await ledger.read_credits(caller.organization_id, query.page, query.page_size), query)


@router.post(
    "",
    operation_id="topUpCredits",
    tags=["platform"],
    responses=errors(400, 401, 403, 404, 409, 503) | REPLAYABLE,
    openapi_extra=describe_body(TopUp, EXAMPLE),
)
async def top_up(_: PlatformDep, request: Request, ledger: LedgerDep, idempotent: PlatformIdempotentDep) -> ToppedUp:
    """Add credits to an organization. With the platform's key only: nobody tops up their own.

    Jobs that wait for credits go on. Error codes: `invalid_request`, `organization_not_found`,
    `idempotency_conflict`.
    """
    content = await read_small(request)

    async def create(context: CreateContext) -> ToppedUp:
        sent = parse_body(TopUp, content)
        after = await ledger.top_up(sent.organization_id, sent.amount, id=context.new_id("entry"))
        return ToppedUp(organization_id=after.id, amount=sent.amount, credits=render_balance(after))

    return await idempotent.answer(ToppedUp, content, create)
