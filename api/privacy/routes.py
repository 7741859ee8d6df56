"""A person asks: what do you have of me; forget me.

Numbers are in bodies, never in an address: proxies and browsers write addresses down.
"""

from typing import Annotated

from fastapi import APIRouter, Path, Request

from api.auth import KEYS, AdminDep, MemberDep
from api.dependencies import AuditLogDep, ForgettingDep, PersonalDataDep
from api.http.bodies import read_small
from api.http.json_body import describe_body, parse_body
from api.http.responses import errors
from api.jobs.in_flight import CallStopperDep
from api.jobs.nudge import NudgesDep
from api.privacy.schemas import RECEIPT, ErasureReceipt, Person, StoredData, render_receipt
from domain.audit import Action
from store.calls.in_flight import CallScope

EXAMPLE = {"phone": "+12025550101"}

router = APIRouter(prefix="/privacy", tags=["privacy"], dependencies=KEYS)

ReceiptId = Annotated[str, Path(alias="id", description="Of the answer to forgetting.", examples=[RECEIPT])]


@router.post(
    "/forget",
    operation_id="forgetPerson",
    responses=errors(400, 401, 403, 409, 503),
    openapi_extra=describe_body(Person, EXAMPLE),
)
async def forget(
    caller: AdminDep,
    request: Request,
    forgetting: ForgettingDep,
    stopper: CallStopperDep,
    nudges: NudgesDep,
) -> ErasureReceipt:
    """Forget a person: erase all that the organization has of a telephone, in every writing of its number.

    From the answer on, whatever it is, nobody calls the number: contacts that wait end as `blocked`, and files that
    have it later do not call it either. While a call with the person is live the answer is 409: it goes on, and the
    request is sent again when it has ended. Carriers delete their calls and recordings afterwards: the receipt says
    what is still pending. Sent again it erases what has come since, with a receipt of its own.

    Error codes: `invalid_request`, `invalid_phone_format`, `person_on_the_phone`.
    """
    person, mine = parse_body(Person, await read_small(request)), caller.organization_id
    nudges.jobs(await forgetting.suppress(mine, person.phone, by=caller.key_id))
    not_stopped = await stopper.wait(CallScope(organization_id=mine, numbers=(person.phone,)))
    return render_receipt(await forgetting.forget(mine, person.phone, by=caller.key_id), not_stopped)


@router.get("/requests/{id}", operation_id="getErasureReceipt", responses=errors(401, 404, 503))
async def get_receipt(caller: MemberDep, receipt_id: ReceiptId, forgetting: ForgettingDep) -> ErasureReceipt:
    """Look at a receipt as it stands now: what carriers have deleted since. Error codes: `not_found`."""
    return render_receipt(await forgetting.find(caller.organization_id, receipt_id))


@router.post(
    "/export",
    operation_id="exportPerson",
    responses=errors(400, 401, 403, 503),
    openapi_extra=describe_body(Person, EXAMPLE),
)
async def export(
    caller: AdminDep, request: Request, personal_data: PersonalDataDep, audit_log: AuditLogDep
) -> StoredData:
    """Read all that the organization has of a telephone, in every writing of its number. That it was read is recorded.

    Not GET: the number would stand in the address, which proxies log. Error codes: `invalid_request`,
    `invalid_phone_format`.
    """
    person = parse_body(Person, await read_small(request))
    found = await personal_data.read(caller.organization_id, person.phone)
    await audit_log.record(
        caller.organization_id,
        Action.PERSON_EXPORTED,
        by=caller.key_id,
        details={"contacts": len(found.contacts), "calls": len(found.calls)},
    )
    return StoredData(**found.model_dump())
