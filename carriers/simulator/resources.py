"""Calls, lists and errors as Twilio writes them (docs: Voice API, Call resource; error dictionary)."""

import math
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

from carriers.simulator.calls import ENDINGS, Call
from carriers.simulator.media_streams import StreamReport

API = "/2010-04-01"
_SUBRESOURCES = (
    "events", "notifications", "payments", "recordings", "siprec", "streams", "transcriptions",
    "user_defined_message_subscriptions", "user_defined_messages",
)  # fmt: skip

MESSAGES: dict[int, str] = {
    20001: "Unknown parameters",
    20003: "Authenticate",
    20009: "The requested resource could not be deleted",
    20404: "The requested resource was not found",
    20429: "Too Many Requests",
    20500: "An internal server error has occurred",
    20503: "Service unavailable",
    21201: "No 'To' number is specified",
    21205: "Url is not a valid URL",
    21211: "The phone number you are attempting to call is not valid",
    21210: "'From' phone number not verified",
    21212: "Invalid From Number (caller ID)",
    21213: "No 'From' number is specified",
    21220: "Call is not in-progress. Cannot redirect.",
}


class ApiError(Exception):
    """An error answer."""

    def __init__(self, status: int, code: int, headers: dict[str, str] | None = None) -> None:
        super().__init__(MESSAGES[code])
        self.status = status
        self.code = code
        self.headers = headers or {}

    def body(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "message": str(self),
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }


def rfc2822(instant: float | None) -> str | None:
    """An instant in whole seconds, "Tue, 24 Nov 2026 08:41:57 +0000"."""
    if instant is None:
        return None
    return format_datetime(datetime.fromtimestamp(math.floor(instant), UTC))


def call_resource(call: Call, account_sid: str) -> dict[str, Any]:
    path = f"{API}/Accounts/{account_sid}/Calls/{call.sid}"
    names = {name: f"{path}/{''.join(word.capitalize() for word in name.split('_'))}.json" for name in _SUBRESOURCES}
    return {
        "sid": call.sid,
        "account_sid": account_sid,
        "annotation": None,
        "answered_by": call.answered_by,
        "api_version": API[1:],
        "caller_name": None,
        "date_created": rfc2822(call.asked_at),
        "date_updated": rfc2822(call.updated_at),
        "direction": "outbound-api",
        "duration": str(call.duration or 0) if call.status in ENDINGS else None,
        "end_time": rfc2822(call.ended_at),
        "forwarded_from": None,
        "from": call.from_,
        "from_formatted": call.from_,
        "group_sid": None,
        "parent_call_sid": None,
        "phone_number_sid": None,
        "price": None,
        "price_unit": "USD",
        "queue_time": str(round(max(0.0, call.dial_at - call.asked_at) * 1000)),
        "start_time": rfc2822(call.initiated_at),
        "status": call.status,
        "subresource_uris": names,
        "to": call.to,
        "to_formatted": call.to,
        "trunk_sid": None,
        "uri": f"{path}.json",
    }


def list_resource(
    calls: list[Call], account_sid: str, query: dict[str, str], *, page: int, page_size: int, more: bool
) -> dict[str, Any]:
    """A page; `query` is the request's own, without its paging."""
    path = f"{API}/Accounts/{account_sid}/Calls.json"

    def uri(number: int) -> str:
        token = {"PageToken": f"PA{calls[-1].sid}"} if number else {}
        return f"{path}?{urlencode({**query, 'PageSize': str(page_size), 'Page': str(number), **token})}"

    return {
        "calls": [call_resource(call, account_sid) for call in calls],
        "first_page_uri": uri(0),
        "next_page_uri": uri(page + 1) if more else None,
        "previous_page_uri": uri(page - 1) if page else None,
        "page": page,
        "page_size": page_size,
        "start": page * page_size,
        "end": page * page_size + max(0, len(calls) - 1),
        "uri": uri(page),
    }


def recording_resource(call: Call, account_sid: str) -> dict[str, Any]:
    return {
        "sid": call.recording_sid,
        "account_sid": account_sid,
        "call_sid": call.sid,
        "channels": 2,
        "date_created": rfc2822(call.ended_at),
        "date_updated": rfc2822(call.ended_at),
        "duration": str(call.duration or 0),
        "status": "completed",
        "uri": f"{API}/Accounts/{account_sid}/Recordings/{call.recording_sid}.json",
    }


def recordings_list(recordings: list[dict[str, Any]], account_sid: str) -> dict[str, Any]:
    """The only page."""
    uri = f"{API}/Accounts/{account_sid}/Recordings.json?Page=0"
    return {
        "recordings": recordings,
        "first_page_uri": uri,
        "next_page_uri": None,
        "previous_page_uri": None,
        "page": 0,
        "page_size": 50,
        "start": 0,
        "end": max(0, len(recordings) - 1),
        "uri": uri,
    }


def account_resource(account_sid: str) -> dict[str, Any]:
    return {
        "sid": account_sid,
        "friendly_name": "Carrier simulator",
        "status": "active",
        "type": "Full",
        "owner_account_sid": account_sid,
        "auth_token": None,
        "date_created": rfc2822(0),
        "date_updated": rfc2822(0),
        "subresource_uris": {"calls": f"{API}/Accounts/{account_sid}/Calls.json"},
        "uri": f"{API}/Accounts/{account_sid}.json",
    }


def callback_fields(call: Call, account_sid: str, event: str, at: float, sequence: int) -> dict[str, str]:
    """The form of a status callback."""
    fields = {
        "CallSid": call.sid,
        "AccountSid": account_sid,
        "From": call.from_,
        "To": call.to,
        "Caller": call.from_,
        "Called": call.to,
        "Direction": "outbound-api",
        "ApiVersion": API[1:],
        "CallStatus": "initiated" if event == "initiated" else call.status,
        "SequenceNumber": str(sequence),
        "CallbackSource": "call-progress-events",
        "Timestamp": rfc2822(at) or "",
    }
    if event == "completed":
        seconds = call.duration or 0
        fields |= {"CallDuration": str(seconds), "Duration": str(math.ceil(seconds / 60))}
        fields["SipResponseCode"] = str(call.sip_code)
    if call.answered_by is not None:
        fields["AnsweredBy"] = call.answered_by
    return fields


def detection_fields(call: Call, account_sid: str, detected_after: float) -> dict[str, str]:
    """The form of an asynchronous machine detection's callback; its duration is in the carrier's seconds."""
    return {
        "CallSid": call.sid,
        "AccountSid": account_sid,
        "AnsweredBy": call.answered_by or "unknown",
        "MachineDetectionDuration": str(round(detected_after * 1000)),
    }


def stream_fields(call: Call, account_sid: str, report: StreamReport) -> dict[str, str]:
    """The form of a media stream's status callback."""
    fields = {
        "AccountSid": account_sid,
        "CallSid": call.sid,
        "StreamSid": f"MZ{call.sid[2:]}",
        "StreamName": f"MZ{call.sid[2:]}",
        "StreamEvent": report.event,
        "Timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
    }
    return fields | ({} if report.error is None else {"StreamError": report.error})
