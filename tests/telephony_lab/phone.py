"""A telephone for tests: takes SIP calls on a port, keeps the INVITE's headers and the audio it hears."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

RTP_HEADER_BYTES = 12
SILENCE = frozenset(b"\xff\x7f\xfe\x7e")  # µ-law
COPIED = ("via", "from", "to", "call-id", "cseq")
Address = tuple[str, int]


@dataclass
class Call:
    """One call that was taken."""

    invite: str
    audio: bytearray = field(default_factory=bytearray)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def header(self, name: str) -> str | None:
        found = re.search(rf"^{re.escape(name)}:[ \t]*(.*?)\r?$", self.invite, re.IGNORECASE | re.MULTILINE)
        return found and found.group(1)

    @property
    def loud(self) -> int:
        """Bytes heard that are not silence."""
        return sum(1 for byte in self.audio if byte not in SILENCE)


class Phone:
    """Answers every call at once and stays until the caller hangs up."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.calls: list[Call] = []
        self._sip: asyncio.DatagramTransport
        self._rtp_port = 0

    @property
    def address(self) -> str:
        return f"sip:agent@127.0.0.1:{self.port}"

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Phone"]:
        loop = asyncio.get_running_loop()
        rtp, _ = await loop.create_datagram_endpoint(lambda: _Ear(self._hear), local_addr=("127.0.0.1", 0))
        self._rtp_port = rtp.get_extra_info("sockname")[1]
        self._sip, _ = await loop.create_datagram_endpoint(
            lambda: _Ear(self._take), local_addr=("127.0.0.1", self.port)
        )
        try:
            yield self
        finally:
            self._sip.close()
            rtp.close()

    def _hear(self, packet: bytes, _: Address) -> None:
        if self.calls:
            self.calls[-1].audio += packet[RTP_HEADER_BYTES:]

    def _take(self, packet: bytes, sender: Address) -> None:
        message = packet.decode(errors="replace")
        method = message.split(" ", 1)[0]
        if method == "INVITE":
            self.calls.append(Call(message))
            self._answer(message, sender, self._description())
        elif method == "BYE":
            self.calls[-1].over.set()
            self._answer(message, sender)

    def _answer(self, message: str, to: Address, body: str = "") -> None:
        headers = [line for line in message.split("\r\n") if line.partition(":")[0].lower() in COPIED]
        headers = [f"{line};tag=phone" if _untagged(line) else line for line in headers]
        headers.append(f"Contact: <{self.address}>")
        if body:
            headers.append("Content-Type: application/sdp")
        text = "\r\n".join(["SIP/2.0 200 OK", *headers, f"Content-Length: {len(body)}", "", body])
        self._sip.sendto(text.encode(), to)

    def _description(self) -> str:
        lines = ("v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0")
        return "\r\n".join([*lines, f"m=audio {self._rtp_port} RTP/AVP 0", "a=rtpmap:0 PCMU/8000", ""])


class _Ear(asyncio.DatagramProtocol):
    def __init__(self, hear: Any) -> None:
        self._hear = hear

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._hear(data, addr)


def _untagged(line: str) -> bool:
    return line.lower().startswith("to:") and "tag=" not in line
