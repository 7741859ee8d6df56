"""Calls over HTTP: what `configured` decides, done blocking. `async_transport` is the same without."""

import time
from collections.abc import Iterator
from contextlib import closing
from types import TracebackType
from typing import Any, Self

import httpx

from outdial_client.calls import Call
from outdial_client.configured import Answer, Configured, accepted, read_answer, request_of
from outdial_client.errors import NoAnswer, OutdialError
from outdial_client.events import REOPEN_SECONDS, Data, Event, EventStream
from outdial_client.retries import Retries


class Transport(Configured):
    """Blocking. Use it as a context manager, or close it."""

    def __init__(self, key: str, url: str, **options: Any) -> None:
        super().__init__(key, url, **options)
        with self._address_errors():
            self._http = httpx.Client(**self._options())

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _answer(self, kind: type[Answer], call: Call) -> Answer:
        return read_answer(kind, self._send(call))

    def _download(self, call: Call) -> Iterator[bytes]:
        with closing(self._send(call, body_later=True)) as response, self._connection_errors():
            yield from response.iter_bytes()

    def _events(self, kind: type[Data], call: Call, last: str | None) -> Iterator[Event[Data]]:
        """The events after `last`. A stream that breaks off, or that the API closes before its end, is opened again."""
        stream = self._stream(kind, call, last)
        while True:
            yield from self._opening(stream)
            if stream.ended:
                return
            time.sleep(REOPEN_SECONDS)

    def _opening(self, stream: EventStream[Data]) -> Iterator[Event[Data]]:
        response = self._send(stream.call, body_later=True, events=True, retries=stream.retries)
        stream.opened(response)
        try:
            with closing(response), self._connection_errors():
                for chunk in response.iter_bytes():
                    yield from stream.read(chunk)
        except NoAnswer as error:
            stream.lost(error)

    def _send(
        self, call: Call, *, body_later: bool = False, events: bool = False, retries: Retries | None = None
    ) -> httpx.Response:
        """An answer of 2xx; its body is read, or is to be read later. Raises OutdialError."""
        call, attempts = self._attempts(call, retries)
        while True:
            try:
                return self._attempt(request_of(call, stream=events), body_later=body_later)
            except OutdialError as error:
                time.sleep(attempts.wait_seconds(error))

    def _attempt(self, request: dict[str, Any], *, body_later: bool) -> httpx.Response:
        with self._connection_errors():
            response = self._http.send(self._http.build_request(**request), stream=True)
            if not (body_later and response.is_success):
                with closing(response):
                    response.read()
        return accepted(response)
