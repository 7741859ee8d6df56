"""Keeps one program running: it is restarted whenever it dies, until it is stopped."""

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from stack.errors import ServiceFailed
from stack.processes import Program, spawn, stop

if TYPE_CHECKING:
    from asyncio.subprocess import Process

log = logging.getLogger(__name__)

MIN_RESTART_DELAY_SECONDS = 0.1
MAX_RESTART_DELAY_SECONDS = 2.0  # doubled up to here; a killed postmaster's children end within about a second
STABLE_AFTER_SECONDS = 10.0  # what lived so long is restarted at once
START_TIMEOUT_SECONDS = 60.0  # until it is healthy
MAX_EARLY_DEATHS = 6  # before it is healthy: then the program is broken, not unlucky
POLL_SECONDS = 0.1


class SupervisedProcess:
    """One program, its current process, and the task that restarts it."""

    def __init__(self, program: Program, logs: Path, on_start: Callable[[], None]) -> None:
        self.program = program
        self.log = logs / f"{program.name}.log"
        self._on_start = on_start
        self._process: Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._deaths = 0

    @property
    def pid(self) -> int:
        """Of the newest process; 0 before the first one."""
        return self._process.pid if self._process else 0

    async def start(self) -> None:
        """Start the program and wait until it is healthy. Raises ServiceFailed."""
        self._task = asyncio.create_task(self._keep_running(), name=f"supervise {self.program.name}")
        try:
            async with asyncio.timeout(START_TIMEOUT_SECONDS):
                while not await self._is_healthy():  # noqa: ASYNC110 - another process has no event to wait for
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            raise ServiceFailed(self.program.name, self.log) from None

    async def stop(self) -> None:
        """Stop the program for good."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._process is not None:
            await stop(self._process, self.program)

    async def _keep_running(self) -> None:
        delay = MIN_RESTART_DELAY_SECONDS
        while True:
            started = time.monotonic()
            await self._run_once()
            self._deaths += 1
            if time.monotonic() - started > STABLE_AFTER_SECONDS:
                delay = MIN_RESTART_DELAY_SECONDS
            await asyncio.sleep(delay)
            delay = min(delay * 2, MAX_RESTART_DELAY_SECONDS)

    async def _run_once(self) -> None:
        """From a start to the death of the process."""
        try:
            process = await spawn(self.program, self.log)
        except OSError:
            if self._process is None:  # there is no such program
                raise
            log.exception("%s cannot be started; it is tried again", self.program.name)
            return
        self._process = process
        try:
            self._on_start()
        except Exception:
            log.exception("the start of %s could not be noted; it is kept alive all the same", self.program.name)
        code = await process.wait()
        log.warning("%s ended with %d; it is started again", self.program.name, code)

    async def _is_healthy(self) -> bool:
        if self._task is not None and self._task.done():
            raise ServiceFailed(self.program.name, self.log) from self._task.exception()
        if self._deaths >= MAX_EARLY_DEATHS:
            raise ServiceFailed(self.program.name, self.log)
        if self._process is None or self._process.returncode is not None:
            return False
        return self.program.health_check is None or await self.program.health_check(self._process.pid)
