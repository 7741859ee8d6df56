"""What is told of the contacts that came in: every row is accounted for."""

from collections.abc import Sequence
from typing import Any

from pydantic import ConfigDict
from pydantic.alias_generators import to_camel

from domain.contacts.rejects import Rejects
from domain.jobs.models import NewContact
from domain.model import Model

MAX_ENTRIES = 100  # in each list of the report; the totals count all


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
    warnings: Sequence[str] = ()

    def with_warnings(self, warnings: Sequence[str]) -> "IntakeReport":
        """The same report with these warnings first."""
        return self.model_copy(update={"warnings": [*warnings, *self.warnings][:MAX_ENTRIES]})

    def to_json(self) -> dict[str, Any]:
        """As the contract's `validation`."""
        return self.model_dump(mode="json", by_alias=True)


class Intake(Model):
    """The contacts that may be called, in order, and the account of the others."""

    contacts: list[NewContact]
    report: IntakeReport
    rejects: Rejects | None = None  # the rows of a file that cannot be called; None: there is no file


class ReportBuilder:
    """Counts rows while they are read; the first row of a number wins, later ones are its duplicates."""

    def __init__(self) -> None:
        self.contacts: list[NewContact] = []
        self.invalid: list[InvalidRow] = []
        self._duplicates: list[DuplicateRow] = []
        self._first_rows: dict[str, int] = {}
        self._blank = 0

    @property
    def filled(self) -> int:
        """Rows that are not blank."""
        return len(self.contacts) + len(self.invalid) + len(self._duplicates)

    def blank(self) -> None:
        self._blank += 1

    def bad(self, problem: InvalidRow) -> None:
        self.invalid.append(problem)

    def good(self, contact: NewContact) -> None:
        first_row = self._first_rows.setdefault(contact.number, contact.row)
        if first_row == contact.row:
            self.contacts.append(contact)
        else:
            self._duplicates.append(DuplicateRow(row=contact.row, first_row=first_row))

    def report(self, warnings: list[str]) -> IntakeReport:
        valid, invalid, duplicates = len(self.contacts), len(self.invalid), len(self._duplicates)
        return IntakeReport(
            rows=valid + invalid + duplicates + self._blank,
            valid=valid,
            blank=self._blank,
            invalid_total=invalid,
            invalid=self.invalid[:MAX_ENTRIES],
            duplicates_total=duplicates,
            duplicates=self._duplicates[:MAX_ENTRIES],
            warnings=warnings[:MAX_ENTRIES],
        )

    def intake(self, warnings: list[str]) -> Intake:
        return Intake(contacts=self.contacts, report=self.report(warnings))
