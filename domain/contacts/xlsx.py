"""The first sheet of an XLSX workbook, as rows of text: what its cells show, as a spreadsheet saves them as CSV."""

import io
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from domain.contacts.csv import Kind, Record
from domain.contacts.xlsx_guard import Package, SheetSurvey, not_readable, open_package
from domain.errors import InvalidCsv
from domain.requests.limits import MAX_ROWS, quoted

ARCHIVE = b"PK\x03\x04"
_EXACT = 10**15  # up to this a workbook's numbers are exact, and are written as whole ones


class Sheet(NamedTuple):
    """Rows as they are numbered in the sheet, and what is to be said of it."""

    records: Iterator[Record]
    warnings: list[str]


def is_archive(content: bytes) -> bool:
    """Whether it is a zip, as workbooks are."""
    return content.startswith(ARCHIVE)


def read_workbook(content: bytes) -> Sheet:
    """Read the first sheet that can be seen. Raises InvalidCsv, now or while rows are taken."""
    package = open_package(content)
    survey = SheetSurvey(package)
    return Sheet(_records(_sheet(package)), list(_warnings(package, survey)))


def _sheet(package: Package) -> CalamineSheet:
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(package.to_archive()))
        return workbook.get_sheet_by_name(package.name)
    except CalamineError:
        raise not_readable() from None


def _warnings(package: Package, survey: SheetSurvey) -> Iterator[str]:
    if package.visible_sheets > 1:
        yield f"Only the first sheet, {quoted(package.name)}, was read; the workbook has {package.visible_sheets}."
    if survey.merged:
        yield "The sheet has merged cells: only the first cell of each holds the value, the others are empty."
    if survey.hidden_rows:
        yield f"Hidden rows were read like the others. There are {survey.hidden_rows:,}."
    if survey.errors:
        yield f"Cells that show an error, such as #N/A, were read as empty. There are {survey.errors:,}."
    if survey.unsaved_formulas:
        yield (
            "Formulas without a saved result were read as empty: open the workbook in a spreadsheet and save it."
            f" There are {survey.unsaved_formulas:,}."
        )


def _records(sheet: CalamineSheet) -> Iterator[Record]:
    """All rows from 1; as wide as the first one, and wider where a cell says something further to the right."""
    left = [""] * (sheet.start[1] if sheet.start else 0)
    width = 0
    for row, values in enumerate(sheet.iter_rows(), start=1):
        if row > MAX_ROWS:
            raise InvalidCsv(f"The file has more than {MAX_ROWS:,} rows.")
        cells = left + [_text(value) for value in values]
        if row == 1:
            width = _used(cells)
        kinds = {len(left) + place: kind for place, value in enumerate(values) if (kind := _kind(value))}
        yield Record(row, _fitted(cells, width), kinds=kinds)


def _used(cells: list[str]) -> int:
    """How many cells there are up to the last one that says something."""
    return max((place for place, cell in enumerate(cells, start=1) if cell.strip()), default=0)


def _fitted(cells: list[str], width: int) -> list[str]:
    used = max(width, _used(cells[width:]) + width if len(cells) > width else 0)
    return cells[:used] + [""] * (used - len(cells))


def _kind(value: Any) -> Kind | None:
    if isinstance(value, str | bool):
        return None
    if isinstance(value, int | float):
        return Kind.NUMBER
    return Kind.DAY if isinstance(value, date) and not isinstance(value, datetime) else None


def _text(value: Any) -> str:
    """Text as it stands, TRUE and FALSE, numbers with a point, ISO 8601 for dates and times, H:MM:SS for spans."""
    match value:
        case str():
            return value
        case bool():
            return "TRUE" if value else "FALSE"
        case int() | float():
            return _number_text(value)
        case datetime():
            return value.isoformat(timespec="milliseconds" if value.microsecond >= 1000 else "seconds")
        case date() | time():
            return value.isoformat()
        case timedelta():
            return _span_text(value)
        case _:
            return str(value)


def _number_text(value: float) -> str:
    return str(int(value)) if abs(value) < _EXACT and value == int(value) else repr(value)


def _span_text(value: timedelta) -> str:
    sign, seconds = ("-", -value) if value < timedelta() else ("", value)
    minutes, rest = divmod(seconds // timedelta(seconds=1), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{sign}{hours}:{minutes:02}:{rest:02}"
