"""The rows of a contact file that cannot be called, kept so that they can be corrected and sent again."""

import re

from domain.contacts.export import unescape_row_text
from domain.model import Model

REASON_COLUMN = "outdial_reason"  # the first column of such a file; ignored when it is read again


class Reject(Model):
    """A row of a contact file that cannot be called. `cells` is its raw text where it cannot be split into cells."""

    row: int
    cells: tuple[str, ...] | str
    reason: str


class Rejects(Model):
    """The rejected rows of a file, and its first row, all as written."""

    header: tuple[str, ...]
    delimiter: str = ","
    rows: tuple[Reject, ...] = ()


def restore_row_text(text: str, delimiter: str) -> str:
    """A row of such a file that cannot be split into cells: without its first cell, the reason, and our marks."""
    reason = rf'(?:"(?:[^"]|"")*"|[^"{re.escape(delimiter)}]*){re.escape(delimiter)}'
    return unescape_row_text(re.sub(f"^{reason}", "", text), delimiter)
