"""From Asterisk's events to the words that all carriers share."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.calls.models import AnsweredBy, CallReport, CallState, Ending

Event = Mapping[str, Any]
RINGS = frozenset({"RINGING", "PROGRESS"})  # of a Dial event: 180, 183
BUSY_CODES = frozenset({486, 600})
NO_ANSWER_CODES = frozenset({408, 480, 487})
NOT_REACHED = 408  # the ring timer ran out, and nothing had ever come back: the way there is broken
CANCELLED = 487
UNAVAILABLE = 480
OK = 200


@dataclass
class Seen:
    """What was seen of a live call, besides its state."""

    rang: bool = False
    refused: bool = False  # the other side gave a final answer, so that the code is its own
    hung_up: bool = False  # by us
    answered_at: datetime | None = None
    answered_by: AnsweredBy | None = None


def read(event: Event, seen: Seen) -> CallState | None:
    """Note what an event says of a call, and tell which state that is."""
    channel = event.get("channel") or event.get("peer") or {}
    match event.get("type"):
        case "ChannelHangupRequest":
            seen.refused |= event.get("tech_cause") is not None
            seen.hung_up |= bool(event.get("soft"))
        case "Dial" if event.get("dialstatus") in RINGS:
            seen.rang = True
            return CallState.RINGING
        case "ChannelStateChange" if channel.get("state") == "Up":
            seen.answered_at = instant(event)
            return CallState.ANSWERED
        case "ChannelDestroyed":
            return CallState.ENDED
    return None


def report(call_id: str, key: str | None, state: CallState, event: Event, seen: Seen) -> CallReport:
    """Tell it. An ended call that was answered has no SIP code in its events: 200 it was."""
    at = instant(event)
    if state is not CallState.ENDED:
        return CallReport(call_id=call_id, key=key, state=state, at=at, answered_by=seen.answered_by)
    answered = seen.answered_at is not None or _state(event) == "Up"
    code = OK if answered else _code(event, seen)
    return CallReport(
        call_id=call_id,
        key=key,
        state=state,
        at=at,
        ending=Ending.COMPLETED if answered else _ending(code, seen),
        sip_code=code,
        duration_seconds=_talked(seen, at),
        answered_by=seen.answered_by,
    )


def report_of_channel(channel: Mapping[str, Any], key: str | None) -> CallReport:
    """What a live channel says of its call."""
    states = {"Up": CallState.ANSWERED, "Ringing": CallState.RINGING}
    return CallReport(call_id=channel["id"], key=key, state=states.get(channel["state"], CallState.QUEUED))


def instant(event: Event) -> datetime | None:
    try:
        return datetime.fromisoformat(event["timestamp"])
    except (KeyError, ValueError):
        return None


def verdict(arguments: list[str]) -> AnsweredBy | None:
    """Of the detection, as its dialplan passes it on: "amd", AMDSTATUS, AMDCAUSE."""
    if len(arguments) < 2 or arguments[0] != "amd":
        return None
    words = {"MACHINE": AnsweredBy.MACHINE, "HUMAN": AnsweredBy.HUMAN, "NOTSURE": AnsweredBy.UNKNOWN}
    return words.get(arguments[1])


def _code(event: Event, seen: Seen) -> int | None:
    """Asterisk writes 480 where its own timer ended the ringing; the other side answers that with a 487."""
    if seen.hung_up:
        return CANCELLED
    code: int | None = event.get("tech_cause")
    if code != UNAVAILABLE or seen.refused:
        return code
    return CANCELLED if seen.rang or _state(event) == "Ringing" else NOT_REACHED


def _ending(code: int | None, seen: Seen) -> Ending:
    if seen.hung_up:
        return Ending.CANCELED
    if code in BUSY_CODES:
        return Ending.BUSY
    return Ending.NO_ANSWER if code in NO_ANSWER_CODES and code != NOT_REACHED else Ending.FAILED


def _state(event: Event) -> str | None:
    state: str | None = (event.get("channel") or {}).get("state")
    return state


def _talked(seen: Seen, ended_at: datetime | None) -> int | None:
    if seen.answered_at is None or ended_at is None:
        return None
    return max(0, round((ended_at - seen.answered_at).total_seconds()))
