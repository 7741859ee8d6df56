"""Keeps one program alive: whoever dies is started again, until the end is asked for."""

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from stack.errors import PartFailed
from stack.processes import Program, end, spawn

if TYPE_CHECKING:
    from asyncio.subprocess import Process

log = logging.getLogger(__name__)

FIRST_DELAY_SECONDS = 0.1  # before a program is started again
MAX_DELAY_SECONDS = 2.0  # doubled up to here; a killed postmaster's children go within about a second
STEADY_AFTER_SECONDS = 10.0  # whoever lived so long is started again at once
START_SECONDS = 60.0  # for the first answer
DEATHS_AT_START = 6  # before the first answer: then the program is broken, not unlucky
POLL_SECONDS = 0.1


class Supervised:
    """One program, its process of the moment, and the task that replaces the process."""

    def __init__(self, program: Program, logs: Path, on_start: Callable[[], None]) -> None:
        self.program = program
        self.log = logs / f"{program.name}.log"
        self._on_start = on_start
        self._process: Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._deaths = 0

    @property
    def pid(self) -> int:
        """Of the newest process; 0 before the first one."""
        return self._process.pid if self._process else 0

    async def start(self) -> None:
        """Start the program and wait until it answers. Raises PartFailed."""
        self._keeper = asyncio.create_task(self._keep(), name=f"keep {self.program.name}")
        try:
            async with asyncio.timeout(START_SECONDS):
                while not await self._answers():  # noqa: ASYNC110 - another process has no event to wait for
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            raise PartFailed(self.program.name, self.log) from None

    async def stop(self) -> None:
        """End the program for good."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        if self._process is not None:
            await end(self._process, self.program)

    async def _keep(self) -> None:
        delay = FIRST_DELAY_SECONDS
        while True:
            started = time.monotonic()
            await self._live()
            self._deaths += 1
            if time.monotonic() - started > STEADY_AFTER_SECONDS:
                delay = FIRST_DELAY_SECONDS
            await asyncio.sleep(delay)
            delay = min(delay * 2, MAX_DELAY_SECONDS)

    async def _live(self) -> None:
        """One life of the program, from its start to its death."""
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

    async def _answers(self) -> bool:
        if self._keeper is not None and self._keeper.done():
            raise PartFailed(self.program.name, self.log) from self._keeper.exception()
        if self._deaths >= DEATHS_AT_START:
            raise PartFailed(self.program.name, self.log)
        if self._process is None or self._process.returncode is not None:
            return False
        return self.program.answers is None or await self.program.answers(self._process.pid)
