"""One contact: where it is, from when on it may be called, who it is for the client, and what it must have."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from domain.calling_rules.schedule import (
    GRAMMAR,
    InvalidMoment,
    list_zones,
    load_zone,
    parse_moment,
    resolve_not_before,
)
from domain.contacts.named_columns import NamedColumns
from domain.contacts.number_options import NumberCheck, NumberOptions
from domain.jobs.models import NewContact
from domain.model import Model
from domain.phone.numbering_plans import NumberFacts
from domain.phone.numbers import PhoneProblem, parse_phone
from domain.phone.writings import read_writing
from domain.requests.limits import shortened

MAX_ID_LENGTH = 200  # characters of a client's own id
MAX_VALUE_LENGTH = 60  # characters of a value that is shown


class ReadOptions(Model):
    """How contacts are read. `timezone`: the job's, for times without an offset where the contact has no one zone."""

    columns: NamedColumns = NamedColumns()
    numbers: NumberOptions = NumberOptions()
    timezone: str = "UTC"
    now: datetime | None = None  # None: a column of times cannot be named


class ContactProblem(NamedTuple):
    """What is wrong with a contact, and where; `column` is None where that is the whole contact."""

    column: str | None
    value: str | None  # shortened, long numbers masked
    reason: str


class _InvalidValue(Exception):
    """A column whose value cannot be used, and why."""


class ReadNumber(NamedTuple):
    """A number that may be called: E.164, as it was written, and what is known of it."""

    number: str
    written: str
    facts: NumberFacts


def read_number(text: str, options: NumberOptions) -> ReadNumber | PhoneProblem:
    """Read a contact's number, as strictly as the request asks."""
    possible = options.number_check is NumberCheck.POSSIBLE
    facts = parse_phone(text, possible=possible)
    if isinstance(facts, NumberFacts):
        return ReadNumber(text, text, facts)
    if options.default_country is None:
        return facts
    read = read_writing(text, options.default_country, possible=possible)
    return read if isinstance(read, PhoneProblem) else ReadNumber(read[0], text, read[1])


def read_contact(
    row: int, number: ReadNumber, data: dict[str, Any], options: ReadOptions
) -> NewContact | ContactProblem:
    """Read the named columns of a contact with a valid number. Of several problems, the first."""
    columns, facts = options.columns, number.facts
    zones: tuple[str, ...] | None = facts.zones
    not_before = external_id = None
    if columns.gives_more:
        zones = _read_zones(data, columns.timezone, facts.zones)
        try:
            not_before = _read_not_before(data, zones, options)
            external_id = _read_external_id(data, columns.external_id)
            _require_values(data, columns.required)
        except _InvalidValue as invalid:
            column, reason = invalid.args
            return ContactProblem(column, _shorten_value(data.get(column)), reason)
    return NewContact(
        row=row,
        number=number.number,
        written=None if number.written == number.number else number.written,
        data=data,
        country=facts.country,
        zones=zones,
        not_before=not_before,
        external_id=external_id,
        unusual=facts.unusual,
        in_known_range=facts.valid,
    )


def is_blank(value: Any) -> bool:
    """Whether a value is null, or text of nothing but space."""
    return value is None or (isinstance(value, str) and not value.strip())


def _read_zones(data: Mapping[str, Any], column: str | None, of_number: tuple[str, ...]) -> tuple[str, ...] | None:
    """The zones that must allow a call; None where the contact's own is unknown."""
    value = None if column is None else data.get(column)
    if is_blank(value):
        return of_number
    name = value.strip() if isinstance(value, str) else ""
    return (name,) if name in list_zones() else None


def _read_not_before(data: Mapping[str, Any], zones: tuple[str, ...] | None, options: ReadOptions) -> datetime | None:
    """A time without an offset is by the clock of the contact's zone where there is just one, else of the job's."""
    column = options.columns.not_before
    value = None if column is None else data.get(column)
    if is_blank(value) or options.now is None:
        return None
    if not isinstance(value, str):
        raise _InvalidValue(column, GRAMMAR)
    zone = zones[0] if zones is not None and len(zones) == 1 else options.timezone
    try:
        return resolve_not_before(parse_moment(value.strip()), load_zone(zone), options.now)
    except InvalidMoment as problem:
        raise _InvalidValue(column, problem.reason) from None


def _read_external_id(data: Mapping[str, Any], column: str | None) -> str | None:
    value = None if column is None else data.get(column)
    if is_blank(value):
        return None
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise _InvalidValue(column, "must be text or a whole number")
    text = str(value).strip()
    if len(text) > MAX_ID_LENGTH:
        raise _InvalidValue(column, f"may have at most {MAX_ID_LENGTH} characters")
    return text


def _require_values(data: Mapping[str, Any], required: tuple[str, ...]) -> None:
    for column in required:
        if is_blank(data.get(column)):
            raise _InvalidValue(column, "is required, and is empty" if column in data else "is required")


def _shorten_value(value: Any) -> str | None:
    return None if value is None else shortened(str(value), MAX_VALUE_LENGTH)
