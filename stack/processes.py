"""One program as a child process: how it is started, and how it is ended."""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from stack.data_dir import open_log

if TYPE_CHECKING:
    from asyncio.subprocess import Process

PR_SET_PDEATHSIG = 1
OWNER_ONLY = 0o077  # the simulator's file holds phone numbers
STOP_TIMEOUT_SECONDS = 20.0  # longer than placing a call


@dataclass(frozen=True)
class Program:
    """What is started, checked and stopped."""

    name: str
    argv: Sequence[str]
    environment: dict[str, str] = field(default_factory=dict)  # added to our own
    user: str | None = None  # the system's, where it must not run as root
    directory: Path | None = None  # to run in; entered by us, before it is another user's process
    stop_signal: signal.Signals = signal.SIGTERM
    orphan_signal: signal.Signals = signal.SIGKILL  # what it gets when we die
    stop_timeout: float = STOP_TIMEOUT_SECONDS  # between the stop signal and killing it
    health_check: Callable[[int], Awaitable[bool]] | None = None  # of the pid; None: being alive is enough


async def spawn(program: Program, log: Path) -> "Process":
    """Start a program in a session of its own, so that Ctrl-C in the terminal reaches us alone."""
    with open_log(log) as output:
        return await asyncio.create_subprocess_exec(
            *program.argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=program.directory,
            env=_inherited_environment() | program.environment,
            start_new_session=True,
            umask=OWNER_ONLY,
            preexec_fn=_die_with_parent(program.orphan_signal),
            **_identity(program.user),  # type: ignore[arg-type]
        )


async def stop(process: "Process", program: Program) -> None:
    """Signal a process to stop, kill it if it does not, and wait until it is gone."""
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(program.stop_signal)
    try:
        await asyncio.wait_for(process.wait(), program.stop_timeout)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _inherited_environment() -> dict[str, str]:
    """Our environment without the settings of another Temporal, its key or its certificates."""
    return {name: value for name, value in os.environ.items() if not name.startswith("TEMPORAL_")}


def _identity(user: str | None) -> dict[str, str | list[str]]:
    return {"user": user, "group": user, "extra_groups": []} if user else {}


def _die_with_parent(orphan_signal: signal.Signals) -> Callable[[], None] | None:
    """Have the kernel signal the child when we die, however we die (Linux; elsewhere see `DataDir.end_leftovers`)."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def set_death_signal() -> None:
        prctl(PR_SET_PDEATHSIG, int(orphan_signal))
        if os.getppid() != parent:  # we died before it was set
            os._exit(1)

    return set_death_signal
