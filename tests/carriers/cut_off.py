"""A carrier's end of a network that can be cut: what arrives is dropped silently, so that TCP sends it again.

A filter on the server's own socket drops every segment before the kernel acknowledges it, as a network that is cut
does. It needs no privileges. Linux only.
"""

import asyncio
import ctypes
import socket
import struct
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

SO_ATTACH_FILTER, SO_DETACH_FILTER = 26, 27  # asm-generic/socket.h
DROP_ALL = struct.pack("HBBI", 0x06, 0, 0, 0)  # one BPF instruction: BPF_RET | BPF_K, 0 bytes of the segment are kept
CAN_CUT = sys.platform == "linux"
BODY = b'{"code": 20404, "message": "There is no such call."}'
NO_CALL = b"HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
    len(BODY),
    BODY,
)


class FarEnd:
    """Takes connections, answers 404 to whatever is asked, and remembers all that arrived."""

    def __init__(self) -> None:
        self.received = b""
        self.url = ""
        self.drips = False  # a byte of an answer every now and then, without end
        self._sockets: list[socket.socket] = []

    @classmethod
    @asynccontextmanager
    async def listening(cls) -> AsyncIterator["FarEnd"]:
        far = cls()
        server = await asyncio.start_server(far._serve, "127.0.0.1", 0)
        far.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield far
        finally:
            for connection in far._sockets:
                connection.close()
            server.close()

    def cut(self) -> None:
        """From now on nothing arrives, on any connection that stands."""
        program = ctypes.create_string_buffer(DROP_ALL)
        for connection in self._sockets:
            filter_ = struct.pack("HL", 1, ctypes.addressof(program))
            connection.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, filter_)
        self.received = b""

    def heal(self) -> None:
        """What is sent, or sent again, arrives."""
        for connection in self._sockets:
            connection.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)

    async def _drip(self, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 201 Created\r\nX-Slow: ")
        while not writer.is_closing():
            writer.write(b".")
            await writer.drain()
            await asyncio.sleep(0.1)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._sockets.append(writer.get_extra_info("socket")._sock.dup())
        try:
            while data := await reader.read(65_536):
                self.received += data
                if data.startswith(b"GET "):
                    writer.write(NO_CALL)
                elif self.drips:
                    await self._drip(writer)
        except ConnectionError:
            pass  # reset by the other side, which gave up
        finally:
            writer.close()
