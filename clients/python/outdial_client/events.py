"""Server-sent events: read from bytes, each with the id by which a stream goes on after it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from outdial_client.base import Model

Data = TypeVar("Data", bound=Model)

END = "end"  # the last event of a stream


@dataclass(frozen=True)
class Event(Generic[Data]):
    """`kind`: `snapshot`, then `change`, at last `end`."""

    kind: str
    id: str
    data: Data


class RawEvent(NamedTuple):
    """As it came."""

    kind: str
    id: str
    data: str


class EventReader:
    """Bytes in, events out. An event that is cut off is none."""

    def __init__(self) -> None:
        self._rest = b""
        self._id = ""  # stays until another comes
        self._kind = ""
        self._data: list[str] = []

    def read(self, chunk: bytes) -> Iterator[RawEvent]:
        """The events that end in this chunk. Lines end with LF or CRLF: a text may hold any other separator."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            text = line.removesuffix(b"\r").decode()
            if text:
                self._add(text)
                continue
            if self._data:
                yield RawEvent(self._kind or "message", self._id, "\n".join(self._data))
            self._kind, self._data = "", []

    def _add(self, line: str) -> None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._kind = value
        elif name == "id":
            self._id = value
