"""How much a request may hold, and how clients' own words are quoted. The numbers are the contract's."""

import json
import re
from typing import Any

MAX_FILE_BYTES = 10 * 1024 * 1024
MAX_CONTACTS = 10_000
MAX_ROWS = 1_048_576  # blank ones included: more than this no spreadsheet can hold
MAX_FIELDS = 200  # of one contact, the phone among them
MAX_CHARACTERS = 32 * 1024 * 1024  # of all contacts of a file with their names, as many as a JSON body can hold
MAX_CONTACT_BYTES = 64 * 1024  # of one contact as JSON in UTF-8

_LONGEST_QUOTE = 60
_LONGEST_ESCAPE = 6  # bytes of a character in JSON: \u0001
_SHORT = (float, bool, type(None))
_SHORT_CHARACTERS = 25  # of one of these at most
_SHORT_INTEGER = 10**24
_PUNCTUATION = 8  # bytes at most around a name and a text in JSON
_NUMBER_LIKE = re.compile(r"[0-9](?:[ ().\-/]{0,2}[0-9]){6,}")


def size_problem(data: dict[str, Any]) -> str | None:
    """Say why a contact is too large, or None."""
    if len(data) > MAX_FIELDS:
        return f"has {len(data)} fields, at most {MAX_FIELDS} are allowed"
    if not _is_small(data) and len(json.dumps(data, ensure_ascii=False).encode()) > MAX_CONTACT_BYTES:
        return "is larger than 64 KB"
    return None


def are_small_texts(fields: int, characters: int) -> bool:
    """Whether so many texts, of so many characters with their names, surely are no problem, whatever they are."""
    return fields <= MAX_FIELDS and characters * _LONGEST_ESCAPE + fields * _PUNCTUATION < MAX_CONTACT_BYTES


def _is_small(data: dict[str, Any]) -> bool:
    """Whether these values fit, whatever JSON makes of them: measuring the JSON takes six times as long."""
    characters = sum(map(len, data))
    for value in data.values():
        kind = type(value)
        if kind is str:
            characters += len(value)
        elif kind in _SHORT or (kind is int and -_SHORT_INTEGER < value < _SHORT_INTEGER):
            characters += _SHORT_CHARACTERS
        else:
            return False
    return are_small_texts(len(data), characters)


def quoted(text: str) -> str:
    """A client's own words for a sentence of ours, in quotes."""
    return f'"{shortened(text, _LONGEST_QUOTE)}"'


def shortened(text: str, longest: int) -> str:
    """A client's own words: so many characters at most, printable, long numbers masked to two digits."""
    masked = _NUMBER_LIKE.sub(lambda match: f"…{match[0][-2:]}", text)
    short = masked if len(masked) <= longest else masked[: longest - 1] + "…"
    return "".join(char if char.isprintable() else "�" for char in short)
