"""A request to create a job, but for its contacts: from a form or a JSON body to settings that keep every rule."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from pydantic_core import PydanticCustomError

from domain.calling_rules.presets import get_preset_frequency
from domain.calls.retries import RetryPolicy
from domain.contacts.named_columns import NAMING_FIELDS, NamedColumns
from domain.contacts.number_options import NUMBER_FIELDS, NumberOptions
from domain.jobs.models import JobRequest
from domain.jobs.settings import ATTEMPTS, DEFAULT_ATTEMPTS, TIMES, RequestedRetryPolicy
from domain.jobs.times import resolve_times, warn_of_fixed_zone
from domain.model import Model
from domain.requests.form_brackets import note_parts
from domain.requests.reading import (
    Problems,
    drop_nulls,
    list_unknown,
    parse_texts,
    read_form_values,
    read_model,
    require_object,
)
from domain.requests.request_model import aliases
from domain.requests.strict_json import MAX_VALUES, parse_json_text, text_problem

WHOLE_FIELDS = frozenset({"file", "contacts"})  # that no form holds in parts
CONTACT_FIELDS = WHOLE_FIELDS | {*NAMING_FIELDS, *NUMBER_FIELDS}
KNOWN_FIELDS = CONTACT_FIELDS | aliases(JobRequest).keys()
ORDER = [
    "contacts",
    *(name for name in aliases(JobRequest) if name not in TIMES),
    *NAMING_FIELDS,
    *NUMBER_FIELDS,
    *TIMES,
]


class ParsedCreate(Model):
    """A valid request, what clock changes did to its start and end (for `message`), and what was ignored.

    `contacts` are those sent as JSON, not yet read; None: they come as a file. `columns` and
    `numbers`: how to read either.
    """

    request: JobRequest
    contacts: Sequence[Any] | None = None
    start_note: str | None = None
    warnings: Sequence[str] = ()
    columns: NamedColumns = NamedColumns()
    numbers: NumberOptions = NumberOptions()


def read_form(form: Mapping[str, str], *, has_file: bool, now: datetime) -> ParsedCreate:
    """Read the fields of a form: text, where empty or blank is not given. An empty file is no file.

    Raises InvalidRequest naming every bad field, then InvalidTimezone, then PastScheduledTime.
    """
    problems = Problems(ORDER)
    note_parts(form, WHOLE_FIELDS, problems.note)
    contacts = read_form_contacts(form, problems, has_file=has_file)
    return _read(
        read_form_values(form, problems, JobRequest, NamedColumns, NumberOptions), form, contacts, problems, now
    )


def read_json(body: Any, now: datetime) -> ParsedCreate:
    """Read a JSON body as `parse_json` gave it, where null is not given. Raises as `read_form`."""
    fields, problems = require_object(body), Problems(ORDER)
    note_parts(fields, KNOWN_FIELDS, problems.note)
    return _read(drop_nulls(fields), fields, read_body_contacts(fields, problems), problems, now)


def read_settings(fields: Mapping[str, Any], problems: Problems, now: datetime) -> ParsedCreate:
    """Read a JSON body without contacts, which come by themselves; `problems`: what else was noted. Raises likewise."""
    note_parts(fields, KNOWN_FIELDS, problems.note)
    return _read(drop_nulls(fields), fields, None, problems, now)


def read_form_contacts(form: Mapping[str, str], problems: Problems, *, has_file: bool) -> Sequence[Any] | None:
    """Contacts that a form holds as JSON text, None where there are none. Raises InvalidRequest: no JSON."""
    text = form.get("contacts", "")
    if not text.strip():
        return None
    if (problem := text_problem(text)) is not None:
        problems.note("contacts", problem)
        return None
    if has_file:
        problems.note("contacts", "cannot be sent together with a file")
    contacts = parse_json_text(text, "contacts", max_values=MAX_VALUES)
    return None if has_file and contacts is None else read_body_contacts({"contacts": contacts}, problems)


def read_body_contacts(body: Mapping[str, Any], problems: Problems) -> Sequence[Any]:
    """The contacts of a JSON body."""
    contacts = body.get("contacts")
    if isinstance(contacts, list):
        return contacts
    problems.note("contacts", "is required" if contacts is None else "must be an array of objects")
    return []


def _read(
    given: Mapping[str, Any],
    names: Collection[str],
    contacts: Sequence[Any] | None,
    problems: Problems,
    now: datetime,
) -> ParsedCreate:
    given = parse_texts(JobRequest, given, problems)
    _note_other_attempts(given, problems)
    request, columns = read_model(JobRequest, given, problems), read_model(NamedColumns, given, problems)
    numbers = read_model(NumberOptions, given, problems)
    problems.raise_if_any()
    resolved = resolve_times(request.scheduled_start_time, request.end_time, request.timezone, now)
    times = {"scheduled_start_time": resolved.start, "end_time": resolved.end, "timezone": resolved.zone}
    return ParsedCreate(
        request=request.model_copy(update=times | _implied(request)),
        contacts=contacts,
        start_note=resolved.note,
        warnings=[*list_unknown(names, KNOWN_FIELDS), *warn_of_fixed_zone(resolved.zone)],
        columns=columns,
        numbers=numbers,
    )


def _note_other_attempts(given: Mapping[str, Any], problems: Problems) -> None:
    """One setting that the contract lets stand in two places: no type of a single field can compare them."""
    policy = given.get("retryPolicy")
    own = _read_attempts(policy.get("maxAttempts")) if isinstance(policy, dict) else None
    if own is None or "maxAttempts" not in given:
        return
    if own != (_read_attempts(given["maxAttempts"]) or DEFAULT_ATTEMPTS):
        problems.note("retryPolicy.maxAttempts", "differs from maxAttempts: leave one of them out")


def _read_attempts(value: Any) -> int | None:
    """None where it is not given, or wrong: that is noted where its field is read."""
    with suppress(PydanticCustomError):
        return None if value is None else ATTEMPTS.read(value)
    return None


def _implied(request: JobRequest) -> dict[str, Any]:
    """What one setting implies for another: attempts in the policy, the cap that comes with a preset."""
    implied: dict[str, Any] = {}
    if isinstance(request.retry_policy, RequestedRetryPolicy):
        implied["retry_policy"] = RetryPolicy(**request.retry_policy.model_dump(exclude={"max_attempts"}))
        implied["max_attempts"] = request.retry_policy.max_attempts or request.max_attempts
    if request.contact_frequency is None:
        implied["contact_frequency"] = get_preset_frequency(request.calling_window)
    return implied
