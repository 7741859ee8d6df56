"""Why no call of an organization starts, and closing and opening its numbers."""

from fastapi import APIRouter

from api.auth import KEYS, AdminDep, MemberDep
from api.dependencies import GatesDep, OrganizationsDep, OwnGatesDep
from api.http.responses import errors
from api.jobs.nudge import NudgesDep
from api.organizations.phone_number_routes import PhoneNumberId
from api.organizations.schemas import ClosedGates, ClosedGateView, NumberClosed, NumberOpened
from domain.audit import OPERATOR
from domain.calls.gates import GateScope
from store.calls.gates import ORGANIZATION_STOPPED
from store.calls.own_gates import ClosedGate

BY_OPERATOR = "Whoever runs this service closed it."
BY_PERSON = "It was closed with a key of your organization."
ASK = "Ask whoever runs this service."
RESUME = "Send POST /organization/resume."
OPEN = "Send POST /phone-numbers/{}/open."
MEND = (
    "Mend what the reason says. One call goes first at closedUntil; POST /phone-numbers/{}/open lets calls start now."
)
OWN_ACCOUNT = (
    "Look at your account at the carrier, and at the number's carrierSettings. One call goes first at closedUntil."
)
SHARED_ACCOUNT = "One call goes first at closedUntil. Ask whoever runs this service if that does not open it."
CLOSED = "No call starts from this number until it is opened. Live calls go on."
OPENED = "Calls may start from this number."

router = APIRouter(dependencies=KEYS)


@router.get("/organization/gates", operation_id="listClosedGates", tags=["organization"], responses=errors(401, 503))
async def list_closed_gates(caller: MemberDep, gates: OwnGatesDep, organizations: OrganizationsDep) -> ClosedGates:
    """Say why no call starts: a stop, and the closed gates of the organization's numbers and their carrier accounts.

    Each with the reason, until when, and the next step; empty where nothing of this kind holds a call. What holds a
    single job or contact (credits, windows, lines) is in the job's `progress.waitingFor`.
    """
    organization = await organizations.get(caller.organization_id)
    closed = [_render(gate) for gate in await gates.list_closed(caller.organization_id)]
    if organization.stopped_at is not None:
        closed.insert(0, ClosedGateView(scope="organization", reason=ORGANIZATION_STOPPED, next_step=RESUME))
    return ClosedGates(gates=closed)


@router.post(
    "/phone-numbers/{id}/close",
    operation_id="closePhoneNumber",
    tags=["phone numbers"],
    responses=errors(401, 403, 404, 503),
)
async def close_number(caller: AdminDep, id: PhoneNumberId, own: OwnGatesDep, gates: GatesDep) -> NumberClosed:
    """Let no call start from a number, of any job; live calls go on. Idempotent.

    The answer waits for requests that are on their way to the carrier. Error codes: `phone_number_not_found`.
    """
    await own.close_number(caller.organization_id, id, by=caller.key_id)
    on_their_way = await gates.wait_for_requests(GateScope.NUMBER, id)
    return NumberClosed(message=CLOSED, id=id, calls_on_their_way=on_their_way)


@router.post(
    "/phone-numbers/{id}/open",
    operation_id="openPhoneNumber",
    tags=["phone numbers"],
    responses=errors(401, 403, 404, 503),
)
async def open_number(
    caller: AdminDep, id: PhoneNumberId, own: OwnGatesDep, organizations: OrganizationsDep, nudges: NudgesDep
) -> NumberOpened:
    """Let calls start from a number, whether somebody closed it or the carrier's refusals did. Idempotent.

    Error codes: `phone_number_not_found`; `forbidden` where whoever runs this service closed it.
    """
    await own.open_number(caller.organization_id, id, by=caller.key_id)
    nudges.jobs(await organizations.list_running_jobs(caller.organization_id))
    return NumberOpened(message=OPENED, id=id)


def _render(gate: ClosedGate) -> ClosedGateView:
    by_person = BY_OPERATOR if gate.by == OPERATOR else BY_PERSON
    return ClosedGateView(
        scope=gate.scope.value,
        phone_number_id=gate.phone_number_id,
        carrier=gate.carrier,
        reason=gate.reason or "The carrier refused calls." if gate.by is None else by_person,
        closed_until=gate.until,
        next_step=_next_step(gate),
    )


def _next_step(gate: ClosedGate) -> str:
    if gate.by == OPERATOR:
        return ASK
    if gate.by is not None:
        return OPEN.format(gate.phone_number_id)
    if gate.scope is GateScope.NUMBER:
        return MEND.format(gate.phone_number_id)
    return OWN_ACCOUNT if gate.own_account else SHARED_ACCOUNT
