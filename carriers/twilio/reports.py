"""From Twilio's call resources and callbacks to the reports that all carriers share."""

from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from twilio.rest.api.v2010.account.call import CallInstance  # type: ignore[import-untyped]

from carriers.foreign import read_integer, read_text
from domain.calls.models import AnsweredBy, CallReport, CallState, Ending, MachineKind

MAX_DURATION_SECONDS = 30 * 24 * 3600  # longer than any carrier lets a call last
MAX_SIP_CODE = 699
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
    call_id, status = read_text(call.sid), read_text(call.status)
    if call_id is None:
        raise ValueError("A call without an id.")
    return CallReport(
        call_id=call_id,
        state=_state(status),
        ending=ENDINGS.get(status or ""),
        duration_seconds=read_integer(call.duration, MAX_DURATION_SECONDS),
        answered_by=_answered_by(call.answered_by),
        machine=MachineKind.FAX if call.answered_by == "fax" else None,
    )


def report_of_event(form: Mapping[str, str], url: str) -> CallReport:
    """Read a status callback, or the result of the machine detection or a recording, which come without a status:
    the call was answered then. Raises ValueError where it cannot be read."""
    call_id = read_text(form.get("CallSid"))
    if call_id is None:
        raise ValueError("An event without a call id.")
    status = form.get("CallStatus") or ("answered" if form.get("AnsweredBy") or form.get("RecordingSid") else None)
    state, sequence = _state(status), read_integer(form.get("SequenceNumber"))
    return CallReport(
        call_id=call_id,
        key=parse_qs(urlsplit(url).query).get("dial", [None])[0],
        state=state,
        sequence=sequence,
        ending=ENDINGS.get(status or ""),
        sip_code=read_integer(form.get("SipResponseCode"), MAX_SIP_CODE),
        duration_seconds=read_integer(form.get("CallDuration"), MAX_DURATION_SECONDS),
        answered_by=_answered_by(form.get("AnsweredBy")),
        recording_url=read_text(form.get("RecordingUrl")),
        rang=_rang(state, sequence),
        carrier_code=read_text(form.get("ErrorCode")),
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


def _answered_by(word: object) -> AnsweredBy | None:
    if not isinstance(word, str) or not word:
        return None
    if word.startswith("machine") or word == "fax":
        return AnsweredBy.MACHINE
    return AnsweredBy.HUMAN if word == "human" else AnsweredBy.UNKNOWN
