"""A voice agent in a hundred lines: it greets a person by name, listens, says goodbye, and reports what came of it.

`python examples/agent/agent.py [--port 8766] [--transcripts DIR] [--speed 1]`. It speaks in tones, one for each
vowel: put speech synthesis in `say`, speech recognition in `hear`. What it needs of Outdial is in docs/agents.md.
"""

import argparse
import asyncio
import base64
import json
import math
import sys
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

RATE = 8000  # samples a second
LISTEN_SECONDS = 2.0
LOUD = 0.02  # of full scale, the mean over a message: above it somebody speaks


class Conversation:
    """One call: its audio on a WebSocket, and what was said."""

    def __init__(self, connection: ServerConnection, start: dict[str, Any], speed: float = 1.0) -> None:
        self.connection = connection
        self.speed = speed  # of the carrier: a simulator's telephone is faster than life
        self.stream = start["streamSid"]
        self.parameters: dict[str, str] = start["customParameters"]
        self.turns: list[str] = []
        self.heard = 0.0  # seconds of the person's voice
        self._heard_before = 0.0
        self._played = asyncio.Event()

    async def say(self, text: str) -> None:
        """Play it, and wait until the person has heard it: the carrier gives the mark back then."""
        self.turns.append(f"agent: {text}")
        self._played.clear()
        await self._send("media", media={"payload": base64.b64encode(speech(text)).decode()})
        await self._send("mark", mark={"name": text[:40]})
        await self._played.wait()

    async def listen(self) -> None:
        """Give the person time to answer."""
        await asyncio.sleep(LISTEN_SECONDS / self.speed)
        spoke = self.heard - self._heard_before
        self.turns.append(f"person: (speaks for {spoke:.1f} s)" if spoke > 0 else "person: (silence)")

    def hear(self, message: dict[str, Any]) -> None:
        if message["event"] == "mark":
            self._heard_before = self.heard  # what comes from here on is an answer
            self._played.set()
        elif message["event"] == "media":
            audio = base64.b64decode(message["media"]["payload"])
            if audio and sum(abs(linear(byte)) for byte in audio) / len(audio) > LOUD:
                self.heard += len(audio) / RATE

    async def talk(self) -> None:
        name = self.parameters.get("name", "there")
        await self.say(f"Hello {name}, this is the example agent of Outdial.")
        await self.listen()
        await self.say("Thank you, goodbye.")

    async def report(self) -> None:
        """Tell Outdial what came of it; without a token nobody is told."""
        call, token = self.parameters.get("outdial_call_id"), self.parameters.get("outdial_call_token")
        if call is None or token is None:
            return
        result = {
            "disposition": "spoke" if self.heard else "heard_nothing",
            "summary": "\n".join(self.turns),
            "data": {"turns": len(self.turns), "heardSeconds": round(self.heard, 1)},
        }
        async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=10) as client:
            answer = await client.post(f"{self.parameters['outdial_api']}/calls/{call}/result", json=result)
            answer.raise_for_status()

    async def _send(self, event: str, **fields: object) -> None:
        await self.connection.send(json.dumps({"event": event, "streamSid": self.stream, **fields}))


def speech(text: str) -> bytes:
    """A tone of 120 ms for each vowel, as µ-law: no words, but one hears who speaks."""
    return b"".join(tone(440 + 40 * "aeiou".index(letter)) for letter in text.lower() if letter in "aeiou")


@cache
def tone(hertz: int) -> bytes:
    return bytes(mu_law(0.3 * math.sin(2 * math.pi * hertz * n / RATE)) for n in range(960))


def mu_law(sample: float) -> int:
    """ITU-T G.711, by its formula."""
    magnitude = round(127 * math.log1p(255 * abs(sample)) / math.log(256))
    return 255 - magnitude if sample >= 0 else 127 - magnitude


@cache
def linear(byte: int) -> float:
    magnitude = (math.pow(256, (127 - (byte & 127)) / 127) - 1) / 255
    return magnitude if byte & 128 else -magnitude


async def take(connection: ServerConnection, transcripts: Path, speed: float) -> None:
    """One call from its start to its end, whoever ends it."""
    conversation: Conversation | None = None
    talking: asyncio.Task[None] | None = None
    try:
        async for text in connection:
            message = json.loads(text)
            if message["event"] == "start":
                start = message["start"] | {"streamSid": message["streamSid"]}
                conversation = Conversation(connection, start, speed)
                talking = asyncio.create_task(conversation.talk())
                talking.add_done_callback(lambda _: asyncio.ensure_future(connection.close()))  # hangs up
            elif conversation is not None:
                conversation.hear(message)
    except ConnectionClosed:
        pass
    if conversation is None or talking is None:
        return
    talking.cancel()
    await asyncio.gather(talking, return_exceptions=True)
    name = conversation.parameters.get("outdial_call_id", conversation.stream)
    (transcripts / f"{name}.txt").write_text("\n".join(conversation.turns) + "\n")
    try:
        await conversation.report()
    except httpx.HTTPError as error:
        sys.stderr.write(f"{name}: the report was not taken ({type(error).__name__})\n")


async def main(port: int, transcripts: Path, speed: float) -> None:
    async with serve(lambda one: take(one, transcripts, speed), "127.0.0.1", port, compression=None) as server:
        bound = next(iter(server.sockets)).getsockname()[1]
        sys.stdout.write(f"ws://127.0.0.1:{bound}/\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8766)
    parser.add_argument("--transcripts", type=Path, default=Path("transcripts"))
    parser.add_argument("--speed", type=float, default=1.0, help="as the carrier simulator's")
    given = parser.parse_args()
    given.transcripts.mkdir(parents=True, exist_ok=True)
    try:
        asyncio.run(main(given.port, given.transcripts, given.speed))
    except KeyboardInterrupt:
        sys.exit(130)
