"""Calls over HTTP without blocking: sent, sent again where that does no harm, and read."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
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


class AsyncTransport(Configured):
    """Not blocking. Use it as an async context manager, or close it."""

    def __init__(self, key: str, url: str, **options: Any) -> None:
        super().__init__(key, url, **options)
        self._http = httpx.AsyncClient(base_url=self._url, headers=self._headers)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _answer(self, kind: type[Answer], call: Call) -> Answer:
        return read_answer(kind, await self._send(call, self._retries, timeout_of(call)))

    async def _download(self, call: Call) -> AsyncIterator[bytes]:
        response = await self._send(call, self._retries, timeout_of(call), stream=True)
        async with aclosing(response):
            with self._connection_errors():
                async for chunk in response.aiter_bytes():
                    yield chunk

    async def _events(self, kind: type[Data], call: Call, last: str | None) -> AsyncIterator[Event[Data]]:
        """As that of `Transport`."""
        retries = self._retries
        while True:
            response = await self._send(after(call, last), retries, STREAM_TIMEOUT, stream=True)
            try:
                async for raw in self._raw_events(response):
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
            await asyncio.sleep(REOPEN_SECONDS)

    async def _raw_events(self, response: httpx.Response) -> AsyncIterator[RawEvent]:
        reader = EventReader()
        async with aclosing(response):
            with self._connection_errors():
                async for chunk in response.aiter_bytes():
                    for raw in reader.read(chunk):
                        yield raw

    async def _send(
        self, call: Call, retries: Retries, timeout: httpx.Timeout, *, stream: bool = False
    ) -> httpx.Response:
        """As that of `Transport`."""
        call = self._with_key(call)
        failed = 0
        while True:
            try:
                return await self._attempt(call, timeout, stream=stream)
            except OutdialError as error:
                failed += 1
                wait = retries.wait_seconds(call, failed, error)
                if wait is None:
                    raise
                await asyncio.sleep(wait)

    async def _attempt(self, call: Call, timeout: httpx.Timeout, *, stream: bool) -> httpx.Response:
        with self._connection_errors():
            response = await self._http.send(self._http.build_request(**call.request(), timeout=timeout), stream=True)
            if response.is_success and stream:
                return response
            async with aclosing(response):
                await response.aread()
        if response.is_success:
            return response
        raise refusal(response)
