"""The CPU of processes by kind, and how busy others kept the machine meanwhile."""

import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psutil

CALM = 0.10  # of the machine
CALM_SECONDS = 12.0


@dataclass(frozen=True)
class Spent:
    """`cpu`: seconds by kind. `others`: share of the machine that neither they nor this process took."""

    seconds: float
    cpu: dict[str, float]
    others: float

    @property
    def total(self) -> float:
        return sum(self.cpu.values())


class Meter:
    """From its creation on; `kinds` has the pids of each kind, whose descendants count too."""

    def __init__(self, kinds: Mapping[str, Sequence[int]]) -> None:
        self._kinds = {kind: list(pids) for kind, pids in kinds.items()}
        self._before = {kind: cpu_of(pids) for kind, pids in self._kinds.items()}
        self._gone: dict[str, float] = dict.fromkeys(self._kinds, 0.0)
        self._began, self._machine = time.monotonic(), psutil.cpu_times()
        self._own = sum(psutil.Process().cpu_times()[:2])

    def about_to_end(self, kind: str) -> None:
        """Note what a kind has spent: its processes are killed now."""
        self._gone[kind] += cpu_of(self._kinds[kind]) - self._before[kind]

    def replaced(self, kind: str, pids: Sequence[int]) -> None:
        """Others do their work from now on, and have spent nothing yet."""
        self._kinds[kind], self._before[kind] = list(pids), 0.0

    def read(self, besides: float = 0.0) -> Spent:
        """`besides`: CPU seconds that are no other's either, the carrier's for instance."""
        cpu = {kind: cpu_of(pids) - self._before[kind] + self._gone[kind] for kind, pids in self._kinds.items()}
        seconds, now = time.monotonic() - self._began, psutil.cpu_times()
        idle = now.idle + now.iowait - self._machine.idle - self._machine.iowait
        own = sum(psutil.Process().cpu_times()[:2]) - self._own + sum(cpu.values()) + besides
        capacity = (psutil.cpu_count() or 1) * seconds
        return Spent(seconds, cpu, max(0.0, (capacity - idle - own) / capacity))


def cpu_of(pids: Sequence[int]) -> float:
    """CPU seconds of processes and their descendants, ended children included."""
    total = 0.0
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            own = process.cpu_times()
            total += own.children_user + own.children_system
            for one in [process, *process.children(recursive=True)]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    times = one.cpu_times()
                    total += times.user + times.system
    return total


def rss_of(pids: Sequence[int]) -> int:
    """Bytes of memory that processes hold, without their descendants."""
    return sum(psutil.Process(pid).memory_info().rss for pid in pids)


def wait_for_calm(seconds: float = CALM_SECONDS) -> float:
    """Wait a while until the machine is quiet; how busy it is, of 1."""
    deadline, busy = time.monotonic() + seconds, 1.0
    while busy > CALM and time.monotonic() < deadline:
        busy = psutil.cpu_percent(interval=1.0) / 100
    return busy
