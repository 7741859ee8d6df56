"""A name server that knows one name, and can be slow: asked by processes with a resolv.conf of their own."""

import os
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

NAME = "carrier.chaos.test"
PORT = 53
HEADER = 12  # bytes
ADDRESS, INTERNET = 1, 1
ANSWER = 0x8180  # a response, recursion desired and available, no error
POINTER_TO_QUESTION = 0xC00C


@dataclass
class Resolver:
    """Answers every question for an address with `address`, `delay` seconds after it was asked."""

    server: socket.socket
    address: str
    delay: float = 0.0

    def serve(self) -> None:
        """Until the socket is closed."""
        while True:
            try:
                question, asker = self.server.recvfrom(512)
            except OSError:
                return
            threading.Thread(target=self._answer, args=(question, asker), daemon=True).start()

    def _answer(self, question: bytes, asker: tuple[str, int]) -> None:
        time.sleep(self.delay)
        try:
            self.server.sendto(answer(question, self.address), asker)
        except OSError:
            return  # it is over


def answer(question: bytes, address: str) -> bytes:
    """RFC 1035: the one address of whoever is asked for; no other record of them."""
    end = question.index(b"\0", HEADER) + 5
    (kind,) = struct.unpack_from("!H", question, end - 4)
    found = kind == ADDRESS
    head = question[:2] + struct.pack("!5H", ANSWER, 1, int(found), 0, 0)
    record = struct.pack("!3HIH", POINTER_TO_QUESTION, ADDRESS, INTERNET, 0, 4) + socket.inet_aton(address)
    return head + question[HEADER:end] + (record if found else b"")


@contextmanager
def resolver(address: str, folder: Path) -> Iterator[tuple[Resolver, Path] | None]:
    """The server and a resolv.conf that names it; None where no process may have one of its own."""
    if not _may_have_own_files():
        yield None
        return
    own = f"127.83.{os.getpid() >> 8 & 255}.{os.getpid() & 255 or 1}"
    file = folder / "resolv.conf"
    file.write_text(f"nameserver {own}\noptions timeout:2 attempts:3\n")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((own, PORT))
        one = Resolver(server, address)
        threading.Thread(target=one.serve, name="resolver", daemon=True).start()
        yield one, file


def _may_have_own_files() -> bool:
    try:
        return subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode == 0
    except OSError:
        return False
