"""What both kinds of client know: where the API is, how long it may take, how answers are read."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeVar

import httpx
from pydantic import ValidationError

from outdial_client.base import Model
from outdial_client.calls import Call
from outdial_client.errors import NoAnswer, UnexpectedAnswer
from outdial_client.events import Data, Event, RawEvent
from outdial_client.retries import Retries

TIMEOUT = httpx.Timeout(60, connect=5)  # seconds; a cancel waits until no request for a call is on its way
UPLOAD_TIMEOUT = httpx.Timeout(120, connect=5)  # 10 MB over a slow line
STREAM_TIMEOUT = httpx.Timeout(45, connect=5)  # three of the comments that keep a stream alive
REOPEN_SECONDS = 0.5  # between two openings of a stream
MAX_REOPENINGS = 10  # that fail one after another: about a minute, while the API starts anew

Answer = TypeVar("Answer", bound=Model)


class Configured:
    """A key's view of an API."""

    def __init__(self, key: str, url: str, *, max_retries: int = 2, user_agent: str = "outdial-python") -> None:
        """`url`: where the API answers. `max_retries`: how often a request is sent again that may be."""
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {key}", "User-Agent": user_agent}
        self._retries = Retries(max_retries)
        self._reopening = Retries(max(max_retries, MAX_REOPENINGS) if max_retries else 0)

    def _with_key(self, call: Call) -> Call:
        return call.with_key() if self._retries.max_retries else call

    @contextmanager
    def _connection_errors(self) -> Iterator[None]:
        try:
            yield
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise NoAnswer(f"The API does not answer at {self._url}.", sent=False) from error
        except httpx.TransportError as error:
            message = f"The connection to {self._url} was lost before the answer came."
            raise NoAnswer(message, sent=not isinstance(error, httpx.UnsupportedProtocol)) from error


def timeout_of(call: Call) -> httpx.Timeout:
    """A file takes longer."""
    return TIMEOUT if call.file is None else UPLOAD_TIMEOUT


def after(call: Call, last: str | None) -> Call:
    """The call that opens a stream, for what came after an event."""
    return call if last is None else replace(call, headers={"Last-Event-ID": last})


def read_answer(kind: type[Answer], response: httpx.Response) -> Answer:
    """Raises UnexpectedAnswer."""
    try:
        return kind.model_validate_json(response.content)
    except ValidationError as error:
        raise UnexpectedAnswer(response) from error


def read_event(kind: type[Data], raw: RawEvent, response: httpx.Response) -> Event[Data]:
    """Raises UnexpectedAnswer."""
    try:
        return Event(raw.kind, raw.id, kind.model_validate_json(raw.data))
    except ValidationError as error:
        raise UnexpectedAnswer(response) from error
