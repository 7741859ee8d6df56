"""Calling windows as JSON (a preset's name, or from, to, weekdays and holidays), and as a sentence."""

import re
from collections.abc import Sequence
from datetime import date, time
from typing import Any

from domain.calling_rules.holidays import list_holiday_codes
from domain.calling_rules.presets import PRESETS, get_preset
from domain.calling_rules.window import MIDNIGHT, WEEK, CallingWindow, Hours, Weekday

MAX_DATES = 366
MAX_HOURS = 14  # two intervals for each day of the week
END_OF_DAY = "24:00"
NO_WINDOW = "No calling window is set: calls may be made at any hour."

_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_HOURS_KEYS = frozenset({"from", "to", "weekdays"})
_WINDOW_KEYS = _HOURS_KEYS | {"holidays", "preset", "also"}


class InvalidWindow(ValueError):
    """What is wrong with a calling window. `path`: inside of it, as "weekdays[1]", empty for the whole."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path} {reason}".strip())
        self.path = path
        self.reason = reason


def parse_window(value: Any) -> CallingWindow:
    """Read the name of a preset or an object. Raises InvalidWindow for the first thing that is wrong.

    An object may name a preset too: its hours are then those of the preset, and holidays may be added.
    """
    if isinstance(value, str):
        return _read_preset(value, "")
    fields = _require_object(value, "", _WINDOW_KEYS, f"must be an object with from and to, or one of {_join(PRESETS)}")
    window = _read_with_preset(fields) if fields.get("preset") is not None else _read_own_hours(fields)
    if fields.get("holidays") is None:
        return window
    return window.model_copy(update={"holidays": _read_holidays(fields["holidays"])})


def dump_window(window: CallingWindow) -> dict[str, Any]:
    """The JSON in which it is given back, which `parse_window` reads again."""
    holidays = window.holidays
    written = _dump_hours(window)
    written["holidays"] = [day.isoformat() for day in holidays] if isinstance(holidays, tuple) else holidays
    if window.preset is not None:
        written["preset"] = window.preset
    if window.also:
        written["also"] = [_dump_hours(hours) for hours in window.also]
    return written


def describe_window(own: CallingWindow | None, of_organization: CallingWindow | None) -> str:
    """Say which window holds for a job: its own, else its organization's.

    >>> from datetime import time
    >>> describe_window(CallingWindow(from_=time(9), to=time(20)), None)
    'Calls are made from 09:00 to 20:00, by the clock where the contact is.'
    """
    window = own or of_organization
    if window is None:
        return NO_WINDOW
    hours = " and ".join(_describe_hours(hours) for hours in (window, *window.also))
    parts = [f"Calls are made {hours}, by the clock where the contact is", _describe_holidays(window)]
    if window.preset is not None:
        parts.append(f" (calling window {window.preset})")
    elif own is None:
        parts.append(" (the organization's calling window)")
    return "".join(parts) + "."


def _read_preset(name: Any, path: str) -> CallingWindow:
    if not isinstance(name, str) or name not in PRESETS:
        raise InvalidWindow(path, f"must be one of {_join(PRESETS)}")
    return get_preset(name).window


def _read_with_preset(fields: dict[str, Any]) -> CallingWindow:
    window = _read_preset(fields["preset"], "preset")
    written = dump_window(window)
    for key in sorted(_WINDOW_KEYS - ({"preset"} if window.holidays else {"preset", "holidays"})):
        if fields.get(key) not in (None, written.get(key, [])):
            raise InvalidWindow(key, f"is not that of {window.preset}: leave out preset to set hours of your own")
    return window


def _read_own_hours(fields: dict[str, Any]) -> CallingWindow:
    also = [] if fields.get("also") is None else fields["also"]
    if not isinstance(also, list) or len(also) > MAX_HOURS:
        raise InvalidWindow("also", f"must be an array of at most {MAX_HOURS} objects with from, to and weekdays")
    return CallingWindow(
        **dict(_read_hours(fields, "")),
        also=tuple(
            _read_hours(_require_object(other, f"also[{i}]", _HOURS_KEYS), f"also[{i}].")
            for i, other in enumerate(also)
        ),
    )


def _read_hours(fields: dict[str, Any], path: str) -> Hours:
    from_ = _read_time(fields.get("from"), f"{path}from")
    to = MIDNIGHT if fields.get("to") == END_OF_DAY else _read_time(fields.get("to"), f"{path}to")
    if to != MIDNIGHT and to <= from_:
        raise InvalidWindow(f"{path}to", "must be later than from: a window ends at midnight, 24:00, at the latest")
    return Hours(from_=from_, to=to, weekdays=_read_weekdays(fields.get("weekdays"), f"{path}weekdays"))


def _read_time(value: Any, path: str) -> time:
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise InvalidWindow(path, "must be a time of day such as 09:00")
    return time(int(match[1]), int(match[2]))


def _read_weekdays(value: Any, path: str) -> tuple[Weekday, ...]:
    if value is None:
        return WEEK
    if not isinstance(value, list) or not value:
        raise InvalidWindow(path, f"must be an array of at least one of {_join(WEEK)}")
    for i, day in enumerate(value):
        if not isinstance(day, str) or day not in WEEK:
            raise InvalidWindow(f"{path}[{i}]", f"must be one of {_join(WEEK)}")
    return tuple(day for day in WEEK if day in value)


def _read_holidays(value: Any) -> str | tuple[date, ...]:
    if isinstance(value, str) and value in list_holiday_codes():
        return value
    if not isinstance(value, list) or len(value) > MAX_DATES:
        raise InvalidWindow(
            "holidays",
            f'must be a country or a part of one, as "US" or "US-FL", or an array of at most {MAX_DATES} dates',
        )
    return tuple(sorted({_read_date(day, f"holidays[{i}]") for i, day in enumerate(value)}))


def _read_date(value: Any, path: str) -> date:
    try:
        if isinstance(value, str) and _DATE.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise InvalidWindow(path, "must be a date such as 2026-12-25")


def _require_object(value: Any, path: str, known: frozenset[str], reason: str = "must be an object") -> dict[str, Any]:
    """A mistyped name must not open a window wider than was meant, so unknown names are refused."""
    if not isinstance(value, dict):
        raise InvalidWindow(path, reason)
    unknown = sorted(set(value) - known)
    if unknown:
        raise InvalidWindow(path, f"may have {_join(sorted(known))} only, not {unknown[0][:40]!r}")
    return value


def _dump_hours(hours: Hours) -> dict[str, Any]:
    return {
        "from": f"{hours.from_:%H:%M}",
        "to": END_OF_DAY if hours.to == MIDNIGHT else f"{hours.to:%H:%M}",
        "weekdays": [day.value for day in hours.weekdays],
    }


def _join(names: Sequence[str]) -> str:
    return ", ".join(names)


def _describe_hours(hours: Hours) -> str:
    to = END_OF_DAY if hours.to == MIDNIGHT else f"{hours.to:%H:%M}"
    days = "" if hours.weekdays == WEEK else " on " + ", ".join(hours.weekdays)
    return f"from {hours.from_:%H:%M} to {to}{days}"


def _describe_holidays(window: CallingWindow) -> str:
    if not window.holidays:
        return ""
    return f", not on holidays of {window.holidays}" if isinstance(window.holidays, str) else ", not on its holidays"
