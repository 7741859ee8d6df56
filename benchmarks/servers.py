"""PostgreSQL, Temporal and Redis for those that bring none: the first two as the local stack starts them."""

import asyncio
import tempfile
from pathlib import Path

from benchmarks.carrier.process import listens
from benchmarks.peers.environment import PYTHON
from benchmarks.processes import Child, Processes
from stack.ports import LOOPBACK, free_port
from stack.postgres import Postgres
from stack.temporal import Temporal


def start_postgres(processes: Processes) -> tuple[Child, str]:
    """A server without tables, and the address of its database."""
    folder = Path(tempfile.mkdtemp(dir=processes.folder))
    postgres = Postgres(folder / "postgres", free_port(), password="benchmark")
    asyncio.run(postgres.initialize(folder / "initdb.log"))
    return processes.start_program(postgres.program()), postgres.url.replace("+psycopg", "")


def start_temporal(processes: Processes) -> tuple[Child, str]:
    """A server and its address."""
    temporal = Temporal(processes.folder / "temporal.db", free_port(), free_port())
    return processes.start_program(temporal.program()), temporal.address


def start_redis(processes: Processes) -> tuple[Child, str]:
    """A server that keeps what it is told, from the peers' environment, and its address."""
    port = free_port()
    options = ("--port", port, "--bind", LOOPBACK, "--dir", processes.folder, "--appendonly", "yes")
    server = processes.start("redis", [PYTHON.parent / "redis-server", *options])
    return server.wait_until(lambda: listens(port)), f"redis://{LOOPBACK}:{port}/0"
