"""The first rows of a contact file as they stand there, to say which column is which before it is sent."""

from itertools import islice

from domain.contacts.csv import Record
from domain.contacts.read_file import check_size, open_table
from domain.model import Model

ROWS = 5
MAX_SHOWN_COLUMNS = 60
MAX_SHOWN = 1_000  # characters of a cell


class FirstRows(Model):
    """`header`: row 1, whatever it holds. Long cells are cut; of many columns the first are given."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def read_first_rows(content: bytes | None) -> FirstRows:
    """Raises InvalidCsv for what is no table."""
    table = open_table(check_size(content), None)
    header = next(table.records, Record(1, []))
    rows = islice((record for record in table.records if not record.blank), ROWS)
    return FirstRows(header=_shown(header), rows=tuple(_shown(record) for record in rows))


def _shown(record: Record) -> tuple[str, ...]:
    cells = record.cells[:MAX_SHOWN_COLUMNS] or [record.raw]
    return tuple(cell.strip()[:MAX_SHOWN] for cell in cells)
