"""A real Asterisk and a real callee as processes, for tests: started, killed, started again, ended."""

import contextlib
import csv
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from carriers.asterisk.options import Options

HERE = Path(__file__).parent
TOOLS = ("sipp", "espeak-ng", "sox", "apt-get", "curl")
FIRST_PORTS = range(21_000, 31_000, 1_000)
FETCH_SECONDS = 300
START_SECONDS = 30.0
USER, PASSWORD = "outdial", "lab-only"


class Lab:
    """One lab in a directory of its own. `asterisk_pid` is a process of its own; the callee outlives it."""

    def __init__(self, directory: Path, first_port: int) -> None:
        self.directory = directory
        self.first_port = first_port
        self._asterisk: subprocess.Popen[bytes] | None = None
        self._callee: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Of the REST interface."""
        return f"http://127.0.0.1:{self.ari_port}/ari"

    @property
    def ari_port(self) -> int:
        return self.first_port + 2

    @property
    def callee_port(self) -> int:
        return self.first_port

    @property
    def spare_port(self) -> int:
        """Where the trunk `dead` leads: nobody, or whom a test puts there."""
        return self.first_port + 3

    @property
    def cdr_path(self) -> Path:
        return self.directory / "run" / "log" / "cdr-custom" / "Master.csv"

    def options(self, **changes: object) -> Options:
        values: dict[str, object] = {
            "url": self.url,
            "user": USER,
            "password": SecretStr(PASSWORD),
            "cdr_path": self.cdr_path,
        }
        return Options.model_validate(values | changes)

    def records(self) -> list[list[str]]:
        """The call detail records: channel id, number, disposition, start, answer, end, duration, talk time, cause."""
        if not self.cdr_path.exists():
            return []
        with self.cdr_path.open(newline="") as file:
            return list(csv.reader(file))

    def rung(self) -> list[str]:
        """The numbers that the callee was asked to answer, by its own word."""
        log = self.directory / "run" / "callee.log"
        marker = "callee got "
        return [line.partition(marker)[2].strip() for line in log.read_text().splitlines() if marker in line]

    def start(self, *, most_files: int | None = None, configure: Callable[["Lab"], None] = lambda _: None) -> None:
        """`most_files`: how many files Asterisk may have open; each call takes some. `configure` changes its files."""
        subprocess.run([HERE / "prepare", self.directory, str(self.first_port)], check=True, timeout=START_SECONDS)
        if most_files is not None:
            with (self.directory / "run" / "etc" / "asterisk.conf").open("a") as options:
                options.write(f"maxfiles = {most_files}\n")
        configure(self)
        self._callee = self._run("run-callee")
        self.start_asterisk()

    def start_asterisk(self) -> None:
        """With what the one before kept on disk."""
        self._asterisk = self._run("run-asterisk")
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            assert self._asterisk.poll() is None, self._output()
            assert time.monotonic() < deadline, self._output()
            time.sleep(0.05)

    def answers(self) -> bool:
        try:
            answer = httpx.get(f"{self.url}/asterisk/info", auth=(USER, PASSWORD), trust_env=False, timeout=2)
        except httpx.TransportError:
            return False
        return answer.is_success

    def kill_asterisk(self) -> None:
        _end(self._asterisk)

    def stop(self) -> None:
        _end(self._asterisk)
        _end(self._callee)

    def _run(self, script: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen([HERE / script, self.directory, str(self.first_port)], stdin=subprocess.DEVNULL)

    def _output(self) -> str:
        return (self.directory / "run" / "asterisk.out").read_text()[-2000:]


@contextlib.contextmanager
def running() -> Iterator[Lab]:
    """A lab of its own that is started."""
    with unstarted() as lab:
        lab.start()
        yield lab


@contextlib.contextmanager
def unstarted() -> Iterator[Lab]:
    """A lab of its own; skips where it cannot be had, fails where `OUTDIAL_REQUIRE` names asterisk."""
    missing = cannot_be_had()
    if missing is not None:
        if "asterisk" in os.environ.get("OUTDIAL_REQUIRE", ""):
            pytest.fail(missing)
        pytest.skip(missing)
    with a_lab() as lab:
        yield lab


@contextlib.contextmanager
def a_lab() -> Iterator[Lab]:
    """A lab that is not started yet. Leaves nothing behind."""
    kept = _kept()
    directory = Path(tempfile.mkdtemp(prefix="outdial-lab-"))
    with _ports() as first_port:
        for part in ("root", "audio"):
            (directory / part).symlink_to(kept / part)
        lab = Lab(directory, first_port)
        try:
            yield lab
        finally:
            lab.stop()
            shutil.rmtree(directory, ignore_errors=True)


def cannot_be_had() -> str | None:
    """Why there is no lab here, as a sentence; fetches Asterisk the first time."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        return f"No Asterisk was called: {', '.join(missing)} missing (Debian: sip-tester espeak-ng sox curl)."
    try:
        _fetch(_kept())
    except (subprocess.SubprocessError, OSError) as error:
        return f"No Asterisk was called: it cannot be fetched ({type(error).__name__})."
    return None


def _kept() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "outdial-tests"
    return cache / "asterisk"


def _fetch(kept: Path) -> None:
    """Once for all tests of a machine; the others wait."""
    kept.mkdir(parents=True, exist_ok=True)
    with (kept / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (kept / "whole").exists():
            for script in ("fetch-asterisk", "make-audio"):
                subprocess.run([HERE / script, kept], check=True, capture_output=True, timeout=FETCH_SECONDS)
            (kept / "whole").touch()


@contextlib.contextmanager
def _ports() -> Iterator[int]:
    """A thousand ports that no other test uses and nothing listens on."""
    for first in FIRST_PORTS:
        with (Path(tempfile.gettempdir()) / f"outdial-lab-{first}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                continue
            if _are_free(first):
                yield first
                return
    raise RuntimeError("No ports are free for the telephony lab.")


def _are_free(first: int) -> bool:
    for port, kind in ((first, socket.SOCK_DGRAM), (first + 1, socket.SOCK_DGRAM), (first + 2, socket.SOCK_STREAM)):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True


def _end(process: subprocess.Popen[bytes] | None) -> None:
    if process is not None and process.poll() is None:
        process.send_signal(signal.SIGKILL)
        process.wait()
