"""A peer as a benchmark uses it: its worker, its receiver of callbacks, PostgreSQL, and what its queue needs."""

import json
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import psycopg

from benchmarks.carrier.process import Carrier, listens
from benchmarks.contacts import fiction
from benchmarks.peers import records
from benchmarks.peers.environment import PYTHON
from benchmarks.processes import Child, Processes
from benchmarks.scale import LINES
from benchmarks.servers import start_postgres, start_redis, start_temporal
from stack.ports import LOOPBACK, free_port

RESTART_SECONDS = 1.0  # of a supervisor
SUBMIT_SECONDS = 120


@dataclass(frozen=True)
class Kind:
    """`ready`: what the worker prints when it works. `settle`: seconds after which a lost job has come back."""

    title: str
    module: str
    tell: str  # how the receiver reaches the worker
    command: tuple[object, ...]
    ready: str = "is ready"
    settle: float = 20.0


_BIN = PYTHON.parent
KINDS = {
    "arq": Kind(
        "ARQ",
        "arq_worker",
        "redis",
        (_BIN / "arq", "benchmarks.peers.arq_worker.WorkerSettings"),
        ready="Starting worker",
        settle=50.0,
    ),
    "celery": Kind(
        "Celery",
        "celery_worker",
        "redis",
        (_BIN / "celery", "-A", "benchmarks.peers.celery_worker", "worker", "-c", LINES, "-P", "threads"),
        settle=110.0,
    ),
    "dbos": Kind("DBOS", "dbos_worker", "dbos", (PYTHON, "-m", "benchmarks.peers.dbos_worker")),
    "temporal": Kind(
        "Temporal, naive", "temporal_worker", "notify", (PYTHON, "-m", "benchmarks.peers.temporal_worker")
    ),
}


class Peer:
    """All of it, started."""

    def __init__(self, name: str, processes: Processes, carrier: Carrier) -> None:
        self.kind, self.carrier, self._processes = KINDS[name], carrier, processes
        self._numbers, self._first, self._next = fiction(), 0, 0
        (postgres, self.database), port = start_postgres(processes), free_port()
        self._environment = {
            "BENCHMARK_DATABASE": self.database,
            "BENCHMARK_CARRIER": carrier.url,
            "BENCHMARK_RECEIVER": f"http://{LOOPBACK}:{port}",
            "BENCHMARK_LINES": str(LINES),
        }
        self._services = {"postgres": postgres}
        self._prepare()
        self._worker = self._start_worker()
        receiver = processes.start_module(
            "benchmarks.peers.receiver", port, self.kind.tell, python=PYTHON, environment=self._environment
        )
        self._services["api"] = receiver.wait_until(lambda: listens(port))

    def kinds(self) -> dict[str, list[int]]:
        """The pids by kind."""
        return {"worker": [self._worker.pid]} | {name: [child.pid] for name, child in self._services.items()}

    def take_numbers(self, count: int) -> list[str]:
        return list(islice(self._numbers, count))

    def submit(self, numbers: Sequence[str]) -> float:
        """Store and enqueue them; when that was begun, in seconds since the epoch. It goes on meanwhile."""
        file = self._processes.folder / "numbers.json"
        file.write_text(json.dumps(list(numbers)))
        self._first, self._next = self._next, self._next + len(numbers)
        self._submitter = self._processes.start_module(
            *("benchmarks.peers.submit", self.kind.module, file, self._first),
            python=PYTHON,
            environment=self._environment,
            stdin=subprocess.PIPE,
        )
        self._submitter.wait_until(lambda: self._submitter.has_said("ready"))
        began = time.time()
        assert self._submitter.process.stdin is not None
        self._submitter.process.stdin.write(b"\n")
        self._submitter.process.stdin.flush()
        return began

    def submitter_cpu(self) -> float:
        """Seconds, once it has ended."""
        self._submitter.process.wait(SUBMIT_SECONDS)
        told: dict[str, float] = json.loads(self._submitter.log.read_text().splitlines()[-1])
        return told["cpu"]

    def finished(self, connection: psycopg.Connection[Any]) -> tuple[int, float | None]:
        """How many of the contacts that were submitted last are final, and when the last one was."""
        row = connection.execute(
            "SELECT count(*), extract(epoch FROM max(ended_at))::float FROM contacts"
            " WHERE status = 'completed' AND id >= %s",
            [self._first],
        ).fetchone()
        assert row is not None
        return row[0], row[1]

    def kill_worker(self) -> None:
        self._worker.kill()

    def restart_worker(self) -> list[int]:
        time.sleep(RESTART_SECONDS)
        self._worker = self._start_worker()
        return [self._worker.pid]

    def _prepare(self) -> None:
        with psycopg.connect(self.database, autocommit=True) as connection:
            connection.execute(records.SCHEMA)
            if self.kind.tell == "dbos":
                connection.execute("CREATE DATABASE dbos")
        if self.kind.tell == "redis":
            self._services["redis"], self._environment["BENCHMARK_REDIS"] = start_redis(self._processes)
        if self.kind.tell == "notify":
            self._services["temporal"], self._environment["BENCHMARK_TEMPORAL"] = start_temporal(self._processes)

    def _start_worker(self) -> Child:
        worker = self._processes.start("worker", self.kind.command, environment=self._environment)
        return worker.wait_until(lambda: worker.has_said(self.kind.ready))
