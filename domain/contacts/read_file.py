"""From the bytes of a contact file to contacts and a report."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from domain.contacts.columns import MUST_HOLD_NAMES, Columns, read_columns
from domain.contacts.contact import ContactProblem, ReadOptions, read_contact, read_number
from domain.contacts.csv import CellKind, Record, detect_delimiter, read_records, split_hint
from domain.contacts.decode import decode_file, empty_file_error, has_stray_bytes, read_stray_bytes
from domain.contacts.export import unescape_cell
from domain.contacts.rejects import REASON_COLUMN, Reject, Rejects, restore_row_text
from domain.contacts.report import MAX_ENTRIES, Intake, InvalidRow, ReportBuilder, list_warnings, name_rows
from domain.contacts.shared_texts import SharedTexts
from domain.contacts.xlsx import is_archive, read_workbook
from domain.errors import InvalidCsv, NoValidContacts, RequestError, TooManyContacts
from domain.jobs.models import NewContact
from domain.phone.masking import mask_number
from domain.phone.numbers import PhoneProblem, clean_phone_cell
from domain.requests.limits import (
    MAX_CHARACTERS,
    MAX_CONTACTS,
    MAX_FILE_BYTES,
    are_small_texts,
    quoted,
    size_problem,
)

TOO_MANY_CHARACTERS = (
    f"The contacts hold more than {MAX_CHARACTERS:,} characters, the names of their columns counted for each: shorten"
    " the names, or split the file into several jobs."
)
MAX_COLUMNS_NAMED = 40  # in warnings of one kind
SMALL_TEXT = 1024 * 1024  # characters; the cells of so few take little memory even where each is kept by itself
HELD_AS_NUMBER = "is held as a number, which has no +: format the column as text and enter the numbers again, with +"


class _Table(NamedTuple):
    """Rows, the header first; what was assumed to read them; what separates the columns, for a file like it."""

    records: Iterator[Record]
    warnings: list[str]
    delimiter: str
    sheet: str | None = None  # which one of several was read, for an error
    stray: bool = True  # bytes that are no UTF-8 may be among its text
    small: bool = False  # it has few characters


class _Layout(NamedTuple):
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


def read_contact_file(content: bytes | None, options: ReadOptions | None = None) -> Intake:
    """Read a contact file, CSV or XLSX; rows that cannot be called are skipped and reported.

    Raises InvalidCsv, MissingPhoneColumn, InvalidRequest (a named column is not there), TooManyContacts,
    NoValidContacts.
    """
    options = options or ReadOptions()
    table = open_table(check_size(content), options.columns.phone)
    header = next(table.records, Record(1, []))
    layout = _read_table_header(table, header, options)
    report, rejected, characters = ReportBuilder(), list[Reject](), 0
    for record in table.records:
        if record.blank:
            report.add_blank()
            continue
        if report.filled == MAX_CONTACTS:
            raise TooManyContacts(f"The file has more than {MAX_CONTACTS:,} contacts: split it into several jobs.")
        if characters > MAX_CHARACTERS:
            raise InvalidCsv(TOO_MANY_CHARACTERS)
        read = _read_stray(layout, record) if table.stray else record
        characters += _add_row(report, rejected, layout, layout.unwrap(read))
    if not report.contacts:
        raise _no_contacts_error(report)
    warnings = [*table.warnings, *layout.list_warnings(), *list_warnings(report.contacts, layout.options.columns)]
    intake = report.build(warnings)
    rejects = Rejects(header=tuple(layout.unwrap(header).cells), delimiter=table.delimiter, rows=tuple(rejected))
    return replace(intake, rejects=rejects)


def check_size(content: bytes | None) -> bytes:
    if content is None:
        raise InvalidCsv("There is no file: send the contacts as a CSV file in the field `file`.")
    if len(content) > MAX_FILE_BYTES:
        raise InvalidCsv("The file is larger than 10 MB: split it into several jobs.")
    if not content.strip():
        raise empty_file_error()
    return content


def open_table(content: bytes, phone: str | None) -> _Table:
    """Open an XLSX workbook or a text table; its name and declared type do not count.

    `phone`: the phone column's name, where the request gives one. Raises InvalidCsv, now or while rows are taken.
    """
    if is_archive(content):
        sheet = read_workbook(content)
        return _Table(sheet.records, sheet.warnings, ",", sheet.of_several)
    decoded = decode_file(content)
    hinted, text = split_hint(decoded.text)
    delimiter = hinted or detect_delimiter(text, phone)
    records, small = read_records(text, delimiter), len(text) <= SMALL_TEXT
    return _Table(records, decoded.warnings, delimiter, stray=has_stray_bytes(text), small=small)


def _read_table_header(table: _Table, header: Record, options: ReadOptions) -> _Layout:
    """Raises as `read_columns`, and says which of several sheets was read."""
    try:
        return _read_header(_without_stray(header), options, table)
    except RequestError as error:
        if table.sheet is None:
            raise
        raise type(error)(f"{error.sentence} {table.sheet}", error.details) from None


def _read_stray(layout: _Layout, record: Record) -> Record:
    read = _without_stray(record)
    if read is not record:
        layout.stray.append(record.row)
    return read


def _without_stray(record: Record) -> Record:
    if not (any(map(has_stray_bytes, record.cells)) or has_stray_bytes(record.raw)):
        return record
    return record._replace(cells=[read_stray_bytes(cell) for cell in record.cells], raw=read_stray_bytes(record.raw))


def _read_header(header: Record, options: ReadOptions, table: _Table) -> _Layout:
    if header.broken:
        raise InvalidCsv(f"Row 1 cannot be read as column names: {MUST_HOLD_NAMES}.")
    is_rejects_file = header.cells[:1] == [REASON_COLUMN]
    columns = read_columns(header.cells[1:] if is_rejects_file else header.cells, options.columns)
    options = options.model_copy(update={"columns": columns.named})
    texts, characters = None if table.small else SharedTexts(), sum(map(len, columns.names))
    return _Layout(columns, options, table.delimiter, texts, characters, [], [], Counter(), is_rejects_file)


def _add_row(report: ReportBuilder, rejected: list[Reject], layout: _Layout, record: Record) -> int:
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


def _read_row(layout: _Layout, record: Record, characters: int) -> NewContact | ContactProblem:
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


def _note_kinds(layout: _Layout, record: Record) -> bool:
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


def _no_contacts_error(report: ReportBuilder) -> NoValidContacts:
    if not report.invalid:
        return NoValidContacts("The file has column names but no contacts below them.")
    first = report.invalid[0]
    return NoValidContacts(
        f"None of the {len(report.invalid):,} rows can be called."
        f" Row {first.row}: {first.column or 'the row'} {first.reason}.",
        [problem.model_dump(mode="json", by_alias=True) for problem in report.invalid[:MAX_ENTRIES]],
    )
