"""Tables as CSV, for spreadsheets."""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from domain.contacts.export import escape_formula

CSV = "text/csv; charset=utf-8"
BOM = "\ufeff"  # without it Excel reads UTF-8 as the encoding of its country
LINE_END = "\r\n"  # RFC 4180


def to_csv(rows: Sequence[Sequence[Any]]) -> str:
    """Lines, each with its end: None is an empty cell, what is no text is written as JSON, formulas are escaped."""
    text = io.StringIO()
    csv.writer(text, lineterminator=LINE_END).writerows(
        [[escape_formula(_cell(value)) for value in row] for row in rows]
    )
    return text.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
