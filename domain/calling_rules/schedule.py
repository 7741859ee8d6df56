"""When a job starts and ends: from the text of a request to an instant, compared with `now`."""

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from domain.calling_rules.window import find_clock_change
from domain.errors import InvalidTimezone, PastScheduledTime
from domain.model import Model

PAST_TOLERANCE = timedelta(seconds=60)  # clocks differ, forms are slow: this far back still means now
MAX_START_AHEAD = timedelta(days=366)
MAX_END_AHEAD = 2 * MAX_START_AHEAD
EXCLUDED_ZONES = frozenset({"localtime", "Factory"})  # in the zone directory, but no zones of the IANA
_MARGIN = timedelta(days=2)  # more than any offset: far from `now` nothing needs to be computed exactly

_START = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})[T ]"
    r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.(?P<fraction>[0-9]+))?)?"
    r"(?P<offset>Z|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)
_OFFSET = re.compile(r"(?P<sign>[+-])(?P<hours>[0-9]{2}):?(?P<minutes>[0-9]{2})?")

GRAMMAR = "must look like 2027-03-01T09:00, 2027-03-01 09:00:30, 2027-03-01T09:00Z or 2027-03-01T09:00+01:00"
NO_SUCH_TIME = "names a date, a time or an offset that does not exist"
PAST = "is in the past"


class InvalidMoment(ValueError):
    """Why a text is not a time that can be used."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class PastMoment(InvalidMoment):
    """It is over."""

    def __init__(self) -> None:
        super().__init__(PAST)


class StartTime(Model):
    """When to start: `at` in UTC, None for now. `note`: what a clock change did to the time asked for."""

    at: datetime | None = None
    note: str | None = None


class WrittenMoment(Model):
    """A time as it was written: a wall-clock time, and its distance from UTC where one was given."""

    wall: datetime  # naive
    offset: timedelta | None = None


@cache
def list_zones() -> frozenset[str]:
    """All zones a request may name, exactly as written."""
    return frozenset(available_timezones() - EXCLUDED_ZONES)


def load_zone(name: str) -> ZoneInfo:
    """Find the zone of that name. Raises InvalidTimezone."""
    if name not in list_zones():
        raise InvalidTimezone('timezone must be the name of an IANA time zone, such as "Europe/Berlin" or "UTC".')
    return ZoneInfo(name)


def parse_moment(text: str) -> WrittenMoment:
    """Read `YYYY-MM-DD`, `T` or a blank, `HH:MM[:SS[.f]]`, then nothing, `Z`, `±HH:MM`, `±HHMM` or `±HH`.

    Raises InvalidMoment. There is no leap second; digits past the microsecond are dropped.
    """
    match = _START.fullmatch(text)
    if match is None:
        raise InvalidMoment(GRAMMAR)
    try:
        day = datetime.strptime(match["date"], "%Y-%m-%d")  # noqa: DTZ007 the offset comes below
        wall = day.replace(
            hour=int(match["hour"]),
            minute=int(match["minute"]),
            second=int(match["second"] or 0),
            microsecond=int((match["fraction"] or "")[:6].ljust(6, "0")),
        )
        return WrittenMoment(wall=wall, offset=_read_offset(match["offset"]))
    except ValueError:
        raise InvalidMoment(NO_SUCH_TIME) from None


def _read_offset(text: str | None) -> timedelta | None:
    if text is None:
        return None
    match = _OFFSET.fullmatch(text)
    if match is None:  # Z
        return timedelta()
    hours, minutes = int(match["hours"]), int(match["minutes"] or 0)
    if hours > 23 or minutes > 59:
        raise ValueError
    distance = timedelta(hours=hours, minutes=minutes)
    return -distance if match["sign"] == "-" else distance


def resolve_start(written: WrittenMoment, zone: ZoneInfo, now: datetime) -> StartTime:
    """Find the instant of a written start. Raises InvalidMoment (too far ahead), PastScheduledTime."""
    try:
        at, note = _resolve(written, zone, now, MAX_START_AHEAD, "the start")
    except PastMoment:
        raise _past_error() from None
    if at < now - PAST_TOLERANCE:
        raise _past_error()
    return StartTime(at=at if at > now else None, note=note)


def resolve_end(written: WrittenMoment, zone: ZoneInfo, now: datetime) -> StartTime:
    """Find the instant of a written end, read as a start is. Raises InvalidMoment (too far ahead), PastMoment."""
    at, note = _resolve(written, zone, now, MAX_END_AHEAD, "the end")
    if at <= now:
        raise PastMoment
    return StartTime(at=at, note=note)


def resolve_not_before(written: WrittenMoment, zone: ZoneInfo, now: datetime) -> datetime | None:
    """Find the instant before which somebody is not to be called, read as a start is; None where that is over.

    Raises InvalidMoment (too far ahead).
    """
    try:
        at, _ = _resolve(written, zone, now, MAX_START_AHEAD, "it")
    except PastMoment:
        return None
    return at if at > now else None


def _resolve(
    written: WrittenMoment, zone: ZoneInfo, now: datetime, horizon: timedelta, what: str
) -> tuple[datetime, str | None]:
    """The instant, in UTC, and what a clock change did to it.

    Raises InvalidMoment past the horizon, PastMoment where it is so long over that it needs no computing.
    """
    too_far = InvalidMoment(f"may be at most {horizon.days} days ahead")
    today = now.astimezone(UTC).replace(tzinfo=None)
    if written.wall > today + horizon + _MARGIN:
        raise too_far
    if written.wall < today - _MARGIN:
        raise PastMoment
    at, note = _to_instant(written, zone, what)
    if at > now + horizon:
        raise too_far
    return at, note


def _to_instant(written: WrittenMoment, zone: ZoneInfo, what: str) -> tuple[datetime, str | None]:
    if written.offset is None:
        return _to_instant_in_zone(written.wall, zone, what)
    return written.wall.replace(tzinfo=timezone(written.offset)).astimezone(UTC), None


def _to_instant_in_zone(wall: datetime, zone: ZoneInfo, what: str) -> tuple[datetime, str | None]:
    earlier = wall.replace(tzinfo=zone, fold=0)
    later = wall.replace(tzinfo=zone, fold=1)
    at = earlier.astimezone(UTC)
    if earlier.utcoffset() == later.utcoffset():
        return at, None
    written = f"{wall:%H:%M} on {wall:%Y-%m-%d} in {zone.key}"
    if at.astimezone(zone).replace(tzinfo=None) == wall:
        return at, f"The clock shows {written} twice: {what} is the first of the two."
    end = find_clock_change(later.astimezone(UTC).replace(microsecond=0), at.replace(microsecond=0), zone)
    local = end.astimezone(zone)
    return (
        end,
        f"A clock change skips {written}: {what} is {local:%Y-%m-%d %H:%M}, right after it.",
    )


def _past_error() -> PastScheduledTime:
    return PastScheduledTime(
        "scheduledStartTime is in the past: choose a later time, or leave it out to start now.",
        [{"field": "scheduledStartTime", "reason": PAST}],
    )
