"""Work that takes longer than other requests may wait, or is done on what nobody has judged yet: in forked processes.

Each process does one piece of work for one organization, within the limits of `fork_server`, and ends. Some are forked
before they are needed: a fork takes 4 ms of an idle processor, and several times that where others work.
"""

import asyncio
import logging
import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from api.http.errors import Unavailable
from api.http.fork_server import CPU_SECONDS, DIED, DONE, FORK, LENGTH, READY, Outcome

SLOTS = max(4, os.cpu_count() or 1)  # processes at once; more than the processors, which then share their time
SLOTS_OF_ONE = max(1, SLOTS // 4)  # of these for one organization: it never takes them all
SPARES = 2  # processes that wait for work
MAX_WAITING = 20  # pieces of work of one organization
WAIT_SECONDS = 30.0
NICE_PER_SECOND = 6.0  # more niceness for each second of a processor that the organization's work took lately
LOWEST = 19  # of which a hundredth of a processor is left, where others want it
LATELY_SECONDS = 30.0  # after which what was taken counts for half
START = "from api.http.fork_server import main; main()"  # as a module of this name: its classes are pickled
START_SECONDS = 60.0  # of the server, which imports much
FORK_SECONDS = 20.0  # of a child, which takes a few ms of an idle machine
BUSY = "Several of your requests are being read. Send this one again in a moment."
ENDED = "The process that read this request was ended from outside. Send it again in a moment."
_OUR_LIMITS = {signal.SIGXCPU, signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS}

log = logging.getLogger("api.fork_pool")
T = TypeVar("T")


class TooCostly(Exception):
    """The work would have taken more memory or time than it may, or ended the process that did it."""


class ForkPool:
    """Runs functions in processes forked for them. `warm_up`: what the server does first, as "module:function"."""

    def __init__(self, *warm_up: str) -> None:
        self._warm_up = warm_up
        self._turns = Turns(SLOTS, SLOTS_OF_ONE)
        self._spent = Spent()
        self._server: _Server | None = None
        self._starting, self._adding = asyncio.Lock(), asyncio.Lock()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._spares: deque[socket.socket] = deque()

    async def start(self) -> None:
        """Before the first work comes: the server takes a second to import what it needs."""
        await self._find_server()
        await self._add_spares()

    async def aclose(self) -> None:
        """End the server; its children end by themselves."""
        await asyncio.gather(*self._tasks, return_exceptions=True)
        while self._spares:
            self._spares.pop().close()
        if self._server is not None:
            await asyncio.to_thread(self._server.close)

    async def run(self, owner: str, work: Callable[..., T], *arguments: Any) -> T:
        """Do this work in its turn. `owner`: the organization it is done for.

        Raises what the work raises, TooCostly, Unavailable (too much of this organization waits; try again).
        """
        await self._turns.take(owner)
        task = self._start(self._run(owner, pickle.dumps((work, arguments))))
        outcome = await asyncio.shield(task)  # a client that leaves gives its turn back when its process has ended
        if outcome.error is not None:
            raise outcome.error
        value: T = outcome.value
        return value

    async def _run(self, owner: str, work: bytes) -> Outcome:
        try:
            outcome = await _ask(await self._take_child(), bytes([self._spent.niceness(owner)]) + work)
            self._spent.add(owner, outcome.cpu_seconds)
            return outcome
        except (OSError, EOFError, Unavailable) as error:
            log.error("A process for a request could not be used: %s", type(error).__name__)
            return Outcome(error=Unavailable(ENDED))
        finally:
            self._turns.give_back(owner)

    async def _take_child(self) -> socket.socket:
        """One that waits, or a new one. Raises OSError, EOFError."""
        while self._spares:
            child = self._spares.popleft()
            self._start(self._add_spares())
            if _is_waiting(child):
                return child
            child.close()
        return await self._fork()

    async def _add_spares(self) -> None:
        try:
            async with self._adding:
                while len(self._spares) < SPARES:
                    self._spares.append(await self._fork())
        except (OSError, EOFError) as error:
            log.error("No process could be forked ahead of requests: %s", type(error).__name__)

    async def _fork(self) -> socket.socket:
        """A child that waits for work; another server's, where the first has just ended. Raises OSError, EOFError."""
        server = await self._find_server()
        try:
            return await _fork_by(server)
        except (OSError, EOFError):  # nothing of the work was sent yet
            await asyncio.to_thread(server.close)
            return await _fork_by(await self._find_server())

    def _start(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        """A task that `aclose` waits for."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _find_server(self) -> "_Server":
        async with self._starting:
            if self._server is None or not self._server.is_alive():
                if self._server is not None:
                    log.error("The server that forks processes for requests has ended; another is started")
                    await asyncio.to_thread(self._server.close)
                self._server = await asyncio.to_thread(_Server, self._warm_up)
            return self._server


class Turns:
    """Who may run: so many at once, of one owner fewer; others in the order in which they came."""

    def __init__(self, slots: int, of_one: int) -> None:
        self._free = slots
        self._of_one = of_one
        self._running: Counter[str] = Counter()
        self._waiting: list[tuple[str, asyncio.Future[None]]] = []

    async def take(self, owner: str) -> None:
        """Wait for a turn, to be given back. Raises Unavailable where too many wait, or for too long."""
        if sum(waiting == owner for waiting, _ in self._waiting) >= MAX_WAITING:
            raise Unavailable(BUSY)
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((owner, turn))
        self._let_in()
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await turn
        except BaseException as error:
            self._leave(owner, turn)
            if isinstance(error, TimeoutError):
                raise Unavailable(BUSY) from None
            raise

    def give_back(self, owner: str) -> None:
        self._free += 1
        self._running[owner] -= 1
        if not self._running[owner]:
            del self._running[owner]
        self._let_in()

    def _let_in(self) -> None:
        for owner, turn in list(self._waiting):
            if self._free and self._running[owner] < self._of_one and not turn.done():
                self._waiting.remove((owner, turn))
                self._free -= 1
                self._running[owner] += 1
                turn.set_result(None)

    def _leave(self, owner: str, turn: "asyncio.Future[None]") -> None:
        """A turn that came in the same moment as the end of the wait is given back."""
        if turn.done() and not turn.cancelled():
            self.give_back(owner)
        elif (owner, turn) in self._waiting:
            self._waiting.remove((owner, turn))


class Spent:
    """Seconds of the processor that the work of each owner took lately: who took many comes after who took few."""

    def __init__(self) -> None:
        self._seconds: dict[str, tuple[float, float]] = {}  # when it was, and how many there were

    def add(self, owner: str, seconds: float) -> None:
        now = time.monotonic()
        self._seconds = {other: spent for other, spent in self._seconds.items() if now - spent[0] < 10 * LATELY_SECONDS}
        self._seconds[owner] = (now, self._lately(owner) + seconds)

    def niceness(self, owner: str) -> int:
        """Of its next process, from 0 to `LOWEST`."""
        return min(LOWEST, round(NICE_PER_SECOND * self._lately(owner)))

    def _lately(self, owner: str) -> float:
        at, seconds = self._seconds.get(owner, (0.0, 0.0))
        return float(seconds * 0.5 ** ((time.monotonic() - at) / LATELY_SECONDS))


class _Server:
    """The process that forks. Without our environment's secrets: its children read what anybody sends."""

    def __init__(self, warm_up: tuple[str, ...]) -> None:
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", START, *warm_up], stdin=theirs.fileno(), env=_environment()
            )
        self._control.settimeout(START_SECONDS)
        if self._control.recv(1) != DONE:
            self.close()
            raise EOFError
        self._control.settimeout(None)

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def fork(self) -> socket.socket:
        """Ask for a child on the other end of this socket. Raises OSError."""
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self._control, [FORK], [theirs.fileno()])
        ours.setblocking(False)
        return ours

    def close(self) -> None:
        self._control.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _environment() -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("OUTDIAL_", "TEMPORAL_"))}
    return own | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


async def _fork_by(server: _Server) -> socket.socket:
    """A child that waits for work. Raises OSError, EOFError: the server ended before it forked, or stands still."""
    child = await asyncio.to_thread(server.fork)
    try:
        async with asyncio.timeout(FORK_SECONDS):
            if await _receive(child, 1) != READY:
                raise EOFError
        return child
    except BaseException:
        child.close()
        raise


async def _ask(child: socket.socket, work: bytes) -> Outcome:
    """Raises OSError and EOFError where the child was ended by others, TooCostly where by its own limits."""
    loop = asyncio.get_running_loop()
    with child:
        await loop.sock_sendall(child, work)
        child.shutdown(socket.SHUT_WR)
        kind = await _receive(child, 1)
        if kind == DIED:
            error = _explain_death((await _receive(child, 1))[0])
            return Outcome(error=error, cpu_seconds=CPU_SECONDS)  # it was none that could say
        (length,) = LENGTH.unpack(await _receive(child, LENGTH.size))
        outcome: Outcome = pickle.loads(await _receive(child, length))  # noqa: S301  from our own child  # nosec B301
    return outcome._replace(error=TooCostly()) if isinstance(outcome.error, MemoryError) else outcome


def _explain_death(number: int) -> Exception:
    """By a limit or by a library that gave up: what was read is to blame. Anything else came from outside.

    So did the alarm: a process that had used its processor time would have been ended for that before.
    """
    if number == signal.SIGALRM:
        return Unavailable(BUSY)
    return TooCostly() if number in _OUR_LIMITS else Unavailable(ENDED)


def _is_waiting(child: socket.socket) -> bool:
    """Whether it has not told of its end yet: somebody may have ended it."""
    try:
        child.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return True
    except OSError:
        pass
    return False


async def _receive(child: socket.socket, length: int) -> bytearray:
    loop, received = asyncio.get_running_loop(), bytearray()
    while len(received) < length:
        part = await loop.sock_recv(child, min(length - len(received), 1 << 20))
        if not part:
            raise EOFError
        received += part
    return received


@asynccontextmanager
async def open_fork_pool(*warm_up: str) -> AsyncIterator[ForkPool]:
    """A pool with its server started, closed at the end."""
    pool = ForkPool(*warm_up)
    try:
        await pool.start()
        yield pool
    finally:
        await pool.aclose()
