"""Server-sent events: read from bytes, each with the id by which a stream goes on after it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Generic, NamedTuple, TypeVar

import httpx
from pydantic import ValidationError

from outdial_client.base import Model
from outdial_client.calls import Call
from outdial_client.errors import NoAnswer, UnexpectedAnswer
from outdial_client.retries import Retries

Data = TypeVar("Data", bound=Model)

END = "end"  # the last event of a stream
REOPEN_SECONDS = 0.5  # between two openings of a stream
MAX_REOPENINGS = 10  # that fail one after another: about a minute, while the API starts anew


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


class EventStream(Generic[Data]):
    """A stream over all its openings: each goes on after the last event that came."""

    def __init__(self, kind: type[Data], call: Call, last: str | None, retries: Retries) -> None:
        self._kind = kind
        self._call = call
        self._last = last
        self._once = retries.max_retries == 0
        self._reopening = Retries(0 if self._once else max(retries.max_retries, MAX_REOPENINGS))
        self.retries = retries
        self.ended = False

    @property
    def call(self) -> Call:
        """What opens it, for what comes after the last event."""
        return self._call if self._last is None else replace(self._call, headers={"Last-Event-ID": self._last})

    def opened(self, response: httpx.Response) -> None:
        """It answered: with nothing where nothing is left to tell."""
        self._response = response
        self._reader = EventReader()
        self.ended = response.status_code == httpx.codes.NO_CONTENT
        self.retries = self._reopening

    def read(self, chunk: bytes) -> Iterator[Event[Data]]:
        """The events that end in this chunk, none after the last of the stream. Raises UnexpectedAnswer."""
        for raw in self._reader.read(chunk):
            if self.ended:
                return
            yield self._event(raw)

    def _event(self, raw: RawEvent) -> Event[Data]:
        try:
            event = Event(raw.kind, raw.id, self._kind.model_validate_json(raw.data))
        except ValidationError as error:
            raise UnexpectedAnswer(self._response) from error
        self._last = raw.id or self._last
        self.ended = raw.kind == END
        return event

    def lost(self, error: NoAnswer) -> None:
        """It broke off: raises the error where it is not opened again."""
        if self._once:
            raise error
