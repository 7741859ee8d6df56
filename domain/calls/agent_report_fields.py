"""What an agent may report of a call."""

import json
import re
from typing import Any

from domain.calls.agent_report import ConversationReport
from domain.errors import InvalidRequest
from domain.jobs.fields import body_values
from domain.requests.raw_values import RawValues

MAX_DISPOSITION_LENGTH = 100  # characters
MAX_SUMMARY_LENGTH = 10_000
MAX_URL_LENGTH = 2_000
WEB_ADDRESS = r"https?://[^\s/?#\[\]]+\S*"
MAX_DATA_BYTES = 16 * 1024  # as JSON in UTF-8
FIELDS = ("disposition", "summary", "data", "transcriptUrl", "recordingUrl")


def read_conversation(body: Any) -> ConversationReport:
    """Read a JSON body; null is not given, other fields are ignored. Raises InvalidRequest naming every bad field."""
    values = body_values(body)
    report = ConversationReport(
        disposition=values.optional_text("disposition", longest=MAX_DISPOSITION_LENGTH) or None,
        summary=values.optional_text("summary", longest=MAX_SUMMARY_LENGTH) or None,
        data=_data(values),
        transcript_url=_url(values, "transcriptUrl"),
        recording_url=_url(values, "recordingUrl"),
    )
    values.refuse_problems()
    if report == ConversationReport():
        raise InvalidRequest(f"Nothing is reported: send at least one of {', '.join(FIELDS)}.")
    return report


def _data(values: RawValues) -> dict[str, Any] | None:
    data = values.given("data")
    if data is None:
        return None
    if not isinstance(data, dict):
        values.blame("data", "must be an object")
        return None
    if len(json.dumps(data, ensure_ascii=False).encode()) > MAX_DATA_BYTES:
        values.blame("data", f"may have at most {MAX_DATA_BYTES // 1024} KB")
    return data


def _url(values: RawValues, field: str) -> str | None:
    url = values.text(field)
    if url is None:
        return None
    if len(url) > MAX_URL_LENGTH:
        values.blame(field, f"may have at most {MAX_URL_LENGTH:,} characters")
    elif not re.fullmatch(WEB_ADDRESS, url):
        values.blame(field, "must be an http or https address")
    return url
