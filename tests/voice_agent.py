"""A voice agent for tests: Twilio's Media Streams reach it on a WebSocket, and it keeps every message."""

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from tests.waiting import SOON

MARK = "said: ü"
TONE = bytes.fromhex("ff9d938f8e8f939dff1d130f0e0f131d") * 10  # 500 Hz, µ-law, 20 ms
Work = Callable[[dict[str, str]], Awaitable[None]]


@dataclass
class ReceivedStream:
    """One call as the agent knows it, message by message."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def events(self) -> list[str]:
        return [message["event"] for message in self.messages]

    @property
    def call_id(self) -> str | None:
        """None before it is known."""
        return next((message["start"]["callSid"] for message in self.messages if message["event"] == "start"), None)

    @property
    def parameters(self) -> dict[str, str]:
        """The call's parameters."""
        received: dict[str, str] = self.first("start")["start"]["customParameters"]
        return received

    @property
    def marks(self) -> list[str]:
        """Of what was said, and played to its end."""
        return [message["mark"]["name"] for message in self.messages if message["event"] == "mark"]

    def first(self, event: str) -> dict[str, Any]:
        return next(message for message in self.messages if message["event"] == event)


@dataclass
class Agent:
    """`work`: what it does with the parameters of a call, at its start; `leaves`: it hangs up then; `aborts`: it dies.

    `clip` is said at once and in one piece, with a mark behind it; with `tone` it speaks until the call is over.
    """

    work: Work | None = None
    leaves: bool = False
    aborts: bool = False
    clip: bytes = TONE
    tone: bool = False
    url: str = ""
    streams: list[ReceivedStream] = field(default_factory=list)

    def of(self, call_id: str) -> list[ReceivedStream]:
        return [stream for stream in self.streams if stream.call_id == call_id]

    async def stream(self, number: int = 0) -> ReceivedStream:
        """The n-th stream, once it is over."""
        async with asyncio.timeout(SOON):
            while len(self.streams) <= number:
                await asyncio.sleep(0.01)
            await self.streams[number].ended.wait()
        return self.streams[number]

    async def take(self, connection: ServerConnection) -> None:
        stream = ReceivedStream()
        self.streams.append(stream)
        speaking: asyncio.Task[None] | None = None
        try:
            async for text in connection:
                message = json.loads(text)
                stream.messages.append(message)
                if message["event"] == "start":
                    speaking = asyncio.create_task(self._speak(connection, message.get("streamSid")))
                    if self.work is not None:
                        await self.work(stream.parameters)
                    if self.aborts:
                        connection.transport.abort()
                    if self.leaves:
                        return
        except ConnectionClosed:
            pass
        finally:
            if speaking is not None:
                speaking.cancel()
            stream.ended.set()

    async def _speak(self, connection: ServerConnection, stream: str) -> None:
        with contextlib.suppress(ConnectionClosed):  # the call may be over already
            while self.tone:
                await connection.send(_media(stream, TONE))
                await asyncio.sleep(0.02)
            await connection.send(_media(stream, self.clip))
            await connection.send(json.dumps({"event": "mark", "streamSid": stream, "mark": {"name": MARK}}))


@asynccontextmanager
async def an_agent(work: Work | None = None, *, port: int = 0, **options: Any) -> AsyncIterator[Agent]:
    agent = Agent(work, **options)
    async with serve(agent.take, "127.0.0.1", port, compression=None) as server:
        agent.url = f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}/talk"
        yield agent


def _media(stream: str, audio: bytes) -> str:
    payload = base64.b64encode(audio).decode()
    return json.dumps({"event": "media", "streamSid": stream, "media": {"payload": payload}})
