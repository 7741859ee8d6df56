"""From the call id to the end: wait for the carrier's word, hang up when it is time, ask after silence."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from temporalio import activity

from activities.calls.heartbeats import Pulse
from activities.calls.poll_carrier import ask_how_it_stands
from activities.calls.waiting import wait_for_news
from carriers import Carrier, CarrierAway, CarrierRefused
from domain.calls.deadlines import Deadline, compute_deadline
from domain.calls.models import CallState, HangUpReason

if TYPE_CHECKING:
    from store.calls.dial_rows import DialRow
    from store.calls.dials import Dials
    from store.calls.watcher import DialWatch

SILENCE_SECONDS = 60.0  # without a word about a live call: ask the carrier
MIN_POLL_INTERVAL_SECONDS = 3.0  # about a call that was silent before we took it over
HANG_UP_GIVES_UP_SECONDS = 600.0  # an end that the carrier never confirms: the outcome is unknown
SLOWEST_QUESTION_SECONDS = 30.0


class CallFollower:
    """`speed` divides what happens on the telephone."""

    def __init__(self, dials: "Dials", watch: "DialWatch", carriers: Mapping[str, Carrier], speed: float) -> None:
        self._dials = dials
        self._watch = watch
        self._carriers = carriers
        self._speed = speed

    async def until_ended(self, dial: "DialRow", pulse: Pulse) -> "DialRow":
        """Wait for the end; hang up when it is wanted or overdue; ask the carrier after silence."""
        between_hang_ups = 1.0
        with self._watch.follow(dial.id) as follower:
            dial = await self._dials.refresh(dial)
            follower.seed(dial)
            silence = max(MIN_POLL_INTERVAL_SECONDS, SILENCE_SECONDS - _quiet_seconds(dial))
            while dial.ended_at is None:
                pulse.show(dial.state)
                end = self._deadline(dial)
                reason = dial.hang_up_reason or (end.reason if end.seconds_left <= 0 else None)
                patience = min(silence, end.seconds_left + 0.1)
                if reason is not None:
                    await self._hang_up(dial, reason, since=-end.seconds_left)
                    patience = between_hang_ups
                    between_hang_ups = min(between_hang_ups * 2, SLOWEST_QUESTION_SECONDS)
                moved = await wait_for_news(follower, patience)
                if moved is None and (reason or patience >= silence):
                    await ask_how_it_stands(self._carriers[dial.account], self._dials, dial, _call_id(dial))
                silence = SILENCE_SECONDS
                dial = moved or await self._dials.refresh(dial)
                follower.seed(dial)
        return dial

    async def _hang_up(self, dial: "DialRow", reason: HangUpReason, since: float) -> None:
        """End a call; only the carrier's word that it ended counts. At last nobody knows."""
        if since > HANG_UP_GIVES_UP_SECONDS:
            await self._dials.give_up(dial.id)
            return
        await self._dials.request_hang_up(dial.id, reason)
        try:
            await self._carriers[dial.account].hang_up(_call_id(dial))
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


def _quiet_seconds(dial: "DialRow") -> float:
    """How long ago the carrier's last word came, as far as the row tells."""
    return dial.state_seconds if dial.state in {CallState.RINGING, CallState.ANSWERED} else dial.age_seconds
