"""From the bytes of a contact file to contacts and a report."""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from domain.contacts.contact import ReadOptions
from domain.contacts.csv import Record, detect_delimiter, read_records, split_hint
from domain.contacts.decode import decode_file, empty_file_error, has_stray_bytes
from domain.contacts.rejects import Reject, Rejects
from domain.contacts.report import MAX_ENTRIES, Intake, ReportBuilder, list_warnings
from domain.contacts.rows import Layout, add_row, read_header, read_stray, without_stray
from domain.contacts.xlsx import is_archive, read_workbook
from domain.errors import InvalidCsv, NoValidContacts, RequestError, TooManyContacts
from domain.requests.limits import (
    MAX_CHARACTERS,
    MAX_CONTACTS,
    MAX_FILE_BYTES,
)

TOO_MANY_CHARACTERS = (
    f"The contacts hold more than {MAX_CHARACTERS:,} characters, the names of their columns counted for each: shorten"
    " the names, or split the file into several jobs."
)
SMALL_TEXT = 1024 * 1024  # characters; the cells of so few take little memory even where each is kept by itself


class _Table(NamedTuple):
    """Rows, the header first; what was assumed to read them; what separates the columns, for a file like it."""

    records: Iterator[Record]
    warnings: list[str]
    delimiter: str
    sheet: str | None = None  # which one of several was read, for an error
    stray: bool = True  # bytes that are no UTF-8 may be among its text
    small: bool = False  # it has few characters


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
        read = read_stray(layout, record) if table.stray else record
        characters += add_row(report, rejected, layout, layout.unwrap(read))
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


def _read_table_header(table: _Table, header: Record, options: ReadOptions) -> Layout:
    """Raises as `read_columns`, and says which of several sheets was read."""
    try:
        return read_header(without_stray(header), options, table.delimiter, small=table.small)
    except RequestError as error:
        if table.sheet is None:
            raise
        raise type(error)(f"{error.sentence} {table.sheet}", error.details) from None


def _no_contacts_error(report: ReportBuilder) -> NoValidContacts:
    if not report.invalid:
        return NoValidContacts("The file has column names but no contacts below them.")
    first = report.invalid[0]
    return NoValidContacts(
        f"None of the {len(report.invalid):,} rows can be called."
        f" Row {first.row}: {first.column or 'the row'} {first.reason}.",
        [problem.model_dump(mode="json", by_alias=True) for problem in report.invalid[:MAX_ENTRIES]],
    )
