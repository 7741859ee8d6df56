"""The processes of a measurement: all of them end with it."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self, TypeVar

from stack.processes import Program

ROOT = Path(__file__).parents[1]
END_SECONDS = 25
READY_SECONDS = 60
T = TypeVar("T")


def until(question: Callable[[], T], seconds: float, every: float = 0.05) -> T:
    """The first answer that counts as true. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not (answer := question()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds} s")
        time.sleep(every)
    return answer


class Child:
    """A program whose output goes to a file; its group ends with it."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path, stop: signal.Signals) -> None:
        self.name, self.process, self.log, self._stop = name, process, log, stop

    @property
    def pid(self) -> int:
        return self.process.pid

    def wait_until(self, ready: Callable[[], object], seconds: float = READY_SECONDS) -> Self:
        """Raises RuntimeError with the end of its output where it ends, TimeoutError."""

        def is_ready() -> object:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended with {self.process.returncode}: {self.log.read_text()[-2000:]}")
            return ready()

        until(is_ready, seconds)
        return self

    def has_said(self, words: str) -> bool:
        return words in self.log.read_text()

    def kill(self) -> None:
        """`kill -9`, with all its children."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait()

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(self._stop)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(END_SECONDS)
        self.kill()


class Processes:
    """Starts children in a folder of their own, where their output is kept as long as they run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._children: list[Child] = []

    @classmethod
    @contextlib.contextmanager
    def running(cls, folder: Path) -> Iterator[Self]:
        processes = cls(folder)
        try:
            yield processes
        finally:
            for child in reversed(processes._children):
                child.end()

    def start(
        self,
        name: str,
        argv: Sequence[object],
        *,
        environment: Mapping[str, str] | None = None,
        stop: signal.Signals = signal.SIGTERM,
        **options: Any,
    ) -> Child:
        """`options` of `subprocess.Popen`; the working directory is the project's where none is given."""
        log = self.folder / f"{name}-{len(self._children)}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                [str(part) for part in argv],
                stdin=options.pop("stdin", subprocess.DEVNULL),
                stdout=options.pop("stdout", output),
                stderr=output,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})},
                cwd=options.pop("cwd", None) or ROOT,
                start_new_session=True,
                **options,
            )
        child = Child(name, process, log, stop)
        self._children.append(child)
        return child

    def start_program(self, program: Program) -> Child:
        """One of the local stack's own servers, as the stack starts it."""
        user: dict[str, Any] = {"user": program.user, "group": program.user, "extra_groups": []} if program.user else {}
        child = self.start(
            program.name,
            program.argv,
            environment=program.environment,
            stop=program.stop_signal,
            cwd=program.directory,
            umask=0o077,
            **user,
        )
        check = program.health_check
        return child.wait_until(lambda: check is None or asyncio.run(check(child.pid)))  # type: ignore[arg-type]

    def start_module(self, name: str, *arguments: object, python: object = sys.executable, **options: Any) -> Child:
        return self.start(name.rpartition(".")[2], [python, "-m", name, *arguments], **options)
