"""Organizations, for whoever runs this installation: with the platform's key."""

from fastapi import APIRouter, Request

from api.auth import KEYS, PLATFORM, PlatformDep
from api.dependencies import ApiKeysDep, OrganizationsDep
from api.http.bodies import read_small
from api.http.idempotency import REPLAYABLE, CreateContext, PlatformIdempotentDep
from api.http.json_body import describe_body, parse_body
from api.http.pagination import PlatformSearchDep
from api.http.responses import errors
from api.organizations.bodies import NewOrganization
from api.organizations.schemas import CreatedOrganization, OrganizationPage
from api.organizations.views import render_organization
from domain.statuses import Role

EXAMPLE = {"name": "Clinic", "concurrentCallLimit": 20, "credits": "100.00"}

router = APIRouter(prefix="/organizations", tags=["platform"], dependencies=KEYS)


@router.post(
    "",
    operation_id="createOrganization",
    responses=errors(400, 401, 403, 409, 503) | REPLAYABLE,
    openapi_extra=describe_body(NewOrganization, EXAMPLE),
)
async def create_organization(
    _: PlatformDep,
    request: Request,
    organizations: OrganizationsDep,
    api_keys: ApiKeysDep,
    idempotent: PlatformIdempotentDep,
) -> CreatedOrganization:
    """Create an organization and the key of its owner, which is shown this once. With the platform's key only.

    Error codes: `invalid_request`, `idempotency_conflict`, `secrets_unavailable`.
    """
    content = await read_small(request)

    async def create(context: CreateContext) -> CreatedOrganization:
        sent = parse_body(NewOrganization, content)
        created = await organizations.create(
            sent.name,
            sent.concurrent_call_limit,
            sent.credits,
            allowed_countries=sent.allowed_countries,
            id=context.new_id("org"),
        )
        issued = await api_keys.create(created.id, Role.OWNER, "owner", by=PLATFORM, id=context.new_id("key"))
        shown = render_organization(created).model_dump(by_alias=False)
        return CreatedOrganization(**shown, owner_key_id=issued.id, owner_key=issued.key)

    return await idempotent.answer(CreatedOrganization, content, create, secret_of=PLATFORM)


@router.get("", operation_id="listOrganizations", responses=errors(400, 401, 403, 503))
async def list_organizations(
    _: PlatformDep, query: PlatformSearchDep, organizations: OrganizationsDep
) -> OrganizationPage:
    """List all organizations, oldest first; `search` in their names. With the platform's key only.

    Error codes: `invalid_page`, `invalid_page_size`.
    """
    found = await organizations.list_page(query.search, query.page, query.page_size)
    return OrganizationPage(
        organizations=[render_organization(organization) for organization in found.organizations],
        **query.of(found.total),
    )
