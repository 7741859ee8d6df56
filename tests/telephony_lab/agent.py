"""A voice agent for tests: Twilio's Media Streams reach it; it speaks a tone and keeps what it heard."""

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

MARK = "said: ü"
TONE = bytes.fromhex("ff9d938f8e8f939dff1d130f0e0f131d") * 10  # 500 Hz, µ-law, 20 ms


@dataclass
class Conversation:
    """One call as the agent knows it."""

    call_id: str
    parameters: dict[str, str]
    heard: bytearray = field(default_factory=bytearray)
    marks: list[str] = field(default_factory=list)
    over: bool = False


class Agent:
    """`clip`: said at once and in one piece, with a mark behind it, instead of the tone."""

    def __init__(self, clip: bytes = b"") -> None:
        self._clip = clip
        self.conversations: list[Conversation] = []
        self.port = 0

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/talk"

    def of(self, call_id: str) -> list[Conversation]:
        return [conversation for conversation in self.conversations if conversation.call_id == call_id]

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Agent"]:
        async with serve(self._talk, "127.0.0.1", 0, compression=None) as server:
            self.port = next(iter(server.sockets)).getsockname()[1]
            yield self

    async def _talk(self, socket: ServerConnection) -> None:
        speaking: asyncio.Task[None] | None = None
        conversation: Conversation | None = None
        try:
            async for message in socket:
                said = json.loads(message)
                if said["event"] == "start":
                    start = said["start"]
                    conversation = Conversation(start["callSid"], start["customParameters"])
                    self.conversations.append(conversation)
                    speaking = asyncio.create_task(self._speak(socket, said["streamSid"]))
                elif said["event"] == "mark" and conversation is not None:
                    conversation.marks.append(said["mark"]["name"])
                elif said["event"] == "media" and conversation is not None:
                    conversation.heard += base64.b64decode(said["media"]["payload"])
        except ConnectionClosed:
            pass
        finally:
            if speaking is not None:
                speaking.cancel()
            if conversation is not None:
                conversation.over = True

    async def _speak(self, socket: ServerConnection, stream: str) -> None:
        with contextlib.suppress(ConnectionClosed):
            if self._clip:
                await socket.send(_media(stream, self._clip))
                await socket.send(json.dumps({"event": "mark", "streamSid": stream, "mark": {"name": MARK}}))
                return
            while True:
                await socket.send(_media(stream, TONE))
                await asyncio.sleep(0.02)


def _media(stream: str, audio: bytes) -> str:
    payload = base64.b64encode(audio).decode()
    return json.dumps({"event": "media", "streamSid": stream, "media": {"payload": payload}})
