"""From Twilio's call resources and callbacks to the reports that all carriers share."""

from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from twilio.rest.api.v2010.account.call import CallInstance  # type: ignore[import-untyped]

from carriers.foreign import read_integer, read_text
from domain.calls.models import AgentContact, AnsweredBy, CallReport, CallState, Ending, MachineKind

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
# Asked for, and numbered in this order. `initiated` is no news: that a call is placed is known by the request's answer.
EVENTS = ["ringing", "answered", "completed"]
ENDINGS: dict[str, Ending] = {
    "completed": Ending.COMPLETED,
    "busy": Ending.BUSY,
    "no-answer": Ending.NO_ANSWER,
    "failed": Ending.FAILED,
    "canceled": Ending.CANCELED,
}


MACHINES = {"fax": MachineKind.FAX, "call_screening": MachineKind.SCREENING}  # the second is the simulator's own word
# Of the call to a SIP agent. `canceled`: the person hung up before it answered, which says nothing of the agent.
AGENT_LEGS = {
    "in-progress": AgentContact.CONNECTED,
    "completed": AgentContact.CONNECTED,
    "busy": AgentContact.UNREACHABLE,
    "no-answer": AgentContact.UNREACHABLE,
    "failed": AgentContact.UNREACHABLE,
}
CLOSED_BY_AGENT = ("31921", "close")  # in a StreamError: the stream had been connected


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
        machine=MACHINES.get(read_text(call.answered_by) or ""),
    )


def report_of_event(form: Mapping[str, str], url: str) -> CallReport:
    """Read a status callback, or the result of the machine detection or a recording, which come without a status:
    the call was answered then; or how its agent was reached. Raises ValueError where it cannot be read."""
    call_id = read_text(form.get("CallSid"))
    if call_id is None:
        raise ValueError("An event without a call id.")
    if form.get("StreamEvent") or form.get("ParentCallSid") or form.get("ErrorUrl"):
        return _report_of_agent(form, url)
    status = form.get("CallStatus") or ("answered" if form.get("AnsweredBy") or form.get("RecordingSid") else None)
    state, sequence = _state(status), read_integer(form.get("SequenceNumber"))
    return CallReport(
        call_id=call_id,
        key=_key_in(url),
        state=state,
        sequence=sequence,
        ending=ENDINGS.get(status or ""),
        sip_code=read_integer(form.get("SipResponseCode"), MAX_SIP_CODE),
        duration_seconds=read_integer(form.get("CallDuration"), MAX_DURATION_SECONDS),
        answered_by=_answered_by(form.get("AnsweredBy")),
        recording_url=read_text(form.get("RecordingUrl")),
        rang=_rang(state, sequence),
        carrier_code=read_text(form.get("ErrorCode")),
        machine=MACHINES.get(form.get("AnsweredBy", "")),
    )


def _report_of_agent(form: Mapping[str, str], url: str) -> CallReport:
    """How an answered call's agent was reached. What says nothing of that is a report of an answered call.

    A stream reports `stream-started` or `stream-error` (31901, 31920 …: no connection; 31921: the agent closed it), a
    SIP agent's own call its end, and the fallback of a TwiML address the error of fetching it (11200 …).
    """
    return CallReport(
        call_id=form.get("ParentCallSid") or form["CallSid"],
        key=_key_in(url),
        state=CallState.ANSWERED,
        carrier_code=read_text(form.get("ErrorCode")),
        agent=_agent_of(form),
    )


def _agent_of(form: Mapping[str, str]) -> AgentContact | None:
    if form.get("ErrorUrl"):
        return AgentContact.UNREACHABLE
    if form.get("ParentCallSid"):
        return AGENT_LEGS.get(form.get("CallStatus", ""))
    if form.get("StreamEvent") != "stream-error":
        return AgentContact.CONNECTED
    closed = any(word in form.get("StreamError", "").lower() for word in CLOSED_BY_AGENT)
    return AgentContact.CONNECTED if closed else AgentContact.UNREACHABLE


def _key_in(url: str) -> str | None:
    return parse_qs(urlsplit(url).query).get("dial", [None])[0]


def _state(status: str | None) -> CallState:
    if status not in STATES:
        raise ValueError("A call status that is not known.")
    return STATES[status]


def _rang(state: CallState, sequence: int | None) -> bool | None:
    """Whether it rang, by the number of a call's last event: those that were asked for count from 0, ringing first.

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
    if word.startswith("machine") or word in MACHINES:
        return AnsweredBy.MACHINE
    return AnsweredBy.HUMAN if word == "human" else AnsweredBy.UNKNOWN
