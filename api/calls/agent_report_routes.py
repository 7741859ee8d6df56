"""What an agent reports of its call."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import Field

from api.auth import KEYS, CallAgentDep
from api.calls.routes import CallId
from api.dependencies import AgentReportsDep
from api.http.bodies import read_small
from api.http.error_responses import errors
from domain.calls.agent_report import ConversationReport, ConversationView, read_conversation, render_conversation
from domain.json_model import JsonModel
from domain.requests.field_types import field_schemas
from domain.requests.strict_json import parse_json

router = APIRouter(prefix="/calls/{id}", tags=["calls"], dependencies=KEYS)


class Reported(JsonModel):
    """All that is known of the conversation now."""

    success: Literal[True] = True
    call_id: str = Field(examples=["call_0123456789abcdef01234567"])
    conversation: ConversationView


PROPERTIES = field_schemas(ConversationReport)
SAYS_SOMETHING: list[dict[str, Any]] = [
    {
        "required": [name],
        "properties": {name: {"type": "object"} if name == "data" else {"type": "string", "pattern": r"\S"}},
    }
    for name in PROPERTIES
]
RESULT_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": "object", "properties": PROPERTIES, "anyOf": SAYS_SOMETHING},
                "example": {
                    "disposition": "appointment_confirmed",
                    "summary": "Ada keeps her appointment on May 3.",
                    "data": {"confirmed": True, "slot": "2027-05-03T09:00"},
                },
            }
        },
    }
}


async def said(request: Request, _: CallAgentDep) -> ConversationReport:
    """Read the body, after the key. Raises InvalidRequest."""
    return read_conversation(parse_json(await read_small(request)))


@router.post(
    "/result",
    operation_id="reportCallResult",
    responses=errors(400, 401, 403, 404, 429, 503),
    openapi_extra=RESULT_BODY,
)
async def report(
    caller: CallAgentDep,
    said: Annotated[ConversationReport, Depends(said)],
    id: CallId,
    reports: AgentReportsDep,
) -> Reported:
    """Report what came of a conversation: the call's agent, with the token of that call, or an owner or admin.

    An agent is told `outdial_call_id`, `outdial_call_token` and `outdial_api` with the call's parameters, and sends
    `Authorization: Bearer <outdial_call_token>` to `{outdial_api}/calls/{outdial_call_id}/result`. It may report before
    or after the call has ended, and again: of every field the last word counts, and one that is not sent, or null,
    stays as it was. It is shown on the contact, its dials and in the job's results; of several calls, the last that
    reported.

    Error codes: `call_not_found`; `invalid_request`.
    """
    conversation = await reports.record(caller.organization_id, id, said)
    view = render_conversation(conversation)
    assert view is not None  # noqa: S101  it was just said
    return Reported(call_id=id, conversation=view)
