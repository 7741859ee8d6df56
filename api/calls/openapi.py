"""Bodies of the OpenAPI page for what an agent reports."""

from typing import Any

from api.http.openapi import json_body
from domain.calls.agent_report import ConversationReport
from domain.contacts.number_list import Note
from domain.requests.request_model import describe_fields

OPT_OUT_BODY = json_body(describe_fields(Note), {"note": "Asked not to be called again."}, required=False)
RESULT_BODY = json_body(
    describe_fields(ConversationReport),
    {
        "disposition": "appointment_confirmed",
        "summary": "Ada keeps her appointment on May 3.",
        "data": {"confirmed": True, "slot": "2027-05-03T09:00"},
    },
)


def _says_something(name: str) -> dict[str, Any]:
    """By hand: no model says that one of its optional fields must hold something."""
    something = {"type": "object"} if name == "data" else {"type": "string", "pattern": r"\S"}
    return {"required": [name], "properties": {name: something}}


RESULT_BODY["requestBody"]["content"]["application/json"]["schema"]["anyOf"] = [
    _says_something(name) for name in describe_fields(ConversationReport)
]
