"""What a carrier brings to be judged: its far end, and hands to hurt it with.

A bed is a class that `tests/conformance/beds/__init__.py` names, or an installed package by an entry point of the group
`outdial.conformance`, called without arguments. It raises `NotHere` where what it needs cannot be had.
"""

import os
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from carriers import Carrier
from domain.calls.models import Audio
from domain.model import Model

LONG_RING_SECONDS, LONG_CALL_SECONDS = 600, 14_400  # of a call that the suite hangs up itself
LATE_SECONDS = 8  # by which a busy machine may tell too long a call
CALLER = "+12025550199"


class NotHere(Exception):
    """What a bed needs cannot be had: its tests are skipped, or fail where `OUTDIAL_REQUIRE` names the tool."""

    def __init__(self, tool: str, reason: str) -> None:
        super().__init__(reason)
        self.tool = tool


def is_required(tool: str) -> bool:
    """Whether what `tool` is needed for must be judged here: `OUTDIAL_REQUIRE` names it."""
    return tool in os.environ.get("OUTDIAL_REQUIRE", "")


class Seen(Model):
    """One attempt to reach a number, in the far end's own record: not by the adapter's word."""

    to: str  # as the far end knows the number
    call_id: str | None = None  # the carrier's, where the far end knows it


class Bed(Protocol):
    """A far end whose numbers are scripted by their last two digits, as `SCRIPTED` of the suite says.

    One bed serves all of a session's tests, one after another.
    """

    name: str  # what `--carrier` says
    audio: Audio  # where answered calls go
    audio_url: str
    ring_seconds: int  # by the carrier's clock; enough for every scripted answer, and soon over for `02`
    talk_seconds: int  # by the carrier's clock: the longest call of `07`, where nobody hangs up
    patience_seconds: float  # by ours: any scripted call is over, and known to be, also on a machine that is busy

    async def start(self, public_url: str) -> None:
        """Bring the far end up. Callbacks go to `public_url` and the path that `place` is given."""
        ...

    async def stop(self) -> None:
        """Leave nothing behind, whatever state it is in."""
        ...

    def open(self) -> Carrier:
        """One more adapter for it, as another process would have it. Who opens it closes it."""
        ...

    def number(self, digits: str) -> str:
        """A number with these last two digits that nobody has called yet."""
        ...

    async def seen(self, number: str) -> Sequence[Seen]:
        """Every attempt to reach a number, by the far end's own record. Calls that are not over may be missing."""
        ...

    def answers_lost(self, number: str) -> AbstractAsyncContextManager[None]:
        """Within: a request to place a call to this number is taken, and its answer does not arrive."""
        ...

    def down(self) -> AbstractAsyncContextManager[None]:
        """Within: the carrier is dead, by `kill -9`; afterwards it is up again with what it kept on disk."""
        ...

    def at_limit(self) -> AbstractAsyncContextManager[None]:
        """Within: the carrier has all the calls it takes; afterwards they have ended, and it takes others."""
        ...
