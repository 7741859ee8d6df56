"""The numbers that an organization calls from."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request

from api.auth import KEYS, AdminDep, MemberDep
from api.dependencies import CarriersDep, PhoneNumbersDep, VaultDep
from api.http.bodies import read_small
from api.http.errors import AgentNotFound, PhoneNumberNotFound, SecretsUnavailable
from api.http.examples import A_NUMBER, AN_AGENT
from api.http.idempotency import REPLAYABLE, CreateContext, IdempotentDep
from api.http.json_body import describe_body, describe_change, parse_body, validate_value
from api.http.pagination import SearchQueryDep
from api.http.responses import Removed, errors
from api.organizations.bodies import ChangedPhoneNumber, NewPhoneNumber
from api.organizations.schemas import PhoneNumberPage, PhoneNumberView
from api.organizations.views import render_phone_number
from carriers.registry import number_settings
from domain.errors import InvalidRequest
from domain.jobs.models import PhoneNumber
from store import errors as store
from store.db.vault import Vault
from store.organizations.phone_numbers import TWILIO, PhoneNumberChange, PhoneNumbers

EXAMPLE = {
    "number": "+12025550171",
    "label": "Main",
    "outboundAgentId": AN_AGENT,
    "callsPerSecond": 1,
    "carrier": "twilio",
    "carrierSettings": {"accountSid": "AC0123456789abcdef0123456789abcdef", "authToken": "0123456789abcdef"},
}
NO_NUMBER = "There is no phone number of this id."
NO_AGENT = "There is no agent of this id."
NO_SECRET = "This server keeps no secrets (OUTDIAL_SECRET is not set), so that it cannot keep carrier settings."  # noqa: S105

router = APIRouter(prefix="/phone-numbers", tags=["phone numbers"], dependencies=KEYS)
PhoneNumberId = Annotated[str, Path(description="A number's id.", examples=[A_NUMBER])]


@router.get("", operation_id="listPhoneNumbers", responses=errors(400, 401, 503))
async def list_phone_numbers(
    caller: MemberDep, query: SearchQueryDep, phone_numbers: PhoneNumbersDep
) -> PhoneNumberPage:
    """List the numbers that the organization calls from, oldest first; `search` in number or label.

    Error codes: `invalid_page`, `invalid_page_size`.
    """
    found = await phone_numbers.list_page(caller.organization_id, query.search, query.page, query.page_size)
    return PhoneNumberPage(
        phone_numbers=[render_phone_number(number) for number in found.phone_numbers],
        **query.of(found.total),
    )


@router.post(
    "",
    operation_id="createPhoneNumber",
    responses=errors(400, 401, 403, 404, 409, 503) | REPLAYABLE,
    openapi_extra=describe_body(NewPhoneNumber, EXAMPLE),
)
async def create_phone_number(
    caller: AdminDep,
    request: Request,
    phone_numbers: PhoneNumbersDep,
    carriers: CarriersDep,
    vault: VaultDep,
    idempotent: IdempotentDep,
) -> PhoneNumberView:
    """Add a number to call from: one that is granted to your organization, or of an account of your own.

    `carrierSettings` are the number's own at its carrier: `{"accountSid": …, "authToken": …}` at Twilio,
    `{"trunk": "PJSIP/{number}@trunk2"}` at Asterisk. They are kept encrypted and never shown again.

    Error codes: `invalid_request`, `agent_not_found`,
    `not_granted` for a number or trunk of the service's accounts that whoever runs it has not granted,
    `idempotency_conflict`, `secrets_unavailable` where this server keeps no secrets.
    """
    content = await read_small(request)

    async def create(context: CreateContext) -> PhoneNumberView:
        sent = parse_body(NewPhoneNumber, content)
        _require_carrier(sent.carrier, carriers)
        sealed, trunk = _seal(sent.carrier, sent.carrier_settings, vault)
        with _agent_of_the_body():
            created = await phone_numbers.create(
                caller.organization_id,
                sent.number,
                agent_id=sent.outbound_agent_id,
                label=sent.label or None,
                calls_per_second=sent.calls_per_second,
                carrier_account_id=sent.carrier,
                sealed_settings=sealed,
                trunk=trunk,
                by=caller.key_id,
                id=context.new_id("phone"),
            )
        return render_phone_number(created)

    return await idempotent.answer(PhoneNumberView, content, create)


@router.get("/{id}", operation_id="getPhoneNumber", responses=errors(401, 404, 503))
async def get_phone_number(caller: MemberDep, id: PhoneNumberId, phone_numbers: PhoneNumbersDep) -> PhoneNumberView:
    """Look at one number. Error codes: `phone_number_not_found`."""
    return render_phone_number(await _phone_number(phone_numbers, caller.organization_id, id))


@router.patch(
    "/{id}",
    operation_id="changePhoneNumber",
    responses=errors(400, 401, 403, 404, 409, 503),
    openapi_extra=describe_change(ChangedPhoneNumber, {"outboundAgentId": AN_AGENT, "callsPerSecond": 5}),
)
async def change_phone_number(
    caller: AdminDep, id: PhoneNumberId, request: Request, phone_numbers: PhoneNumbersDep, vault: VaultDep
) -> PhoneNumberView:
    """Change a number; what is not sent stays.

    `outboundAgentId` holds for jobs to come (null: none can call from it), `callsPerSecond` for all calls from now
    on. `carrierSettings` hold for calls to come, and cannot be replaced while calls through them are live. Error codes:
    `invalid_request`,
    `not_granted`, `phone_number_not_found`, `agent_not_found`, `in_use`, `secrets_unavailable`.
    """
    sent = parse_body(ChangedPhoneNumber, await read_small(request))
    if "carrier_settings" in sent.model_fields_set:
        number = await _phone_number(phone_numbers, caller.organization_id, id)
        sealed, trunk = _seal(number.carrier, sent.carrier_settings, vault)
        await phone_numbers.change_carrier_settings(
            caller.organization_id, id, number.carrier, sealed, trunk, by=caller.key_id
        )
    change = PhoneNumberChange(**sent.model_dump(include=sent.model_fields_set - {"carrier_settings"}))
    with _agent_of_the_body():
        return render_phone_number(await phone_numbers.change(caller.organization_id, id, change, by=caller.key_id))


@router.delete("/{id}", operation_id="removePhoneNumber", responses=errors(401, 403, 404, 409, 503))
async def remove_phone_number(caller: AdminDep, id: PhoneNumberId, phone_numbers: PhoneNumbersDep) -> Removed:
    """Remove a number. What ended jobs tell of it stays.

    Error codes: `phone_number_not_found`; `in_use` while a job that has not ended calls from it.
    """
    await phone_numbers.remove(caller.organization_id, id, by=caller.key_id)
    return Removed(id=id)


async def _phone_number(phone_numbers: PhoneNumbers, organization_id: str, id: str) -> PhoneNumber:
    found = await phone_numbers.find(organization_id, id)
    if found is None:
        raise PhoneNumberNotFound(NO_NUMBER)
    return found


@contextmanager
def _agent_of_the_body() -> Iterator[None]:
    """An agent that is not there was named by a field of the request."""
    try:
        yield
    except store.NotFound as error:
        if error.what != "agent":
            raise
        raise AgentNotFound(NO_AGENT, [_blame("outboundAgentId", "not found")]) from None


def _require_carrier(carrier: str, carriers: Collection[str]) -> None:
    """Raises InvalidRequest where this server does not call through the carrier."""
    names = {TWILIO, *carriers}
    if carrier not in names:
        reason = f"must be one of {', '.join(sorted(names))}"
        raise InvalidRequest(f"This server does not call through {carrier}.", [_blame("carrier", reason)])


def _blame(field: str, reason: str) -> dict[str, str]:
    return {"field": field, "reason": reason}


def _seal(carrier: str, sent: dict[str, Any] | None, vault: Vault) -> tuple[str | None, str | None]:
    """Settings as they are kept, and the shared trunk that they name, if they do.

    Raises InvalidRequest where the carrier has no such settings, SecretsUnavailable.
    """
    if sent is None:
        return None, None
    kind = number_settings(carrier)
    if kind is None:
        reason = f"{carrier} has none"
        raise InvalidRequest("This carrier has no settings of single numbers.", [_blame("carrierSettings", reason)])
    settings = validate_value(kind, sent, "carrierSettings")
    try:
        return vault.seal(settings.model_dump_json(by_alias=True)), settings.shared_trunk
    except store.NoSecret:
        raise SecretsUnavailable(NO_SECRET) from None
