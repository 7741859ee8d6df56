"""From the claim to the carrier's call id: requested once, recorded whatever happens, searched for when it got lost."""

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from temporalio import activity

from activities.calls.claim_turns import ClaimTurns
from activities.calls.payloads import CallContact
from activities.calls.waiting import Shutdown, retry_write, shield_until_done
from carriers import (
    Absent,
    CallerRefused,
    CannotTell,
    Carrier,
    CarrierAway,
    CarrierError,
    CarrierRefused,
    CarrierUnreachable,
    NotPlaced,
    NotSetUp,
    NumberRefused,
    PlaceUnknown,
    SearchOrder,
    TooLate,
)
from carriers.clock import boot_time
from domain.calls.deadlines import PLACE_TIMEOUT_SECONDS
from domain.calls.dispatch import ClaimUnanswered, NotNow
from domain.calls.models import CallReport, Outcome, Recorded
from domain.calls.order import build_call_order, build_callback_url
from telemetry.tracing import carrier_span

if TYPE_CHECKING:
    from store.calls.claim import Claimed
    from store.calls.dial_rows import DialRow
    from store.calls.dials import Dials
    from store.calls.watcher import DialWatch

SEARCH_TIMEOUT_SECONDS = 60.0  # how long a carrier's list of calls may lag behind
SEARCH_SLACK = timedelta(seconds=5)  # two clocks, and dates in whole seconds
PLACE_TIMEOUT = timedelta(seconds=PLACE_TIMEOUT_SECONDS)
ABSENCE_SECONDS = 5.0  # for a carrier that stood still to read what waited in its sockets
MAX_SEARCH_INTERVAL_SECONDS = 30.0
LOOK_SECONDS = 1.0  # between two looks whether an event has brought the id of a call: no notice comes of that
PROMPT = timedelta(seconds=1)  # from its scheduling to its start
OUTCOMES: tuple[tuple[type[CarrierError], Outcome], ...] = (  # the first that fits
    (NumberRefused, Outcome.INVALID_NUMBER),
    (TooLate, Outcome.HELD_BACK),
    (CarrierUnreachable, Outcome.UNREACHABLE),
    (NotPlaced, Outcome.NOT_PLACED),
    (CallerRefused, Outcome.CALLER_REJECTED),
    (NotSetUp, Outcome.NOT_SET_UP),
    (CarrierRefused, Outcome.ACCOUNT_REJECTED),
)


class CallPlacer:
    """`public_url` and `call_token` as in CallActivities."""

    def __init__(
        self,
        turns: ClaimTurns,
        dials: "Dials",
        watch: "DialWatch",
        carriers: Mapping[str, Carrier],
        shutdown: Shutdown,
        public_url: str,
        call_token: Callable[[str], str | None],
    ) -> None:
        self._turns = turns
        self._dials = dials
        self._watch = watch
        self._carriers = carriers
        self._shutdown = shutdown
        self._public_url = public_url.rstrip("/")
        self._call_token = call_token

    async def claim(self, call: CallContact) -> "tuple[Claimed | NotNow, float]":
        """Claim the dial; NotNow where it may not be placed now. The second of the two is as of `ClaimTurns.claim`."""
        try:
            return await self._turns.claim(call)
        except ClaimUnanswered as lost:
            await shield_until_done(self._end_unasked(lost.dial_id))
            raise

    async def place(self, call: CallContact, claimed: "Claimed", send_before: float) -> "DialRow | None":
        """Request the call of the carrier, and record its answer; the dial as it is then. None: it has to be read."""
        return await shield_until_done(self._place(call, claimed, send_before))

    async def _end_unasked(self, dial_id: str) -> None:
        """Whether the dial was claimed was not answered. If it was, it is certain that it will not be asked for.

        Otherwise whoever finds its row would have to search for a call, and carriers cannot always tell.
        """
        await retry_write(lambda: self._dials.mark_not_placed(dial_id, Outcome.HELD_BACK))

    async def await_call_id(self, dial: "DialRow") -> "DialRow":
        """A request was sent, and the call's id is not known: it comes by an event or a search, or never."""
        carrier = self._carrier(dial.account)
        absence = Absence()
        interval, search_at = 1.0, 0.0
        with self._watch.follow(dial.id) as follower:
            dial = await self._dials.refresh(dial)
            while dial.ended_at is None and dial.call_id is None:
                left = PLACE_TIMEOUT_SECONDS - dial.age_seconds
                if left <= 0 and time.monotonic() >= search_at:
                    await self._look_up(carrier, dial, absence)
                    interval = min(interval * 2, MAX_SEARCH_INTERVAL_SECONDS)
                    search_at = time.monotonic() + interval
                await self._shutdown.wait(follower, LOOK_SECONDS)
                dial = await self._dials.refresh(dial)
        return dial

    async def _place(self, call: CallContact, claimed: "Claimed", send_before: float) -> "DialRow | None":
        try:
            carrier = self._carrier(claimed.account)
            if is_retry(call) and await self._was_placed_before(carrier, call, claimed):
                return None
            await asyncio.sleep(claimed.wait_seconds)  # for its slot of the number's pace
            with carrier_span("place", claimed.account, claimed.dial_id):
                report = await carrier.place(
                    build_call_order(claimed, call.key, self._call_token(claimed.dial_id), self._public_url),
                    callback_url=build_callback_url(self._public_url, claimed.account, call.key),
                    send_before=send_before,
                )
        except NotPlaced as refusal:
            outcome, retry_after = _outcome_of(refusal), refusal.retry_after
            await retry_write(lambda: self._dials.mark_not_placed(claimed.dial_id, outcome, retry_after))
        except CarrierRefused as refusal:
            refused = _outcome_of(refusal)
            await retry_write(lambda: self._dials.mark_not_placed(claimed.dial_id, refused))
        except PlaceUnknown:
            activity.logger.warning("call %s: no answer that can be trusted; looking for it", claimed.dial_id)
            await retry_write(lambda: self._dials.note_no_answer(claimed.dial_id))
        else:
            return await retry_write(lambda: self._record(carrier, claimed, report))
        return None

    async def _record(self, carrier: Carrier, claimed: "Claimed", report: CallReport) -> "DialRow | None":
        """Record the carrier's answer; a second call for one dial is hung up."""
        told = await self._dials.record_placed(claimed, report)
        if told.recorded is Recorded.SECOND_CALL:
            with carrier_span("hang_up", claimed.account):
                await carrier.hang_up(report.call_id)
        return told.dial

    async def _was_placed_before(self, carrier: Carrier, call: CallContact, claimed: "Claimed") -> bool:
        """A dial's row is missing because nothing was requested, or lost in a failover: search, to be sure."""
        since, now = activity.info().scheduled_time - SEARCH_SLACK, datetime.now(UTC)
        report = await self._search(carrier, call.key, claimed.account, claimed.to, claimed.from_, since, now, now)
        if isinstance(report, CallReport):
            await retry_write(lambda: self._dials.record(report, claimed.account, call.key))
            return True
        return False

    async def _look_up(self, carrier: Carrier, dial: "DialRow", absence: "Absence") -> None:
        since = dial.asked_at - SEARCH_SLACK
        now = dial.asked_at + timedelta(seconds=dial.age_seconds)
        report = await self._search(
            carrier, dial.key, dial.account, dial.to, dial.from_, since, dial.asked_at + PLACE_TIMEOUT, now
        )
        if isinstance(report, CallReport):
            await self._dials.record(report, dial.account, dial.key)
        elif absence.is_confirmed_by(report):
            await self._dials.mark_not_placed(dial.id, Outcome.NOT_PLACED)
        elif dial.age_seconds > PLACE_TIMEOUT_SECONDS + SEARCH_TIMEOUT_SECONDS and not isinstance(report, Absent):
            await self._dials.give_up(dial.id)

    async def _search(
        self,
        carrier: Carrier,
        key: str,
        account: str,
        to: str,
        from_: str,
        since: datetime,
        until: datetime,
        now: datetime,
    ) -> CallReport | Absent | CannotTell:
        held = await self._dials.find_call_ids(account, to, from_, since - SEARCH_SLACK)
        order = SearchOrder(
            key=key,
            to=to,
            from_=from_,
            asked_after=since,
            asked_before=until + SEARCH_SLACK,
            searched_at=now,
            not_these=held,
        )
        try:
            with carrier_span("find", account):
                return await carrier.find(order)
        except (CarrierAway, CarrierRefused):
            return CannotTell()

    def _carrier(self, account: str) -> Carrier:
        """The adapter that serves an account. Raises NotSetUp: only a person can set one up."""
        try:
            return self._carriers[account]
        except KeyError:
            raise NotSetUp(f"This worker has no carrier {account}; set it up, or give the number another.") from None


def _outcome_of(error: CarrierError) -> Outcome:
    return next(outcome for kind, outcome in OUTCOMES if isinstance(error, kind))


class Absence:
    """Whether a carrier's word that a call was never placed may be acted on.

    Nothing of ours can arrive any more by then. But a carrier that stood still has requests in its sockets, and
    answers a search before it reads them: absence must be said again, after it was awake long enough to read all.
    """

    def __init__(self) -> None:
        self._since: float | None = None

    def is_confirmed_by(self, found: Absent | CannotTell) -> bool:
        if isinstance(found, CannotTell):
            self._since = None
            return False
        if self._since is None:
            self._since = boot_time()
        return boot_time() - self._since >= ABSENCE_SECONDS


def may_be_placed(call: CallContact) -> bool:
    """Whether to look for the dial's row first. An activity that begins late may have begun before: a run that was
    reset forgets who did."""
    info = activity.info()
    return is_retry(call) or info.started_time - info.scheduled_time > PROMPT


def is_retry(call: CallContact) -> bool:
    """Whether this dial may have been placed already, by an earlier attempt of the activity or run of the workflow."""
    return call.resumed or activity.info().attempt > 1
