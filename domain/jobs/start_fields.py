"""The fields that say when a job starts and ends."""

from datetime import datetime
from zoneinfo import ZoneInfo

from domain.calling_rules.schedule import (
    InvalidMoment,
    StartTime,
    WrittenMoment,
    load_zone,
    parse_moment,
    resolve_end,
    resolve_start,
)
from domain.errors import PastScheduledTime
from domain.model import Model
from domain.requests.raw_values import RawValues

MOMENT_FIELDS = frozenset({"scheduledStartTime", "endTime", "timezone"})


class WrittenMoments(Model):
    """Start, end and zone as they were written; None where one is not given."""

    start: WrittenMoment | None
    end: WrittenMoment | None
    zone: str | None


class Moments(Model):
    """Start and end in UTC, None: now and never. `note` tells what clock changes did to them."""

    start: datetime | None
    end: datetime | None
    zone: str
    note: str | None


def read_moments(values: RawValues) -> WrittenMoments:
    """Read the three fields; what is wrong is noted in `values`."""
    return WrittenMoments(
        start=_read(values, "scheduledStartTime"), end=_read(values, "endTime"), zone=values.text("timezone")
    )


def place_moments(written: WrittenMoments, values: RawValues, usual_zone: str, now: datetime) -> Moments:
    """Place them on the time line, in a zone of that name where none was given.

    Raises InvalidTimezone, InvalidRequest (too far ahead; an end that is past or not after the start),
    PastScheduledTime.
    """
    zone = load_zone(usual_zone if written.zone is None else written.zone)
    end = _end(written.end, zone, values, now)
    start = _start(written.start, zone, values, now)
    if isinstance(start, StartTime) and end.at is not None and end.at <= (start.at or now):
        values.blame("endTime", "must be after the start")
    values.refuse_problems()
    if isinstance(start, PastScheduledTime):
        raise start
    note = " ".join(filter(None, (start.note, end.note)))
    return Moments(start=start.at, end=end.at, zone=zone.key, note=note or None)


def _read(values: RawValues, field: str) -> WrittenMoment | None:
    text = values.text(field)
    try:
        return None if text is None else parse_moment(text)
    except InvalidMoment as problem:
        values.blame(field, problem.reason)
        return None


def _end(written: WrittenMoment | None, zone: ZoneInfo, values: RawValues, now: datetime) -> StartTime:
    try:
        return StartTime() if written is None else resolve_end(written, zone, now)
    except InvalidMoment as problem:
        values.blame("endTime", problem.reason)
        return StartTime()


def _start(
    written: WrittenMoment | None, zone: ZoneInfo, values: RawValues, now: datetime
) -> StartTime | PastScheduledTime:
    try:
        return StartTime() if written is None else resolve_start(written, zone, now)
    except PastScheduledTime as past:
        return past
    except InvalidMoment as problem:
        values.blame("scheduledStartTime", problem.reason)
        return StartTime()
