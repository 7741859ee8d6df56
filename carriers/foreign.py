"""What others send, read field by field: one that cannot be used is as good as none, and costs no other."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

MAX_INTEGER = 2**31 - 1  # what a column holds
MAX_TEXT_CHARACTERS = 2_000
_INTEGER = re.compile(r"[0-9]{1,10}(\.0*)?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

Json = Mapping[str, Any]


def read_object(value: object) -> Json:
    """A JSON object; an empty one for whatever else."""
    return value if isinstance(value, Mapping) else {}


def read_text(value: object) -> str | None:
    """A short text without control characters; None for whatever else."""
    if not isinstance(value, str) or not value or len(value) > MAX_TEXT_CHARACTERS or _CONTROL.search(value):
        return None
    return value


def read_integer(value: object, at_most: int = MAX_INTEGER) -> int | None:
    """A whole number from 0, as a number or as its decimal digits."""
    if isinstance(value, bool) or not isinstance(value, int | float | str) or not _INTEGER.fullmatch(str(value)):
        return None
    found = int(str(value).partition(".")[0])
    return found if found <= at_most else None


def read_moment(value: object) -> datetime | None:
    """A time that a client library has read, in UTC."""
    if not isinstance(value, datetime):
        return None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
