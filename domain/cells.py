"""Cells of the CSV files that we write: a spreadsheet that opens them runs no formula."""

import re

_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_HARMLESS = re.compile(r"\+[1-9][0-9]{1,14}|[+-]?[0-9]+(?:\.[0-9]+)?")  # E.164, or a plain decimal
_MARKED = re.compile(r"'+[=+\-@\t\r]")


def harmless(cell: str) -> str:
    """The cell, with a leading `'` where a spreadsheet would take it for a formula.

    >>> [harmless(cell) for cell in ("=1+1", "+12025550101", "-4.50", "Ada")]
    ["'=1+1", '+12025550101', '-4.50', 'Ada']
    """
    return f"'{cell}" if cell.startswith(_STARTS_FORMULA) and not _HARMLESS.fullmatch(cell) else cell


def marked(cell: str) -> str:
    """Like `harmless`, so that `unmarked` gives back the cell as it was: what has a mark already gets another."""
    return f"'{cell}" if _MARKED.match(cell) else harmless(cell)


def marked_text(text: str, delimiter: str) -> str:
    """A row that cannot be split into cells, with marks where its cells may begin."""
    may_begin = rf"(^|[\r\n]|{re.escape(delimiter)})(\s*\"?)(?='*[=+\-@])"
    return re.sub(may_begin, r"\1\2'", text)


def unmarked(cell: str) -> str:
    """A cell of a file of ours as it was before `marked`."""
    return cell[1:] if _MARKED.match(cell) else cell
