"""From Asterisk's events to the reports that all carriers share."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from carriers.foreign import read_integer, read_object, read_text
from domain.calls.models import AgentContact, AnsweredBy, CallReport, CallState, EndedBy, Ending

Event = Mapping[str, Any]
RINGING_STATUSES = frozenset({"RINGING", "PROGRESS"})  # of a Dial event: 180, 183
BUSY_CODES = frozenset({486, 600})
NO_ANSWER_CODES = frozenset({408, 480, 487})
REQUEST_TIMEOUT = 408  # the ring timer ran out without any provisional response: the way there is broken
REQUEST_TERMINATED = 487
TEMPORARILY_UNAVAILABLE = 480
OK = 200
MAX_SIP_CODE = 699
DETECTION_RESULTS = {"MACHINE": AnsweredBy.MACHINE, "HUMAN": AnsweredBy.HUMAN, "NOTSURE": AnsweredBy.UNKNOWN}
CHANNEL_STATES = {"Up": CallState.ANSWERED, "Ringing": CallState.RINGING}


@dataclass
class CallProgress:
    """What the events of a live call came to, besides its state."""

    rang: bool = False
    missed: bool = True  # events may have been: only who sees a call begin, and keeps the stream, sees all of it
    has_final_response: bool = False  # of the far end, so that the code is its own
    hung_up: bool = False  # by us
    answered_at: datetime | None = None
    answered_by: AnsweredBy | None = None
    agent: AgentContact | None = None


def apply_event(event: Event, progress: CallProgress) -> CallState | None:
    """Note what an event says of a call; the state that it brings, None where it brings no other."""
    channel = channel_of(event)
    match event.get("type"):
        case "ChannelHangupRequest":
            progress.has_final_response |= event.get("tech_cause") is not None
            progress.hung_up |= bool(event.get("soft"))
        case "Dial" if not event.get("dialstatus"):
            progress.missed = False
        case "Dial" if str(event.get("dialstatus")) in RINGING_STATUSES:
            progress.rang = True
            return CallState.RINGING
        case "ChannelStateChange" if channel.get("state") == "Up":
            progress.answered_at = timestamp_of(event)
            return CallState.ANSWERED
        case "ChannelDestroyed":
            return CallState.ENDED
    return None


def build_report(call_id: str, key: str | None, state: CallState, event: Event, progress: CallProgress) -> CallReport:
    """Report a state. An ended call that was answered has no SIP code in its events: 200 it was."""
    at = timestamp_of(event)
    if state is not CallState.ENDED:
        return CallReport(call_id=call_id, key=key, state=state, at=at, answered_by=progress.answered_by)
    answered = progress.answered_at is not None or _channel_state(event) == "Up"
    code = OK if answered else _sip_code(event, progress)
    rang = answered or progress.rang or _channel_state(event) == "Ringing"
    return CallReport(
        call_id=call_id,
        key=key,
        state=state,
        at=at,
        ending=Ending.COMPLETED if answered else _ending(code, progress),
        sip_code=code,
        duration_seconds=_duration_seconds(progress, at),
        answered_by=progress.answered_by,
        rang=None if progress.missed and not rang else rang,
        agent=progress.agent,
        ended_by=_ended_by(progress, answered=answered),
        carrier_code=None if code or "cause" not in event else f"Q.850 {event['cause']}",
    )


def report_of_channel(call_id: str, channel: Mapping[str, Any], key: str | None) -> CallReport:
    """What a live channel says of its call."""
    return CallReport(call_id=call_id, key=key, state=CHANNEL_STATES.get(str(channel.get("state")), CallState.QUEUED))


def read_event(message: str | bytes) -> Event | None:
    """One message of the stream; None for what is no event."""
    try:
        event = json.loads(message)
    except ValueError:
        return None
    return event if isinstance(event, dict) and isinstance(event.get("type"), str) else None


def channel_of(event: Event) -> Mapping[str, Any]:
    """The channel that an event is about; empty where there is none."""
    return read_object(event.get("channel") or event.get("peer"))


def arguments_of(event: Event) -> list[str]:
    arguments = event.get("args")
    return [str(each) for each in arguments] if isinstance(arguments, list) else []


def timestamp_of(event: Event) -> datetime | None:
    """When an event was, by Asterisk's clock; None where it does not say, or without a zone."""
    try:
        at = datetime.fromisoformat(event["timestamp"])
    except (KeyError, TypeError, ValueError):
        return None
    return at if at.tzinfo is not None else None


def detection_result(arguments: list[str]) -> AnsweredBy | None:
    """Who answered, as the detection's dialplan passes it on: "amd", AMDSTATUS, AMDCAUSE."""
    if len(arguments) < 2 or arguments[0] != "amd":
        return None
    return DETECTION_RESULTS.get(arguments[1])


def _sip_code(event: Event, progress: CallProgress) -> int | None:
    """Asterisk writes 480 where its own timer ended the ringing; the far end answers that with a 487."""
    if progress.hung_up:
        return REQUEST_TERMINATED
    code = read_integer(event.get("tech_cause"), MAX_SIP_CODE)
    if code != TEMPORARILY_UNAVAILABLE or progress.has_final_response:
        return code
    return REQUEST_TERMINATED if progress.rang or _channel_state(event) == "Ringing" else REQUEST_TIMEOUT


def _ending(code: int | None, progress: CallProgress) -> Ending:
    if progress.hung_up:
        return Ending.CANCELED
    if code in BUSY_CODES:
        return Ending.BUSY
    return Ending.NO_ANSWER if code in NO_ANSWER_CODES and code != REQUEST_TIMEOUT else Ending.FAILED


def _ended_by(progress: CallProgress, *, answered: bool) -> EndedBy | None:
    """Of a call that was answered and that we did not end, the other side did: its agent has a channel of its own."""
    if progress.hung_up:
        return EndedBy.US
    return EndedBy.CALLEE if answered and not progress.missed else None


def _channel_state(event: Event) -> str | None:
    return read_text(read_object(event.get("channel")).get("state"))


def _duration_seconds(progress: CallProgress, ended_at: datetime | None) -> int | None:
    if progress.answered_at is None or ended_at is None:
        return None
    return max(0, round((ended_at - progress.answered_at).total_seconds()))
