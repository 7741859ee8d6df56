"""The fields of create, but for the contacts: from raw values to a request that keeps every rule."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from domain.errors import InvalidRequest
from domain.intake.limits import quoted
from domain.intake.raw_values import FormValues, RawValues
from domain.intake.strict_json import parse_json_text
from domain.jobs import JobRequest
from domain.model import Model
from domain.schedule import StartTime, WrittenStart, place_start, read_written_start, read_zone
from domain.statuses import OnOverlap

KNOWN_FIELDS = frozenset(
    {"name", "description", "fromPhoneNumberId", "concurrentCallLimit", "maxAttempts", "scheduledStartTime"}
    | {"timezone", "ringSeconds", "maxCallSeconds", "onOverlap", "file", "contacts"}
)
_MOST_WARNINGS = 100


class ReadFields(Model):
    """A valid request, what a clock change did to its start (for `message`), and what was ignored.

    `contacts` are those sent as JSON, not yet read; None: they come as a file.
    """

    request: JobRequest
    contacts: Sequence[Any] | None = None
    start_note: str | None = None
    warnings: Sequence[str] = ()


def read_form(values: Mapping[str, str], *, has_file: bool, now: datetime) -> ReadFields:
    """Read the fields of a form: text, where empty or blank is not given. An empty file is no file.

    Raises InvalidRequest naming every bad field, then InvalidTimezone, then PastScheduledTime.
    """
    form = FormValues(values)
    text = form.text("contacts")
    if text is None:
        return _read(form, None, now)
    if has_file:
        form.blame("contacts", "cannot be sent together with a file")
    return _read(form, _read_array(form, parse_json_text(text, "contacts")), now)


def read_json(body: Any, now: datetime) -> ReadFields:
    """Read a JSON body as `parse_json` gave it, where null is not given. Raises as `read_form`."""
    if not isinstance(body, dict):
        raise InvalidRequest("The body must be a JSON object.")
    values = RawValues(body)
    return _read(values, _read_array(values, values.given("contacts")), now)


def _read_array(values: RawValues, contacts: Any) -> Sequence[Any]:
    if contacts is None:
        values.blame_missing("contacts")
    elif not isinstance(contacts, list):
        values.blame("contacts", "must be an array of objects")
    return contacts if isinstance(contacts, list) else []


def _read(values: RawValues, contacts: Sequence[Any] | None, now: datetime) -> ReadFields:
    request = _read_timeless(values)
    written = _read_start(values)
    zone_name = values.text("timezone")
    values.refuse_problems()
    zone = read_zone("UTC" if zone_name is None else zone_name)
    start = place_start(written, zone, now) if written else StartTime()
    request = request.model_copy(update={"scheduled_start_time": start.at, "timezone": zone.key})
    return ReadFields(request=request, contacts=contacts, start_note=start.note, warnings=_ignored(values))


def _read_timeless(values: RawValues) -> JobRequest:
    return JobRequest(
        from_phone_number_id=values.required_text("fromPhoneNumberId"),
        name=values.required_text("name", longest=200),
        description=values.optional_text("description", longest=1000),
        concurrent_call_limit=values.integer("concurrentCallLimit", 5, 1, 50),
        max_attempts=values.integer("maxAttempts", 3, 1, 10),
        ring_seconds=values.integer("ringSeconds", 45, 15, 120),
        max_call_seconds=values.integer("maxCallSeconds", 900, 10, 14_400),
        on_overlap=values.choice("onOverlap", OnOverlap.WARN),
    )


def _read_start(values: RawValues) -> WrittenStart | None:
    text = values.text("scheduledStartTime")
    try:
        return None if text is None else read_written_start(text)
    except InvalidRequest as refused:
        values.blame("scheduledStartTime", refused.details[0]["reason"])
        return None


def _ignored(values: RawValues) -> list[str]:
    unknown = [name for name in values.names() if name not in KNOWN_FIELDS]
    return [f"The unknown field {quoted(name)} was ignored." for name in unknown[:_MOST_WARNINGS]]
