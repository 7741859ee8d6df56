"""Sums of calls, and where in the callee's day each belongs."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field

from domain.calls.models import Outcome
from domain.calls.outcome_table import OUTCOMES
from domain.model import Model

# An attempt says something about a person, or reached one: what the carrier or we ourselves held back does not, nor
# does a call of which nobody knows how it ended.
ANSWERED = frozenset(outcome for outcome in Outcome if outcome.connected)
CHARGED = frozenset(outcome for outcome, rule in OUTCOMES.items() if rule.charged)
COUNTED = (CHARGED | ANSWERED) - {Outcome.UNKNOWN}
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Dimension(StrEnum):
    """What calls are grouped by. Days, hours and weekdays are those of the person called."""

    HOUR = "hour"
    WEEKDAY = "weekday"
    DAY = "day"
    NUMBER = "number"  # to call from
    COUNTRY = "country"
    ATTEMPT = "attempt"
    JOB = "job"


class CallCounts(Model):
    """Sums over calls. `cost` in dollars, `talk_seconds` by the carrier's clock."""

    attempts: int = 0
    answered: int = 0  # by whomever
    people: int = 0  # of those, by a person as far as the carrier or the agent could tell
    machines: int = 0
    talk_seconds: int = 0
    cost: Decimal = Decimal(0)

    def __add__(self, other: "CallCounts") -> "CallCounts":
        return CallCounts(
            attempts=self.attempts + other.attempts,
            answered=self.answered + other.answered,
            people=self.people + other.people,
            machines=self.machines + other.machines,
            talk_seconds=self.talk_seconds + other.talk_seconds,
            cost=self.cost + other.cost,
        )

    @property
    def answer_rate(self) -> float | None:
        """Answered calls of attempts, from 0 to 1 with four decimals; None without any attempt."""
        return round(self.answered / self.attempts, 4) if self.attempts else None


class CountedCalls(Model):
    """Calls of one job that were asked for within the same quarter of an hour. `zone`: of the callee, an IANA name."""

    at: datetime
    zone: str
    country: str | None
    from_number: str
    attempt: int
    counts: CallCounts


class Cell(Model):
    """Where calls of one job belong. `day` and `hour` (0 to 23) by the callee's clock."""

    day: date
    hour: Annotated[int, Field(ge=0, le=23)]
    from_number: str
    country: str | None
    attempt: int  # of the contact, counted from 1


def sum_by_cell(counted: Iterable[CountedCalls]) -> Mapping[Cell, CallCounts]:
    """Sums by the callee's day and hour. No zone changes its offset within a quarter of an hour that begins at :00."""
    cells: dict[Cell, CallCounts] = defaultdict(CallCounts)
    for calls in counted:
        local = calls.at.astimezone(_zone(calls.zone))
        cell = Cell(
            day=local.date(),
            hour=local.hour,
            from_number=calls.from_number,
            country=calls.country,
            attempt=calls.attempt,
        )
        cells[cell] += calls.counts
    return cells


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
