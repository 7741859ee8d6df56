"""A small voice agent: takes Media Streams on a WebSocket and remembers every message."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

PATIENCE = 10.0  # seconds


@dataclass
class ReceivedStream:
    """One stream, message by message."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def events(self) -> list[str]:
        return [message["event"] for message in self.messages]

    def first(self, event: str) -> dict[str, Any]:
        return next(message for message in self.messages if message["event"] == event)

    @property
    def parameters(self) -> dict[str, str]:
        """The call's parameters."""
        received: dict[str, str] = self.first("start")["start"]["customParameters"]
        return received


Work = Callable[[dict[str, str]], Awaitable[None]]


@dataclass
class Agent:
    """`work`: what it does with the parameters of a call, at its start. `leaves`: it hangs up then."""

    work: Work | None = None
    leaves: bool = False
    url: str = ""
    streams: list[ReceivedStream] = field(default_factory=list)

    async def stream(self, number: int = 0) -> ReceivedStream:
        """The n-th stream, once it is over."""
        async with asyncio.timeout(PATIENCE):
            while len(self.streams) <= number:
                await asyncio.sleep(0.01)
            await self.streams[number].ended.wait()
        return self.streams[number]

    async def take(self, connection: ServerConnection) -> None:
        stream = ReceivedStream()
        self.streams.append(stream)
        try:
            async for text in connection:
                message = json.loads(text)
                stream.messages.append(message)
                if message["event"] == "start":
                    with contextlib.suppress(ConnectionClosed):  # the call may be over already
                        await connection.send(json.dumps({"event": "mark", "mark": {"name": "hello"}}))
                    if self.work is not None:
                        await self.work(stream.parameters)
                    if self.leaves:
                        return
        except ConnectionClosed:
            pass
        finally:
            stream.ended.set()


@asynccontextmanager
async def an_agent(work: Work | None = None, *, leaves: bool = False) -> AsyncIterator[Agent]:
    agent = Agent(work, leaves)
    async with serve(agent.take, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        agent.url = f"ws://127.0.0.1:{port}/talk"
        yield agent
