"""Cells of the CSV files that we write: a spreadsheet that opens them runs no formula."""

import re

_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_HARMLESS = re.compile(r"\+[1-9][0-9]{1,14}|[+-]?[0-9]+(?:\.[0-9]+)?")  # E.164, or a plain decimal
_MARKED = re.compile(r"'+[=+\-@\t\r]")


def escape_formula(cell: str) -> str:
    """The cell, with a leading `'` where a spreadsheet would take it for a formula.

    >>> [harmless(cell) for cell in ("=1+1", "+12025550101", "-4.50", "Ada")]
    ["'=1+1", '+12025550101', '-4.50', 'Ada']
    """
    return f"'{cell}" if cell.startswith(_STARTS_FORMULA) and not _HARMLESS.fullmatch(cell) else cell


def escape_cell(cell: str) -> str:
    """Like `harmless`, so that `unmarked` gives back the cell as it was: what has a mark already gets another."""
    return f"'{cell}" if _MARKED.match(cell) else escape_formula(cell)


def escape_row_text(text: str, delimiter: str) -> str:
    """A row that cannot be split into cells, with marks where its cells may begin."""
    return re.sub(rf"{_may_begin(delimiter)}(?='*[=+\-@])", r"\1'", text)


def unescape_row_text(text: str, delimiter: str) -> str:
    """Such a row as it was before `marked_text`."""
    return re.sub(rf"{_may_begin(delimiter)}'(?='*[=+\-@])", r"\1", text)


def _may_begin(delimiter: str) -> str:
    return rf"((?:^|[\r\n]|{re.escape(delimiter)}) *\"?)"


def unescape_cell(cell: str) -> str:
    """A cell of a file of ours as it was before `marked`."""
    return cell[1:] if _MARKED.match(cell) else cell
