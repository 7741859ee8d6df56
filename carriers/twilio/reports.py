"""From Twilio's call resources and callbacks to the reports that all carriers share."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qs, urlsplit

from twilio.rest.api.v2010.account.call import CallInstance  # type: ignore[import-untyped]

from domain.calls.models import AnsweredBy, CallReport, CallState, Ending, MachineKind

STATES: dict[str, CallState] = {
    "queued": CallState.QUEUED,
    "initiated": CallState.QUEUED,
    "ringing": CallState.RINGING,
    "in-progress": CallState.ANSWERED,
    "answered": CallState.ANSWERED,
    "completed": CallState.ENDED,
    "busy": CallState.ENDED,
    "no-answer": CallState.ENDED,
    "failed": CallState.ENDED,
    "canceled": CallState.ENDED,
}
EVENTS = ["initiated", "ringing", "answered", "completed"]  # all are asked for, and numbered in this order
ENDINGS: dict[str, Ending] = {
    "completed": Ending.COMPLETED,
    "busy": Ending.BUSY,
    "no-answer": Ending.NO_ANSWER,
    "failed": Ending.FAILED,
    "canceled": Ending.CANCELED,
}


def report_of_resource(call: CallInstance) -> CallReport:
    """Read a Call resource. It has no SIP code and not our key. Raises ValueError where it cannot be read."""
    if not call.sid:
        raise ValueError("A call without an id.")
    return CallReport(
        call_id=call.sid,
        state=_state(call.status),
        at=call.end_time or call.date_updated or call.date_created,
        ending=ENDINGS.get(call.status),
        duration_seconds=_parse_int(call.duration),
        answered_by=_answered_by(call.answered_by),
        machine=MachineKind.FAX if call.answered_by == "fax" else None,
    )


def report_of_event(form: Mapping[str, str], url: str) -> CallReport:
    """Read a status callback, or the result of the machine detection or a recording, which come without a status:
    the call was answered then. Raises ValueError where it cannot be read."""
    if not form.get("CallSid"):
        raise ValueError("An event without a call id.")
    status = form.get("CallStatus") or ("answered" if form.get("AnsweredBy") or form.get("RecordingSid") else None)
    state, sequence = _state(status), _parse_int(form.get("SequenceNumber"))
    return CallReport(
        call_id=form["CallSid"],
        key=parse_qs(urlsplit(url).query).get("dial", [None])[0],
        state=state,
        sequence=sequence,
        at=_parse_timestamp(form.get("Timestamp")),
        ending=ENDINGS.get(status or ""),
        sip_code=_parse_int(form.get("SipResponseCode")),
        duration_seconds=_parse_int(form.get("CallDuration")),
        answered_by=_answered_by(form.get("AnsweredBy")),
        recording_url=form.get("RecordingUrl") or None,
        rang=_rang(state, sequence),
        carrier_code=form.get("ErrorCode") or None,
        machine=MachineKind.FAX if form.get("AnsweredBy") == "fax" else None,
    )


def _state(status: str | None) -> CallState:
    if status not in STATES:
        raise ValueError("A call status that is not known.")
    return STATES[status]


def _rang(state: CallState, sequence: int | None) -> bool | None:
    """Whether it rang, by the number of a call's last event: they count from 0, and `initiated` comes before ringing.

    So also where the event `ringing` is lost. Only an end proves that none came.
    """
    if state in {CallState.RINGING, CallState.ANSWERED}:
        return True
    if state is not CallState.ENDED or sequence is None:
        return None
    return sequence > EVENTS.index("ringing")


def _answered_by(word: str | None) -> AnsweredBy | None:
    if not word:
        return None
    if word.startswith("machine") or word == "fax":
        return AnsweredBy.MACHINE
    return AnsweredBy.HUMAN if word == "human" else AnsweredBy.UNKNOWN


def _parse_int(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() else None


def _parse_timestamp(text: str | None) -> datetime | None:
    if not text:
        return None
    at = parsedate_to_datetime(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
