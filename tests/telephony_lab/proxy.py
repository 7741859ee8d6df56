"""Between Outdial and Asterisk: a TCP proxy that loses answers and cuts the event stream."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

CHUNK = 65_536
EVENTS = b"GET /ari/events"


class Proxy:
    """Passes everything on, unless told otherwise."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._streams: set[asyncio.StreamWriter] = set()
        self._open: dict[asyncio.StreamWriter, asyncio.Future[None]] = {}  # both ends, until they are served
        self._lost = b""
        self.port = 0
        self.shut = False  # takes no event stream

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/ari"

    @contextmanager
    def losing(self, number: str) -> Iterator[None]:
        """Within: Asterisk is asked to call this number, and its answer does not arrive."""
        self._lost = number.removeprefix("+").encode()
        try:
            yield
        finally:
            self._lost = b""

    def cut(self) -> int:
        """End all event streams; how many there were."""
        streams, self._streams = self._streams, set()
        for writer in streams:
            writer.transport.abort()
        return len(streams)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Proxy"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            await self._end()

    async def _end(self) -> None:
        served = set(self._open.values())
        for writer in self._open:
            writer.transport.abort()
        await asyncio.gather(*served)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served = asyncio.get_running_loop().create_future()
        try:
            async with self._until_served(writer, served):
                from_there, to_there = await asyncio.open_connection("127.0.0.1", self._to)
                async with self._until_served(to_there, served):
                    there = asyncio.create_task(self._requests(reader, to_there, writer))
                    await self._answers(from_there, writer)
                    there.cancel()
        except OSError:
            pass  # nobody is there
        finally:
            served.set_result(None)

    @asynccontextmanager
    async def _until_served(self, writer: asyncio.StreamWriter, served: asyncio.Future[None]) -> AsyncIterator[None]:
        self._open[writer] = served
        try:
            yield
        finally:
            del self._open[writer]
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _requests(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, back: asyncio.StreamWriter
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK):
                if data.startswith(EVENTS):
                    if self.shut:
                        back.transport.abort()
                        return
                    self._streams.add(back)
                writer.write(data)
                await writer.drain()
                if self._lost and self._lost in data:
                    back.transport.abort()
        writer.close()

    async def _answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK):
                writer.write(data)
                await writer.drain()
