"""From a file's text to its records: delimiter, quotes, line ends. Broken rows are named, not guessed."""

import csv
import io
from collections.abc import Iterator
from itertools import count, islice
from typing import NamedTuple

from domain.errors import InvalidCsv
from domain.intake.limits import MAX_FILE_BYTES, MAX_ROWS

DELIMITERS = (",", ";", "\t", "|")

# The reader's own limit, 128 KB a cell, is one for the whole process; ours are on the file and on a contact.
csv.field_size_limit(MAX_FILE_BYTES + 1)


class Record(NamedTuple):
    """One row as a spreadsheet numbers it: blank rows count, a quoted line break does not begin a new one."""

    row: int
    cells: list[str]
    broken: bool = False  # a quoted cell goes on after its closing quote

    @property
    def blank(self) -> bool:
        return not self.broken and not any(cell.strip() for cell in self.cells)


class _Lines:
    """Lines of a text, and whether the last one was taken: CR, LF and CRLF end a line."""

    def __init__(self, text: str) -> None:
        self._lines = io.StringIO(text, newline="")
        self.spent = False

    def __iter__(self) -> Iterator[str]:
        yield from self._lines
        self.spent = True


def read_records(text: str, delimiter: str) -> Iterator[Record]:
    """Split a text into records; row 1 is the first. Raises InvalidCsv where a quote is never closed."""
    lines = _Lines(text)
    reader = csv.reader(iter(lines), delimiter=delimiter, strict=True)
    for row in count(1):
        if row > MAX_ROWS:
            raise InvalidCsv(f"The file has more than {MAX_ROWS:,} rows.")
        try:
            yield Record(row, next(reader))
        except StopIteration:
            return
        except csv.Error:
            if lines.spent:
                raise InvalidCsv(f'A quote (") that opens in row {row} is never closed.') from None
            yield Record(row, [], broken=True)


def detect_delimiter(text: str) -> str:
    """Find what separates the columns: what makes a `phone` column, else what makes most columns."""
    headers = {delimiter: _first_cells(text, delimiter) for delimiter in DELIMITERS}
    for delimiter, cells in headers.items():
        if "phone" in (cell.strip().lower() for cell in cells):
            return delimiter
    return max(DELIMITERS, key=lambda delimiter: len(headers[delimiter]))


def _first_cells(text: str, delimiter: str) -> list[str]:
    try:
        return next((record.cells for record in islice(read_records(text, delimiter), 1)), [])
    except InvalidCsv:
        return []
