"""When people may be called: hours of a day, days of a week and holidays, in the zone of whoever is called."""

from collections.abc import Sequence
from datetime import date, datetime, time
from enum import StrEnum

from domain.model import Model


class Weekday(StrEnum):
    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


class CallingWindow(Model):
    """From `from_` (included) to `to` (excluded) on some weekdays, never on holidays.

    `to` of 00:00 is midnight at the end of the day ("24:00"). `holidays`: a country or subdivision of the `holidays`
    package ("US", "US-FL"), or dates. `preset`: the name under which it was chosen.
    """

    from_: time
    to: time
    weekdays: tuple[Weekday, ...] = tuple(Weekday)
    holidays: str | tuple[date, ...] | None = None
    preset: str | None = None


def opening(window: CallingWindow, zones: Sequence[str], at: datetime) -> datetime | None:
    """The first instant from `at` (UTC) on at which the window is open in every zone; `at` itself where it is now.

    None where that is at no time within 400 days.
    """
    raise NotImplementedError


def is_open(window: CallingWindow, zones: Sequence[str], at: datetime) -> bool:
    """Whether a call may begin at this instant in every one of the zones."""
    return opening(window, zones, at) == at
