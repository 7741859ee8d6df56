"""From a file's bytes to its rows, whatever kind of table it is. Its name and declared type do not count."""

from collections.abc import Iterator
from typing import NamedTuple

from domain.contacts.csv import Record, detect_delimiter, read_records, split_hint
from domain.contacts.decode import decode_file
from domain.contacts.xlsx import is_archive, read_workbook


class OpenTable(NamedTuple):
    """Rows, the header first; what was assumed to read them; what separates the columns, for a file like it."""

    records: Iterator[Record]
    warnings: list[str]
    delimiter: str


def open_table(content: bytes, phone: str | None) -> OpenTable:
    """Open an XLSX workbook or a text table; `phone`: the phone column's name, where the request gives one.

    Raises InvalidCsv, now or while rows are taken.
    """
    if is_archive(content):
        sheet = read_workbook(content)
        return OpenTable(sheet.records, sheet.warnings, ",")
    decoded = decode_file(content)
    hinted, text = split_hint(decoded.text)
    delimiter = hinted or detect_delimiter(text, phone)
    return OpenTable(read_records(text, delimiter), decoded.warnings, delimiter)
