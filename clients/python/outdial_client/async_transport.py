"""Calls over HTTP: what `configured` decides, done without blocking. What is not said here `transport` says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from types import TracebackType
from typing import Any, Self

import httpx

from outdial_client.calls import Call
from outdial_client.configured import Answer, Configured, accepted, read_answer, request_of
from outdial_client.errors import NoAnswer, OutdialError
from outdial_client.events import REOPEN_SECONDS, Data, Event, EventStream
from outdial_client.retries import Retries


class AsyncTransport(Configured):
    """Not blocking. Use it as an async context manager, or close it."""

    def __init__(self, key: str, url: str, **options: Any) -> None:
        super().__init__(key, url, **options)
        with self._address_errors():
            self._http = httpx.AsyncClient(**self._options())

    async def aclose(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _answer(self, kind: type[Answer], call: Call) -> Answer:
        return read_answer(kind, await self._send(call))

    async def _download(self, call: Call) -> AsyncIterator[bytes]:
        async with aclosing(await self._send(call, body_later=True)) as response:
            with self._connection_errors():
                async for chunk in response.aiter_bytes():
                    yield chunk

    async def _events(self, kind: type[Data], call: Call, last: str | None) -> AsyncIterator[Event[Data]]:
        stream = self._stream(kind, call, last)
        while True:
            async for event in self._opening(stream):
                yield event
            if stream.ended:
                return
            await asyncio.sleep(REOPEN_SECONDS)

    async def _opening(self, stream: EventStream[Data]) -> AsyncIterator[Event[Data]]:
        response = await self._send(stream.call, body_later=True, events=True, retries=stream.retries)
        stream.opened(response)
        try:
            async with aclosing(response):
                with self._connection_errors():
                    async for chunk in response.aiter_bytes():
                        for event in stream.read(chunk):
                            yield event
        except NoAnswer as error:
            stream.lost(error)

    async def _send(
        self, call: Call, *, body_later: bool = False, events: bool = False, retries: Retries | None = None
    ) -> httpx.Response:
        call, attempts = self._attempts(call, retries)
        while True:
            try:
                return await self._attempt(request_of(call, stream=events), body_later=body_later)
            except OutdialError as error:
                await asyncio.sleep(attempts.wait_seconds(error))

    async def _attempt(self, request: dict[str, Any], *, body_later: bool) -> httpx.Response:
        with self._connection_errors():
            response = await self._http.send(self._http.build_request(**request), stream=True)
            if not (body_later and response.is_success):
                async with aclosing(response):
                    await response.aread()
        return accepted(response)
