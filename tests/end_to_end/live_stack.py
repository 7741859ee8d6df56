"""`outdial up` as a process, for tests: real parts, ports of its own, a directory that goes away."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import httpx
import psutil

from tests.waiting import until

READY_SECONDS = 60
END_SECONDS = 60
ANY_PORTS = [part for name in ("api", "temporal", "ui", "carrier") for part in (f"--{name}-port", "0")]


class LiveStack:
    """One running `outdial up`, and the ways to look at it and to hurt it."""

    def __init__(self, process: subprocess.Popen[bytes], data_dir: Path, ready_file: Path) -> None:
        self.process = process
        self.data_dir = data_dir
        self.ready_file = ready_file

    @classmethod
    def start(
        cls,
        home: Path,
        *flags: str,
        ports: list[str] = ANY_PORTS,
        environment: Mapping[str, str] | None = None,
        wait: bool = True,
        program: str = "cli.main",
    ) -> Self:
        """Start `outdial up` on `home`/data, kept by whoever made `home`; output in `home`/up.log."""
        ready_file = home / "ready.json"
        command = [sys.executable, "-m", program, "up", "--data-dir", str(home / "data")]
        command += ["--no-agent"] if "--agent" not in flags else []
        with (home / "up.log").open("ab") as output:
            process = subprocess.Popen(
                [*command, "--ready-file", str(ready_file), *ports, *flags],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, "OUTDIAL_PROFILES": str(home / "profiles.json"), **(environment or {})},
                start_new_session=True,
            )
        stack = cls(process, home / "data", ready_file)
        if wait:
            stack.wait_until_ready()
        return stack

    @classmethod
    @contextlib.contextmanager
    def running(cls, *flags: str, environment: Mapping[str, str] | None = None) -> Iterator[Self]:
        """A stack in a fresh directory, ended and removed afterwards."""
        with new_home() as home:
            stack = cls.start(home, *flags, environment=environment, wait=False)
            try:
                stack.wait_until_ready()
                yield stack
            finally:
                stack.end()

    @property
    def ready(self) -> dict[str, Any]:
        """The ready file as it is now."""
        return json.loads(self.ready_file.read_text())

    @property
    def output(self) -> str:
        """What `up` printed."""
        return (self.data_dir.parent / "up.log").read_text()

    def log(self, part: str) -> str:
        """The log of a part: postgres, temporal, carrier, api, worker-1 …"""
        return (self.data_dir / "logs" / f"{part}.log").read_text()

    def wait_until_ready(self) -> None:
        try:
            until(lambda: self.ready_file.exists() or self.process.poll() is not None, READY_SECONDS)
        except AssertionError as late:
            logs = "\n".join(f"--- {log.name}\n{log.read_text()[-1000:]}" for log in self.data_dir.glob("logs/*.log"))
            raise AssertionError(f"{late}: `up` is not ready\n{self.output}\n{logs}") from None
        assert self.process.poll() is None, f"`up` ended with {self.process.returncode}:\n{self.output}"

    def pid(self, part: str, number: int = 0) -> int:
        """Of a part as the ready file names it; `workers` has several, `number` counts from 0."""
        found = self.ready["pids"][part]
        return found[number] if isinstance(found, list) else found

    def pids(self) -> set[int]:
        """Of all parts."""
        named = self.ready["pids"]
        return {named[part] for part in named if part != "workers"} | set(named["workers"])

    def descendants(self) -> list[psutil.Process]:
        """Every process below `up`: the parts and theirs."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def kill(self, part: str, number: int = 0, how: signal.Signals = signal.SIGKILL) -> int:
        """Signal a part (SIGKILL, SIGSTOP, SIGCONT …); the pid that it had."""
        pid = self.pid(part, number)
        os.kill(pid, how)
        return pid

    def wait_until_replaced(self, part: str, old: int, within: float, number: int = 0) -> None:
        """Return when the ready file names a new process of the part."""
        until(lambda: self.pid(part, number) != old, within)

    def http(self, key: str | None = None) -> httpx.Client:
        """A client of the API with this key, the demo organization's owner's where none is given; close it."""
        api = self.ready["api"]
        headers = {"Authorization": f"Bearer {key or api['ownerKey']}"}
        return httpx.Client(base_url=api["url"], headers=headers, trust_env=False, timeout=30)

    @property
    def platform_key(self) -> str:
        """Of whoever runs the installation."""
        return json.loads((self.data_dir / "secrets.json").read_text())["platformKey"]

    def grant(self, number: str, carrier: str = "twilio") -> None:
        """Let the demo organization add a number, as the platform does."""
        with self.http(self.platform_key) as client:
            path = f"/organizations/{self.ready['api']['organizationId']}/carrier-grants"
            client.post(path, json={"number": number, "carrier": carrier}).raise_for_status()

    def report(self) -> dict[str, Any]:
        """What the simulator saw: every dial it ever took."""
        url = self.ready["carrier"]["url"]
        return httpx.get(f"{url}/simulator/report", trust_env=False, timeout=30).raise_for_status().json()

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ask `up` to end, and wait; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            return self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()  # its parts are on a leash
            self.process.wait()
            raise


@contextlib.contextmanager
def new_home() -> Iterator[Path]:
    """A directory that PostgreSQL's user can reach: pytest's own is closed to others at every run."""
    home = Path(tempfile.mkdtemp(prefix="outdial-up-"))
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def alive(pids: set[int]) -> set[int]:
    """Those that still run; a zombie does not."""
    running = set()
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess):
            if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                running.add(pid)
    return running
