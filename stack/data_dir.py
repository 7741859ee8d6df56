"""The data directory of a local stack: who holds it, where its files are, what a former run left alive."""

import contextlib
import fcntl
import json
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

import psutil

from stack.errors import AlreadyRunning

LEFTOVER_SECONDS = 10.0  # for a left process to end


class DataDir:
    """`DIR`, and what is in it."""

    def __init__(self, root: Path) -> None:
        self.root = root.expanduser().resolve()
        self.logs = self.root / "logs"
        self.postgres = self.root / "postgres"
        self.postgres_port = self.root / "postgres.port"
        self.temporal_file = self.root / "temporal.db"
        self.carrier_file = self.root / "carrier.db"
        self.keys = self.root / "keys.json"
        self.secrets = self.root / "secrets.json"
        self._lock = self.root / "lock"
        self._processes = self.root / "processes.json"

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold the directory; the kernel gives it back when we die. Raises AlreadyRunning."""
        self.logs.mkdir(parents=True, exist_ok=True)
        with self._lock.open("a+") as lock:
            self._take(lock)
            yield

    def remember(self, pids: Mapping[int, signal.Signals]) -> None:
        """Note which processes are ours and how each is ended, for the run after a sudden end."""
        known = [[pid, _born(pid), int(number)] for pid, number in pids.items()]
        self._processes.write_text(json.dumps(known))

    def forget(self) -> None:
        """All of them have ended."""
        self._processes.unlink(missing_ok=True)

    def end_leftovers(self) -> None:
        """End what a former run left alive: only where the kernel could not do it, or has not yet."""
        with contextlib.suppress(OSError, ValueError):
            for pid, born, number in json.loads(self._processes.read_text()):
                if born is not None and _born(pid) == born:
                    _end(pid, signal.Signals(number))
        self.forget()

    def _take(self, lock: IO[str]) -> None:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            text = lock.read().strip()
            raise AlreadyRunning(self.root, int(text) if text.isdecimal() else None) from None
        lock.truncate(0)
        lock.write(str(psutil.Process().pid))
        lock.flush()


def _born(pid: int) -> float | None:
    """When the process was started: with its pid, what tells it from any other."""
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return None


def _end(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        process.send_signal(number)
        try:
            process.wait(LEFTOVER_SECONDS)
        except psutil.TimeoutExpired:
            process.kill()
