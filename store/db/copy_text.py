"""Rows as the text that `COPY … FROM STDIN` takes: made where they are read, sent as it is.

What only the transaction knows of a row is added to its line when it is sent.
"""

import json
import re
from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring as _quote
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

LINES_AT_ONCE = 500  # joined, and sent, before others have their turn

NULL = r"\N"
_SPECIAL = re.compile(r"[\\\n\r\t]")
_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def json_text(value: Any) -> str:
    """Write JSON as it is stored: order and non-ASCII characters kept, no blanks, no NaN."""
    return _encode(value)


def json_object_text(fields: Mapping[str, Any]) -> str:
    """As `json_text`; three times as fast where all values are texts, as those of a file are."""
    try:
        return "{" + ",".join([f"{_quote(name)}:{_quote(text)}" for name, text in fields.items()]) + "}"
    except TypeError:
        return _encode(fields)


def as_field(text: str | None) -> str:
    """A text, or null, as a field of a line."""
    if text is None:
        return NULL
    return _SPECIAL.sub(lambda special: _ESCAPES[special[0]], text) if _SPECIAL.search(text) else text


def as_json_field(value: Any) -> str:
    """A value as JSON, as a field of a line."""
    return escape_json(json_text(value))


def escape_json(text: str) -> str:
    """JSON as a field of a line: it has no tabs and line ends of its own."""
    return text.replace("\\", "\\\\")


def read_json_field(field: bytes) -> Any:
    """What `as_json_field` wrote."""
    return json.loads(field.replace(b"\\\\", b"\\"))


@dataclass(frozen=True)
class CopyLines:
    """Rows of a table: the number that each has in its file or list, and the fields that are known of it."""

    rows: Sequence[int]
    texts: tuple[bytes, ...]  # `LINES_AT_ONCE` lines each

    @classmethod
    def write(cls, rows: Iterable[int], lines: Sequence[str]) -> "CopyLines":
        """Of each row its fields, `as_field`, joined by tabs."""
        places = range(0, len(lines), LINES_AT_ONCE)
        texts = tuple("\n".join(lines[at : at + LINES_AT_ONCE]).encode() for at in places)
        return cls(array("I", rows), texts)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[bytes]:
        """The lines."""
        for text in self.texts:
            yield from text.split(b"\n")

    def keep(self, kept: Collection[int]) -> "CopyLines":
        """Only those at these places, counted from 0."""
        lines = list(self)
        texts = [b"\n".join(lines[at] for at in part) for part in _split(list(kept))]
        return CopyLines(array("I", (self.rows[at] for at in kept)), tuple(texts))

    def count_on(self, last: int) -> "CopyLines":
        """The same rows, counted on from another file's last one."""
        return CopyLines(array("I", (last + row for row in self.rows)), self.texts)

    async def copy(self, connection: "AsyncConnection", statement: str, complete: Callable[[int], bytes]) -> None:
        """Run `COPY … FROM STDIN` in the transaction of `connection`: number, the fields, and what `complete` adds.

        `complete` is asked for the other fields of a place, counted from 0.
        """
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None  # noqa: S101  a connection in use has one
        async with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for number, text in enumerate(self.texts):
                begin = number * LINES_AT_ONCE
                lines = enumerate(text.split(b"\n"), start=begin)
                await copy.write(
                    b"".join([b"%d\t%b\t%b\n" % (self.rows[at], line, complete(at)) for at, line in lines])
                )


def _split(places: list[int]) -> Iterator[list[int]]:
    for at in range(0, len(places), LINES_AT_ONCE):
        yield places[at : at + LINES_AT_ONCE]
