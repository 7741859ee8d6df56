"""What hostile clients send, as a process of its own.

`python -m tests.api.attacks NAME HOST PORT SECONDS KEY JOB NUMBER` prints what was answered:
`{"503": 180, "200": 20, "retry_after": 180}`. An attacker's machine is another one: here it has the lowest priority, so
that what it computes itself is not taken for what it takes from others.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable

from tests.low_priority import behind_all_others

ROWS = 2_000
STREAMS = 1_000
JUNK_KEYS_PER_SECOND = 2_000
JUNK_CONNECTIONS = 40


class Attack:
    """Where it goes, how long it lasts, with which key of which organization, and what came back."""

    def __init__(self, host: str, port: str, seconds: str, key: str, job: str, number: str) -> None:
        self.host, self.port, self.seconds = host, int(port), float(seconds)
        self.key, self.job, self.number = key, job, number
        self.answers: Counter[str] = Counter()

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(self.host, self.port)

    async def count(self, reader: asyncio.StreamReader) -> int:
        """Read an answer's head and count it; its content length."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        status, length = head.split(None, 2)[1], 0
        for line in head.split("\r\n"):
            name, _, value = line.partition(":")
            length = int(value) if name == "content-length" else length
        self.answers[status] += 1
        self.answers["retry_after"] += "retry-after:" in head
        return length

    def head(self, method: str, path: str, more: str = "", key: str | None = None) -> bytes:
        who = f"Authorization: Bearer {key or self.key}\r\n"
        return f"{method} {path} HTTP/1.1\r\nHost: outdial\r\n{who}{more}\r\n".encode()


async def uploads(attack: Attack) -> None:
    """200 files of 2,000 rows at once, and again until the time is over."""
    rows = "".join(f"+1{202 + row % 8}555{100 + row % 100:04d},Person {row}\r\n" for row in range(ROWS))
    file = f'Content-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nphone,name\r\n{rows}'
    number = f'Content-Disposition: form-data; name="fromPhoneNumberId"\r\n\r\n{attack.number}'
    name = 'Content-Disposition: form-data; name="name"\r\n\r\nAn attack'
    body = f"--limit\r\n{file}\r\n--limit\r\n{number}\r\n--limit\r\n{name}\r\n--limit--\r\n".encode()
    more = f"Content-Type: multipart/form-data; boundary=limit\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
    until = time.monotonic() + attack.seconds

    async def again() -> None:
        while time.monotonic() < until:
            reader, writer = await attack.connect()
            writer.write(attack.head("POST", "/batch/validate", more) + body)
            await reader.readexactly(await attack.count(reader))
            writer.close()
            await asyncio.sleep(0.2)  # as Retry-After is seconds, this is a rude client

    await _all(again() for _ in range(200))


async def slow_heads(attack: Attack) -> None:
    """1,000 requests whose heads come a byte a second, opened anew as they are closed."""

    async def again() -> None:
        until = time.monotonic() + attack.seconds
        while time.monotonic() < until:
            reader, writer = await attack.connect()
            for byte in attack.head("GET", "/batch/jobs"):
                if reader.at_eof() or time.monotonic() >= until:
                    break
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(1)
            writer.close()

    await _all(again() for _ in range(1_000))


async def streams(attack: Attack) -> None:
    """So many event streams at once."""

    async def one() -> None:
        reader, writer = await attack.connect()
        writer.write(attack.head("GET", f"/batch/jobs/{attack.job}/events"))
        await attack.count(reader)
        await asyncio.sleep(attack.seconds)
        writer.close()

    await _all(one() for _ in range(STREAMS))


async def junk_keys(attack: Attack) -> None:
    """So many requests a second, each with another key that does not exist."""
    began = time.monotonic()

    async def again(number: int) -> None:
        reader, writer = await attack.connect()
        sent = 0
        while time.monotonic() - began < attack.seconds:
            due = began + sent * JUNK_CONNECTIONS / JUNK_KEYS_PER_SECOND
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            writer.write(attack.head("GET", "/batch/jobs", key=f"od_{number:020d}{sent:023d}"))
            await reader.readexactly(await attack.count(reader))
            sent += 1
        writer.close()

    await _all(again(number) for number in range(JUNK_CONNECTIONS))


async def _all(ones: "object") -> None:
    results = await asyncio.gather(*ones, return_exceptions=True)  # type: ignore[misc]
    lost = Counter(type(result).__name__ for result in results if isinstance(result, Exception))
    if lost:
        print(lost, file=sys.stderr)


ATTACKS: dict[str, Callable[[Attack], Awaitable[None]]] = {
    attack.__name__: attack for attack in (uploads, slow_heads, streams, junk_keys)
}


def main() -> None:
    behind_all_others()
    name, *where = sys.argv[1:]
    attack = Attack(*where)
    asyncio.run(ATTACKS[name](attack))  # type: ignore[arg-type]
    print(json.dumps(attack.answers))


if __name__ == "__main__":
    main()
