"""A job's start and end as instants: checked together, and against the time zone and the clock."""

from datetime import datetime
from zoneinfo import ZoneInfo

from domain.calling_rules.fixed_zones import explain_fixed_zone
from domain.calling_rules.schedule import (
    InvalidMoment,
    StartTime,
    WrittenMoment,
    load_zone,
    resolve_end,
    resolve_start,
)
from domain.errors import PastScheduledTime
from domain.model import Model
from domain.requests.reading import Problems


class JobTimes(Model):
    """Start and end in UTC, None: now and never. `note`: what clock changes did to them, for people."""

    start: datetime | None
    end: datetime | None
    zone: str
    note: str | None


def resolve_times(start: datetime | None, end: datetime | None, zone_name: str, now: datetime) -> JobTimes:
    """Resolve what was written: naive times are wall-clock times in the zone.

    Raises InvalidTimezone, InvalidRequest (too far ahead; an end that is past or not after the start),
    PastScheduledTime.
    """
    zone, problems = load_zone(zone_name), Problems()
    ends = _resolve_end(end, zone, problems, now)
    starts = _resolve_start(start, zone, problems, now)
    if isinstance(starts, StartTime) and ends.at is not None and ends.at <= (starts.at or now):
        problems.note("endTime", "must be after the start")
    problems.raise_if_any()
    if isinstance(starts, PastScheduledTime):
        raise starts
    note = " ".join(filter(None, (starts.note, ends.note)))
    return JobTimes(start=starts.at, end=ends.at, zone=zone.key, note=note or None)


def warn_of_fixed_zone(name: str) -> list[str]:
    """The warning about a job's zone that has no summer time, where it has none."""
    reason = explain_fixed_zone(name)
    return [] if reason is None else [f'timezone "{name}" {reason}']


def _resolve_end(end: datetime | None, zone: ZoneInfo, problems: Problems, now: datetime) -> StartTime:
    try:
        return StartTime() if end is None else resolve_end(_written(end), zone, now)
    except InvalidMoment as problem:
        problems.note("endTime", problem.reason)
        return StartTime()


def _resolve_start(
    start: datetime | None, zone: ZoneInfo, problems: Problems, now: datetime
) -> StartTime | PastScheduledTime:
    try:
        return StartTime() if start is None else resolve_start(_written(start), zone, now)
    except PastScheduledTime as past:
        return past
    except InvalidMoment as problem:
        problems.note("scheduledStartTime", problem.reason)
        return StartTime()


def _written(at: datetime) -> WrittenMoment:
    return WrittenMoment(wall=at.replace(tzinfo=None), offset=at.utcoffset())
