"""The server that forks a process for each piece of work, bounded by the kernel. `fork_pool` starts it.

The server imports and warms up once, and never sees what clients sent: only its children do. Each does one piece of
work within its memory and time and ends, so nothing of it stays, and what a library cannot survive ends that child
only. The server ends when its parent does.

A child may be forked long before there is work for it, and says `READY`. Through its socket come a byte, its niceness,
and then the work, pickled; its time is counted from that byte. The answer is `DONE`, a length and the pickled
`Outcome`; or, where the child did not live to give one, `DIED` and the number of the signal that ended it.
"""

import gc
import importlib
import os
import pickle
import resource
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

MEMORY_BYTES = 300 * 1024 * 1024  # of a child, beyond what it shares with the server
CPU_SECONDS = 5  # 10,000 rows of 200 columns take two
WALL_SECONDS = 30  # a machine under load has less time for us
MANY_OBJECTS = 50_000  # made before garbage is looked for: 10,000 contacts are hardly any, and all of them in use

FORK = b"\0"  # what comes with a socket
DONE, DIED, READY = b"\0", b"\1", b"\2"
LENGTH = struct.Struct("!Q")


class Outcome(NamedTuple):
    """What the work returned, or raised. `MemoryError` is raised at `MEMORY_BYTES`."""

    value: Any = None
    error: Exception | None = None
    cpu_seconds: float = 0.0


def serve(control: socket.socket) -> None:
    """Fork for every socket that comes, until the other end is closed."""
    while True:
        sent, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not sent:
            return
        with socket.socket(fileno=descriptors[0]) as connection:
            if os.fork() == 0:
                control.close()
                _end_with(_watch, connection)


def _end_with(task: Callable[[socket.socket], None], connection: socket.socket) -> None:
    """The end of a forked process: nothing that the server set up is undone by it."""
    code = 1
    try:
        task(connection)
        code = 0
    finally:
        os._exit(code)


def _watch(connection: socket.socket) -> None:
    """Let a child do the work; where it dies, say so."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    child = os.fork()
    if child == 0:
        _end_with(_work, connection)
    _, status = os.waitpid(child, 0)
    if status != 0:
        with suppress(OSError):  # nobody waits for the answer any more
            connection.sendall(DIED + bytes([os.WTERMSIG(status)]))
        _drain(connection)


def _work(connection: socket.socket) -> None:
    connection.sendall(READY)
    niceness = connection.recv(1)
    if not niceness:
        return  # the parent has ended, or does not need us any more
    os.nice(niceness[0])  # before anything is read of what a client sent
    gc.set_threshold(MANY_OBJECTS)
    _limit()
    try:
        answer = pickle.dumps(_do(connection)._replace(cpu_seconds=time.process_time()))
    except MemoryError:
        answer = pickle.dumps(Outcome(error=MemoryError()))
    _drain(connection)
    with suppress(OSError):
        connection.sendall(DONE + LENGTH.pack(len(answer)))
        connection.sendall(answer)


def _do(connection: socket.socket) -> Outcome:
    try:
        with connection.makefile("rb") as stream:
            work, arguments = pickle.load(stream)  # noqa: S301  from our parent  # nosec B301
        return Outcome(value=work(*arguments))
    except Exception as error:
        return Outcome(error=error.with_traceback(None))


def _drain(connection: socket.socket) -> None:
    """What nobody reads would cost the parent our answer."""
    with suppress(OSError):
        while connection.recv(1 << 16):
            pass


def _limit() -> None:
    """The kernel refuses more memory, and ends a process that takes longer, in whatever library it is."""
    pages = Path("/proc/self/statm")  # Linux; elsewhere time alone is bounded
    if pages.exists():
        memory = int(pages.read_text().split()[0]) * resource.getpagesize() + MEMORY_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # what clients sent is not left on a disk
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(WALL_SECONDS)


def _warm_up(names: list[str]) -> None:
    for name in names:
        module, _, function = name.partition(":")
        getattr(importlib.import_module(module), function)()


def main() -> None:
    """Serve on standard input, a socket, after the warm-up that the arguments name ("module:function")."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, whose end is ours
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries the children
    with socket.socket(fileno=os.dup(0)) as control:
        _warm_up(sys.argv[1:])
        gc.freeze()  # a collection in a child would copy every page of what is here
        control.sendall(DONE)
        serve(control)
