"""From the bytes of a contact file to contacts and a report."""

from collections.abc import Iterator
from typing import NamedTuple

from domain.contacts.columns import MUST_HOLD_NAMES, Columns, read_columns
from domain.contacts.contact import ContactProblem, ReadOptions, read_contact
from domain.contacts.csv import Kind, Record, detect_delimiter, read_records, split_hint
from domain.contacts.decode import decode_file, empty_file
from domain.contacts.export import unescape_cell
from domain.contacts.rejects import REASON_COLUMN, Reject, Rejects, restore_row_text
from domain.contacts.report import MAX_ENTRIES, Intake, InvalidRow, ReportBuilder, list_warnings
from domain.contacts.xlsx import is_archive, read_workbook
from domain.errors import InvalidCsv, NoValidContacts, TooManyContacts
from domain.jobs.models import NewContact
from domain.phone.masking import mask_number
from domain.phone.numbers import PhoneProblem, clean_phone_cell, parse_phone
from domain.requests.limits import MAX_CONTACTS, MAX_FILE_BYTES, size_problem

HELD_AS_NUMBER = "is held as a number, which has no +: format the column as text and enter the numbers again, with +"


class _Table(NamedTuple):
    """Rows, the header first; what was assumed to read them; what separates the columns, for a file like it."""

    records: Iterator[Record]
    warnings: list[str]
    delimiter: str


class _Frame(NamedTuple):
    """How the rows below the header are read."""

    columns: Columns
    reading: ReadOptions
    delimiter: str
    mended: bool  # a file of rejected rows that we wrote: its first column is ours, its cells carry our marks


def read_contact_file(content: bytes | None, reading: ReadOptions | None = None) -> Intake:
    """Read a contact file, CSV or XLSX; rows that cannot be called are skipped and reported.

    Raises InvalidCsv, MissingPhoneColumn, InvalidRequest (a named column is not there), TooManyContacts,
    NoValidContacts.
    """
    reading = reading or ReadOptions()
    table = _open_table(_present(content), reading.columns.phone)
    header = next(table.records, Record(1, []))
    frame = _frame(header, reading, table.delimiter)
    tally, rejected = ReportBuilder(), list[Reject]()
    for record in table.records:
        if record.blank:
            tally.blank()
            continue
        if tally.filled == MAX_CONTACTS:
            raise TooManyContacts(f"The file has more than {MAX_CONTACTS:,} contacts: split it into several jobs.")
        _count(tally, rejected, frame, _unwrapped(record, frame))
    if not tally.contacts:
        raise _nothing_to_call(tally)
    intake = tally.intake([*table.warnings, *list_warnings(tally.contacts, frame.reading.columns)])
    rejects = Rejects(header=tuple(_unwrapped(header, frame).cells), delimiter=table.delimiter, rows=tuple(rejected))
    return intake.model_copy(update={"rejects": rejects})


def _open_table(content: bytes, phone: str | None) -> _Table:
    """Open an XLSX workbook or a text table; `phone`: the phone column's name, where the request gives one.

    Raises InvalidCsv, now or while rows are taken.
    """
    if is_archive(content):
        sheet = read_workbook(content)
        return _Table(sheet.records, sheet.warnings, ",")
    decoded = decode_file(content)
    hinted, text = split_hint(decoded.text)
    delimiter = hinted or detect_delimiter(text, phone)
    return _Table(read_records(text, delimiter), decoded.warnings, delimiter)


def _present(content: bytes | None) -> bytes:
    if content is None:
        raise InvalidCsv("There is no file: send the contacts as a CSV file in the field `file`.")
    if len(content) > MAX_FILE_BYTES:
        raise InvalidCsv("The file is larger than 10 MB: split it into several jobs.")
    if not content.strip():
        raise empty_file()
    return content


def _frame(header: Record, reading: ReadOptions, delimiter: str) -> _Frame:
    if header.broken:
        raise InvalidCsv(f"Row 1 cannot be read as column names: {MUST_HOLD_NAMES}.")
    mended = header.cells[:1] == [REASON_COLUMN]
    columns = read_columns(header.cells[1:] if mended else header.cells, reading.columns)
    return _Frame(columns, reading.model_copy(update={"columns": columns.named}), delimiter, mended)


def _unwrapped(record: Record, frame: _Frame) -> Record:
    if not frame.mended:
        return record
    if record.broken:
        return record._replace(raw=restore_row_text(record.raw, frame.delimiter))
    kinds = {place - 1: kind for place, kind in record.kinds.items()}
    return record._replace(cells=[unescape_cell(cell) for cell in record.cells[1:]], kinds=kinds)


def _count(tally: ReportBuilder, rejected: list[Reject], frame: _Frame, record: Record) -> None:
    entry = _read_row(frame, record)
    if isinstance(entry, NewContact):
        tally.good(entry)
        return
    tally.bad(InvalidRow(row=record.row, column=entry.column, value=entry.value, reason=entry.reason))
    said = f"{entry.column} {entry.reason}" if entry.column else entry.reason
    rejected.append(Reject(row=record.row, cells=record.raw if record.broken else tuple(record.cells), reason=said))


def _read_row(frame: _Frame, record: Record) -> NewContact | ContactProblem:
    columns = frame.columns
    problem = _shape_problem(columns, record)
    if problem is not None:
        return ContactProblem(None, None, problem)
    data = columns.row(_cells(record, columns) if record.kinds else record.cells)
    problem = size_problem(data)
    if problem is not None:
        return ContactProblem(None, None, problem)
    text = clean_phone_cell(data[columns.phone])
    kind = record.kinds.get(columns.names.index(columns.phone)) if record.kinds else None
    number = parse_phone(text) if kind is None else PhoneProblem(reason=HELD_AS_NUMBER)
    if isinstance(number, PhoneProblem):
        return ContactProblem(columns.phone, mask_number(text) if text else "", number.reason)
    return read_contact(record.row, text, number, data, frame.reading)


def _cells(record: Record, columns: Columns) -> list[str]:
    """The cells; a day in the column of times is the beginning of that day."""
    place = columns.place(columns.named.not_before)
    if place is None or record.kinds.get(place) is not Kind.DAY:
        return record.cells
    return [f"{cell}T00:00" if at == place else cell for at, cell in enumerate(record.cells)]


def _shape_problem(columns: Columns, record: Record) -> str | None:
    """Blank cells past the last column say nothing; any other difference could be a torn row."""
    if record.broken:
        return 'has text after a closing quote: inside a quoted cell a quote is written twice ("")'
    width, cells = len(columns.names), record.cells
    if len(cells) < width or any(cell.strip() for cell in cells[width:]):
        return f"has {_counted(len(cells), 'cell')}, the header has {_counted(width, 'column')}"
    return None


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _nothing_to_call(tally: ReportBuilder) -> NoValidContacts:
    details = [problem.model_dump(mode="json", by_alias=True) for problem in tally.invalid[:MAX_ENTRIES]]
    if not tally.invalid:
        return NoValidContacts("The file has column names but no contacts below them.")
    first = tally.invalid[0]
    subject = first.column or "the row"
    return NoValidContacts(
        f"None of the {len(tally.invalid):,} rows can be called. Row {first.row}: {subject} {first.reason}.",
        details,
    )
