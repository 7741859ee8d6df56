"""Who is calling, and whether they may: API keys, their roles, the platform's key, the tokens of calls."""

import hmac
from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Path, Request
from fastapi.security import APIKeyHeader, HTTPBearer

from api.dependencies import AgentReportsDep, ApiKeysDep, SettingsDep, VaultDep
from api.http.admission import too_many_keys
from api.http.errors import CallNotFound, Forbidden, Unauthorized
from api.http.examples import A_CALL
from api.http.rate_limit import RateLimitDep
from api.unknown_keys import UnknownKeys, UnknownKeysDep
from domain.jobs.models import Caller
from domain.statuses import Role
from settings import Settings
from store.organizations.api_keys import ApiKeys

TOKEN_LIFETIME = timedelta(hours=24)  # of a call's token, after the call
URL_TOKEN_LIFETIME = timedelta(minutes=15)  # of one that came in the query of a TwiML address, which servers log
NO_KEY = "Send an API key: `Authorization: Bearer <key>` or `x-api-key: <key>`."
WRONG_KEY = "This API key is not known, or was revoked."
MEMBER = "A member's key may only read. Use the key of an owner or admin."
PLATFORMS = "The platform's key belongs to no organization. Use a key of the organization."
PLATFORM_ONLY = "Only the platform's key may do this."
PLATFORM = "platform"  # the caller that belongs to no organization, where requests are counted

# They only describe the two forms for the OpenAPI page; `authenticate` reads them.
BEARER = HTTPBearer(auto_error=False, scheme_name="bearer", description="`Authorization: Bearer <key>`")
API_KEY = APIKeyHeader(name="x-api-key", auto_error=False, scheme_name="apiKey")
KEYS = [Depends(BEARER), Depends(API_KEY)]


async def authenticate(
    request: Request, api_keys: ApiKeysDep, settings: SettingsDep, unknown: UnknownKeysDep
) -> Caller:
    """Whose key it is, looked up each time: a revoked key is refused from then on. Raises Unauthorized, RateLimited."""
    key = _sent_key(request)
    if key is None:
        raise Unauthorized(NO_KEY)
    found = await find_caller(request, key, api_keys, unknown)
    if found is None:
        raise Unauthorized(PLATFORMS if _is_platform_key(key, settings) else WRONG_KEY)
    return found


async def find_caller(request: Request, key: str, api_keys: ApiKeys, unknown: UnknownKeys) -> Caller | None:
    """Whose key it is, looked up where that is not known without; None: it is nobody's. Raises RateLimited."""
    source = request.client.host if request.client else ""
    if unknown.is_unknown(key):
        unknown.refused(source)
        return None
    if seconds := unknown.seconds_to_wait(key, source):
        raise too_many_keys(seconds)
    found = await api_keys.find_caller(key)
    if found is None:
        unknown.not_found(key, source)
    else:
        unknown.found(key)
    return found


AuthenticatedDep = Annotated[Caller, Depends(authenticate)]


async def require_member(caller: AuthenticatedDep, limit: RateLimitDep) -> Caller:
    """A caller who may read. Raises Unauthorized, RateLimited."""
    await limit.count(caller.key_id, caller.organization_id)
    return caller


async def require_admin(caller: AuthenticatedDep, limit: RateLimitDep) -> Caller:
    """A caller who may change things: an admin or owner. Raises Unauthorized, Forbidden, RateLimited: in this order."""
    if not caller.role.may_change:
        raise Forbidden(MEMBER)
    await limit.count(caller.key_id, caller.organization_id)
    return caller


async def require_platform(
    request: Request, api_keys: ApiKeysDep, settings: SettingsDep, limit: RateLimitDep, unknown: UnknownKeysDep
) -> None:
    """Whoever runs this installation. Raises Unauthorized, Forbidden for an organization's key, RateLimited."""
    key = _sent_key(request)
    if key is None:
        raise Unauthorized(NO_KEY)
    if not _is_platform_key(key, settings):
        if await find_caller(request, key, api_keys, unknown) is not None:
            raise Forbidden(PLATFORM_ONLY)
        raise Unauthorized(WRONG_KEY)
    await limit.count(PLATFORM)


async def require_call_agent(
    id: Annotated[str, Path(description="A call's id.", examples=[A_CALL])],
    request: Request,
    vault: VaultDep,
    reports: AgentReportsDep,
    api_keys: ApiKeysDep,
    settings: SettingsDep,
    limit: RateLimitDep,
    unknown: UnknownKeysDep,
) -> Caller:
    """The agent of the call that the path names, with the token of that call; or an owner or admin.

    Raises Unauthorized, Forbidden, RateLimited; CallNotFound for a token whose call is gone, or ended too long ago.
    """
    key = _sent_key(request)
    if key is None or not vault.is_call_token(id, key):
        return await require_admin(await authenticate(request, api_keys, settings, unknown), limit)
    await limit.count(id)
    organization_id = await reports.find_organization(
        id, ended_within=TOKEN_LIFETIME, twiml_ended_within=URL_TOKEN_LIFETIME
    )
    if organization_id is None:
        raise CallNotFound("There is no call of this id.")
    return Caller(key_id=id, organization_id=organization_id, role=Role.MEMBER)


MemberDep = Annotated[Caller, Depends(require_member)]
AdminDep = Annotated[Caller, Depends(require_admin)]
PlatformDep = Annotated[None, Depends(require_platform)]
CallAgentDep = Annotated[Caller, Depends(require_call_agent)]


def _sent_key(request: Request) -> str | None:
    """The key of a request, in either form."""
    scheme, _, token = request.headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return request.headers.get("x-api-key", "").strip() or None


def _is_platform_key(key: str, settings: Settings) -> bool:
    """Whether it is the one key that belongs to no organization; takes as long whatever it is."""
    platforms = settings.platform_key.get_secret_value()
    return bool(platforms) and hmac.compare_digest(platforms.encode(), key.encode(errors="surrogatepass"))
