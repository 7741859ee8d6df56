"""What a call's agent reports of the conversation."""

import json
import re
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from domain.calls.models import MachineKind
from domain.errors import InvalidRequest
from domain.json_model import JsonModel, Timestamp
from domain.requests.field_types import Text
from domain.requests.reading import Problems, drop_nulls, read_model, require_object
from domain.requests.request_model import FieldType, RequestModel, Schema, aliases, invalid, read_text

MAX_URL_LENGTH = 2_000  # characters
MAX_DATA_BYTES = 16 * 1024  # as JSON in UTF-8
WEB_ADDRESS = r"https?://[^\s/?#\[\]]+\S*"


class WebAddress(FieldType):
    def read(self, value: Any) -> str:
        url = read_text(value)
        if len(url) > MAX_URL_LENGTH:
            raise invalid(f"may have at most {MAX_URL_LENGTH:,} characters")
        if not re.fullmatch(WEB_ADDRESS, url):
            raise invalid("must be an http or https address")
        return url

    def schema(self) -> Schema:
        return {"type": "string", "maxLength": MAX_URL_LENGTH, "pattern": f"^{WEB_ADDRESS}$"}


class SmallObject(FieldType):
    """An object that is kept as it came."""

    def read(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise invalid("must be an object")
        if len(json.dumps(value, ensure_ascii=False).encode()) > MAX_DATA_BYTES:
            raise invalid(f"may have at most {MAX_DATA_BYTES // 1024} KB")
        return value

    def schema(self) -> Schema:
        return {"type": "object"}


MACHINES = {"call_screening": MachineKind.SCREENING, "fax": MachineKind.FAX}  # dispositions that say who answered


class ConversationReport(RequestModel):
    """One report; None: the field is not reported."""

    disposition: Annotated[str | None, Text(100)] = Field(
        default=None,
        description="Of your own making. Two correct the call's outcome: `call_screening` (the telephone asked who is"
        " calling, and the person did not take the call) and `fax`.",
        examples=["appointment_confirmed"],
    )
    summary: Annotated[str | None, Text(10_000)] = Field(default=None, examples=["Ada keeps her appointment on May 3."])
    data: Annotated[dict[str, Any] | None, SmallObject()] = Field(
        default=None, description="Of your own making; 16 KB as JSON at most."
    )
    transcript_url: Annotated[str | None, WebAddress()] = Field(
        default=None, examples=["https://agent.example/transcripts/1"]
    )
    recording_url: Annotated[str | None, WebAddress()] = Field(
        default=None, examples=["https://agent.example/recordings/1"]
    )


class Conversation(ConversationReport):
    """All that was reported of one call."""

    call_id: str  # the dial's id
    reported_at: datetime  # of the latest report, UTC

    @classmethod
    def merge(
        cls, earlier: "Conversation | None", report: ConversationReport, call_id: str, at: datetime
    ) -> "Conversation":
        """Field by field the latest report counts; a field that is not reported keeps its earlier value."""
        known = {} if earlier is None else earlier.model_dump()
        reported = {name: value for name, value in report.model_dump().items() if value is not None}
        return cls.model_validate({**known, **reported, "call_id": call_id, "reported_at": at})


def read_conversation(body: Any) -> ConversationReport:
    """Read a JSON body; null is not given, other fields are ignored. Raises InvalidRequest naming every bad field."""
    problems = Problems()
    report = read_model(ConversationReport, drop_nulls(require_object(body)), problems)
    problems.raise_if_any()
    blank = {name: None for name in ("disposition", "summary") if not getattr(report, name)}
    if (report := report.model_copy(update=blank)) == ConversationReport():
        raise InvalidRequest(f"Nothing is reported: send at least one of {', '.join(aliases(ConversationReport))}.")
    return report


class ConversationView(JsonModel):
    """What the call's agent reported; of every field the last word."""

    disposition: str | None = Field(examples=["appointment_confirmed"])
    summary: str | None = Field(examples=["Ada keeps her appointment on May 3."])
    data: dict[str, Any] | None = Field(examples=[{"confirmed": True, "slot": "2027-05-03T09:00"}])
    transcript_url: str | None = Field(examples=["https://agent.example/transcripts/1"])
    recording_url: str | None = Field(examples=["https://agent.example/recordings/1"])
    reported_at: Timestamp


def render_conversation(conversation: Conversation) -> ConversationView:
    return ConversationView(**conversation.model_dump(exclude={"call_id"}))
