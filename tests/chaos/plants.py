"""Bugs to plant in a worker or the API, so that a whole run shows that the invariants find them.

Each is planted before the process imports what it breaks. `everything` is all of them at once.
"""

import asyncio
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import domain.calls.order
import domain.money
from activities.calls import place
from api.jobs import in_flight, nudge
from carriers.twilio.carrier import Twilio
from store.calls import claim, claim_rules, due_page

EXTRA = Decimal("0.000001")  # dollars a call
LATE_SECONDS = 2.0


def replace(owner: object, name: str, other: object) -> None:
    """A plant that finds nothing to break would break nothing."""
    assert hasattr(owner, name), name
    setattr(owner, name, other)


def ignore_limits() -> None:
    """The claim takes a job and an organization to have twice their lines.

    Without any limit all contacts would be called at once, and none would be left for the other bugs.
    """
    check = claim_rules.check_lines

    def check_twice(job: Any, contact: Any, _lines: int | None = None) -> Any:
        twice = {"job_limit": 2 * job.job_limit, "organization_limit": 2 * job.organization_limit}
        return check(job.model_copy(update=twice), contact)

    replace(claim_rules, "check_lines", check_twice)


def ignore_windows() -> None:
    """It is always open."""

    def at_once(window: object, zones: Sequence[str] | None, at: datetime) -> datetime:
        return at

    replace(claim_rules, "find_opening", at_once)
    replace(due_page, "find_opening", at_once)


def ignore_caps() -> None:
    """Nobody was called before."""
    replace(claim_rules.JobFacts, "frequency_caps", [])


def answer_early() -> None:
    """Pause, stop, cancel and do-not-call are answered whatever is on its way; and the claim does not see them.

    A job's workflow, which would end by itself what the claim lets through, is told later.
    """

    async def at_once(self: object, scope: object) -> int:
        return 0

    replace(in_flight.CallStopper, "wait", at_once)
    tell = nudge.Nudges._job

    async def tell_late(self: nudge.Nudges, id: str) -> None:
        await asyncio.sleep(LATE_SECONDS)
        await tell(self, id)

    replace(nudge.Nudges, "_job", tell_late)
    judge = claim_rules.judge

    def judge_gullibly(job: Any, contact: Any, *more: Any) -> Any:
        deaf = job.model_copy(update={"dialling": True}), contact.model_copy(update={"listed": False})
        return judge(*deaf, *more)

    replace(claim, "judge", judge_gullibly)


def place_twice() -> None:
    """The carrier is asked twice for each call."""
    once = Twilio.place

    async def twice(self: Twilio, order: Any, **how: Any) -> Any:
        await once(self, order, **how)
        return await once(self, order, **how)

    replace(Twilio, "place", twice)


def charge_too_much() -> None:
    """A millionth of a dollar more for each call."""
    exact = domain.money.compute_cost
    replace(domain.money, "compute_cost", lambda seconds, rate: exact(seconds, rate) + EXTRA)


def tell_numbers() -> None:
    """Who is called stands in the log, past the loggers, which mask numbers."""
    build = domain.calls.order.build_call_order

    def tell(dial: Any, *rest: Any) -> Any:
        print("calling", dial.to, file=sys.stderr, flush=True)
        return build(dial, *rest)

    replace(place, "build_call_order", tell)


PLANTS: dict[str, Callable[[], None]] = {
    plant.__name__: plant
    for plant in (
        ignore_limits,
        ignore_windows,
        ignore_caps,
        answer_early,
        place_twice,
        charge_too_much,
        tell_numbers,
    )
}


def everything() -> None:
    for plant in list(PLANTS.values()):
        if plant is not everything:
            plant()


PLANTS["everything"] = everything
