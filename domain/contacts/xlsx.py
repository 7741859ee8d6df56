"""The first sheet of an XLSX workbook, as rows of text: what its cells show, as a spreadsheet saves them as CSV."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from domain.contacts.csv import CellKind, Record
from domain.contacts.number_formats import NumberFormat
from domain.contacts.xlsx_guard import Package, SheetSurvey, open_package, unreadable_error
from domain.errors import InvalidCsv
from domain.requests.limits import MAX_ROWS, quoted

ARCHIVE = b"PK\x03\x04"
_SMALLEST_PLAIN, _LARGEST_PLAIN = 1e-9, 1e21  # beyond them a number is written with an exponent


class Sheet(NamedTuple):
    """Rows as they are numbered in the sheet, and warnings."""

    records: Iterator[Record]
    warnings: list[str]
    of_several: str | None  # which sheet was read, where there are several


def is_archive(content: bytes) -> bool:
    """Whether it is a zip, as workbooks are."""
    return content.startswith(ARCHIVE)


def read_workbook(content: bytes) -> Sheet:
    """Read the first visible sheet. Raises InvalidCsv, now or while rows are taken."""
    package = open_package(content)
    survey = SheetSurvey(package)
    warnings = list(_list_warnings(package, survey))
    return Sheet(_read_records(_open_sheet(package), survey.formats), warnings, _say_which(package))


def _say_which(package: Package) -> str | None:
    if package.visible_sheets == 1:
        return None
    return f"Only the first sheet, {quoted(package.name)}, was read; the workbook has {package.visible_sheets}."


def _open_sheet(package: Package) -> CalamineSheet:
    try:
        workbook = CalamineWorkbook.from_filelike(package.to_archive())
        return workbook.get_sheet_by_name(package.name)
    except CalamineError:
        raise unreadable_error() from None


def _list_warnings(package: Package, survey: SheetSurvey) -> Iterator[str]:
    if which := _say_which(package):
        yield which
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


def _read_records(sheet: CalamineSheet, formats: Mapping[tuple[int, int], NumberFormat]) -> Iterator[Record]:
    """All rows from 1; as wide as the first one, and wider where a cell further to the right holds something."""
    left = [""] * (sheet.start[1] if sheet.start else 0)
    formatted: dict[int, list[int]] = defaultdict(list)
    for row, column in formats:
        formatted[row].append(column)
    width = 0
    for row, values in enumerate(_read_rows(sheet), start=1):
        if row > MAX_ROWS:
            raise InvalidCsv(f"The file has more than {MAX_ROWS:,} rows.")
        cells = left + [_format(value) for value in values]
        if row == 1:
            width = _count_used(cells)
        kinds = {len(left) + place: kind for place, value in enumerate(values) if (kind := _find_kind(value))}
        for column in formatted.pop(row, ()):
            if kinds.get(column - 1) is CellKind.NUMBER:
                value = values[column - 1 - len(left)]
                cells[column - 1], kinds[column - 1] = _show(value, formats[row, column])
        yield Record(row, _fit(cells, width), kinds=kinds)


def _read_rows(sheet: CalamineSheet) -> Iterator[list[Any]]:
    rows = sheet.iter_rows()
    while True:
        try:
            values = next(rows)
        except StopIteration:
            return
        except (CalamineError, ArithmeticError, ValueError):  # a day that no calendar has
            raise unreadable_error() from None
        yield values


def _count_used(cells: list[str]) -> int:
    """How many cells there are up to the last one that holds something."""
    return max((place for place, cell in enumerate(cells, start=1) if cell.strip()), default=0)


def _fit(cells: list[str], width: int) -> list[str]:
    used = max(width, _count_used(cells[width:]) + width if len(cells) > width else 0)
    return cells[:used] + [""] * (used - len(cells))


def _find_kind(value: Any) -> CellKind | None:
    if isinstance(value, str | bool):
        return None
    if isinstance(value, int | float):
        return CellKind.NUMBER
    return CellKind.DAY if isinstance(value, date) and not isinstance(value, datetime) else None


def _show(value: float, number_format: NumberFormat) -> tuple[str, CellKind]:
    shown = number_format.show(value)
    if shown is None:
        hides_zeros = number_format.hides_zeros(value)
        return _format_number(value), CellKind.NUMBER_WITHOUT_ZEROS if hides_zeros else CellKind.NUMBER
    return shown, CellKind.NUMBER_WITH_PLUS if shown.startswith("+") else CellKind.NUMBER


def _format(value: Any) -> str:
    """Text as it stands, TRUE and FALSE, numbers with a point, ISO 8601 for dates and times, H:MM:SS for spans."""
    match value:
        case str():
            return value
        case bool():
            return "TRUE" if value else "FALSE"
        case int() | float():
            return _format_number(value)
        case datetime():
            return value.isoformat(timespec="milliseconds" if value.microsecond >= 1000 else "seconds")
        case date() | time():
            return value.isoformat()
        case timedelta():
            return _format_span(value)
        case _:
            return str(value)


def _format_number(value: float) -> str:
    """As spreadsheets show it: 15 digits count, and exponents are for what is very large or small."""
    text = f"{value:.15g}"
    if "e" not in text:
        return "0" if text == "-0" else text
    return f"{Decimal(text):f}" if _SMALLEST_PLAIN <= abs(value) < _LARGEST_PLAIN else text


def _format_span(value: timedelta) -> str:
    sign, seconds = ("-", -value) if value < timedelta() else ("", value)
    minutes, rest = divmod(seconds // timedelta(seconds=1), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{sign}{hours}:{minutes:02}:{rest:02}"
