"""What is read from Asterisk and written for it, without one."""

from pathlib import Path
from typing import Any

import pytest

from carriers.asterisk import from_environment
from carriers.asterisk.cdr import CallDetailRecords, report_of_record
from carriers.asterisk.cdr_file import CallDetailRecord
from carriers.asterisk.channel_ids import channel_id, dial_key, served_call
from carriers.asterisk.channel_variables import channel_variables, sip_headers
from carriers.asterisk.reports import CallProgress, apply_event, arguments_of, build_report, read_event
from domain.calls.models import CallReport, CallState, EndedBy, Ending, Outcome
from domain.calls.outcomes import determine_outcome
from tests.carriers.simulation import an_order

CALL = "outdial-contact_1f-2"


def told(*events: dict[str, Any]) -> CallReport:
    """What the last of some events comes to."""
    progress = CallProgress()
    states = [apply_event(event, progress) for event in events]
    assert states[-1] is CallState.ENDED
    return build_report(CALL, "contact_1f:2", CallState.ENDED, events[-1], progress)


def destroyed(state: str = "Down", **values: Any) -> dict[str, Any]:
    return {"type": "ChannelDestroyed", "channel": {"id": CALL, "state": state}, **values}


RINGING = {"type": "Dial", "peer": {"id": CALL}, "dialstatus": "RINGING"}
PROGRESS = {"type": "Dial", "peer": {"id": CALL}, "dialstatus": "PROGRESS"}
REFUSED = {"type": "ChannelHangupRequest", "channel": {"id": CALL}, "cause": 19, "tech_cause": 480}
OUR_TIMER = destroyed(tech_cause=480, cause=19)


@pytest.mark.parametrize(
    ("events", "code", "outcome"),
    [
        ((RINGING, OUR_TIMER), 487, Outcome.NO_ANSWER),
        ((PROGRESS, OUR_TIMER), 487, Outcome.NO_ANSWER),
        ((OUR_TIMER,), 408, Outcome.CARRIER_ERROR),
        ((RINGING, REFUSED, OUR_TIMER), 480, Outcome.NO_ANSWER),
        ((REFUSED, OUR_TIMER), 480, Outcome.NEVER_RANG),
        ((destroyed(tech_cause=503),), 503, Outcome.CARRIER_ERROR),
        ((destroyed(tech_cause=600),), 600, Outcome.BUSY),
        ((destroyed(tech_cause=607),), 607, Outcome.UNWANTED),
        ((destroyed(),), None, Outcome.CARRIER_ERROR),
        ((destroyed("Up"),), 200, Outcome.ANSWERED),
    ],
)
def test_the_ring_timer_is_told_from_a_refusal_and_from_a_trunk_that_leads_nowhere(
    events: tuple[dict[str, Any], ...], code: int | None, outcome: Outcome
) -> None:
    ended = told(*events)

    assert ended.sip_code == code
    rang = events[0] in (RINGING, PROGRESS)
    assert determine_outcome(ended, rang=rang, answered=False, hung_up=None) is outcome


BEGUN = {"type": "Dial", "peer": {"id": CALL}, "dialstatus": ""}
SOFT = {"type": "ChannelHangupRequest", "channel": {"id": CALL}, "soft": True}
UP = {"type": "ChannelStateChange", "channel": {"id": CALL, "state": "Up"}}


@pytest.mark.parametrize(
    ("events", "rang"),
    [
        ((BEGUN, RINGING, destroyed(tech_cause=480)), True),
        ((RINGING, destroyed(tech_cause=480)), True),
        ((BEGUN, destroyed(tech_cause=603)), False),
        ((destroyed(tech_cause=603),), None),  # it may have rung before the stream was connected
        ((UP, destroyed("Up")), True),
    ],
)
def test_only_who_saw_a_call_begin_says_that_it_never_rang(events: tuple[dict[str, Any], ...], rang: bool) -> None:
    assert told(*events).rang is rang


@pytest.mark.parametrize(
    ("events", "ended_by"),
    [
        ((BEGUN, UP, destroyed("Up")), EndedBy.CALLEE),
        ((BEGUN, UP, SOFT, destroyed("Up")), EndedBy.US),
        ((UP, destroyed("Up")), None),
        ((BEGUN, destroyed(tech_cause=503)), None),
    ],
)
def test_who_hung_up_is_told_where_it_was_seen(events: tuple[dict[str, Any], ...], ended_by: EndedBy | None) -> None:
    assert told(*events).ended_by is ended_by


def test_a_call_that_ends_without_a_sip_code_keeps_asterisks_own() -> None:
    assert told(BEGUN, destroyed(cause=34)).carrier_code == "Q.850 34"
    assert told(BEGUN, destroyed(cause=19, tech_cause=480)).carrier_code is None


def test_the_talk_is_as_long_as_asterisk_says() -> None:
    up = {
        "type": "ChannelStateChange",
        "timestamp": "2026-11-24T12:00:00.600+0000",
        "channel": {"id": CALL, "state": "Up"},
    }

    ended = told(up, destroyed("Up", timestamp="2026-11-24T12:00:03.500+0000"))

    assert ended.duration_seconds == 3
    assert ended.ending is Ending.COMPLETED


@pytest.mark.parametrize(
    ("disposition", "seconds", "talked", "ending"),
    [
        ("ANSWERED", 9.0, 4.4, Ending.COMPLETED),
        ("ANSWERED", 4.0, 0.0006, None),
        ("BUSY", 1.0, 0.0, Ending.BUSY),
        ("CONGESTION", 1.0, 0.0, Ending.FAILED),
        ("NO ANSWER", 15.0, 0.0, Ending.NO_ANSWER),
        ("NO ANSWER", 2.0, 0.0, None),
        ("FAILED", 1.0, 0.0, None),
    ],
)
def test_a_record_says_only_what_is_certain(
    disposition: str, seconds: float, talked: float, ending: Ending | None
) -> None:
    record = CallDetailRecord(disposition=disposition, seconds=seconds, talk_seconds=talked)

    ended = report_of_record(CALL, "contact_1f:2", record)

    assert (None if ended is None else ended.ending) is ending


def a_row(call: str, disposition: str = "BUSY") -> str:
    return f'"{call}","s","{disposition}","2026-11-24 12:00:00","","2026-11-24 12:00:01","1.5","0.0",""\n'


async def test_records_are_read_on_and_anew_when_the_file_is_another(tmp_path: Path) -> None:
    path = tmp_path / "Master.csv"
    records = CallDetailRecords(path)
    assert await records.get("a", 0) is None
    path.write_text(a_row("a") + a_row("b")[:20])
    assert await records.get("a", 0) is not None
    assert await records.get("b", 0) is None
    with path.open("a") as file:
        file.write(a_row("b")[20:])
    assert await records.get("b", 0) is not None

    path.rename(tmp_path / "Master.csv.1")
    path.write_text(a_row("c"))

    assert await records.get("c", 0) is not None
    assert await records.get("a", 0) is not None


def test_a_call_is_known_by_its_dials_key_and_other_channels_are_not_ours() -> None:
    assert channel_id("outdial", "contact_1f:2") == CALL
    assert dial_key("outdial", CALL) == "contact_1f:2"
    assert dial_key("outdial", "agent-" + CALL) is None
    assert dial_key("outdial", "1795523702.12") is None
    assert served_call("outdial", "agent-" + CALL, "agent-") == CALL
    assert served_call("outdial", "agent-1795523702.12", "agent-") is None


def test_fields_become_variables_and_headers_and_nothing_else() -> None:
    fields = {"CHANNEL(hangup_handler_push)": "s,1", "größe": "L", "note": "one\r\nX-Two: three"}

    variables = channel_variables(an_order("+12015550101", audio_url="sip:a@b", parameters=fields))
    headers = sip_headers(fields)

    assert set(variables) == {
        "OUTDIAL_ORDER",
        "OUTDIAL_FIELD_CHANNEL_HANGUP_HANDLER_PUSH",
        "OUTDIAL_FIELD_GR_SSE",
        "OUTDIAL_FIELD_NOTE",
    }
    assert headers == {"X-CHANNEL-hangup-handler-push": "s,1", "X-gr-e": "L", "X-note": "one X-Two: three"}


def test_headers_that_do_not_fit_are_left_out_and_the_agent_is_told() -> None:
    headers = sip_headers({"outdial_call_id": "dial_1", "name": "Ada", "notes": "x" * 2_000})

    assert headers == {"X-outdial-call-id": "dial_1", "X-name": "Ada", "X-outdial-truncated": "true"}


def test_asterisk_is_set_up_where_its_address_is_set() -> None:
    assert from_environment({"OUTDIAL_ASTERISK_USER": "outdial"}) is None
    assert from_environment({"OUTDIAL_ASTERISK_URL": "http://127.0.0.1:8088/ari"}) is not None


@pytest.mark.parametrize("message", ["no JSON", "[]", "7", "null", "{}", '{"type": 7}', b"\xff"])
def test_what_is_no_event_is_passed_over(message: str | bytes) -> None:
    assert read_event(message) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"timestamp": 7},
        {"timestamp": "2026-11-27T10:00:00"},
        {"tech_cause": "486"},
        {"tech_cause": 10**12},
        {"tech_cause": [486]},
        {"channel": "outdial"},
        {"channel": {"id": 7, "state": {}}},
        {"peer": [], "dialstatus": {}},
    ],
)
def test_an_end_is_reported_whatever_its_fields_are(changes: dict[str, Any]) -> None:
    for before in ({"type": "Dial", "peer": 7, "dialstatus": []}, {"type": "ChannelStateChange", "channel": None}):
        apply_event(before, CallProgress())

    ended = told(destroyed() | changes)

    assert ended.state is CallState.ENDED
    assert ended.sip_code in {None, 486}
    assert arguments_of({"args": "amd"}) == []
