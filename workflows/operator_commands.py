"""What operators ask of a job from Temporal's side: signals, obeyed in their order, in the record."""

from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.jobs import Change, JobActivities, JobRef, LimitChange, Order, Removal, Rescheduling
    from domain.calls.dispatch import Wish
    from workflows.activity_options import execute_short_activity

MAX_LINES = 50
CALLING_OFF = frozenset({Wish.CANCEL, Wish.CANCEL_AND_HANG_UP, Wish.PAUSE})

AnyOrder = Order | LimitChange | Rescheduling | Change | Removal
OBEYING: dict[type[AnyOrder], Callable[[Any, Any], Any]] = {
    Order: JobActivities.obey,
    LimitChange: JobActivities.change_limit,
    Rescheduling: JobActivities.reschedule,
    Change: JobActivities.change,
    Removal: JobActivities.remove_contact,
}


class Orders:
    """The side of a job's workflow that operators see. `changed`: something happened since it last looked around."""

    def __init__(self, job: JobRef, orders: Iterable[AnyOrder]) -> None:
        self._job = job
        self._orders = deque(orders)
        self._changed = bool(self._orders)

    @workflow.signal(description="Start now instead of at the scheduled time.")
    def start_now(self) -> None:
        self._wish(Wish.START_NOW)

    @workflow.signal(description="Dial nobody until `resume`. Live calls end by themselves.")
    def pause(self) -> None:
        self._wish(Wish.PAUSE)

    @workflow.signal(description="Go on after `pause`.")
    def resume(self) -> None:
        self._wish(Wish.RESUME)

    @workflow.signal(description="End the job: nobody else is dialed, live calls end by themselves.")
    def cancel(self) -> None:
        self._wish(Wish.CANCEL)

    @workflow.signal(description="End the job, and hang up its live calls.")
    def cancel_and_hang_up(self) -> None:
        self._wish(Wish.CANCEL_AND_HANG_UP)

    @workflow.signal(description="Use at most this many lines, 1 to 50. Input: a number.")
    def change_limit(self, lines: int) -> None:
        self._order(LimitChange(**self._job.model_dump(), limit=max(1, min(MAX_LINES, lines))))

    @workflow.signal(description='Move a start that has not come. Input: "2027-01-31T09:00:00+01:00".')
    def reschedule(self, start_at: datetime) -> None:
        self._order(Rescheduling(**self._job.model_dump(), start=start_at))

    @workflow.signal(
        description="Change the job, as PATCH does: name, description, concurrentCallLimit, maxAttempts, priority,"
        ' callingWindow, onMachine, endTime, maxCost, scheduledStartTime. Input: {"priority": 9, "endTime": null}.'
    )
    def change(self, fields: dict[str, Any]) -> None:
        self._order(Change(**self._job.model_dump(), fields=fields))

    @workflow.signal(description='Do not call this contact any more. Input: its id, "contact_…".')
    def remove_contact(self, contact_id: str) -> None:
        self._order(Removal(**self._job.model_dump(), contact_id=contact_id))

    @property
    def _called_off(self) -> bool:
        """Whether an order that is still to be obeyed says to call nobody."""
        return any(isinstance(order, Order) and order.wish in CALLING_OFF for order in self._orders)

    async def _obey(self) -> bool:
        """Do in the record what was asked for; whether anything was."""
        obeyed = bool(self._orders)
        while self._orders:
            order = self._orders[0]
            await execute_short_activity(OBEYING[type(order)], order)
            self._orders.popleft()
        return obeyed

    def _wish(self, wish: Wish) -> None:
        self._order(Order(**self._job.model_dump(), wish=wish))

    def _order(self, order: AnyOrder) -> None:
        self._orders.append(order)
        self._wake()

    def _wake(self) -> None:
        self._changed = True
