"""Calls over HTTP: sent, sent again where that does no harm, and read."""

import time
from collections.abc import Iterator
from contextlib import closing
from types import TracebackType
from typing import Any, Self

import httpx

from outdial_client.calls import Call
from outdial_client.configured import (
    REOPEN_SECONDS,
    STREAM_TIMEOUT,
    Answer,
    Configured,
    after,
    read_answer,
    read_event,
    timeout_of,
)
from outdial_client.errors import NoAnswer, OutdialError, refusal
from outdial_client.events import END, Data, Event, EventReader, RawEvent
from outdial_client.retries import Retries


class Transport(Configured):
    """Blocking. Use it as a context manager, or close it."""

    def __init__(self, key: str, url: str, **options: Any) -> None:
        super().__init__(key, url, **options)
        self._http = httpx.Client(base_url=self._url, headers=self._headers)

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _answer(self, kind: type[Answer], call: Call) -> Answer:
        return read_answer(kind, self._send(call, self._retries, timeout_of(call)))

    def _download(self, call: Call) -> Iterator[bytes]:
        response = self._send(call, self._retries, timeout_of(call), stream=True)
        with closing(response), self._connection_errors():
            yield from response.iter_bytes()

    def _events(self, kind: type[Data], call: Call, last: str | None) -> Iterator[Event[Data]]:
        """The events after `last`. A stream that breaks off, or that the API closes before its end, is opened again."""
        retries = self._retries
        while True:
            response = self._send(after(call, last), retries, STREAM_TIMEOUT, stream=True)
            try:
                for raw in self._raw_events(response):
                    yield read_event(kind, raw, response)
                    last = raw.id or last
                    if raw.kind == END:
                        return
            except NoAnswer:
                if not self._retries.max_retries:
                    raise
            if response.status_code == httpx.codes.NO_CONTENT:
                return
            retries = self._reopening
            time.sleep(REOPEN_SECONDS)

    def _raw_events(self, response: httpx.Response) -> Iterator[RawEvent]:
        reader = EventReader()
        with closing(response), self._connection_errors():
            for chunk in response.iter_bytes():
                yield from reader.read(chunk)

    def _send(self, call: Call, retries: Retries, timeout: httpx.Timeout, *, stream: bool = False) -> httpx.Response:
        """An answer of 2xx; of a `stream` the body is still to be read. Raises OutdialError."""
        call = self._with_key(call)
        failed = 0
        while True:
            try:
                return self._attempt(call, timeout, stream=stream)
            except OutdialError as error:
                failed += 1
                wait = retries.wait_seconds(call, failed, error)
                if wait is None:
                    raise
                time.sleep(wait)

    def _attempt(self, call: Call, timeout: httpx.Timeout, *, stream: bool) -> httpx.Response:
        with self._connection_errors():
            response = self._http.send(self._http.build_request(**call.request(), timeout=timeout), stream=True)
            if response.is_success and stream:
                return response
            with closing(response):
                response.read()
        if response.is_success:
            return response
        raise refusal(response)
