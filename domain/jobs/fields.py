"""The fields of create, but for the contacts: from raw values to a request that keeps every rule."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from domain.errors import InvalidRequest
from domain.jobs.column_fields import NAMING_FIELDS, NamedColumns, read_named_columns
from domain.jobs.models import JobRequest
from domain.jobs.rule_fields import RULE_FIELDS, read_rules
from domain.jobs.start_fields import MOMENT_FIELDS, place_moments, read_moments
from domain.model import Model
from domain.requests.limits import quoted
from domain.requests.raw_values import FormValues, RawValues
from domain.requests.strict_json import parse_json_text
from domain.statuses import OnOverlap

CONTACT_FIELDS = NAMING_FIELDS | {"file", "contacts"}
KNOWN_FIELDS = (
    frozenset({"name", "description", "fromPhoneNumberId", "concurrentCallLimit"})
    | frozenset({"ringSeconds", "maxCallSeconds", "onOverlap"})
    | MOMENT_FIELDS
    | RULE_FIELDS
    | CONTACT_FIELDS
)
_MOST_WARNINGS = 100


class ReadJobFields(Model):
    """A valid request, what clock changes did to its start and end (for `message`), and what was ignored.

    `contacts` are those sent as JSON, not yet read; None: they come as a file. `columns`: how to read either.
    """

    request: JobRequest
    contacts: Sequence[Any] | None = None
    start_note: str | None = None
    warnings: Sequence[str] = ()
    columns: NamedColumns = NamedColumns()


def read_form(values: Mapping[str, str], *, has_file: bool, now: datetime) -> ReadJobFields:
    """Read the fields of a form: text, where empty or blank is not given. An empty file is no file.

    Raises InvalidRequest naming every bad field, then InvalidTimezone, then PastScheduledTime.
    """
    form = FormValues(values)
    return _read(form, form_contacts(form, has_file=has_file), now)


def read_json(body: Any, now: datetime) -> ReadJobFields:
    """Read a JSON body as `parse_json` gave it, where null is not given. Raises as `read_form`."""
    values = body_values(body)
    return _read(values, body_contacts(values), now)


def body_values(body: Any) -> RawValues:
    """The fields of a JSON body. Raises InvalidRequest where it is no object."""
    if not isinstance(body, dict):
        raise InvalidRequest("The body must be a JSON object.")
    return RawValues(body)


def form_contacts(form: FormValues, *, has_file: bool) -> Sequence[Any] | None:
    """Contacts that a form holds as JSON text, None where there are none. Raises InvalidRequest: no JSON."""
    text = form.text("contacts")
    if text is None:
        return None
    if has_file:
        form.blame("contacts", "cannot be sent together with a file")
    return _array(form, parse_json_text(text, "contacts"))


def body_contacts(values: RawValues) -> Sequence[Any]:
    """The contacts of a JSON body."""
    return _array(values, values.given("contacts"))


def ignored(values: RawValues, known: Collection[str]) -> list[str]:
    """Warnings that name the fields nobody reads."""
    unknown = [name for name in values.names() if name not in known]
    return [f"The unknown field {quoted(name)} was ignored." for name in unknown[:_MOST_WARNINGS]]


def read_description(values: RawValues) -> str | None:
    """A job's description."""
    return values.optional_text("description", longest=1000)


def read_call_limit(values: RawValues) -> int:
    """How many calls a job may have at once."""
    return values.integer("concurrentCallLimit", 5, 1, 50)


def read_name(values: RawValues) -> str:
    """A job's name."""
    return values.required_text("name", longest=200)


def _array(values: RawValues, contacts: Any) -> Sequence[Any]:
    if contacts is None:
        values.blame_missing("contacts")
    elif not isinstance(contacts, list):
        values.blame("contacts", "must be an array of objects")
    return contacts if isinstance(contacts, list) else []


def _read(values: RawValues, contacts: Sequence[Any] | None, now: datetime) -> ReadJobFields:
    request = _read_timeless(values)
    columns = read_named_columns(values)
    written = read_moments(values)
    values.refuse_problems()
    moments = place_moments(written, values, request.timezone, now)
    times = {"scheduled_start_time": moments.start, "end_time": moments.end, "timezone": moments.zone}
    return ReadJobFields(
        request=request.model_copy(update=times),
        contacts=contacts,
        start_note=moments.note,
        warnings=ignored(values, KNOWN_FIELDS),
        columns=columns,
    )


def _read_timeless(values: RawValues) -> JobRequest:
    return JobRequest(
        from_phone_number_id=values.required_text("fromPhoneNumberId"),
        name=read_name(values),
        description=read_description(values),
        concurrent_call_limit=read_call_limit(values),
        **read_rules(values),
        ring_seconds=values.integer("ringSeconds", 45, 15, 120),
        max_call_seconds=values.integer("maxCallSeconds", 900, 10, 14_400),
        on_overlap=values.choice("onOverlap", OnOverlap.WARN),
    )
