"""The CSV files that we write: their columns, and cells that no spreadsheet takes for formulas."""

import re
from collections.abc import Iterable

RESULT_COLUMNS = (
    "status",
    "errorCode",
    "failureReason",
    "attemptCount",
    "dials",
    "lastAttemptAt",
    "completedAt",
    "callDuration",
    "answeredBy",
    "roomName",
    "cost",
    "externalId",
    "disposition",
    "summary",
    "data",
    "transcriptUrl",
    "recordingUrl",
    "contactId",
    "outcome",
    "faultOf",
    "rang",
    "endedBy",
    "secondsToRinging",
    "secondsToAnswer",
    "carrierCode",
)
MAX_COLUMNS = 2_000  # of contacts, in one CSV file: more than any list has, and little enough to hold
_STARTS_FORMULA = tuple("=+-@\t\r\n＝＋－＠")  # some spreadsheets take the wide ones for the others
_NOT_A_FORMULA = re.compile(r"\+[1-9][0-9]{1,14}|[+-]?[0-9]+(?:\.[0-9]+)?")  # E.164, or a plain decimal
_MARKED = re.compile(r"'+[=+\-@\t\r\n＝＋－＠]")
_PREFIX = "outdial_"
_PREFIXES = ("", _PREFIX, _PREFIX * 2, _PREFIX * 3)

CONTESTED_NAMES = tuple(f"{prefix}{name}".lower() for prefix in _PREFIXES for name in RESULT_COLUMNS)


def name_result_columns(theirs: Iterable[str]) -> dict[str, str]:
    """Name our columns beside the contacts' own, which keep their names.

    A name of ours that is taken, in whatever letter case, begins with `outdial_` instead.

    >>> name_result_columns(["phone", "Status"])["status"]
    'outdial_status'
    """
    taken = {name.lower() for name in theirs}
    return {name: _find_free_name(name, taken) for name in RESULT_COLUMNS}


def _find_free_name(name: str, taken: set[str]) -> str:
    return next((found for prefix in _PREFIXES if (found := prefix + name).lower() not in taken), _PREFIX * 4 + name)


def escape_formula(cell: str) -> str:
    """The cell, with a leading `'` where a spreadsheet would take it for a formula.

    >>> [escape_formula(cell) for cell in ("=1+1", "+12025550101", "-4.50", "Ada")]
    ["'=1+1", '+12025550101', '-4.50', 'Ada']
    """
    return f"'{cell}" if cell.startswith(_STARTS_FORMULA) and not _NOT_A_FORMULA.fullmatch(cell) else cell


def escape_cell(cell: str) -> str:
    """Like `escape_formula`, but reversed by `unescape_cell`: what has a mark already gets another."""
    return f"'{cell}" if _MARKED.match(cell) else escape_formula(cell)


def escape_reject_cell(cell: str) -> str:
    """Like `escape_cell`, and numbers too: a spreadsheet would drop their plus, and the corrected file has to keep it.

    >>> escape_reject_cell("+12025550101")
    "'+12025550101"
    """
    return f"'{cell}" if cell.startswith("+") else escape_cell(cell)


def escape_row_text(text: str, delimiter: str) -> str:
    """A row that cannot be split into cells, with marks where its cells may begin."""
    return re.sub(rf"{_match_cell_start(delimiter)}(?='*[=+\-@＝＋－＠])", r"\1'", text)


def unescape_row_text(text: str, delimiter: str) -> str:
    """Such a row as it was before `escape_row_text`."""
    return re.sub(rf"{_match_cell_start(delimiter)}'(?='*[=+\-@＝＋－＠])", r"\1", text)


def _match_cell_start(delimiter: str) -> str:
    return rf"((?:^|[\r\n]|{re.escape(delimiter)}) *\"?)"


def unescape_cell(cell: str) -> str:
    """A cell of a file of ours as it was before `escape_cell`."""
    return cell[1:] if _MARKED.match(cell) else cell
