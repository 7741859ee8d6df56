"""One call, from the claim to its end. Whatever happens, nobody is called twice for one dial.

outcome recorded?               return it
call id recorded?               follow the call
request sent, no call id?       wait until it cannot be on its way any more, then search
nothing yet?                    claim, place, record, follow
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from temporalio import activity

from activities.calls.claim_turns import MAX_WAITING, ClaimTurns
from activities.calls.follow import CallFollower
from activities.calls.gathering import GATHER_SECONDS, GatheredEndings
from activities.calls.hand_over import HandOvers
from activities.calls.payloads import CallContact, CallEnded
from activities.calls.place import CallPlacer, may_be_placed
from activities.calls.waiting import Shutdown, swallow_cancellation
from activities.heartbeats import Heartbeat, heartbeats
from carriers import Carrier
from domain.calls.dispatch import NotNow
from domain.calls.models import HangUpReason
from domain.statuses import ContactStatus
from telemetry.metrics import observe_dial, observe_held
from telemetry.tracing import annotate

if TYPE_CHECKING:
    from store.calls.claim import Claims
    from store.calls.dial_rows import DialRow
    from store.calls.dials import Dials
    from store.calls.watcher import DialWatch
    from store.workers import Workers

# A short call needs none: its row and the notices of it tell its worker all that a heartbeat could, and a worker that
# died is missed by the others.
HEARTBEAT_INTERVAL_SECONDS = 10.0


class CallActivities:
    """`public_url`: where carriers and agents reach the API. `speed` divides what happens on the telephone.

    `call_token` makes the token by which an agent may report on a call; None where it needs an API key. `max_waiting`:
    calls of one organization that may wait for a line or a pace at once. `hand_overs`: the runs that are closing.
    `gather_seconds`: for how long endings are gathered. `workers`: those to whom lines are offered for which nobody
    waits here.
    """

    def __init__(
        self,
        claims: "Claims",
        dials: "Dials",
        watch: "DialWatch",
        carriers: Mapping[str, Carrier],
        public_url: str,
        speed: float = 1.0,
        call_token: Callable[[str], str | None] = lambda _: None,
        max_waiting: int = MAX_WAITING,
        hand_overs: HandOvers | None = None,
        gather_seconds: float = GATHER_SECONDS,
        workers: "Workers | None" = None,
    ) -> None:
        self._workers = workers
        self._dials = dials
        self._watch = watch
        self._hand_overs = hand_overs or HandOvers()
        self._endings = GatheredEndings(gather_seconds)
        shutdown = Shutdown()
        self._turns = ClaimTurns(claims, max_waiting, self._hand_overs.is_closing, shutdown)
        self._placer = CallPlacer(self._turns, dials, watch, carriers, shutdown, public_url, call_token)
        self._follower = CallFollower(dials, watch, carriers, shutdown, speed)

    @activity.defn
    async def call_contact(self, call: CallContact) -> CallEnded:
        """Call one contact once and return what became of it."""
        annotate(job_id=call.job_id, contact_id=call.contact_id, dial=call.dial)
        beats = heartbeats("waiting", first_after=HEARTBEAT_INTERVAL_SECONDS, interval=HEARTBEAT_INTERVAL_SECONDS)
        with beats as heartbeat:
            try:
                ended = await self._call(call, heartbeat)
                await self._tell_with_others(call, ended)
                await self._hand_overs.hold_back()
                return ended
            except asyncio.CancelledError:
                details = activity.cancellation_details()
                if details is not None and details.not_found:
                    activity.raise_complete_async()  # another run follows this call now
                if details is not None and details.cancel_requested:
                    swallow_cancellation()
                    return await self._hang_up(call, heartbeat)
                raise

    async def _call(self, call: CallContact, heartbeat: Heartbeat) -> CallEnded:
        dial = await self._dials.get(call.contact_id, call.dial) if may_be_placed(call) else None
        if dial is not None:
            return await self._see_to_its_end(dial, heartbeat)
        claimed, send_before = await self._placer.claim(call)
        if isinstance(claimed, NotNow):
            return await self._see_to_an_earlier_claim(call, claimed, heartbeat)
        heartbeat.show("asked")
        with self._watch.follow(claimed.id) as follower:  # before it is asked for: nothing falls between
            dial = await self._placer.place(call, claimed, send_before) or await self._dials.refresh(claimed)
            if dial.call_id is not None or dial.ended_at is not None:
                return _result(await self._follower.follow(dial, follower, heartbeat))
        return await self._see_to_its_end(dial, heartbeat)

    async def _see_to_an_earlier_claim(self, call: CallContact, held: NotNow, heartbeat: Heartbeat) -> CallEnded:
        """It may not be placed, because it was: an attempt of this activity claimed it that is not known to have."""
        dial = await self._dials.get(call.contact_id, call.dial)
        if dial is None:
            observe_held(held)
            return CallEnded(held=held)
        return await self._see_to_its_end(dial, heartbeat)

    async def _tell_with_others(self, call: CallContact, ended: CallEnded) -> None:
        """Return when the workflow is to know; at once where nobody is here to take the line."""
        run_id = activity.info().workflow_run_id or ""
        if ended.held is None and not self._turns.free(call.job_id):
            self._endings.tell(run_id)
            await self._offer_line(call.job_id)
        else:
            await self._endings.wait(run_id)

    async def _offer_line(self, job_id: str) -> None:
        """To calls that wait on other workers, as all may after one of them has handed its calls over."""
        if self._workers is None:
            return
        try:
            await self._workers.offer_line(job_id)
        except Exception as error:  # the database is away: whoever waits looks again in a moment
            activity.logger.warning("a line could not be offered (%s)", type(error).__name__)

    def take_line(self, job_id: str) -> None:
        """Another worker saw a line come free."""
        self._turns.free(job_id)

    def take_share(self, job_id: str, lines: int, since: datetime) -> None:
        """A job may use so many lines now, those of its calls that wait here too."""
        self._turns.take_share(job_id, lines, since)

    async def _hang_up(self, call: CallContact, heartbeat: Heartbeat) -> CallEnded:
        """The workflow cancels this call: hang up, and return what became of it."""
        dial = await self._dials.get(call.contact_id, call.dial)
        if dial is None:
            raise asyncio.CancelledError
        await self._dials.request_hang_up(dial.id, HangUpReason.CALLED_OFF)
        return await self._see_to_its_end(dial, heartbeat)

    async def _see_to_its_end(self, dial: "DialRow", heartbeat: Heartbeat) -> CallEnded:
        heartbeat.show(dial.state)
        if dial.call_id is None:
            dial = await self._placer.await_call_id(dial)
        return _result(await self._follower.until_ended(dial, heartbeat))


def _result(dial: "DialRow") -> CallEnded:
    observe_dial(dial)
    annotate(dial_id=dial.id, outcome=dial.outcome)
    due_at = dial.contact_due_at if dial.contact_status is ContactStatus.QUEUED else None
    return CallEnded(status=dial.contact_status, outcome=dial.outcome, due_at=due_at)
