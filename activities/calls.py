"""One call, from the claim to its end. Whatever happens, nobody is called twice for one dial.

outcome recorded?       return it
call id recorded?       follow the call
asked, no call id?      wait until the request cannot be on its way any more, then search
nothing yet?            claim, place, record, follow
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote
from weakref import WeakValueDictionary

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.heartbeats import Pulse, heartbeats
from carriers import (
    Absent,
    CannotTell,
    Carrier,
    CarrierAway,
    CarrierRefused,
    Gone,
    NotPlaced,
    NumberRefused,
    PlaceUnknown,
    SearchOrder,
)
from domain.calls import CallOrder, CallReport, CallState, HangUpReason, Outcome, Recorded
from domain.deadlines import Deadline, deadline
from domain.dispatch import Held
from domain.model import Model
from domain.parameters import call_parameters
from domain.statuses import ContactStatus

if TYPE_CHECKING:
    from store.claims import Claimed, Claims
    from store.dials import DialNow, Dials
    from store.watch import DialWatch, Follower

SEND_WITHIN_SECONDS = 5.0  # of the claim; a request that could not leave by then is held back
ASK_LIMIT_SECONDS = 20.0  # after the claim nothing is on its way any more: to leave 5, to be answered 10, margin 5
FIND_FOR_SECONDS = 60.0  # how long a carrier's list may lag behind
SEARCH_SLACK = timedelta(seconds=5)  # two clocks, and dates in whole seconds
SILENCE_SECONDS = 60.0  # without a word about a live call: ask the carrier
SOONEST_QUESTION_SECONDS = 3.0  # about a call that was silent before we took it over
HANG_UP_GIVES_UP_SECONDS = 600.0  # an end that the carrier never confirms: the outcome is unknown
SLOWEST_QUESTION_SECONDS = 30.0
RECORD_FOR_SECONDS = 60.0  # the database away while a call id is in hand

Answer = TypeVar("Answer")


class CallContact(Model):
    """Call a contact once: its `dial`-th dial. `again`: an earlier run of the workflow had asked for it already."""

    organization_id: str
    job_id: str
    contact_id: str
    dial: int
    again: bool = False

    @property
    def key(self) -> str:
        """The key that the carrier gets: ids that never change."""
        return f"{self.contact_id}:{self.dial}"


class CallEnded(Model):
    """What became of it. `held`: it was not called, nothing has changed; otherwise the contact's new status."""

    status: ContactStatus | None = None
    outcome: Outcome | None = None
    due_at: datetime | None = None
    held: Held | None = None


class CallActivities:
    """`public_url`: where carriers reach the API. `speed` divides what happens on the telephone."""

    def __init__(
        self,
        claims: "Claims",
        dials: "Dials",
        watch: "DialWatch",
        carriers: Mapping[str, Carrier],
        public_url: str,
        speed: float = 1.0,
    ) -> None:
        self._claims = claims
        self._dials = dials
        self._watch = watch
        self._carriers = carriers
        self._public_url = public_url.rstrip("/")
        self._speed = speed
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @activity.defn
    async def call_contact(self, call: CallContact) -> CallEnded:
        """Call one contact once and tell what became of it."""
        async with heartbeats("waiting") as pulse:
            try:
                return await self._call(call, pulse)
            except asyncio.CancelledError:
                details = activity.cancellation_details()
                if details is not None and details.not_found:
                    activity.raise_complete_async()  # another run follows this call now
                if details is not None and details.cancel_requested:
                    _stay()
                    return await self._call_off(call, pulse)
                raise

    async def _call(self, call: CallContact, pulse: Pulse) -> CallEnded:
        dial = await self._dials.get(call.contact_id, call.dial)
        if dial is None:
            claimed = await self._claim(call)
            if not isinstance(claimed, Held):
                pulse.show("asked")
                await _to_the_end(self._ask(call, claimed))
            dial = await self._dials.get(call.contact_id, call.dial)
            if dial is None:
                return CallEnded(held=claimed if isinstance(claimed, Held) else None)
        return await self._see_through(dial, pulse)

    async def _call_off(self, call: CallContact, pulse: Pulse) -> CallEnded:
        """The workflow wants this call ended: hang up, and tell what became of it."""
        dial = await self._dials.get(call.contact_id, call.dial)
        if dial is None:
            raise asyncio.CancelledError
        await self._dials.hang_up_wanted(dial.id, HangUpReason.CALLED_OFF)
        return await self._see_through(dial, pulse)

    async def _see_through(self, dial: "DialNow", pulse: Pulse) -> CallEnded:
        if dial.call_id is None:
            dial = await self._await_call_id(dial)
        return _result(await self._follow(dial, pulse))

    async def _claim(self, call: CallContact) -> "Claimed | Held":
        """Claim, waiting for a line or the number's pace; the calls of one job do so one after another."""
        async with self._turns.setdefault(call.job_id, asyncio.Lock()):
            while True:
                if activity.is_worker_shutdown():
                    raise _stopping()
                claim = self._claims.claim(call.organization_id, call.job_id, call.contact_id, call.dial)
                claimed = await _to_the_end(claim)
                if not isinstance(claimed, Held) or not claimed.reason.short:
                    return claimed
                await _sleep_unless_stopping(claimed.seconds)

    async def _ask(self, call: CallContact, claimed: "Claimed") -> None:
        """Ask the carrier for the call, and write down what it says."""
        send_before = time.monotonic() + SEND_WITHIN_SECONDS
        carrier = self._carriers[claimed.account]
        if _not_the_first_try(call) and await self._was_asked_before(carrier, call, claimed):
            return
        try:
            report = await carrier.place(
                _order(call, claimed), callback_url=self._callback_url(call, claimed), send_before=send_before
            )
        except NumberRefused:
            await _persist(lambda: self._dials.not_placed(claimed.dial_id, Outcome.INVALID_NUMBER))
        except NotPlaced as refusal:
            retry_after = refusal.retry_after
            await _persist(lambda: self._dials.not_placed(claimed.dial_id, Outcome.TROUBLE, retry_after))
        except CarrierRefused:
            await _persist(lambda: self._dials.not_placed(claimed.dial_id, Outcome.REFUSED))
        except PlaceUnknown:
            activity.logger.warning("call %s: no answer that can be trusted; looking for it", claimed.dial_id)
        else:
            await _persist(lambda: self._record(carrier, report, claimed.account, call.key))

    async def _record(self, carrier: Carrier, report: CallReport, account: str, key: str) -> None:
        """Write down what the carrier said; a second call for one dial is hung up."""
        if await self._dials.record(report, account, key) is Recorded.SECOND_CALL:
            await carrier.hang_up(report.call_id)

    async def _was_asked_before(self, carrier: Carrier, call: CallContact, claimed: "Claimed") -> bool:
        """A dial's row can only be missing because nothing was asked, or lost in a failover: look, to be sure."""
        since = activity.info().scheduled_time - SEARCH_SLACK
        report = await self._search(carrier, call.key, claimed.account, claimed.to, claimed.from_, since)
        if isinstance(report, CallReport):
            await _persist(lambda: self._dials.record(report, claimed.account, call.key))
            return True
        return False

    async def _await_call_id(self, dial: "DialNow") -> "DialNow":
        """Somebody asked, and the call's id is not known: it comes by an event, or is searched for, or nobody knows."""
        carrier = self._carriers[dial.account]
        pause = 1.0
        with self._watch.follow(dial.id) as follower:
            dial = await self._read(dial)
            while dial.ended_at is None and dial.call_id is None:
                left = ASK_LIMIT_SECONDS - dial.age_seconds
                if left <= 0:
                    await self._look_for(carrier, dial)
                    pause = min(pause * 2, SLOWEST_QUESTION_SECONDS)
                await _wait(follower, max(left, pause))
                dial = await self._read(dial)
        return dial

    async def _look_for(self, carrier: Carrier, dial: "DialNow") -> None:
        key = f"{dial.contact_id}:{dial.number_of_dial}"
        since = dial.asked_at - SEARCH_SLACK
        report = await self._search(carrier, key, dial.account, dial.to, dial.from_, since)
        if isinstance(report, CallReport):
            await self._dials.record(report, dial.account, key)
        elif isinstance(report, Absent):
            await self._dials.not_placed(dial.id, Outcome.TROUBLE)
        elif dial.age_seconds > ASK_LIMIT_SECONDS + FIND_FOR_SECONDS:
            await self._dials.give_up(dial.id)

    async def _search(
        self, carrier: Carrier, key: str, account: str, to: str, from_: str, since: datetime
    ) -> CallReport | Absent | CannotTell:
        held = await self._dials.calls_to(account, to, from_, since - SEARCH_SLACK)
        order = SearchOrder(
            key=key,
            to=to,
            from_=from_,
            asked_after=since,
            asked_before=since + 2 * SEARCH_SLACK + timedelta(seconds=ASK_LIMIT_SECONDS),
            not_these=held,
        )
        try:
            return await carrier.find(order)
        except (CarrierAway, CarrierRefused):
            return CannotTell()

    async def _follow(self, dial: "DialNow", pulse: Pulse) -> "DialNow":
        """Wait for the end; hang up when it is wanted or overdue; ask the carrier after silence."""
        between_hang_ups = 1.0
        with self._watch.follow(dial.id) as follower:
            dial = await self._read(dial)
            follower.saw(dial)
            silence = max(SOONEST_QUESTION_SECONDS, SILENCE_SECONDS - _quiet_seconds(dial))
            while dial.ended_at is None:
                pulse.show(dial.state)
                end = self._deadline(dial)
                reason = dial.hang_up_reason or (end.reason if end.seconds_left <= 0 else None)
                patience = min(silence, end.seconds_left + 0.1)
                if reason is not None:
                    await self._hang_up(dial, reason, since=-end.seconds_left)
                    patience = between_hang_ups
                    between_hang_ups = min(between_hang_ups * 2, SLOWEST_QUESTION_SECONDS)
                moved = await _wait(follower, patience)
                if moved is None and (reason or patience >= silence):
                    await self._ask_how_it_stands(dial)
                silence = SILENCE_SECONDS
                dial = moved or await self._read(dial)
                follower.saw(dial)
        return dial

    async def _hang_up(self, dial: "DialNow", reason: HangUpReason, since: float) -> None:
        """End a call; only the carrier's word that it ended counts. At last nobody knows."""
        if since > HANG_UP_GIVES_UP_SECONDS:
            await self._dials.give_up(dial.id)
            return
        await self._dials.hang_up_wanted(dial.id, reason)
        try:
            await self._carriers[dial.account].hang_up(_call_id(dial))
        except (CarrierAway, CarrierRefused) as error:
            activity.logger.warning("call %s could not be hung up (%s); asking again", dial.id, type(error).__name__)

    async def _ask_how_it_stands(self, dial: "DialNow") -> None:
        try:
            report = await self._carriers[dial.account].fetch(_call_id(dial))
        except (CarrierAway, CarrierRefused) as error:
            activity.logger.warning("call %s: the carrier does not answer (%s)", dial.id, type(error).__name__)
            return
        if isinstance(report, Gone):
            await self._dials.give_up(dial.id)
        else:
            await self._dials.record(report, dial.account, f"{dial.contact_id}:{dial.number_of_dial}")

    def _deadline(self, dial: "DialNow") -> Deadline:
        return deadline(
            dial.state,
            age_seconds=dial.age_seconds,
            state_seconds=dial.state_seconds,
            ring_seconds=dial.ring_seconds,
            max_call_seconds=dial.max_call_seconds,
            speed=self._speed,
        )

    async def _read(self, dial: "DialNow") -> "DialNow":
        return (await self._dials.get(dial.contact_id, dial.number_of_dial)) or dial

    def _callback_url(self, call: CallContact, claimed: "Claimed") -> str:
        return f"{self._public_url}/carriers/{claimed.account}/events?dial={quote(call.key, safe='')}"


async def _to_the_end(step: Coroutine[Any, Any, Answer]) -> Answer:
    """Await, shielded: what is claimed is asked, what was asked is recorded, before anybody else looks.

    A cancellation that comes meanwhile is raised by the next await that waits for something.
    """
    task = asyncio.ensure_future(step)
    cancelled = False
    while not task.done():
        try:
            await asyncio.wait((task,))
        except asyncio.CancelledError:
            cancelled = True
            _stay()
    if cancelled:
        _this_task().cancel()
    return task.result()


def _stay() -> None:
    """The cancellation that was just caught is dealt with."""
    _this_task().uncancel()


def _this_task() -> asyncio.Task[object]:
    task = asyncio.current_task()
    if task is None:
        raise AssertionError("activities run in tasks")
    return task


async def _persist(write: Callable[[], Awaitable[object]]) -> None:
    """Write what must not be lost, while the database comes back."""
    give_up_at = time.monotonic() + RECORD_FOR_SECONDS
    while True:
        try:
            await write()
            return
        except Exception as error:  # the database is away, in one of its many words
            if time.monotonic() > give_up_at:
                raise
            activity.logger.warning("the record does not answer (%s); writing again", type(error).__name__)
            await asyncio.sleep(0.5)


async def _wait(follower: "Follower", seconds: float) -> "DialNow | None":
    """Wait for news. A worker that stops leaves the call alone: another one follows it."""
    waiting = asyncio.ensure_future(follower.wait(seconds))
    stopping = asyncio.ensure_future(activity.wait_for_worker_shutdown())
    try:
        await asyncio.wait((waiting, stopping), return_when=asyncio.FIRST_COMPLETED)
        if waiting.done():
            return waiting.result()
        raise _stopping()
    finally:
        waiting.cancel()
        stopping.cancel()


async def _sleep_unless_stopping(seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await activity.wait_for_worker_shutdown()
    except TimeoutError:
        return
    raise _stopping()


def _stopping() -> ApplicationError:
    return ApplicationError(
        "This worker is stopping; another one goes on.",
        type="WorkerStopping",
        next_retry_delay=timedelta(milliseconds=200),
        category=ApplicationErrorCategory.BENIGN,
    )


def _not_the_first_try(call: CallContact) -> bool:
    return call.again or activity.info().attempt > 1


def _order(call: CallContact, claimed: "Claimed") -> CallOrder:
    return CallOrder(
        key=call.key,
        to=claimed.to,
        from_=claimed.from_,
        audio=claimed.audio,
        audio_url=claimed.audio_url,
        parameters=call_parameters(claimed.data),
        ring_seconds=claimed.ring_seconds,
        max_call_seconds=claimed.max_call_seconds,
    )


def _call_id(dial: "DialNow") -> str:
    if dial.call_id is None:
        raise AssertionError("only a call with an id is followed")
    return dial.call_id


def _quiet_seconds(dial: "DialNow") -> float:
    """How long ago the carrier's last word came, as far as the row tells."""
    return dial.state_seconds if dial.state in {CallState.RINGING, CallState.ANSWERED} else dial.age_seconds


def _result(dial: "DialNow") -> CallEnded:
    again = dial.contact_status is ContactStatus.QUEUED
    return CallEnded(status=dial.contact_status, outcome=dial.outcome, due_at=dial.contact_due_at if again else None)
