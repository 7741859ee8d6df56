"""The report on the contacts that came in: every row is accounted for."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from pydantic import ConfigDict
from pydantic.alias_generators import to_camel

from domain.calling_rules.fixed_zones import explain_fixed_zone
from domain.contacts.named_columns import NamedColumns
from domain.contacts.rejects import Rejects
from domain.jobs.models import NewContact
from domain.model import Model
from domain.phone.identity import identify
from domain.requests.limits import quoted

MAX_ENTRIES = 100  # in each list of the report; the totals count all
MAX_ROWS_NAMED = 100  # named in one warning
MAX_VALUES_NAMED = 40  # warnings of one kind
MAX_INDEXES_NAMED = 10  # in one sentence


class ReportModel(Model):
    """Attributes are snake_case, the contract's JSON is camelCase: dump with `by_alias=True`."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, validate_by_alias=True)


class InvalidRow(ReportModel):
    """A row that was skipped. `column` is None where the whole row is to blame."""

    row: int
    column: str | None
    value: str | None  # masked; None where the whole row is to blame
    reason: str


class DuplicateRow(ReportModel):
    """A row whose number was seen before, in `first_row`."""

    row: int
    first_row: int


class RewrittenNumber(ReportModel):
    """A number that was not E.164, as it was written and as it is called."""

    row: int
    written: str
    number: str


class IntakeReport(ReportModel):
    """The account of a contact file or list.

    Always rows = valid + invalid_total + duplicates_total + blank; `rows` are all those below the header.
    """

    rows: int
    valid: int
    blank: int = 0
    invalid_total: int = 0
    invalid: Sequence[InvalidRow] = ()
    duplicates_total: int = 0
    duplicates: Sequence[DuplicateRow] = ()
    rewritten_total: int = 0
    rewritten: Sequence[RewrittenNumber] = ()
    warnings: Sequence[str] = ()

    def with_warnings(self, warnings: Sequence[str]) -> "IntakeReport":
        """The same report with these warnings first."""
        return self.model_copy(update={"warnings": [*warnings, *self.warnings][:MAX_ENTRIES]})

    def to_json(self) -> dict[str, Any]:
        """As the contract's `validation`."""
        return self.model_dump(mode="json", by_alias=True)


@dataclass(frozen=True)
class Intake:
    """The contacts that may be called, in order, and the account of the others."""

    contacts: list[NewContact]
    report: IntakeReport
    rejects: Rejects | None = None  # the rows of a file that cannot be called; None: there is no file


class ReportBuilder:
    """Counts rows while they are read; the first row of a telephone wins, later ones are its duplicates."""

    def __init__(self) -> None:
        self.contacts: list[NewContact] = []
        self.invalid: list[InvalidRow] = []
        self._duplicates: list[DuplicateRow] = []
        self._first_rows: dict[str, int] = {}
        self._blank = 0
        self.filled = 0  # rows that are not blank

    def add_blank(self) -> None:
        self._blank += 1

    def add_invalid(self, problem: InvalidRow) -> None:
        self.filled += 1
        self.invalid.append(problem)

    def add_contact(self, contact: NewContact) -> None:
        self.filled += 1
        row = contact.row
        first_row = self._first_rows.setdefault(identify(contact.number), row)
        if first_row == row:
            self.contacts.append(contact)
        else:
            self._duplicates.append(DuplicateRow(row=row, first_row=first_row))

    def build(self, warnings: list[str]) -> Intake:
        valid, invalid, duplicates = len(self.contacts), len(self.invalid), len(self._duplicates)
        report = IntakeReport(
            rows=valid + invalid + duplicates + self._blank,
            valid=valid,
            blank=self._blank,
            invalid_total=invalid,
            invalid=self.invalid[:MAX_ENTRIES],
            duplicates_total=duplicates,
            duplicates=self._duplicates[:MAX_ENTRIES],
            rewritten_total=sum(contact.written is not None for contact in self.contacts),
            rewritten=list(islice(self._rewritten(), MAX_ENTRIES)),
            warnings=warnings[:MAX_ENTRIES],
        )
        return Intake(contacts=self.contacts, report=report)

    def _rewritten(self) -> Iterator[RewrittenNumber]:
        for contact in self.contacts:
            if contact.written is not None:
                yield RewrittenNumber(row=contact.row, written=contact.written, number=contact.number)


def list_warnings(contacts: Sequence[NewContact], columns: NamedColumns) -> list[str]:
    """Warnings for the report, of each kind at most `MAX_VALUES_NAMED` and one more."""
    return [
        *_warn_of_unknown_zones(contacts, columns.timezone),
        *_warn_of_fixed_zones(contacts, columns.timezone),
        *_warn_of_numbers(contacts),
        *warn_of_ranges(contacts),
        *_warn_of_doubled_ids(contacts, columns.external_id),
    ]


def _warn_of_unknown_zones(contacts: Sequence[NewContact], column: str | None) -> Iterator[str]:
    if column is None:
        return
    rows: dict[str, list[int]] = defaultdict(list)
    for contact in contacts:
        if contact.zones is None:
            rows[_format_value(contact.data[column])].append(contact.row)
    for value, where in list(rows.items())[:MAX_VALUES_NAMED]:
        held = "The contact is" if len(where) == 1 else "The contacts are"
        yield (
            f"{name_rows(where)}: {quoted(value)} in {quoted(column)} is not the name of an IANA time zone."
            f" {held} held, and not called, until removed."
        )
    others = [row for where in list(rows.values())[MAX_VALUES_NAMED:] for row in where]
    if others:
        yield f"{name_rows(sorted(others))}: held likewise, for other names in {quoted(column)} of no IANA time zone."


def _warn_of_fixed_zones(contacts: Sequence[NewContact], column: str | None) -> Iterator[str]:
    if column is None:
        return
    rows: dict[str, list[int]] = defaultdict(list)
    for contact in contacts:
        if contact.zones is not None and len(contact.zones) == 1:
            rows[contact.zones[0]].append(contact.row)
    for zone, where in rows.items():
        if (reason := explain_fixed_zone(zone)) is not None:
            yield f"{name_rows(where)}: {quoted(zone)} in {quoted(column)} {reason}"


def _warn_of_numbers(contacts: Sequence[NewContact]) -> Iterator[str]:
    nowhere = [contact.row for contact in contacts if contact.zones == ()]
    if nowhere:
        yield (
            f"{name_rows(nowhere)}: a number of no country, whose local time nobody knows. While a calling window"
            " holds, it is called only where `timezoneColumn` names a time zone."
        )
    kinds: dict[str, list[int]] = defaultdict(list)
    for contact in contacts:
        if contact.unusual is not None:
            kinds[contact.unusual].append(contact.row)
    for kind, where in sorted(kinds.items()):
        yield f"{name_rows(where)}: {kind}, which is hardly a person's telephone."


def warn_of_ranges(contacts: Sequence[NewContact]) -> list[str]:
    """Name the numbers that were taken for their length alone."""
    unknown = [contact.row for contact in contacts if not contact.in_known_range]
    sentence = "a number of a range that the numbering data do not know, taken as `numberCheck` is possible."
    return [f"{name_rows(unknown)}: {sentence}"] if unknown else []


def _warn_of_doubled_ids(contacts: Sequence[NewContact], column: str | None) -> Iterator[str]:
    if column is None:
        return
    rows: dict[str, list[int]] = defaultdict(list)
    for contact in contacts:
        if contact.external_id is not None:
            rows[contact.external_id].append(contact.row)
    doubled = {value: where for value, where in rows.items() if len(where) > 1}
    for value, where in list(doubled.items())[:MAX_VALUES_NAMED]:
        yield f"{name_rows(where)} have the same {quoted(column)}: {quoted(value)}."
    if len(doubled) > MAX_VALUES_NAMED:
        yield f"{len(doubled) - MAX_VALUES_NAMED:,} more values of {quoted(column)} stand in several rows."


def name_rows(rows: Sequence[int]) -> str:
    if len(rows) == 1:
        return f"Row {rows[0]}"
    more = f" and {len(rows) - MAX_ROWS_NAMED:,} more" if len(rows) > MAX_ROWS_NAMED else ""
    return f"Rows {', '.join(map(str, rows[:MAX_ROWS_NAMED]))}{more}"


def _format_value(value: Any) -> str:
    return value.strip() if isinstance(value, str) else str(value)


def list_indexes(problems: Sequence[dict[str, Any]]) -> str:
    """Which elements of a JSON array have problems: "index 0, 4, 7", the first ten."""
    more = " and more" if len(problems) > MAX_INDEXES_NAMED else ""
    return "index " + ", ".join(str(problem["index"]) for problem in problems[:MAX_INDEXES_NAMED]) + more
