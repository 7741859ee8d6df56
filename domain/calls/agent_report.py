"""What a call's agent reports of the conversation."""

from datetime import datetime
from typing import Any

from domain.model import Model


class ConversationReport(Model):
    """One report; None: the field is not reported."""

    disposition: str | None = None
    summary: str | None = None
    data: dict[str, Any] | None = None
    transcript_url: str | None = None
    recording_url: str | None = None


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
