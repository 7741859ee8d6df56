"""What a call's agent reports of the conversation."""

from datetime import datetime
from typing import Any

from domain.model import Model


class ConversationReport(Model):
    """What is said at once; None: nothing is said of it."""

    disposition: str | None = None
    summary: str | None = None
    data: dict[str, Any] | None = None
    transcript_url: str | None = None
    recording_url: str | None = None


class Conversation(ConversationReport):
    """All that was reported of one call."""

    call_id: str  # the dial's id
    reported_at: datetime  # when something was said last, UTC

    @classmethod
    def after(
        cls, earlier: "Conversation | None", said: ConversationReport, call_id: str, at: datetime
    ) -> "Conversation":
        """Field by field the last word counts; a field of which nothing is said keeps what was said before."""
        known = {} if earlier is None else earlier.model_dump()
        news = {name: value for name, value in said.model_dump().items() if value is not None}
        return cls.model_validate({**known, **news, "call_id": call_id, "reported_at": at})
