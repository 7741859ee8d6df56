"""From a file's text to its records: delimiter, quotes, line ends. Broken rows are reported, not guessed."""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from enum import Enum, auto
from itertools import count, islice
from typing import NamedTuple

from domain.contacts.columns import is_phone_header
from domain.errors import InvalidCsv
from domain.phone.marks import strip_marks
from domain.requests.limits import MAX_FILE_BYTES, MAX_ROWS

MAX_CELLS = 16_384  # of a row: no spreadsheet has more columns
MAX_LINES = 65_536  # of a row: a contact has at most 64 KB
DELIMITERS = (",", ";", "\t", "|")

_HINT = re.compile(r"\ufeff?\"?sep=(?P<delimiter>[,;\t|])\"?(?:\r\n|\r|\n)", re.IGNORECASE)

_QUOTED = re.compile(r'"[^"]*"')

# The reader's own limit, 128 KB a cell, is one for the whole process; ours are on the file and on a contact.
csv.field_size_limit(MAX_FILE_BYTES + 1)


class CellKind(Enum):
    """What a workbook's cell is, where that is no text. The cells of a text file are all text."""

    NUMBER = auto()
    NUMBER_WITH_PLUS = auto()  # shown behind a +
    NUMBER_WITHOUT_ZEROS = auto()  # the sheet shows it with leading zeros that were not read
    DAY = auto()  # a date at midnight


class Record(NamedTuple):
    """One row as a spreadsheet numbers it: blank rows count, a quoted line break does not begin a new one."""

    row: int
    cells: list[str]
    broken: bool = False  # a quoted cell goes on after its closing quote
    raw: str = ""  # the text of a broken row
    kinds: Mapping[int, CellKind] = {}  # by the index of the cell

    @property
    def blank(self) -> bool:
        return not self.broken and not any(map(str.strip, self.cells))


class _Lines:
    """Lines of a text, ended by CR, LF or CRLF. `taken`: since the last record; `exhausted`: none is left.

    Judged before cells are made of them. Raises InvalidCsv for a record of too many cells or lines.
    """

    def __init__(self, text: str, delimiter: str) -> None:
        self._lines = io.StringIO(text, newline="")
        self._delimiter = delimiter
        self.row = 0
        self.taken: list[str] = []
        self.exhausted = False

    def begin(self, row: int) -> None:
        """The next line begins this record."""
        self.row = row
        self.taken.clear()

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            if len(self.taken) == MAX_LINES:
                raise InvalidCsv(f'Row {self.row} has more than {MAX_LINES:,} lines: is a quote (") never closed?')
            if line.count(self._delimiter) >= MAX_CELLS and _QUOTED.sub("", line).count(self._delimiter) >= MAX_CELLS:
                raise InvalidCsv(f"Row {self.row} has more than {MAX_CELLS:,} cells.")
            self.taken.append(line)
            yield line
        self.exhausted = True


def split_hint(text: str) -> tuple[str | None, str]:
    """The delimiter that a first line `sep=;` names, for spreadsheets, and the table below that line."""
    hint = _HINT.match(text)
    return (hint["delimiter"], text[hint.end() :]) if hint else (None, text)


def read_records(text: str, delimiter: str) -> Iterator[Record]:
    """Split a text into records; row 1 is the first. Raises InvalidCsv where a quote is never closed."""
    return iter(Records(text, delimiter, spaced=has_quotes_after_blanks(text, delimiter)))


def has_quotes_after_blanks(text: str, delimiter: str) -> bool:
    """Whether blanks stand before quoted cells."""
    return ' "' in text and _match_quotes_after_blanks(delimiter).search(text) is not None


class Records:
    """The records of a text, in which row `first` is the first. `spaced`: blanks stand before quoted cells.

    `whole`: False where the text goes on; then `rest` is what there is of a last record in quotes, once all were taken.
    Raises InvalidCsv where a quote is never closed.
    """

    def __init__(self, text: str, delimiter: str, *, first: int = 1, spaced: bool = False, whole: bool = True) -> None:
        self._lines = _Lines(text, delimiter)
        self._first, self._whole = first, whole
        self._reader = csv.reader(iter(self._lines), delimiter=delimiter, strict=True, skipinitialspace=spaced)
        self.rest = ""

    def __iter__(self) -> Iterator[Record]:
        lines = self._lines
        for row in count(self._first):
            if row > MAX_ROWS:
                raise InvalidCsv(f"The file has more than {MAX_ROWS:,} rows.")
            try:
                lines.begin(row)
                yield Record(row, next(self._reader))
            except StopIteration:
                return
            except csv.Error:
                if lines.exhausted:
                    self.rest = "".join(lines.taken)
                    if self._whole:
                        raise unclosed_quote(row) from None
                    return
                yield Record(row, [], broken=True, raw="".join(lines.taken).rstrip("\r\n"))


def unclosed_quote(row: int) -> InvalidCsv:
    """The error of a quote without an end."""
    return InvalidCsv(f'A quote (") that opens in row {row} is never closed.')


def _match_quotes_after_blanks(delimiter: str) -> re.Pattern[str]:
    """A whole quoted cell with blanks before it, as some programs write all of them: `+12025550102, "Bo", "Oslo"`."""
    end = re.escape(delimiter)
    return re.compile(rf'(?:^|{end}) +"(?:[^"\r\n]|"")*+"(?:{end}|[\r\n]|\Z)', re.MULTILINE)


def detect_delimiter(text: str, phone: str | None = None) -> str:
    """Find what separates the columns: what makes a phone column of that name, else what makes most columns."""
    headers = {delimiter: _read_first_cells(text, delimiter) for delimiter in DELIMITERS}
    for delimiter, cells in headers.items():
        if any(is_phone_header(strip_marks(cell), phone) for cell in cells):
            return delimiter
    return max(DELIMITERS, key=lambda delimiter: len(headers[delimiter]))


def _read_first_cells(text: str, delimiter: str) -> list[str]:
    try:
        return next((record.cells for record in islice(read_records(text, delimiter), 1)), [])
    except InvalidCsv:
        return []
