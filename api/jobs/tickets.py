"""Tickets for a stream of events: an `EventSource` in a page sends no headers, and a key in an address is logged."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Depends, Query, Request
from pydantic import Field, WithJsonSchema

from api.auth import authenticate, require_member
from api.dependencies import ApiKeysDep, SettingsDep, VaultDep
from api.http.errors import Unauthorized
from api.http.rate_limit import RateLimitDep
from api.jobs.lookup import JobId
from api.unknown_keys import UnknownKeysDep
from domain.jobs.models import Caller
from domain.json_model import JsonModel, Timestamp
from domain.statuses import Role
from store.db.vault import Vault
from store.errors import Unreadable

LIFETIME = timedelta(minutes=1)  # to open a stream; an open one lasts as long as any
KIND = "events"  # what the vault seals besides is nothing of the kind
NO_TICKET = "This ticket is not valid for this job, or no longer: ask for a new one."


class EventTicket(JsonModel):
    """Opens the stream of one job, without a key, until it expires."""

    ticket: str = Field(description="For `GET /batch/jobs/{id}/events?ticket=…`.", examples=["gAAAAABm…"])
    expires_at: Timestamp = Field(description="A stream that is open then goes on.")


def issue_ticket(vault: Vault, caller: Caller, job_id: str) -> EventTicket:
    """A ticket for what the caller's key may watch. Raises NoSecret."""
    expires_at = datetime.now(UTC).replace(microsecond=0) + LIFETIME
    parts = (KIND, job_id, caller.organization_id, caller.key_id, str(int(expires_at.timestamp())))
    return EventTicket(ticket=vault.seal("\n".join(parts)), expires_at=expires_at)


def read_ticket(vault: Vault, ticket: str, job_id: str) -> Caller:
    """Whose ticket it is, who may read and no more. Raises Unauthorized, NoSecret."""
    try:
        parts = vault.open(ticket).split("\n")
    except (Unreadable, ValueError):
        raise Unauthorized(NO_TICKET) from None
    if len(parts) != 5 or parts[:2] != [KIND, job_id] or int(parts[4]) <= datetime.now(UTC).timestamp():
        raise Unauthorized(NO_TICKET)
    _, _, organization_id, key_id, _ = parts
    return Caller(key_id=key_id, organization_id=organization_id, role=Role.MEMBER)


Ticket = Annotated[
    str | None,
    WithJsonSchema({"type": "string"}),
    Query(description="In place of a key: of `POST /batch/jobs/{id}/events/ticket`."),
]


async def require_watcher(
    request: Request,
    id: JobId,
    api_keys: ApiKeysDep,
    settings: SettingsDep,
    unknown: UnknownKeysDep,
    limit: RateLimitDep,
    vault: VaultDep,
    ticket: Ticket = None,
) -> Caller:
    """Who may read, by a key or by a ticket of a key that is still valid. Raises Unauthorized, RateLimited."""
    if ticket is None:
        return await require_member(await authenticate(request, api_keys, settings, unknown), limit)
    caller = read_ticket(vault, ticket, id)
    await limit.count(caller.key_id, caller.organization_id)
    if caller.key_id not in await api_keys.find_valid([caller.key_id]):
        raise Unauthorized(NO_TICKET)
    return caller


WatcherDep = Annotated[Caller, Depends(require_watcher)]
