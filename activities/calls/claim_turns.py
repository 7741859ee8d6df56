"""Claims that wait for a line or for the number's pace: not for long, and not many of one organization.

Who waits holds one of the worker's slots for calls. Beyond these bounds a call goes back to its workflow, which asks
again later. A job has a few more calls here than it has lines: whoever is over leaves its line to the next at once.
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from temporalio import activity

from activities.calls.payloads import CallContact
from activities.calls.waiting import Shutdown, shield_until_done, stopping
from carriers.clock import boot_time
from domain.calls.deadlines import SEND_TIMEOUT_SECONDS
from domain.calls.dispatch import NotNow, NotNowReason

if TYPE_CHECKING:
    from store.calls.claim import Claimed, Claims

MAX_STEP_SECONDS = 10.0  # a pace that is slower is waited for by the workflow
MAX_WAIT_SECONDS = 60.0  # in all: 50 calls of a job, at the usual pace of one a second
MAX_LINE_WAIT_SECONDS = 10.0  # in all, for a line that another job's call still has
MAX_LINE_STEP_SECONDS = 2.0
IDLE_SECONDS = 2.0  # so often a call that waits looks whether it has become the first
COME_BACK_SECONDS = 5.0  # before a call that waited in vain is claimed again
MAX_SHARE_AGE = timedelta(minutes=1)  # a call that was handed out before it was told is here by then
MAX_WAITING = 50  # calls of one organization that wait in this process: as many as a job may have lines


class Turn:
    """Of one call that waits. `told`: a line came free, and it is this call's."""

    told = False
    sleeps = False  # it looks for a line otherwise
    _waiting: asyncio.Future[None] | None = None

    def set(self) -> None:
        """Have it look."""
        self.sleeps = False
        self.wake()

    def wake(self) -> None:
        """End its wait, whatever for."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def wait(self, seconds: float) -> bool:
        """Whether it was set within `seconds`, or before it was woken otherwise."""
        if self.sleeps:
            loop = asyncio.get_running_loop()
            self._waiting = loop.create_future()
            timer = loop.call_later(seconds, self.wake)
            try:
                await self._waiting
            finally:
                timer.cancel()
                self._waiting = None
        return not self.sleeps


class JobQueue:
    """The calls of one job that wait, in the order in which they came.

    `missed`: lines that came free while everybody was looking for one, or nobody here yet: each is for one that looks,
    or comes, next. `lines`: the newest share of the job, by the calls that are handed out and by what workers tell.
    """

    def __init__(self) -> None:
        self._waiting: deque[Turn] = deque()
        self.missed = 0
        self.lines: int | None = None
        self._shared_at: datetime | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    def take_share(self, lines: int | None, since: datetime) -> None:
        """What the newest share has more than the one before are free lines, for all calls that wait."""
        if self._shared_at is not None and since < self._shared_at:
            return
        more = lines - self.lines if lines is not None and self.lines is not None else 0
        self.lines, self._shared_at = lines, since
        for _ in range(more):
            self.free()

    def allow(self, lines: int | None) -> int | None:
        """By the share that a call came with, or by the newest one where that is larger."""
        return None if lines is None or self.lines is None else max(lines, self.lines)

    def join(self) -> Turn:
        turn = Turn()
        self._waiting.append(turn)
        return turn

    def leave(self, turn: Turn) -> None:
        """Where one found a line, or a slot of the pace, of which it was not told there may be more: two look then."""
        self._waiting.remove(turn)
        if not turn.told:
            for _ in range(2):
                self._wake_one(told=False)

    def is_first(self, turn: Turn) -> bool:
        return self._waiting[0] is turn

    def free(self) -> bool:
        """A line came free. False: nobody waited for one."""
        if self._wake_one(told=True):
            return True
        self.missed = min(self.missed + 1, MAX_WAITING)  # as many as may wait, unless a worker lets more
        return False

    def take_missed(self) -> bool:
        """Whether a line came free that nobody was told of; once."""
        missed, self.missed = self.missed, max(0, self.missed - 1)
        return missed > 0

    def forget_missed(self, count: int) -> None:
        """So many are gone: one that began to look after they came free found none."""
        self.missed = max(0, self.missed - count)

    def _wake_one(self, *, told: bool) -> bool:
        sleeping = next((turn for turn in self._waiting if turn.sleeps), None)
        if sleeping is None:
            return False
        sleeping.told = told
        sleeping.set()
        return True


class ClaimTurns:
    """`max_waiting`: how many calls of one organization may wait at once. `is_closing`: whether a run hands over."""

    def __init__(
        self,
        claims: "Claims",
        max_waiting: int = MAX_WAITING,
        is_closing: Callable[[str | None], bool] = lambda _: False,
        shutdown: Shutdown | None = None,
    ) -> None:
        self._claims = claims
        self._shutdown = shutdown or Shutdown()
        self._max_waiting = max_waiting
        self._is_closing = is_closing
        self._waiting: Counter[str] = Counter()  # by organization
        self._queues: WeakValueDictionary[str, JobQueue] = WeakValueDictionary()
        self._shares: dict[str, tuple[int, datetime]] = {}  # as workers tell them, by job

    def free(self, job_id: str) -> bool:
        """A call of the job is over: the next one may have its line. False: there is none."""
        queue = self._queues.get(job_id)
        return queue is not None and queue.free()

    def take_share(self, job_id: str, lines: int, since: datetime) -> None:
        """A job may use so many lines; for its calls that wait, and for those on their way here with an older share."""
        self._shares = {job: share for job, share in self._shares.items() if since - share[1] < MAX_SHARE_AGE}
        self._shares[job_id] = lines, since
        queue = self._queues.get(job_id)
        if queue is not None:
            queue.take_share(lines, since)

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
        claimed, send_before = await self._try(call, call.lines)
        return _later(claimed), send_before

    async def _claim_in_turn(self, call: CallContact) -> "tuple[Claimed | NotNow, float]":
        """Calls that come together are claimed together. Of those of one job that have to wait the first looks at
        intervals, and as many at once as lines come free."""
        queue = self._queues.setdefault(call.job_id, JobQueue())
        queue.take_share(call.lines, activity.info().scheduled_time)
        if call.job_id in self._shares:
            queue.take_share(*self._shares[call.job_id])
        tried = None
        if not len(queue):
            queue.take_missed()
            tried = await self._look(queue, call)
        if tried is not None and not _must_wait(tried[0]):
            return tried
        turn = queue.join()
        try:
            began_at, tries = time.monotonic(), 0
            if tried is None:
                await self._await_line(queue, turn, IDLE_SECONDS)
            while True:
                claimed, send_before = tried or await self._look(queue, call)
                if not isinstance(claimed, NotNow) or not _must_wait(claimed):
                    return claimed, send_before
                tried = None
                seconds = _step(claimed, tries)
                if seconds > MAX_STEP_SECONDS or time.monotonic() - began_at + seconds > _max_wait(claimed.reason):
                    return _later(claimed), send_before
                await self._await_line(queue, turn, seconds)
                tries += 1
        finally:
            queue.leave(turn)

    async def _await_line(self, queue: JobQueue, turn: Turn, seconds: float) -> None:
        """Until a line came free, or the first of those that wait has done so for `seconds`."""
        turn.told = queue.take_missed()
        if turn.told:
            return
        turn.sleeps = True
        try:
            while not await self._shutdown.wait(turn, seconds) and not queue.is_first(turn):
                seconds = IDLE_SECONDS
        finally:
            turn.sleeps = False

    async def _look(self, queue: JobQueue, call: CallContact) -> "tuple[Claimed | NotNow, float]":
        missed = queue.missed
        claimed, send_before = await self._try(call, queue.allow(call.lines))
        if _lacks_a_line(claimed):
            queue.forget_missed(missed)
        return claimed, send_before

    async def _try(self, call: CallContact, lines: int | None) -> "tuple[Claimed | NotNow, float]":
        if activity.is_worker_shutdown():
            raise stopping()
        send_before = boot_time() + SEND_TIMEOUT_SECONDS
        if self._is_closing(activity.info().workflow_run_id):
            return NotNow(reason=NotNowReason.CONTACT), send_before  # the next run calls it
        claim = self._claims.claim(call.organization_id, call.job_id, call.contact_id, call.dial, lines)
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


def _lacks_a_line(claimed: "Claimed | NotNow") -> bool:
    return isinstance(claimed, NotNow) and claimed.reason in {NotNowReason.LINE, NotNowReason.OWN_LINES}


def _step(held: NotNow, tries: int) -> float:
    """For a line at growing intervals: each try takes the organization's lock."""
    if _lacks_a_line(held):
        return float(min(held.seconds * 2**tries, MAX_LINE_STEP_SECONDS))
    return held.seconds


def _max_wait(reason: NotNowReason) -> float:
    return MAX_LINE_WAIT_SECONDS if reason is NotNowReason.LINE else MAX_WAIT_SECONDS


def _later(claimed: "Claimed | NotNow") -> "Claimed | NotNow":
    if not isinstance(claimed, NotNow) or not _must_wait(claimed):
        return claimed
    return claimed.model_copy(update={"seconds": max(claimed.seconds, COME_BACK_SECONDS)})
