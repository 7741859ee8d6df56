"""The network between workers and carrier: a relay whose far side can be cut off and healed late.

As root on Linux the relay listens in a network namespace behind a pair of virtual cables, and a cut is a wrong neighbor
entry: the kernel keeps what was sent, and sends it again until the cut is healed, also when the sender has long given
up. Elsewhere the relay itself holds the bytes, and hands them on when it is healed: for a few seconds only, since no
sender can call back what a machine between them has taken over.
"""

import asyncio
import contextlib
import ctypes
import os
import socket
import subprocess
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.serving import beside

CHUNK = 65_536
CLONE_NEWNET = 0x40000000
WRONG = "02:00:00:00:00:01"
MAX_HELD_SECONDS = 8.0  # of a cut without a namespace
LOOPBACK = "127.0.0.1"


@dataclass
class Relay:
    """Passes bytes on to `target`, (host, port), both ways; while it is `cut` it keeps them."""

    listener: socket.socket
    target: tuple[str, int]
    _whole: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Relay"]:
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._whole.set()
        server = await asyncio.start_server(self._serve, sock=self.listener)
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        self._loop.call_soon_threadsafe(self._whole.clear)

    def heal(self) -> None:
        self._loop.call_soon_threadsafe(self._whole.set)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await self._whole.wait()
            far_reader, far_writer = await asyncio.open_connection(*self.target)
            await asyncio.gather(self._pass(reader, far_writer), self._pass(far_reader, writer))
        writer.close()
        self._tasks.discard(task)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Until it ends, the end included: also of what was sent and given up during a cut."""
        try:
            while data := await reader.read(CHUNK):
                await self._whole.wait()
                writer.write(data)
                await writer.drain()
            await self._whole.wait()
        except OSError:
            pass
        finally:
            writer.close()


class Cable:
    """Two virtual cables' ends: ours, and the one in a namespace, where `listener` listens."""

    def __init__(self, name: str, prefix: str, first: int) -> None:
        self._name, self._ours = f"chaos{name}", f"ch{name}a"
        self.address, self._near = f"{prefix}.{first + 2}", f"{prefix}.{first + 1}"
        ip("netns", "add", self._name)
        try:
            self._lay(f"ch{name}b")
        except BaseException:
            self.remove()
            raise

    def _lay(self, theirs: str) -> None:
        ip("link", "add", self._ours, "type", "veth", "peer", "name", theirs, "netns", self._name)
        ip("address", "add", f"{self._near}/30", "dev", self._ours)
        ip("link", "set", self._ours, "up")
        ip("-n", self._name, "address", "add", f"{self.address}/30", "dev", theirs)
        ip("-n", self._name, "link", "set", theirs, "up")
        shown = ip("-n", self._name, "-brief", "link", "show", theirs)
        self._right = shown.split()[2]
        self.heal()

    def listen(self) -> socket.socket:
        """A listening socket at the far end, for a server in this process."""
        return _in_namespace(self._name, lambda: _listen(self.address))

    def cut(self) -> None:
        """What we send does not arrive any more; the kernel does not tell anybody."""
        self._point_to(WRONG)

    def heal(self) -> None:
        self._point_to(self._right)

    def remove(self) -> None:
        with contextlib.suppress(subprocess.CalledProcessError):
            ip("netns", "delete", self._name)
        with contextlib.suppress(subprocess.CalledProcessError):
            ip("link", "delete", self._ours)  # it is gone with its other end, as a rule

    def _point_to(self, neighbor: str) -> None:
        ip("neigh", "replace", self.address, "lladdr", neighbor, "dev", self._ours, "nud", "permanent")


@dataclass(frozen=True)
class Network:
    """What can be cut between workers and carrier. `address` is the relay's."""

    address: str
    port: int
    cut: Callable[[], None]
    heal: Callable[[], None]
    max_seconds: float | None  # of a cut


@contextmanager
def network(target: tuple[str, int]) -> Iterator[Network]:
    """A way to the target that can be cut, for as long as the block runs."""
    cable = lay_cable()
    try:
        listener = _listen(LOOPBACK) if cable is None else cable.listen()
        with beside(Relay(listener, target).running()) as relay:
            if cable is None:
                yield Network(LOOPBACK, relay.port, relay.cut, relay.heal, MAX_HELD_SECONDS)
            else:
                yield Network(cable.address, relay.port, cable.cut, cable.heal, None)
    finally:
        if cable is not None:
            cable.remove()


def lay_cable() -> Cable | None:
    """One with a subnet of its own; None where we may not, or have no `ip`."""
    number = os.getpid() % 16_384
    try:
        return Cable(f"{number:04x}", f"10.199.{number // 64}", 4 * (number % 64))
    except (OSError, subprocess.CalledProcessError):
        return None


def ip(*arguments: str) -> str:
    done = subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)
    return done.stdout


def _listen(address: str) -> socket.socket:
    return socket.create_server((address, 0), backlog=1024)


def _in_namespace(name: str, make: Callable[[], socket.socket]) -> socket.socket:
    """What a thread makes that has entered the namespace; the thread ends with it."""
    made: list[socket.socket] = []

    def enter() -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        with Path(f"/run/netns/{name}").open() as namespace:
            if libc.setns(namespace.fileno(), CLONE_NEWNET) != 0:
                return
        made.append(make())

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    if not made:
        raise OSError(f"the namespace {name} cannot be entered")
    return made[0]
