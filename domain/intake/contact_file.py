"""From the bytes of a contact file to contacts and a report."""

from domain.errors import InvalidCsv, NoValidContacts, TooManyContacts
from domain.intake.columns import Columns, read_columns
from domain.intake.decoding import decode_file
from domain.intake.limits import MAX_CONTACTS, MAX_FILE_BYTES, size_problem
from domain.intake.report import MOST_ENTRIES, Intake, InvalidRow, Tally
from domain.intake.table import Record, detect_delimiter, read_records
from domain.jobs import NewContact
from domain.masking import masked
from domain.phones import PhoneProblem, cell_phone, read_phone


def read_contact_file(content: bytes | None) -> Intake:
    """Read a contact file; rows that cannot be called are skipped and reported.

    Raises InvalidCsv, MissingPhoneColumn, TooManyContacts, NoValidContacts.
    """
    decoded = decode_file(_present(content))
    records = read_records(decoded.text, detect_delimiter(decoded.text))
    columns = read_columns(next(records, Record(1, [])))
    tally = Tally()
    filled = 0
    for record in records:
        if record.blank:
            tally.blank()
            continue
        filled += 1
        if filled > MAX_CONTACTS:
            raise TooManyContacts(f"The file has more than {MAX_CONTACTS:,} contacts: split it into several jobs.")
        _count(tally, columns, record)
    if not tally.contacts:
        raise _nothing_to_call(tally)
    return tally.intake(decoded.warnings)


def _present(content: bytes | None) -> bytes:
    if content is None:
        raise InvalidCsv("There is no file: send the contacts as a CSV file in the field `file`.")
    if len(content) > MAX_FILE_BYTES:
        raise InvalidCsv("The file is larger than 10 MB: split it into several jobs.")
    if not content.strip():
        raise InvalidCsv("The file is empty: its first row must hold column names, one of them `phone`.")
    return content


def _count(tally: Tally, columns: Columns, record: Record) -> None:
    entry = _read_row(columns, record)
    if isinstance(entry, InvalidRow):
        tally.bad(entry)
    else:
        tally.good(entry)


def _read_row(columns: Columns, record: Record) -> NewContact | InvalidRow:
    problem = _shape_problem(columns, record)
    if problem is not None:
        return InvalidRow(row=record.row, column=None, value=None, reason=problem)
    data = columns.row(record.cells)
    problem = size_problem(data)
    if problem is not None:
        return InvalidRow(row=record.row, column=None, value=None, reason=problem)
    text = cell_phone(data[columns.phone])
    number = read_phone(text)
    if isinstance(number, PhoneProblem):
        value = masked(text) if text else ""
        return InvalidRow(row=record.row, column=columns.phone, value=value, reason=number.reason)
    return NewContact(row=record.row, number=number, data=data)


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


def _nothing_to_call(tally: Tally) -> NoValidContacts:
    details = [problem.model_dump(mode="json", by_alias=True) for problem in tally.invalid[:MOST_ENTRIES]]
    if not tally.invalid:
        return NoValidContacts("The file has column names but no contacts below them.")
    first = tally.invalid[0]
    subject = first.column or "the row"
    return NoValidContacts(
        f"None of the {len(tally.invalid):,} rows can be called. Row {first.row}: {subject} {first.reason}.",
        details,
    )
