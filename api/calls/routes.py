"""What an agent reports of its call: the person opts out; the outcome of the conversation."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request

from api.auth import KEYS, CallAgentDep
from api.calls.openapi import OPT_OUT_BODY, RESULT_BODY
from api.calls.schemas import OptedOut, Reported
from api.dependencies import AgentReportsDep, DialsDep, DoNotCallDep
from api.http.bodies import read_small
from api.http.examples import A_CALL
from api.http.responses import errors
from api.jobs.in_flight import CallStopperDep
from api.jobs.nudge import NudgesDep
from domain.calls.agent_report import MACHINES, ConversationReport, read_conversation, render_conversation
from domain.calls.models import Recorded
from domain.contacts.number_list import read_note
from domain.errors import InvalidRequest
from domain.phone.masking import mask_number
from domain.requests.reading import Problems
from domain.requests.strict_json import parse_json
from store.calls.in_flight import CallScope

router = APIRouter(prefix="/calls/{id}", tags=["calls"], dependencies=KEYS)


async def sent_note(request: Request, _: CallAgentDep) -> str | None:
    """Read the optional body, after the key. Raises InvalidRequest."""
    content = (await read_small(request)).strip()
    body = parse_json(content) if content else {}
    if not isinstance(body, dict):
        raise InvalidRequest('The body must be a JSON object, such as {"note": "…"}, or empty.')
    problems = Problems()
    found = read_note(body, problems)
    problems.raise_if_any()
    return found


async def sent_report(request: Request, _: CallAgentDep) -> ConversationReport:
    """Read the body, after the key. Raises InvalidRequest."""
    return read_conversation(parse_json(await read_small(request)))


NoteDep = Annotated[str | None, Depends(sent_note)]
ReportDep = Annotated[ConversationReport, Depends(sent_report)]
CallId = Annotated[str, Path(description="A call's id.", examples=[A_CALL])]


@router.post(
    "/opt-out", operation_id="optOutOfCalls", responses=errors(400, 401, 403, 404, 503), openapi_extra=OPT_OUT_BODY
)
async def opt_out(
    caller: CallAgentDep,
    note: NoteDep,
    id: CallId,
    do_not_call: DoNotCallDep,
    stopper: CallStopperDep,
    nudges: NudgesDep,
) -> OptedOut:
    """Put the number of a call on the do-not-call list: the person asked the agent to.

    The agent may send the token of its call instead of a key.
    The call itself goes on; from the answer on no other to this number starts. Contacts of open jobs with the same
    number end as `blocked`. Idempotent. Error codes: `call_not_found`; `invalid_request`.
    """
    done = await do_not_call.opt_out(caller.organization_id, id, by=caller.key_id, note=note)
    not_stopped = await stopper.wait(CallScope(organization_id=caller.organization_id, numbers=(done.number,)))
    nudges.jobs(done.added.job_ids)
    return OptedOut(
        call_id=id,
        number=mask_number(done.number),
        already_listed=not done.added.new,
        contacts_blocked=done.added.blocked,
        calls_not_stopped=not_stopped,
    )


@router.post(
    "/result",
    operation_id="reportCallResult",
    responses=errors(400, 401, 403, 404, 429, 503),
    openapi_extra=RESULT_BODY,
)
async def report(
    caller: CallAgentDep, sent: ReportDep, id: CallId, reports: AgentReportsDep, dials: DialsDep, nudges: NudgesDep
) -> Reported:
    """Report what came of a conversation: the call's agent, with the token of that call, or an owner or admin.

    An agent receives `outdial_call_id`, `outdial_call_token` and `outdial_api` with the call's parameters, and sends
    `Authorization: Bearer <outdial_call_token>` to `{outdial_api}/calls/{outdial_call_id}/result`. It may report
    before or after the call has ended (for a day; 15 minutes where the agent is a TwiML address), and again: of every
    field the last report counts, and one that is not sent, or null, stays as it was. It is shown on the contact, its
    dials and in the job's results; of several calls, the last that reported.

    Error codes: `call_not_found`; `invalid_request`.
    """
    conversation = await reports.record(caller.organization_id, id, sent)
    machine = MACHINES.get(sent.disposition or "")
    if machine is not None and await dials.note_machine(id, machine) is Recorded.CORRECTED:
        nudges.jobs([await dials.find_job(id)])
    return Reported(call_id=id, conversation=render_conversation(conversation))
