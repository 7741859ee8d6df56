"""Numbers and trunks that an organization may use on carrier accounts that others use too."""

from typing import Annotated

from fastapi import APIRouter, Path, Request

from api.auth import KEYS, PLATFORM, MemberDep, PlatformDep
from api.dependencies import CarrierGrantsDep, OrganizationsDep
from api.http.bodies import read_small
from api.http.examples import A_GRANT, AN_ORGANIZATION
from api.http.idempotency import REPLAYABLE, CreateContext, PlatformIdempotentDep
from api.http.json_body import describe_body, parse_body
from api.http.responses import Removed, errors
from api.organizations.bodies import NewGrant
from api.organizations.schemas import GrantList, GrantView
from domain.errors import InvalidRequest
from store.organizations.carrier_grants import CarrierGrant, Resource

EXAMPLE = {"carrier": "twilio", "number": "+12025550171"}
ONE_OF_TWO = "must be sent without trunk, or trunk without number"

router = APIRouter(dependencies=KEYS)
OrganizationId = Annotated[str, Path(description="An organization's id.", examples=[AN_ORGANIZATION])]
GrantId = Annotated[str, Path(alias="grantId", description="A grant's id.", examples=[A_GRANT])]


@router.get(
    "/organization/carrier-grants",
    tags=["organization"],
    operation_id="listOwnCarrierGrants",
    responses=errors(401, 503),
)
async def list_own(caller: MemberDep, grants: CarrierGrantsDep) -> GrantList:
    """List the numbers and trunks of the service's carrier accounts that the organization may use."""
    return _render(await grants.list_all(caller.organization_id))


@router.get(
    "/organizations/{id}/carrier-grants",
    tags=["platform"],
    operation_id="listCarrierGrants",
    responses=errors(401, 403, 404, 503),
)
async def list_grants(
    _: PlatformDep, id: OrganizationId, grants: CarrierGrantsDep, organizations: OrganizationsDep
) -> GrantList:
    """List what an organization may use. With the platform's key only. Error codes: `organization_not_found`."""
    await organizations.get(id)
    return _render(await grants.list_all(id))


@router.post(
    "/organizations/{id}/carrier-grants",
    tags=["platform"],
    operation_id="createCarrierGrant",
    responses=errors(400, 401, 403, 404, 409, 503) | REPLAYABLE,
    openapi_extra=describe_body(NewGrant, EXAMPLE),
)
async def create_grant(
    _: PlatformDep, id: OrganizationId, request: Request, grants: CarrierGrantsDep, idempotent: PlatformIdempotentDep
) -> GrantView:
    """Let an organization call from a number, or over a trunk, of the service's account at a carrier.

    A number belongs to one organization at each carrier, a trunk may be granted to several. With the platform's key
    only. Idempotent. Error codes: `invalid_request`, `organization_not_found`, `granted_to_another`,
    `idempotency_conflict`.
    """
    content = await read_small(request)

    async def create(context: CreateContext) -> GrantView:
        resource = _read_resource(parse_body(NewGrant, content))
        created = await grants.create(id, resource, by=PLATFORM, id=context.new_id("grant"))
        return GrantView(**created.model_dump())

    return await idempotent.answer(GrantView, content, create)


@router.delete(
    "/organizations/{id}/carrier-grants/{grantId}",
    tags=["platform"],
    operation_id="revokeCarrierGrant",
    responses=errors(401, 403, 404, 409, 503),
)
async def revoke_grant(_: PlatformDep, id: OrganizationId, grant_id: GrantId, grants: CarrierGrantsDep) -> Removed:
    """Take a number or trunk back: no new job calls with it. With the platform's key only.

    Error codes: `grant_not_found`; `in_use` while a job that has not ended calls with it.
    """
    await grants.revoke(id, grant_id, by=PLATFORM)
    return Removed(id=grant_id)


def _read_resource(sent: NewGrant) -> Resource:
    if sent.number is not None and sent.trunk is None:
        return Resource.of_number(sent.carrier, sent.number)
    if sent.trunk is not None and sent.number is None:
        return Resource.of_trunk(sent.carrier, sent.trunk)
    raise InvalidRequest(f"number {ONE_OF_TWO}.", [{"field": "number", "reason": ONE_OF_TWO}])


def _render(found: list[CarrierGrant]) -> GrantList:
    return GrantList(grants=[GrantView(**one.model_dump()) for one in found], total=len(found))
