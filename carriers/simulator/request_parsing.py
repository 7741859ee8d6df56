"""Reads requests: their credentials, a create form, a list query."""

import base64
import binascii
import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from carriers.simulator.call_engine import CallRequest
from carriers.simulator.media_streams import stream_of
from carriers.simulator.resources import ApiError

E164 = re.compile(r"\+[1-9]\d{6,14}")
TIMEOUT_SECONDS, MAX_TIMEOUT_SECONDS = 60, 600  # Twilio's default and limit
TIME_LIMIT_SECONDS = 14_400
MAX_TWIML_CHARACTERS = 4_000
PAGE_SIZE, MAX_PAGE_SIZE = 50, 1_000

Form = Mapping[str, list[str]]


def form_of(body: bytes) -> dict[str, list[str]]:
    """Read a form; a name may be given more than once."""
    form: dict[str, list[str]] = {}
    for name, value in parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True):
        form.setdefault(name, []).append(value)
    return form


def check_credentials(authorization: str, account_sid: str, auth_token: str) -> None:
    """Raises ApiError unless they are the account's."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        given = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        given = b""
    if scheme.lower() != "basic" or not secrets.compare_digest(given, f"{account_sid}:{auth_token}".encode()):
        raise ApiError(401, 20003)


def call_request_of(form: Form) -> CallRequest:
    """Check a create request as Twilio does. Raises ApiError."""
    to, from_ = _one(form, "To"), _one(form, "From")
    _require(to is not None, 21201)
    _require(from_ is not None, 21213)
    _require(E164.fullmatch(to or "") is not None, 21211)
    _require(E164.fullmatch(from_ or "") is not None, 21212)
    twiml = _one(form, "Twiml")
    _require(twiml is not None or _is_url(_one(form, "Url")), 21205)
    _require(len(twiml or "") <= MAX_TWIML_CHARACTERS, 20001)
    return CallRequest(
        to=to or "",
        from_=from_ or "",
        status_callback=_one(form, "StatusCallback"),
        events=frozenset(" ".join(form.get("StatusCallbackEvent", ["completed"])).split()),
        amd_callback=_one(form, "AsyncAmdStatusCallback") if _one(form, "AsyncAmd") == "true" else None,
        detects=_one(form, "MachineDetection") in {"Enable", "DetectMessageEnd"},
        timeout=_parse_int(form, "Timeout", TIMEOUT_SECONDS, MAX_TIMEOUT_SECONDS),
        time_limit=_parse_int(form, "TimeLimit", TIME_LIMIT_SECONDS, TIME_LIMIT_SECONDS),
        stream=stream_of(twiml),
        records=_one(form, "Record") == "true",
        url=_one(form, "Url") if twiml is None else None,
    )


def filters_of(query: Mapping[str, str]) -> dict[str, Any]:
    """The list's filters, as `CallStore.page` takes them. Queued calls have no start time."""
    columns = {"To": "to", "From": "from_", "Status": "status"}
    filters: dict[str, Any] = {columns[name]: query[name] for name in columns if name in query}
    for name in ("StartTime", "StartTime>", "StartTime>="):
        if name in query:
            filters["started_from"] = _day(query[name])
    for name in ("StartTime", "StartTime<", "StartTime<="):
        if name in query:
            filters["started_to"] = _day(query[name], days=1)
    return filters


def page_of(query: Mapping[str, str]) -> tuple[int, int]:
    """Page number from 0, and page size."""
    try:
        size = int(query.get("PageSize", PAGE_SIZE))
        return max(0, int(query.get("Page", 0))), min(max(1, size), MAX_PAGE_SIZE)
    except ValueError:
        raise ApiError(400, 20001) from None


def _require(condition: bool, code: int) -> None:
    if not condition:
        raise ApiError(400, code)


def _one(form: Form, name: str) -> str | None:
    return form[name][-1] or None if name in form else None


def _parse_int(form: Form, name: str, default: int, largest: int) -> int:
    text = _one(form, name) or str(default)
    _require(text.isascii() and text.isdecimal(), 20001)
    return min(int(text), largest)


def _is_url(text: str | None) -> bool:
    return text is not None and text.startswith(("http://", "https://"))


def _day(text: str, days: int = 0) -> float:
    try:
        return (datetime.fromisoformat(text[:10]).replace(tzinfo=UTC) + timedelta(days=days)).timestamp()
    except ValueError:
        raise ApiError(400, 20001) from None
