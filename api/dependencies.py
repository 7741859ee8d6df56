"""What routes may ask for, as annotated types: the parts of the process, and who is calling."""

import hmac
import re
from typing import Annotated

from fastapi import Depends, Path, Request
from fastapi.security import APIKeyHeader, HTTPBearer

from api.http.errors import CallNotFound, Forbidden, JobNotFound, Unauthorized
from api.http.rate_limit import keep_to_limit
from api.parts import Parts
from domain.jobs.models import Caller
from domain.statuses import Role

ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
MAX_KEY_LENGTH = 512
AN_ID = "batch_0123456789abcdef01234567"
A_CALL = "call_0123456789abcdef01234567"

NO_KEY = "Send an API key: `Authorization: Bearer <key>` or `x-api-key: <key>`."
WRONG_KEY = "This API key is not known, or was revoked."
MEMBER = "A member's key may only read. Use the key of an owner or admin."
PLATFORMS = "The platform's key belongs to no organization. Use a key of the organization."
PLATFORM_ONLY = "Only the platform's key may do this."
PLATFORM = "platform"  # the caller that belongs to no organization, where requests are counted

# They only describe the two forms for the OpenAPI page; `caller` reads them.
BEARER = HTTPBearer(auto_error=False, scheme_name="bearer", description="`Authorization: Bearer <key>`")
API_KEY = APIKeyHeader(name="x-api-key", auto_error=False, scheme_name="apiKey")
KEYS = [Depends(BEARER), Depends(API_KEY)]


async def parts(request: Request) -> Parts:
    """The parts of the process. Not a plain function: FastAPI would run that in a thread, for every request."""
    found: Parts = request.app.state.parts
    return found


PartsDep = Annotated[Parts, Depends(parts)]


async def known(request: Request, parts: PartsDep) -> Caller:
    """Who calls, looked up each time: a revoked key is refused from then on. Raises Unauthorized."""
    key = sent_key(request)
    if key is None:
        raise Unauthorized(NO_KEY)
    found = await parts.directory.caller(key) if len(key) <= MAX_KEY_LENGTH else None
    if found is None:
        raise Unauthorized(PLATFORMS if is_platform_key(key, parts) else WRONG_KEY)
    return found


def sent_key(request: Request) -> str | None:
    """The key of a request, in either form."""
    scheme, _, token = request.headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return request.headers.get("x-api-key", "").strip() or None


def is_platform_key(key: str, parts: Parts) -> bool:
    """Whether it is the one key that belongs to no organization; takes as long whatever it is."""
    platforms = parts.settings.platform_key.get_secret_value()
    return bool(platforms) and hmac.compare_digest(platforms.encode(), key.encode(errors="surrogatepass"))


KnownDep = Annotated[Caller, Depends(known)]


async def caller(known: KnownDep, request: Request, parts: PartsDep) -> Caller:
    """Who calls, within the limit of requests. Raises Unauthorized, RateLimited."""
    await keep_to_limit(request, parts, known.key_id)
    return known


CallerDep = Annotated[Caller, Depends(caller)]


async def changer(known: KnownDep, request: Request, parts: PartsDep) -> Caller:
    """A caller who may change things. Raises Unauthorized, Forbidden, RateLimited: in this order."""
    if not known.role.may_change:
        raise Forbidden(MEMBER)
    await keep_to_limit(request, parts, known.key_id)
    return known


ChangerDep = Annotated[Caller, Depends(changer)]


async def platform(request: Request, parts: PartsDep) -> None:
    """Whoever runs this installation. Raises Unauthorized, Forbidden for an organization's key, RateLimited."""
    key = sent_key(request)
    if key is None:
        raise Unauthorized(NO_KEY)
    if not is_platform_key(key, parts):
        if len(key) <= MAX_KEY_LENGTH and await parts.directory.caller(key) is not None:
            raise Forbidden(PLATFORM_ONLY)
        raise Unauthorized(WRONG_KEY)
    await keep_to_limit(request, parts, PLATFORM)


PlatformDep = Annotated[None, Depends(platform)]


async def call_speaker(
    id: Annotated[str, Path(description="A call's id.", examples=[A_CALL])], request: Request, parts: PartsDep
) -> Caller:
    """Who may speak for the call that the path names: its agent, with the token of that call, or an owner or admin.

    Raises Unauthorized, Forbidden, RateLimited; CallNotFound for a token whose call is gone.
    """
    key = sent_key(request)
    if key is None or not parts.vault.is_call_token(id, key):
        return await changer(await known(request, parts), request, parts)
    await keep_to_limit(request, parts, id)
    organization_id = await parts.conversations.find_organization(id)
    if organization_id is None:
        raise CallNotFound("There is no call of this id.")
    return Caller(key_id=id, organization_id=organization_id, role=Role.MEMBER)


CallSpeakerDep = Annotated[Caller, Depends(call_speaker)]


async def job_id(id: Annotated[str, Path(description="A job's id.", examples=[AN_ID])]) -> str:
    """The id in the path; what cannot be one names no job. Raises JobNotFound."""
    if not ID.fullmatch(id):
        raise job_not_found(id)
    return id


def job_not_found(id: str) -> JobNotFound:
    return JobNotFound(f"There is no batch job {id}." if ID.fullmatch(id) else "There is no batch job of this id.")


JobId = Annotated[str, Depends(job_id)]
