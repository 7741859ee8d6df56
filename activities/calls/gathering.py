"""Calls that end soon after one another are told to their job together: each telling by itself is a workflow task.

No line waits for it: the calls to come next are with the worker already, and begin when a line is free.
"""

import asyncio

GATHER_SECONDS = 0.25


class GatheredEndings:
    """Of this process, by the run of a workflow that is to know."""

    def __init__(self, seconds: float = GATHER_SECONDS) -> None:
        self._seconds = seconds
        self._open: dict[str, asyncio.Event] = {}

    async def wait(self, run_id: str) -> None:
        """Return when it is time to tell, `seconds` after the first that waits."""
        told = self._open.get(run_id)
        if told is None:
            told = self._open[run_id] = asyncio.Event()
            asyncio.get_running_loop().call_later(self._seconds, self._tell, run_id)
        await told.wait()

    def _tell(self, run_id: str) -> None:
        self._open.pop(run_id).set()
