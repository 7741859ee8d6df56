"""What hours and an end mean for a job: who is likely not reached, how long it takes."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import NamedTuple

from domain.calling_rules.window import DAY, LOOK_AHEAD_DAYS, CallingWindow, find_opening, list_open_intervals
from domain.model import Model
from domain.money import ASSUMED_MINUTES

CALL = timedelta(minutes=ASSUMED_MINUTES)
MAX_JOB_DAYS = 100  # what takes longer is said to reach not everybody: 10,000 calls on one line take 42 of 8 hours
ALWAYS = CallingWindow(from_=time(0), to=time(0))
MAX_ZONES_NAMED = 3
MAX_GROUPS = 500  # with earliest times: where there are more, the times are taken for later ones, as few as need be
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SHORT_GROUPS = 6  # six of one zone each take 3 ms at most: with a minute a day, for 100 days
STEPS = (timedelta(minutes=15), timedelta(hours=1), timedelta(hours=6), DAY)

Zones = tuple[str, ...]


class Group(NamedTuple):
    """Contacts that may be called at the same times: in the hours of their zones, from an instant (UTC) on."""

    zones: Zones
    not_before: datetime | None = None


Groups = Mapping[Group, int]  # how many contacts are in each


class Forecast(Model):
    """Every contact called once, on all lines, those first whose window closes first.

    `never`: contacts whose window opens at no time; `apart`: those of them in whose zones it opens, but in no hour
    that they have in common. `unreached`: contacts left at the end of the job. `finish` (UTC): None where some are.
    """

    contacts: int
    never: int = 0
    apart: Mapping[Zones, int] = {}
    unreached: int = 0
    finish: datetime | None = None


class _Slot(Model):
    """A piece of time in which the same contacts may be called."""

    start: datetime
    end: datetime
    groups: tuple[Group, ...]  # those that close first come first


def window_warnings(
    window: CallingWindow | None,
    groups: Groups,
    *,
    timezone: str,
    start: datetime,
    end_time: datetime | None,
    lines: int,
) -> list[str]:
    """Sentences for whoever creates a job, none where the hours and the end leave room.

    Contacts without zones are judged in `timezone`. `start` and `end_time` are UTC.
    """
    waits = any(group.not_before is not None for group in groups)
    if window is None and end_time is None and not waits:
        return []
    expected = forecast(window or ALWAYS, _placed(groups, timezone), start=start, end_time=end_time, lines=lines)
    said = f"{lines} line" if lines == 1 else f"{lines} lines"
    ends = end_time is not None and end_time <= start + MAX_JOB_DAYS * DAY
    until = "before endTime" if ends else f"within {MAX_JOB_DAYS} days"
    hours = [*(["this calling window"] if window else []), *(["the contacts' earliest times"] if waits else [])]
    days = [] if end_time is not None else _takes_days(expected, start, ", ".join(hours) + f" and {said}")
    return [*_never(expected), *_too_short(expected, until, said), *days]


def forecast(
    window: CallingWindow, groups: Groups, *, start: datetime, end_time: datetime | None, lines: int
) -> Forecast:
    """Play the job through, 100 days at most, 2 minutes a call, without retries and other jobs; `lines` from 1 on."""
    waiting = _few(groups, start)
    never = [each for each in waiting if find_opening(window, each.zones, each.not_before or start) is None]
    left: dict[Group, float] = {each: count for each, count in waiting.items() if each not in never}
    finish = _play(window, left, start, end_time, lines)
    apart: Counter[Zones] = Counter()
    for each in never:
        if all(find_opening(window, (zone,), each.not_before or start) for zone in each.zones):
            apart[each.zones] += waiting[each]
    return Forecast(
        contacts=sum(waiting.values()),
        never=sum(waiting[each] for each in never),
        apart=apart,
        unreached=round(sum(left.values())),
        finish=finish,
    )


def is_short(window: CallingWindow | None, groups: Groups) -> bool:
    """Whether `forecast` takes no longer than a process is forked in.

    Hours of several zones may have nothing in common on any day of a year, and holidays are computed year by year.
    """
    if len(groups) > SHORT_GROUPS:
        return False
    if window is None:
        return True
    return not isinstance(window.holidays, str) and all(len(group.zones) <= 1 for group in groups)


def _placed(groups: Groups, timezone: str) -> Groups:
    return _merged((group._replace(zones=group.zones or (timezone,)), count) for group, count in groups.items())


def _few(groups: Groups, start: datetime) -> Groups:
    """The same contacts without earliest times that have come at `start`, and in few groups."""
    found = _merged(
        (Group(each.zones, None if each.not_before is None or each.not_before <= start else each.not_before), count)
        for each, count in groups.items()
    )
    for step in STEPS:
        if sum(each.not_before is not None for each in found) <= MAX_GROUPS:
            break
        found = _merged((Group(each.zones, _later(each.not_before, step)), count) for each, count in found.items())
    return found


def _later(instant: datetime | None, step: timedelta) -> datetime | None:
    return None if instant is None else EPOCH + -((EPOCH - instant) // step) * step


def _merged(counted: Iterable[tuple[Group, int]]) -> Groups:
    merged: Counter[Group] = Counter()
    for group, count in counted:
        merged[group] += count
    return merged


def _play(
    window: CallingWindow, left: dict[Group, float], start: datetime, end: datetime | None, lines: int
) -> datetime | None:
    """Take away from `left` whoever is called; when the last one was, where nobody is left."""
    latest = min(end or datetime.max.replace(tzinfo=UTC), start + MAX_JOB_DAYS * DAY)
    finish = start
    for slot in _slots(window, left, start, latest):
        room = lines * ((slot.end - slot.start) / CALL)
        for group in slot.groups:
            called = min(room, left[group])
            room -= called
            left[group] -= called
        finish = slot.end - CALL * (room / lines)
        if not any(left.values()):
            break
    return finish if not any(left.values()) else None


def _slots(window: CallingWindow, left: Mapping[Group, float], start: datetime, end: datetime) -> Iterator[_Slot]:
    day = start.astimezone(UTC).date()
    while day <= end.astimezone(UTC).date():
        waiting = [group for group, count in left.items() if count]
        hours = {zones: list_open_intervals(window, zones, day) for zones in {group.zones for group in waiting}}
        stretches = [
            (max(from_, begins), min(to, end), group)
            for group in waiting
            for begins in [max(start, group.not_before or start)]
            for from_, to in hours[group.zones]
            if from_ < end and begins < min(to, end)
        ]
        for from_, to in pairwise(sorted({edge for stretch in stretches for edge in stretch[:2]})):
            closing = [(closes, group) for opens, closes, group in stretches if opens <= from_ and to <= closes]
            if closing:
                ranked = sorted(closing, key=lambda found: (found[0], found[1].zones))
                yield _Slot(start=from_, end=to, groups=tuple(group for _, group in ranked))
        day += DAY


def _never(expected: Forecast) -> Iterator[str]:
    for zones, count in expected.apart.items():
        yield (
            f"{_contacts(count)} cannot be called: they may be in any of {_named(zones)}, "
            "and the calling window opens at no hour that these have in common."
        )
    closed = expected.never - sum(expected.apart.values())
    if closed:
        who = "Nobody can" if closed == expected.contacts else f"{_contacts(closed)} cannot"
        yield f"{who} be called: the calling window does not open within {LOOK_AHEAD_DAYS} days."


def _too_short(expected: Forecast, until: str, lines: str) -> Iterator[str]:
    if expected.unreached:
        yield (
            f"About {expected.unreached:,} of {_contacts(expected.contacts)} are likely not reached {until}: there are "
            f"too few hours in which they may be called, with {lines} and {ASSUMED_MINUTES} minutes a call."
        )


def _takes_days(expected: Forecast, start: datetime, conditions: str) -> Iterator[str]:
    days = 0 if expected.finish is None else -(-(expected.finish - start) // DAY)
    if expected.finish is not None and days > 1:
        yield (f"With {conditions} the job takes about {days} days, until {expected.finish:%Y-%m-%d %H:%M} UTC.")


def _contacts(count: int) -> str:
    return "1 contact" if count == 1 else f"{count:,} contacts"


def _named(zones: Zones) -> str:
    more = len(zones) - MAX_ZONES_NAMED
    named = ", ".join(zones[:MAX_ZONES_NAMED])
    return f"{named} and {more} more" if more > 0 else named
