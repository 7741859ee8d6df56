"""The carrier as a process of a measurement, and what it knows of the calls."""

import socket
from typing import Any

import httpx

from benchmarks.meter import cpu_of
from benchmarks.processes import Processes
from stack.ports import LOOPBACK, free_port


class Carrier:
    """Started at once; `seconds`: how long each call lasts."""

    def __init__(self, processes: Processes, seconds: float) -> None:
        port = free_port()
        self.url = f"http://{LOOPBACK}:{port}"
        self._child = processes.start_module("benchmarks.carrier", port, seconds)
        self._child.wait_until(lambda: listens(port))

    def cpu(self) -> float:
        """Seconds so far."""
        return cpu_of([self._child.pid])

    def calls(self) -> list[dict[str, Any]]:
        """All calls with their times."""
        found: list[dict[str, Any]] = self._ask("GET", "/report")
        return found

    def live(self) -> int:
        """How many calls are up."""
        return int(self._ask("GET", "/live"))

    def begin(self, seconds: float) -> None:
        """Forget the calls that ended; those to come last so long."""
        self._ask("POST", "/forget")
        self._ask("POST", f"/length?seconds={seconds}")

    def _ask(self, method: str, path: str) -> Any:
        return httpx.request(method, f"{self.url}{path}", trust_env=False, timeout=30).raise_for_status().json()


def listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex((LOOPBACK, port)) == 0
