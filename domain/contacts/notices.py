"""What is to be said of contacts that are taken: unknown time zones, client's ids that are not unique."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from domain.jobs.column_fields import NamedColumns
from domain.jobs.models import NewContact
from domain.requests.limits import quoted

MAX_ROWS_NAMED = 100  # named in one warning
MAX_VALUES_NAMED = 40  # warnings of one kind


def list_warnings(contacts: Sequence[NewContact], columns: NamedColumns) -> list[str]:
    """Warnings for the report, at most two times `MAX_VALUES` and two more."""
    return [*_unknown_zones(contacts, columns.timezone), *_doubled_ids(contacts, columns.external_id)]


def _unknown_zones(contacts: Sequence[NewContact], column: str | None) -> Iterator[str]:
    if column is None:
        return
    rows: dict[str, list[int]] = defaultdict(list)
    for contact in contacts:
        if contact.zones is None:
            rows[_text(contact.data[column])].append(contact.row)
    for value, where in list(rows.items())[:MAX_VALUES_NAMED]:
        held = "The contact is" if len(where) == 1 else "The contacts are"
        yield (
            f"{_named(where)}: {quoted(value)} in {quoted(column)} is not the name of an IANA time zone."
            f" {held} held, and not called, until removed."
        )
    others = [row for where in list(rows.values())[MAX_VALUES_NAMED:] for row in where]
    if others:
        yield f"{_named(sorted(others))}: held likewise, for other names in {quoted(column)} of no IANA time zone."


def _doubled_ids(contacts: Sequence[NewContact], column: str | None) -> Iterator[str]:
    if column is None:
        return
    rows: dict[str, list[int]] = defaultdict(list)
    for contact in contacts:
        if contact.external_id is not None:
            rows[contact.external_id].append(contact.row)
    doubled = _several(rows)
    for value, where in list(doubled.items())[:MAX_VALUES_NAMED]:
        yield f"{_named(where)} have the same {quoted(column)}: {quoted(value)}."
    if len(doubled) > MAX_VALUES_NAMED:
        yield f"{len(doubled) - MAX_VALUES_NAMED:,} more values of {quoted(column)} stand in several rows."


def _several(rows: Mapping[str, list[int]]) -> dict[str, list[int]]:
    return {value: where for value, where in rows.items() if len(where) > 1}


def _named(rows: Sequence[int]) -> str:
    if len(rows) == 1:
        return f"Row {rows[0]}"
    more = f" and {len(rows) - MAX_ROWS_NAMED:,} more" if len(rows) > MAX_ROWS_NAMED else ""
    return f"Rows {', '.join(map(str, rows[:MAX_ROWS_NAMED]))}{more}"


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else str(value)
