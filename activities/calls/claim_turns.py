"""Claims that wait for a line or for the number's pace: not for long, and not many of one organization.

Who waits holds one of the worker's slots for calls. Beyond these bounds a call goes back to its workflow, which asks
again later.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from temporalio import activity

from activities.calls.payloads import CallContact
from activities.calls.waiting import shield_until_done, sleep_unless_stopping, stopping
from carriers.clock import boot_time
from domain.calls.deadlines import SEND_TIMEOUT_SECONDS
from domain.calls.dispatch import NotNow, NotNowReason

if TYPE_CHECKING:
    from store.calls.claim import Claimed, Claims

MAX_STEP_SECONDS = 10.0  # a pace that is slower is waited for by the workflow
MAX_WAIT_SECONDS = 60.0  # in all: 50 calls of a job, at the usual pace of one a second
MAX_LINE_WAIT_SECONDS = 10.0  # in all, for a line that another job's call still has
MAX_LINE_STEP_SECONDS = 2.0
COME_BACK_SECONDS = 5.0  # before a call that waited in vain is claimed again
MAX_WAITING = 50  # calls of one organization that wait in this process: as many as a job may have lines


class ClaimTurns:
    """`max_waiting`: how many calls of one organization may wait at once."""

    def __init__(self, claims: "Claims", max_waiting: int = MAX_WAITING) -> None:
        self._claims = claims
        self._max_waiting = max_waiting
        self._waiting: Counter[str] = Counter()  # by organization
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def claim(self, call: CallContact) -> "tuple[Claimed | NotNow, float]":
        """Claim; NotNow where the call may not be placed, or has waited for as long as it may.

        The second of the two is the instant, by `boot_time()`, before which a request must leave. It counts
        from before the claim: a process that stood still in between knows that it is too late.
        """
        if self._waiting[call.organization_id] >= self._max_waiting:
            return await self._claim_once(call)
        with self._counted(call.organization_id):
            return await self._claim_in_turn(call)

    async def _claim_once(self, call: CallContact) -> "tuple[Claimed | NotNow, float]":
        claimed, send_before = await self._try(call)
        return _later(claimed), send_before

    async def _claim_in_turn(self, call: CallContact) -> "tuple[Claimed | NotNow, float]":
        """Calls that come together are claimed together; those of one job that have to wait do so one after another."""
        began_at, tries = time.monotonic(), 0
        turn = self._locks.setdefault(call.job_id, asyncio.Lock())
        tried = None if turn.locked() else await self._try(call)
        if tried is not None and not _must_wait(tried[0]):
            return tried
        if turn.locked():
            tried = None  # of before its turn
        async with turn:
            while True:
                claimed, send_before = tried or await self._try(call)
                if not isinstance(claimed, NotNow) or not _must_wait(claimed):
                    return claimed, send_before
                tried = None
                seconds = _step(claimed, tries)
                waited = time.monotonic() - began_at
                if seconds > MAX_STEP_SECONDS or waited + seconds > _max_wait(claimed.reason):
                    return _later(claimed), send_before
                await sleep_unless_stopping(seconds)
                tries += 1

    async def _try(self, call: CallContact) -> "tuple[Claimed | NotNow, float]":
        if activity.is_worker_shutdown():
            raise stopping()
        send_before = boot_time() + SEND_TIMEOUT_SECONDS
        claim = self._claims.claim(call.organization_id, call.job_id, call.contact_id, call.dial)
        return await shield_until_done(claim), send_before

    @contextmanager
    def _counted(self, organization_id: str) -> Iterator[None]:
        self._waiting[organization_id] += 1
        try:
            yield
        finally:
            self._waiting[organization_id] -= 1
            if not self._waiting[organization_id]:
                del self._waiting[organization_id]


def _must_wait(claimed: "Claimed | NotNow") -> bool:
    return isinstance(claimed, NotNow) and claimed.reason.is_transient


def _step(held: NotNow, tries: int) -> float:
    """For a line at growing intervals: each try takes the organization's lock."""
    if held.reason is NotNowReason.LINE:
        return float(min(held.seconds * 2**tries, MAX_LINE_STEP_SECONDS))
    return held.seconds


def _max_wait(reason: NotNowReason) -> float:
    return MAX_LINE_WAIT_SECONDS if reason is NotNowReason.LINE else MAX_WAIT_SECONDS


def _later(claimed: "Claimed | NotNow") -> "Claimed | NotNow":
    if not isinstance(claimed, NotNow) or not _must_wait(claimed):
        return claimed
    return claimed.model_copy(update={"seconds": max(claimed.seconds, COME_BACK_SECONDS)})
