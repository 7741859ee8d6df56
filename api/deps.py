"""What routes may ask for, as annotated types: the parts of the process, and who is calling."""

import re
from typing import Annotated

from fastapi import Depends, Path, Request
from fastapi.security import APIKeyHeader, HTTPBearer

from api.errors import Forbidden, JobNotFound, Unauthorized
from api.parts import Parts
from domain.jobs import Caller

ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
LONGEST_KEY = 512
AN_ID = "batch_0123456789abcdef01234567"

NO_KEY = "Send an API key: `Authorization: Bearer <key>` or `x-api-key: <key>`."
WRONG_KEY = "This API key is not known, or was revoked."
MEMBER = "A member's key may only read. Use the key of an owner or admin."

# They only describe the two forms for the OpenAPI page; `caller` reads them.
BEARER = HTTPBearer(auto_error=False, scheme_name="bearer", description="`Authorization: Bearer <key>`")
API_KEY = APIKeyHeader(name="x-api-key", auto_error=False, scheme_name="apiKey")
KEYS = [Depends(BEARER), Depends(API_KEY)]


async def parts(request: Request) -> Parts:
    """The parts of the process. Not a plain function: FastAPI would run that in a thread, for every request."""
    found: Parts = request.app.state.parts
    return found


PartsDep = Annotated[Parts, Depends(parts)]


async def caller(request: Request, parts: PartsDep) -> Caller:
    """Who calls, looked up each time: a revoked key is refused from then on. Raises Unauthorized."""
    key = _key(request)
    if key is None:
        raise Unauthorized(NO_KEY)
    found = await parts.directory.caller(key) if len(key) <= LONGEST_KEY else None
    if found is None:
        raise Unauthorized(WRONG_KEY)
    return found


def _key(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return request.headers.get("x-api-key", "").strip() or None


CallerDep = Annotated[Caller, Depends(caller)]


async def changer(caller: CallerDep) -> Caller:
    """A caller who may change things. Raises Unauthorized, Forbidden."""
    if not caller.role.may_change:
        raise Forbidden(MEMBER)
    return caller


ChangerDep = Annotated[Caller, Depends(changer)]


async def call_speaker(caller: ChangerDep) -> Caller:
    """Who may speak for the call that the path names. Raises Unauthorized, Forbidden."""
    return caller


CallSpeakerDep = Annotated[Caller, Depends(call_speaker)]


async def job_id(id: Annotated[str, Path(description="A job's id.", examples=[AN_ID])]) -> str:
    """The id in the path; what cannot be one names no job. Raises JobNotFound."""
    if not ID.fullmatch(id):
        raise job_not_found(id)
    return id


def job_not_found(id: str) -> JobNotFound:
    return JobNotFound(f"There is no batch job {id}." if ID.fullmatch(id) else "There is no batch job of this id.")


JobId = Annotated[str, Depends(job_id)]
