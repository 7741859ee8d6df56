"""A contact file of any length, read a block of bytes at a time: what is known of it goes from block to block.

A block ends where its last whole record does, and what is left belongs to the next one. So nothing depends on how the
bytes were cut, but for two things: encodings that are guessed, and warnings, are each block's own.
"""

from dataclasses import dataclass, replace

from domain.contacts.contact import ReadOptions
from domain.contacts.csv import Record, Records, detect_delimiter, has_quotes_after_blanks, split_hint, unclosed_quote
from domain.contacts.decode import (
    decode_part,
    detect_wide,
    empty_file_error,
    refuse_other_formats,
    refuse_other_texts,
)
from domain.contacts.rejects import Reject, Rejects
from domain.contacts.report import Intake, ReportBuilder, list_warnings
from domain.contacts.rows import Layout, add_row, read_header, read_stray, without_stray
from domain.contacts.xlsx import is_archive
from domain.errors import InvalidCsv
from domain.model import Model

MAX_RECORD_BYTES = 4 * 1024 * 1024  # a record that is longer has a quote that nothing closes
ONLY_CSV = "The file is a workbook or an archive: export the contacts as CSV and send that."
HEADER_ROW = 1


class StreamState(Model):
    """What is known of a file after the blocks before. `rows` were read, the header and blank ones among them."""

    encoding: str | None = None  # None: nothing but ASCII so far
    spaced: bool = False  # blanks stand before quoted cells
    delimiter: str = ","
    header: tuple[str, ...] | None = None  # as written; None: not read yet
    rows: int = 0


@dataclass(frozen=True)
class StreamBlock:
    """The contacts of a block. `consumed`: bytes of it that were read; the next block begins with the others."""

    state: StreamState
    consumed: int
    intake: Intake


def read_block(content: bytes, state: StreamState, options: ReadOptions, *, final: bool) -> StreamBlock:
    """Read the whole records of the next bytes of a file; `final`: no others follow.

    Where no record ends in them nothing is consumed: more bytes are needed. Raises InvalidCsv, MissingPhoneColumn,
    InvalidRequest (a named column is not there).
    """
    skipped = 0
    if state.rows == 0:
        state, skipped = _begin(content, state)
    cut = len(content) if final else _find_line_end(content, state.encoding)
    decoded, encoding = decode_part(content[skipped : max(skipped, cut)], state.encoding)
    state = state.model_copy(update={"encoding": encoding})
    text = decoded.text
    if state.header is None:
        state, text = _find_delimiter(text, state, options, final=final)
    spaced = state.spaced or has_quotes_after_blanks(text, state.delimiter)
    state = state.model_copy(update={"spaced": spaced})
    records = Records(text, state.delimiter, first=state.rows + 1, spaced=spaced, whole=final)
    state, intake = _read_records(records, state, options)
    rest = len(records.rest.encode(encoding or "ascii", "surrogateescape"))
    consumed = max(skipped, cut) - rest
    if not final and state.rows == 0:
        consumed = 0  # the mark at the beginning is read with the first row
    if consumed == 0 and len(content) > MAX_RECORD_BYTES:
        raise unclosed_quote(state.rows + 1)
    report = intake.report.with_warnings(decoded.warnings)
    return StreamBlock(state=state, consumed=consumed, intake=replace(intake, report=report))


def _begin(content: bytes, state: StreamState) -> tuple[StreamState, int]:
    """The encoding that the first bytes tell, and how many of them are its mark."""
    if is_archive(content):
        raise InvalidCsv(ONLY_CSV)
    refuse_other_formats(content)
    encoding, skipped = detect_wide(content[: len(content) // 4 * 4])
    return state.model_copy(update={"encoding": encoding}), skipped


def _find_line_end(content: bytes, encoding: str | None) -> int:
    """After how many bytes the last whole line ends. A CR at the very end may be half of a CRLF."""
    newline, carriage_return = ("\n".encode(encoding or "ascii"), "\r".encode(encoding or "ascii"))
    unit = len(newline)
    end = _find_last(content, newline, unit, len(content))
    return end or _find_last(content, carriage_return, unit, len(content) - unit)


def _find_last(content: bytes, mark: bytes, unit: int, before: int) -> int:
    """Where the last `mark` ends that begins at a whole number of units; 0: there is none."""
    at = content.rfind(mark, 0, max(0, before))
    while at >= 0 and at % unit:
        at = content.rfind(mark, 0, at + unit - 1)
    return at + unit if at >= 0 else 0


def _find_delimiter(text: str, state: StreamState, options: ReadOptions, *, final: bool) -> tuple[StreamState, str]:
    text = text.lstrip("\ufeff")
    refuse_other_texts(text)
    if final and not text.strip():
        raise empty_file_error()
    hinted, text = split_hint(text)
    delimiter = hinted or detect_delimiter(text, options.columns.phone)
    return state.model_copy(update={"delimiter": delimiter}), text


def _read_records(records: Records, state: StreamState, options: ReadOptions) -> tuple[StreamState, Intake]:
    report, rejected, rows = ReportBuilder(), list[Reject](), state.rows
    found, first, layout = iter(records), state.header is None, None
    header = next(found, None) if first else Record(HEADER_ROW, list(state.header or ()))
    if header is None:
        return state, report.build([])
    layout = read_header(without_stray(header), options, state.delimiter, small=False)
    rows = max(rows, HEADER_ROW)
    for record in found:
        rows = record.row
        if record.blank:
            report.add_blank()
            continue
        add_row(report, rejected, layout, layout.unwrap(read_stray(layout, record)))
    state = state.model_copy(update={"rows": rows, "header": tuple(header.cells)})
    return state, _as_intake(report, rejected, layout, header, first=first)


def _as_intake(report: ReportBuilder, rejected: list[Reject], layout: Layout, header: Record, *, first: bool) -> Intake:
    of_header = 0 if first else len(layout.columns.warnings)  # which are told once
    warnings = [*layout.list_warnings()][of_header:] + list_warnings(report.contacts, layout.options.columns)
    rejects = Rejects(header=tuple(layout.unwrap(header).cells), delimiter=layout.delimiter, rows=tuple(rejected))
    return replace(report.build(warnings), rejects=rejects)
