"""What can be said of a single call."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request

from api.auth import KEYS, CallAgentDep
from api.contacts.openapi import OPT_OUT_BODY
from api.dependencies import DoNotCallDep, InFlightDep
from api.http.bodies import read_small
from api.http.error_responses import errors
from api.jobs.control_schemas import OptedOut
from api.jobs.in_flight import wait_for_in_flight_requests
from api.jobs.nudge import NudgesDep
from domain.contacts.number_list import read_note
from domain.errors import InvalidRequest
from domain.phone.masking import mask_number
from domain.requests.reading import Problems
from domain.requests.strict_json import parse_json

router = APIRouter(prefix="/calls/{id}", tags=["calls"], dependencies=KEYS)


async def note(request: Request, _: CallAgentDep) -> str | None:
    """Read the optional body, after the key. Raises InvalidRequest."""
    content = (await read_small(request)).strip()
    body = parse_json(content) if content else {}
    if not isinstance(body, dict):
        raise InvalidRequest('The body must be a JSON object, such as {"note": "…"}, or empty.')
    problems = Problems()
    found = read_note(body, problems)
    problems.refuse()
    return found


NoteDep = Annotated[str | None, Depends(note)]
CallId = Annotated[str, Path(description="A call's id.", examples=["call_0123456789abcdef01234567"])]


@router.post(
    "/opt-out",
    operation_id="optOutOfCalls",
    responses=errors(400, 401, 403, 404, 503),
    openapi_extra=OPT_OUT_BODY,
)
async def opt_out(
    caller: CallAgentDep,
    note: NoteDep,
    id: CallId,
    do_not_call: DoNotCallDep,
    in_flight: InFlightDep,
    nudges: NudgesDep,
) -> OptedOut:
    """Put the number of a call on the do-not-call list: the person told the agent.

    The agent may send the token of its call instead of a key.
    The call itself goes on; from the answer on no other to this number starts. Contacts of open jobs with the same
    number end as `blocked`. Said twice it means the same. Error codes: `call_not_found`; `invalid_request`.
    """
    done = await do_not_call.opt_out(caller.organization_id, id, by=caller.key_id, note=note)
    await wait_for_in_flight_requests(lambda: in_flight.count_for_numbers(caller.organization_id, [done.number]), id)
    nudges.jobs(done.added.job_ids)
    return OptedOut(
        call_id=id,
        number=mask_number(done.number),
        already_listed=not done.added.new,
        contacts_blocked=done.added.blocked,
    )
