"""The first row of a contact file: the names of its columns."""

import re
from collections.abc import Sequence

from domain.errors import InvalidCsv, MissingPhoneColumn
from domain.intake.limits import quoted
from domain.intake.table import Record
from domain.model import Model

KNOWN_COLUMNS = frozenset({"phone", "name"})  # in any letter case; all others are as they are written
MUST_HOLD_NAMES = "the first row must hold column names"

_NUMBER = re.compile(r"'?[+\-(]?[0-9][0-9\s().,/\-]*(?:[eE]\+?[0-9]+)?")
_PHONE_DIGITS = 7  # a name of a column hardly ever is a number this long
_NAMES_SHOWN = 10


class Columns(Model):
    """The columns of a file: `phone` is the name of the one that holds the numbers."""

    names: tuple[str, ...]
    phone: str

    def row(self, cells: Sequence[str]) -> dict[str, str]:
        """The whole row under its names, as written and in order, without cells past the last name."""
        return dict(zip(self.names, cells, strict=False))


def read_columns(header: Record) -> Columns:
    """Read the header row. Raises InvalidCsv, MissingPhoneColumn."""
    written = [cell.strip() for cell in header.cells]
    if header.broken or not any(written):
        raise InvalidCsv(f"Row 1 cannot be read as column names: {MUST_HOLD_NAMES}.")
    names = tuple(name or f"column_{place}" for place, name in enumerate(written, start=1))
    phone = next((name for name in names if name.lower() == "phone"), None)
    if phone is None and _holds_numbers(written):
        raise InvalidCsv(f"Row 1 holds numbers: {MUST_HOLD_NAMES}, one of them `phone`.")
    _refuse_twins(names)
    if phone is None:
        shown = ", ".join(quoted(name) for name in names[:_NAMES_SHOWN])
        raise MissingPhoneColumn(f"The file has no `phone` column. Its first row reads: {shown}.")
    return Columns(names=names, phone=phone)


def _holds_numbers(written: Sequence[str]) -> bool:
    """Whether a row without a `phone` column is data: one cell a telephone number, or all cells numbers."""
    cells = [cell for cell in written if cell]
    numbers = [cell for cell in cells if _NUMBER.fullmatch(cell)]
    longest = max((sum(char.isdigit() for char in number) for number in numbers), default=0)
    return longest >= _PHONE_DIGITS or len(numbers) == len(cells)


def _refuse_twins(names: Sequence[str]) -> None:
    seen: set[str] = set()
    for place, name in enumerate(names, start=1):
        identity = name.lower() if name.lower() in KNOWN_COLUMNS else name
        if identity in seen:
            raise InvalidCsv(f"Column {place}, {quoted(name)}, stands twice in row 1: {MUST_HOLD_NAMES}, each once.")
        seen.add(identity)
