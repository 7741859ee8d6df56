"""Calls that end soon after one another are told to their job together: each telling by itself is a workflow task.

No line waits for it: the calls to come next are with the worker already, and begin when a line is free. Where none is
left there all are told at once.
"""

import asyncio

GATHER_SECONDS = 0.25


class GatheredEndings:
    """Of this process, by the run of a workflow that is to know."""

    def __init__(self, seconds: float = GATHER_SECONDS) -> None:
        self._seconds = seconds
        self._open: dict[str, asyncio.Event] = {}

    async def wait(self, run_id: str) -> None:
        """Return when it is time to tell: `seconds` after the first that waits, or when `tell` is called."""
        told = self._open.get(run_id)
        if told is None:
            told = self._open[run_id] = asyncio.Event()
            asyncio.get_running_loop().call_later(self._seconds, self._close, run_id, told)
        await told.wait()

    def tell(self, run_id: str) -> None:
        """It is time for all that wait."""
        told = self._open.get(run_id)
        if told is not None:
            self._close(run_id, told)

    def _close(self, run_id: str, told: asyncio.Event) -> None:
        told.set()
        if self._open.get(run_id) is told:
            del self._open[run_id]
