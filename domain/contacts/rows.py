"""The rows of a contact file, below its header: each a contact, or why it is none."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from domain.contacts.columns import MUST_HOLD_NAMES, Columns, read_columns
from domain.contacts.contact import ContactProblem, ReadOptions, read_contact, read_number
from domain.contacts.csv import CellKind, Record
from domain.contacts.decode import has_stray_bytes, read_stray_bytes
from domain.contacts.export import unescape_cell
from domain.contacts.rejects import REASON_COLUMN, Reject, restore_row_text
from domain.contacts.report import InvalidRow, ReportBuilder, name_rows
from domain.contacts.shared_texts import SharedTexts
from domain.errors import InvalidCsv
from domain.jobs.models import NewContact
from domain.phone.masking import mask_number
from domain.phone.numbers import PhoneProblem, clean_phone_cell
from domain.requests.limits import are_small_texts, quoted, size_problem

MAX_COLUMNS_NAMED = 40  # in warnings of one kind
HELD_AS_NUMBER = "is held as a number, which has no +: format the column as text and enter the numbers again, with +"


class Layout(NamedTuple):
    """How the rows below the header are read."""

    columns: Columns
    options: ReadOptions
    delimiter: str
    texts: SharedTexts | None  # None: the file is so small that its texts need not be shared
    name_characters: int  # of all columns together
    short: list[int]  # rows with fewer cells than the header
    stray: list[int]  # rows with bytes that are no UTF-8, in a file that is
    without_zeros: Counter[str]  # cells read without the leading zeros that a sheet shows, by column
    is_rejects_file: bool  # rejected rows that we wrote: the first column is ours, the cells carry our marks

    def list_warnings(self) -> Iterator[str]:
        """What was read otherwise than it stands."""
        yield from self.columns.warnings
        if self.short:
            yield f"{name_rows(self.short)}: fewer cells than columns; those that are missing were read as empty."
        if self.stray:
            yield f"{name_rows(self.stray)}: bytes that are not UTF-8 were read as Windows-1252; check their letters."
        for column, cells in list(self.without_zeros.items())[:MAX_COLUMNS_NAMED]:
            yield (
                f"Numbers in {quoted(column)} were read without the leading zeros that the sheet shows: format the"
                f" column as text and enter them again. There are {cells:,}."
            )

    def unwrap(self, record: Record) -> Record:
        """A record as it was before we wrote it into a file of rejected rows."""
        if not self.is_rejects_file:
            return record
        if record.broken:
            return record._replace(raw=restore_row_text(record.raw, self.delimiter))
        kinds = {index - 1: kind for index, kind in record.kinds.items()}
        return record._replace(cells=[unescape_cell(cell) for cell in record.cells[1:]], kinds=kinds)


def read_stray(layout: Layout, record: Record) -> Record:
    """Read the record's bytes that are no UTF-8, and note its row."""
    read = without_stray(record)
    if read is not record:
        layout.stray.append(record.row)
    return read


def without_stray(record: Record) -> Record:
    """The same record where it has no such bytes."""
    if not (any(map(has_stray_bytes, record.cells)) or has_stray_bytes(record.raw)):
        return record
    return record._replace(cells=[read_stray_bytes(cell) for cell in record.cells], raw=read_stray_bytes(record.raw))


def read_header(header: Record, options: ReadOptions, delimiter: str, *, small: bool) -> Layout:
    """How the rows below are read. `small`: the file has few characters. Raises as `read_columns`."""
    if header.broken:
        raise InvalidCsv(f"Row 1 cannot be read as column names: {MUST_HOLD_NAMES}.")
    is_rejects_file = header.cells[:1] == [REASON_COLUMN]
    columns = read_columns(header.cells[1:] if is_rejects_file else header.cells, options.columns)
    options = options.model_copy(update={"columns": columns.named})
    texts, characters = None if small else SharedTexts(), sum(map(len, columns.names))
    return Layout(columns, options, delimiter, texts, characters, [], [], Counter(), is_rejects_file)


def add_row(report: ReportBuilder, rejected: list[Reject], layout: Layout, record: Record) -> int:
    """The characters of the contact's names and texts; none of a row that is rejected."""
    characters = layout.name_characters + sum(map(len, record.cells))
    entry = _read_row(layout, record, characters)
    if isinstance(entry, NewContact):
        report.add_contact(entry)
        return characters
    report.add_invalid(InvalidRow(row=record.row, column=entry.column, value=entry.value, reason=entry.reason))
    reason = f"{entry.column} {entry.reason}" if entry.column else entry.reason
    rejected.append(Reject(row=record.row, cells=record.raw if record.broken else tuple(record.cells), reason=reason))
    return 0


def _read_row(layout: Layout, record: Record, characters: int) -> NewContact | ContactProblem:
    columns, cells = layout.columns, record.cells
    width = len(columns.names)
    if (record.broken or len(cells) > width) and (problem := _find_shape_problem(width, record)) is not None:
        return ContactProblem(None, None, problem)
    if len(cells) < width:
        layout.short.append(record.row)
        cells = cells + [""] * (width - len(cells))
    if record.kinds:
        cells = _complete_days(record, cells, columns)
    data = columns.name_cells(cells if layout.texts is None else layout.texts.share_all(cells))
    if not are_small_texts(width, characters) and (problem := size_problem(data)) is not None:
        return ContactProblem(None, None, problem)
    text = clean_phone_cell(data[columns.phone])
    if record.kinds and _note_kinds(layout, record) and layout.options.numbers.default_country is None:
        return ContactProblem(columns.phone, mask_number(text), HELD_AS_NUMBER)
    number = read_number(text, layout.options.numbers)
    if isinstance(number, PhoneProblem):
        return ContactProblem(columns.phone, mask_number(text) if text else "", number.reason)
    return read_contact(record.row, number, data, layout.options)


def _note_kinds(layout: Layout, record: Record) -> bool:
    """Count the cells without their leading zeros; whether the phone is held as a number without a +."""
    names = layout.columns.names
    hidden = [index for index, kind in record.kinds.items() if kind is CellKind.NUMBER_WITHOUT_ZEROS]
    layout.without_zeros.update(names[index] for index in hidden)
    kind = record.kinds.get(names.index(layout.columns.phone))
    return kind is not None and kind is not CellKind.NUMBER_WITH_PLUS


def _complete_days(record: Record, cells: list[str], columns: Columns) -> list[str]:
    """The cells; a day in the column of times is the beginning of that day."""
    times = columns.find_index(columns.named.not_before)
    if times is None or record.kinds.get(times) is not CellKind.DAY:
        return cells
    return [f"{cell}T00:00" if index == times else cell for index, cell in enumerate(cells)]


def _find_shape_problem(width: int, record: Record) -> str | None:
    """Blank cells past the last column are ignored, empty last cells may be missing: spreadsheets write both. More
    cells could be a torn row, or a delimiter without quotes around its cell."""
    if record.broken:
        return 'has text after a closing quote: inside a quoted cell a quote is written twice ("")'
    cells = record.cells
    if any(cell.strip() for cell in cells[width:]):
        return f"has {_count(len(cells), 'cell')}, the header has {_count(width, 'column')}"
    return None


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
