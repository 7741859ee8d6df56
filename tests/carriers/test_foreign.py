"""What others send is read field by field: one that cannot be used costs no other."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from carriers import Gone
from carriers.foreign import read_integer, read_moment, read_object, read_text
from carriers.twilio import Twilio
from carriers.twilio.instructions import instruction_arguments
from carriers.twilio.reports import report_of_event
from domain.calls.models import Audio, CallReport, CallState, Ending
from tests.carriers.simulation import an_order, closing
from tests.receiving import Receiver, answers

CALL: dict[str, Any] = {"sid": "CA1", "status": "completed", "duration": "61", "answered_by": "human"}
ENDED = {"CallSid": "CA1", "CallStatus": "completed", "CallDuration": "61", "SequenceNumber": "3"}


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("61", 61),
        (61, 61),
        (61.0, 61),
        ("61.0", 61),
        ("0", 0),
        ("", None),
        (None, None),
        (True, None),
        ("-1", None),
        (61.5, None),
        ("1" + "0" * 12, None),
        (10**30, None),
        (1e30, None),
        (float("nan"), None),
        ("٣", None),
        (["61"], None),
        ({}, None),
    ],
)
def test_a_number_is_read_however_it_is_written(value: object, found: int | None) -> None:
    assert read_integer(value) == found


def test_texts_objects_and_moments() -> None:
    assert [read_text(value) for value in ("a", "", None, 7, "a\0b", "a\r\nb", "x" * 3_000)] == ["a"] + [None] * 6
    assert [read_object(value) for value in ({"a": 1}, [], None, "a")] == [{"a": 1}, {}, {}, {}]
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert [read_moment(value) for value in (noon, noon.replace(tzinfo=None), "noon", None)] == [noon, noon, None, None]


@pytest.mark.parametrize(
    ("changes", "seconds"),
    [
        ({"duration": 61}, 61),  # SignalWire's documents
        ({"duration": 61.0}, 61),
        ({"duration": None}, None),
        ({"duration": {}}, None),
        ({"duration": 10**30}, None),
        ({"date_created": "2026-11-27T10:00:00Z", "end_time": "soon", "date_updated": ""}, 61),
        ({"answered_by": 1, "price": {}, "direction": 3, "subresource_uris": 7}, 61),
    ],
)
async def test_a_call_is_read_whatever_its_other_fields_are(
    server: Receiver, changes: dict[str, Any], seconds: int | None
) -> None:
    server.answering = answers(200, json.dumps(CALL | changes), **{"Content-Type": "application/json"})
    async with closing(Twilio("AC1", "token", base_url=server.origin)) as carrier:
        found = await carrier.fetch("CA1")

    assert not isinstance(found, Gone)
    assert (found.state, found.ending, found.duration_seconds) == (CallState.ENDED, Ending.COMPLETED, seconds)


@pytest.mark.parametrize(
    "changes",
    [
        {"Timestamp": "2026-11-27T10:00:00Z"},
        {"Timestamp": "yesterday"},
        {"Timestamp": "Thu, 99 Jan 2026 00:00:00 +9999"},
        {"SequenceNumber": "1" + "0" * 12},
        {"SequenceNumber": "1" * 5_000},
        {"SipResponseCode": "7" * 30},
        {"RecordingUrl": "https://x\0y", "ErrorCode": "1\0", "AnsweredBy": "\0"},
    ],
)
def test_an_event_is_read_whatever_its_other_fields_are(changes: dict[str, str]) -> None:
    found = report_of_event(ENDED | changes, "https://calls.example/carriers/twilio/events?dial=contact_1:1")

    assert (found.state, found.ending, found.duration_seconds) == (CallState.ENDED, Ending.COMPLETED, 61)
    assert "\0" not in found.model_dump_json().replace("\\u0000", "\0")


@pytest.mark.parametrize("duration", ["1" + "0" * 30, "86400" * 3, "-1", "an hour"])
def test_a_duration_that_no_call_has_is_none(duration: str) -> None:
    found: CallReport = report_of_event(ENDED | {"CallDuration": duration}, "https://calls.example/")

    assert found.duration_seconds is None


def test_a_line_break_in_a_field_begins_no_header_of_its_own() -> None:
    order = an_order(
        "+12015550123", audio=Audio.SIP, audio_url="sip:agent@example.com", parameters={"note": "one\r\nX-Two: three"}
    )

    twiml = instruction_arguments(order)["twiml"]

    assert "X-note=one+X-Two%3A+three" in twiml
    assert "%0D" not in twiml
    assert "%0A" not in twiml
