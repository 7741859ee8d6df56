"""The keys of an organization."""

from typing import Annotated

from fastapi import APIRouter, Path, Request

from api.auth import KEYS, AdminDep, MemberDep
from api.dependencies import ApiKeysDep
from api.http.bodies import read_small
from api.http.errors import Forbidden
from api.http.examples import A_KEY
from api.http.idempotency import REPLAYABLE, CreateContext, IdempotentDep
from api.http.json_body import describe_body, parse_body
from api.http.pagination import PageQueryDep
from api.http.responses import errors
from api.organizations.bodies import NewKey
from api.organizations.schemas import IssuedKeyView, KeyPage, KeyView
from api.organizations.views import render_key
from domain.errors import InvalidRequest
from domain.jobs.models import Caller

EXAMPLE = {"name": "Nightly import", "role": "admin", "expiresAt": "2027-12-31T00:00:00Z"}

router = APIRouter(prefix="/api-keys", tags=["API keys"], dependencies=KEYS)
KeyId = Annotated[str, Path(description="A key's id, not the key.", examples=[A_KEY])]


@router.get("", operation_id="listApiKeys", responses=errors(400, 401, 503))
async def list_keys(caller: MemberDep, query: PageQueryDep, api_keys: ApiKeysDep) -> KeyPage:
    """List the organization's keys, oldest first, never what they are.

    Error codes: `invalid_page`, `invalid_page_size`.
    """
    found = await api_keys.list_page(caller.organization_id, query.page, query.page_size)
    return KeyPage(
        api_keys=[render_key(key) for key in found.keys],
        **query.of(found.total),
    )


@router.post(
    "",
    operation_id="createApiKey",
    responses=errors(400, 401, 403, 409, 503) | REPLAYABLE,
    openapi_extra=describe_body(NewKey, EXAMPLE),
)
async def create_key(
    caller: AdminDep, request: Request, api_keys: ApiKeysDep, idempotent: IdempotentDep
) -> IssuedKeyView:
    """Issue a key. This answer is the only one that shows it.

    Error codes: `invalid_request`; `forbidden` for a role above that of the key that asks, or a validity beyond its
    own; `idempotency_conflict`, also where another key sent this Idempotency-Key; `secrets_unavailable` with an
    Idempotency-Key where this server keeps no secrets.
    """
    content = await read_small(request)
    sent = parse_body(NewKey, content)
    _require_within_own(caller, sent)

    async def create(context: CreateContext) -> IssuedKeyView:
        if sent.expires_at is not None and sent.expires_at <= context.now:
            raise InvalidRequest("expiresAt must be in the future.", [{"field": "expiresAt", "reason": "is past"}])
        id = context.new_id("key")
        issued = await api_keys.create(
            caller.organization_id, sent.role, sent.name, expires_at=sent.expires_at, by=caller.key_id, id=id
        )
        key = await api_keys.get(caller.organization_id, issued.id)
        return IssuedKeyView(**key.model_dump(), key=issued.key)

    return await idempotent.answer(IssuedKeyView, content, create, secret_of=caller.key_id)


def _require_within_own(caller: Caller, wanted: NewKey) -> None:
    """Raises Forbidden for a key that could do more than the one that asks, or outlive it: before any replay."""
    if wanted.role.outranks(caller.role):
        raise Forbidden(f"The key of an {caller.role} cannot give the role {wanted.role}.")
    if caller.expires_at is not None and (wanted.expires_at is None or wanted.expires_at > caller.expires_at):
        until = f"{caller.expires_at:%Y-%m-%dT%H:%M:%SZ}"
        sentence = f"This key expires at {until}, and cannot issue one that is valid for longer: send expiresAt."
        raise Forbidden(sentence, [{"field": "expiresAt", "reason": "is after the expiry of the key that asks"}])


@router.get("/{id}", operation_id="getApiKey", responses=errors(401, 404, 503))
async def get_key(caller: MemberDep, id: KeyId, api_keys: ApiKeysDep) -> KeyView:
    """Look at one key, never at what it is. Error codes: `api_key_not_found`."""
    return render_key(await api_keys.get(caller.organization_id, id))


@router.delete("/{id}", operation_id="revokeApiKey", responses=errors(401, 403, 404, 409, 503))
async def revoke_key(caller: AdminDep, id: KeyId, api_keys: ApiKeysDep) -> KeyView:
    """Revoke a key: from the answer on it is not valid. Idempotent.

    Error codes: `api_key_not_found`; `forbidden` for a role above that of the key that asks; `last_owner_key` where
    no other owner's key would be valid for as long as this one.
    """
    if (await api_keys.get(caller.organization_id, id)).role.outranks(caller.role):
        raise Forbidden(f"The key of an {caller.role} cannot revoke an owner's.")
    await api_keys.revoke(caller.organization_id, id, keep_an_owner=True, by=caller.key_id)
    return render_key(await api_keys.get(caller.organization_id, id))
