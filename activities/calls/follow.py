"""From the call id to the end: wait for the carrier's events, hang up when it is time, poll after silence."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from temporalio import activity

from activities.calls.waiting import Shutdown
from activities.hang_up import hang_up
from activities.heartbeats import Heartbeat
from activities.poll_carrier import poll_carrier
from carriers import Carrier, CarrierAway, CarrierRefused
from domain.calls.deadlines import Deadline, compute_deadline
from domain.calls.models import CallState, HangUpReason

if TYPE_CHECKING:
    from store.calls.dial_rows import DialRow
    from store.calls.dials import Dials
    from store.calls.watcher import DialWatch, Follower

POLL_INTERVAL_SECONDS = 60.0  # without an event of a live call
MIN_POLL_INTERVAL_SECONDS = 3.0  # of a call that was silent before it was taken over
HANG_UP_TIMEOUT_SECONDS = 600.0  # for the carrier to confirm the end; then the outcome is unknown
MAX_HANG_UP_INTERVAL_SECONDS = 30.0


class CallFollower:
    """`speed` divides what happens on the telephone."""

    def __init__(
        self,
        dials: "Dials",
        watch: "DialWatch",
        carriers: Mapping[str, Carrier],
        shutdown: Shutdown,
        speed: float,
    ) -> None:
        self._dials = dials
        self._watch = watch
        self._carriers = carriers
        self._shutdown = shutdown
        self._speed = speed

    async def until_ended(self, dial: "DialRow", heartbeat: Heartbeat) -> "DialRow":
        """Wait for the end; hang up when that is requested or overdue; poll the carrier after silence."""
        with self._watch.follow(dial.id) as follower:
            return await self.follow(await self._dials.refresh(dial), follower, heartbeat)

    async def follow(self, dial: "DialRow", follower: "Follower", heartbeat: Heartbeat) -> "DialRow":
        """The same. `dial` was read after `follower` was registered.

        Of a telephone that rings, or was answered, no notice comes: where time is up the row is read first.
        """
        hang_up_interval = 1.0
        poll_after = _poll_after(dial)
        follower.seed(dial)
        while dial.ended_at is None:
            heartbeat.show(dial.state)
            end = self._deadline(dial)
            reason = dial.hang_up_reason or (end.reason if end.seconds_left <= 0 else None)
            timeout = min(poll_after, end.seconds_left + 0.1)
            if reason is not None:
                await self._hang_up(dial, reason, since=-end.seconds_left)
                timeout = hang_up_interval
                hang_up_interval = min(hang_up_interval * 2, MAX_HANG_UP_INTERVAL_SECONDS)
            moved = await self._shutdown.wait(follower, timeout)
            found = moved or await self._dials.refresh(dial)
            if moved is not None or found.state is not dial.state:
                poll_after = _poll_after(found)
            elif reason or timeout >= poll_after:
                await poll_carrier(self._carriers[dial.account], self._dials, dial, _call_id(dial))
                poll_after = POLL_INTERVAL_SECONDS
                found = await self._dials.refresh(dial)
            dial = found
            follower.seed(dial)
        return dial

    async def _hang_up(self, dial: "DialRow", reason: HangUpReason, since: float) -> None:
        """End a call; only the carrier's confirmation counts. Without one its outcome is unknown at last."""
        if since > HANG_UP_TIMEOUT_SECONDS:
            await self._dials.give_up(dial.id)
            return
        try:
            await hang_up(self._carriers[dial.account], self._dials, dial, _call_id(dial), reason)
        except (CarrierAway, CarrierRefused) as error:
            activity.logger.warning("call %s could not be hung up (%s); asking again", dial.id, type(error).__name__)

    def _deadline(self, dial: "DialRow") -> Deadline:
        return compute_deadline(
            dial.state,
            age_seconds=dial.age_seconds,
            state_seconds=dial.state_seconds,
            ring_seconds=dial.ring_seconds,
            max_call_seconds=dial.max_call_seconds,
            speed=self._speed,
        )


def _call_id(dial: "DialRow") -> str:
    if dial.call_id is None:
        raise AssertionError("only a call with an id is followed")
    return dial.call_id


def _poll_after(dial: "DialRow") -> float:
    """Seconds until its carrier is asked, where no event comes."""
    return max(MIN_POLL_INTERVAL_SECONDS, POLL_INTERVAL_SECONDS - _silent_seconds(dial))


def _silent_seconds(dial: "DialRow") -> float:
    """How long ago the carrier's last event came, as far as the row tells."""
    return dial.state_seconds if dial.state in {CallState.RINGING, CallState.ANSWERED} else dial.age_seconds
