"""The data directory of a local stack: its files, its lock, processes that a former run left."""

import contextlib
import fcntl
import json
import os
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

import psutil

from stack.errors import AlreadyRunning

LEFTOVER_TIMEOUT_SECONDS = 10.0
OWNER_ONLY = 0o600


def open_log(path: Path) -> IO[bytes]:
    """To append; of its owner alone: a log names organizations and jobs."""
    file = open(path, "ab", opener=lambda name, flags: os.open(name, flags, OWNER_ONLY))  # noqa: SIM115  its caller closes it
    os.fchmod(file.fileno(), OWNER_ONLY)  # also one of before
    return file


class DataDir:
    """The paths below `--data-dir`."""

    def __init__(self, root: Path) -> None:
        self.root = root.expanduser().resolve()
        self.logs = self.root / "logs"
        self.postgres = self.root / "postgres"
        self.postgres_port = self.root / "postgres.port"
        self.agent_port = self.root / "agent.port"
        self.codec_port = self.root / "codec.port"
        self.transcripts = self.root / "transcripts"
        self.temporal_file = self.root / "temporal.db"
        self.carrier_file = self.root / "carrier.db"
        self.keys = self.root / "keys.json"
        self.secrets = self.root / "secrets.json"
        self._lock = self.root / "lock"
        self._processes = self.root / "processes.json"

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the directory; the kernel unlocks it when we die. Raises AlreadyRunning."""
        self.logs.mkdir(parents=True, exist_ok=True)
        with self._lock.open("a+") as lock:
            self._acquire(lock)
            yield

    def save_pids(self, pids: Mapping[int, signal.Signals]) -> None:
        """Note our processes and the signal that ends each, for the run after a sudden end."""
        noted = [[pid, _started_at(pid), int(number)] for pid, number in pids.items()]
        self._processes.write_text(json.dumps(noted))

    def forget_pids(self) -> None:
        """All of them have ended."""
        self._processes.unlink(missing_ok=True)

    def end_leftovers(self) -> None:
        """End what a former run left running, where the kernel could not do it or has not yet."""
        with contextlib.suppress(OSError, ValueError):
            for pid, started_at, number in json.loads(self._processes.read_text()):
                if started_at is not None and _started_at(pid) == started_at:
                    _end(pid, signal.Signals(number))
        self.forget_pids()

    def _acquire(self, lock: IO[str]) -> None:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            text = lock.read().strip()
            raise AlreadyRunning(self.root, int(text) if text.isdecimal() else None) from None
        lock.truncate(0)
        lock.write(str(psutil.Process().pid))
        lock.flush()


def _started_at(pid: int) -> float | None:
    """When the process was started: with its pid, that tells it from any other."""
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return None


def _end(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        process.send_signal(number)
        try:
            process.wait(LEFTOVER_TIMEOUT_SECONDS)
        except psutil.TimeoutExpired:
            process.kill()
