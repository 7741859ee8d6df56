"""Every word that Twilio documents for a call, read from its answers and from its events."""

from typing import Any
from urllib.parse import urlencode

import pytest
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from carriers import BadSignature, EventRequest
from carriers.twilio import Twilio
from carriers.twilio.factory import from_environment
from carriers.twilio.reports import report_of_resource
from domain.calls.models import AnsweredBy, CallReport, CallState, Ending

URL = "https://calls.example.test/carriers/twilio/events?dial=contact_1:1"

STATUSES = [
    ("queued", CallState.QUEUED, None),
    ("initiated", CallState.QUEUED, None),
    ("ringing", CallState.RINGING, None),
    ("in-progress", CallState.ANSWERED, None),
    ("completed", CallState.ENDED, Ending.COMPLETED),
    ("busy", CallState.ENDED, Ending.BUSY),
    ("no-answer", CallState.ENDED, Ending.NO_ANSWER),
    ("failed", CallState.ENDED, Ending.FAILED),
    ("canceled", CallState.ENDED, Ending.CANCELED),
]


def report_of(
    form: dict[str, str], *, header: str = "x-twilio-signature", key: str = "token", **settings: Any
) -> CallReport:
    return Twilio("AC1", "token", **settings).read_event(signed(form, key, header))


def signed(form: dict[str, str], key: str, header: str = "x-twilio-signature") -> EventRequest:
    signature = RequestValidator(key).compute_signature(URL, form)
    return EventRequest(url=URL, headers={header: signature}, body=urlencode(form).encode())


class Resource:
    """A Call resource as the official client reads it."""

    sid, end_time, date_updated, date_created, duration, answered_by = "CA1", None, None, None, "7", None

    def __init__(self, status: str) -> None:
        self.status = status


@pytest.mark.parametrize(("status", "state", "ending"), STATUSES)
def test_each_status_is_read_alike_from_answers_and_events(
    status: str, state: CallState, ending: Ending | None
) -> None:
    event = report_of({"CallSid": "CA1", "CallStatus": status, "SequenceNumber": "2"})
    answer = report_of_resource(Resource(status))

    assert (event.state, event.ending, event.sequence, event.key) == (state, ending, 2, "contact_1:1")
    assert (answer.state, answer.ending, answer.duration_seconds) == (state, ending, 7)


@pytest.mark.parametrize(
    ("word", "who"),
    [
        ("human", AnsweredBy.HUMAN),
        ("machine_start", AnsweredBy.MACHINE),
        ("machine_end_beep", AnsweredBy.MACHINE),
        ("machine_end_silence", AnsweredBy.MACHINE),
        ("machine_end_other", AnsweredBy.MACHINE),
        ("fax", AnsweredBy.MACHINE),
        ("unknown", AnsweredBy.UNKNOWN),
    ],
)
def test_who_answered_is_told_in_the_middle_of_the_call_and_at_its_end(word: str, who: AnsweredBy) -> None:
    asynchronous = report_of({"CallSid": "CA1", "AnsweredBy": word, "MachineDetectionDuration": "2400"})
    final = report_of({"CallSid": "CA1", "CallStatus": "completed", "AnsweredBy": word})

    assert (asynchronous.state, asynchronous.answered_by) == (CallState.ANSWERED, who)
    assert (final.state, final.answered_by) == (CallState.ENDED, who)


def test_the_sip_code_and_the_talk_time_come_with_the_last_event() -> None:
    busy = report_of({"CallSid": "CA1", "CallStatus": "busy", "SipResponseCode": "486", "CallDuration": "0"})
    silent = report_of({"CallSid": "CA1", "CallStatus": "failed", "SipResponseCode": ""})

    assert (busy.sip_code, busy.duration_seconds) == (486, 0)
    assert (silent.sip_code, silent.duration_seconds) == (None, None)


def test_an_event_may_be_signed_with_a_key_of_its_own() -> None:
    form = {"CallSid": "0a9c2b7e-8d0f-4a51-9d6e-6b1f0f6b8f10", "CallStatus": "ringing"}

    report = report_of(form, header="x-signalwire-signature", key="signing key", signing_keys=["signing key"])

    assert report.call_id == "0a9c2b7e-8d0f-4a51-9d6e-6b1f0f6b8f10"


@pytest.mark.parametrize("key", ["the old one", "the new one"])
def test_while_a_token_is_replaced_events_may_be_signed_with_either(key: str) -> None:
    """The carrier signs with the first token until the second is promoted, and from then on with that."""
    settings = {
        "OUTDIAL_TWILIO_ACCOUNT_SID": "AC1",
        "OUTDIAL_TWILIO_AUTH_TOKEN": "the new one",
        "OUTDIAL_TWILIO_SIGNING_KEY": "the old one, the new one",
    }
    event = {"CallSid": "CA1", "CallStatus": "ringing"}
    carrier = from_environment(settings)
    assert carrier is not None
    assert carrier.read_event(signed(event, key)).call_id == "CA1"
    with pytest.raises(BadSignature):
        carrier.read_event(signed(event, "a third one"))
