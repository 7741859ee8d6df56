"""When a job starts."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calling_rules.schedule import InvalidMoment, StartTime, list_zones, load_zone, parse_moment, resolve_start
from domain.errors import InvalidTimezone, PastScheduledTime

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def resolve(text: str | None, timezone: str, now: datetime) -> StartTime:
    """As create does: the start is read, then the zone judged, then both placed on the time line."""
    written = None if text is None else parse_moment(text)
    zone = load_zone(timezone)
    return StartTime() if written is None else resolve_start(written, zone, now)


def start(text: str, zone: str = "UTC") -> datetime | None:
    return resolve(text, zone, NOW).at


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-12-01T09:00", utc(2026, 12, 1, 9)),
        ("2026-12-01 09:00", utc(2026, 12, 1, 9)),
        ("2026-12-01T09:00:30", utc(2026, 12, 1, 9, 0, 30)),
        ("2026-12-01T09:00:30.5", utc(2026, 12, 1, 9, 0, 30, 500_000)),
        ("2026-12-01T09:00:30.1234567899", utc(2026, 12, 1, 9, 0, 30, 123_456)),
        ("2026-12-01T09:00Z", utc(2026, 12, 1, 9)),
        ("2026-12-01T09:00+01:00", utc(2026, 12, 1, 8)),
        ("2026-12-01T09:00+0100", utc(2026, 12, 1, 8)),
        ("2026-12-01T09:00+01", utc(2026, 12, 1, 8)),
        ("2026-12-01 09:00:00-03:30", utc(2026, 12, 1, 12, 30)),
        ("2026-12-01T09:00-00:00", utc(2026, 12, 1, 9)),
        ("2027-11-25T12:00Z", utc(2027, 11, 25, 12)),  # 366 days ahead to the second
    ],
)
def test_every_form_of_the_grammar_is_read(text: str, at: datetime) -> None:
    assert start(text) == at


@pytest.mark.parametrize(
    "text",
    [
        "", "tomorrow", "2026-12-01", "2026-12-01T09", "2026-12-01t09:00", "2026-12-01T09:00z", "2026-12-01T9:00",
        "2026-12-01  09:00", " 2026-12-01T09:00", "2026-12-01T09:00\n", "2026-12-01T09:00:30,5",
        "2026-12-01T09:00:30.", "2026-12-01T09:00.5", "2026-12-01T0900", "20261201T090000", "2026-W49-2T09:00",
        "2026-335T09:00", "2026-12-01T09:00 +01:00", "2026-12-01T09:00+1", "2026-12-01T09:00+01:",
        "2026-12-01T09:00+24:00", "2026-12-01T09:00+01:60", "2026-12-01T09:00−01:00",
        "2026-12-01T09:00[Europe/Berlin]", "２０２６-12-01T09:00", "1796115600", "+2026-12-01T09:00",
        "2026-02-30T09:00", "2026-13-01T09:00", "2026-12-01T24:00", "2026-12-01T09:60", "2026-12-01T23:59:60",
        "0000-01-01T00:00", "2027-11-25T12:00:01Z",  # a second past 366 days
        "9999-12-31T23:59:59.999999-23:59",
    ],
)  # fmt: skip
def test_everything_else_is_refused(text: str) -> None:
    with pytest.raises(InvalidMoment):
        start(text)


@pytest.mark.parametrize(
    "text", ["2026-11-24T11:58:59", "2020-01-01T00:00", "0001-01-01T00:00+23:59", "2026-11-24T12:00+01:00"]
)
def test_the_past_is_refused(text: str) -> None:
    with pytest.raises(PastScheduledTime):
        start(text)


@pytest.mark.parametrize("text", ["2026-11-24T11:59:00", "2026-11-24T12:00", "2026-11-24T13:00+01:00"])
def test_up_to_a_minute_ago_is_now(text: str) -> None:
    assert start(text) is None


def test_no_time_is_now() -> None:
    assert resolve(None, "Europe/Berlin", NOW).at is None


def test_a_wall_clock_time_is_in_the_zone_and_an_offset_is_not() -> None:
    assert start("2026-12-01T09:00", "America/New_York") == utc(2026, 12, 1, 14)
    assert start("2026-12-01T09:00", "Asia/Kathmandu") == utc(2026, 12, 1, 3, 15)
    assert start("2026-12-01T09:00Z", "America/New_York") == utc(2026, 12, 1, 9)


@pytest.mark.parametrize(
    "name",
    [
        "", "utc", "europe/berlin", " UTC", "CEST", "UTC+1", "localtime", "Factory", "posix/UTC", "../UTC", "Mars/Base",
        "a\0b",
    ],
)  # fmt: skip
def test_only_names_of_the_iana_are_zones(name: str) -> None:
    with pytest.raises(InvalidTimezone):
        resolve(None, name, NOW)
    with pytest.raises(InvalidTimezone):
        start("2026-12-01T09:00Z", name)


@pytest.mark.parametrize("name", ["UTC", "Etc/GMT+5", "EST5EDT", "America/Argentina/Buenos_Aires", "US/Eastern"])
def test_old_names_are_zones_too(name: str) -> None:
    assert name in list_zones()


@pytest.mark.parametrize(
    ("text", "zone", "at", "note"),
    [
        (
            "2027-03-28 02:30",
            "Europe/Berlin",
            utc(2027, 3, 28, 1),
            "A clock change skips 02:30 on 2027-03-28 in Europe/Berlin: the start is 2027-03-28 03:00, right after it.",
        ),
        (
            "2027-10-31T02:30",
            "Europe/Berlin",
            utc(2027, 10, 31, 0, 30),
            "The clock shows 02:30 on 2027-10-31 in Europe/Berlin twice: the start is the first of the two.",
        ),
        ("2027-10-31T03:30", "Europe/Berlin", utc(2027, 10, 31, 2, 30), None),
    ],
)
def test_a_start_that_a_clock_change_moves_has_a_note(text: str, zone: str, at: datetime, note: str | None) -> None:
    assert resolve(text, zone, NOW) == StartTime(at=at, note=note)


@pytest.mark.parametrize(
    ("text", "zone", "at"),
    [
        ("2027-03-28T02:00", "Europe/Berlin", utc(2027, 3, 28, 1)),  # the first that is skipped
        ("2027-03-28T02:59:59.9", "Europe/Berlin", utc(2027, 3, 28, 1)),
        ("2027-03-28T03:00", "Europe/Berlin", utc(2027, 3, 28, 1)),
        ("2027-03-28T01:59", "Europe/Berlin", utc(2027, 3, 28, 0, 59)),
        ("2027-10-31T02:00", "Europe/Berlin", utc(2027, 10, 31, 0)),
        ("2027-10-31T03:00", "Europe/Berlin", utc(2027, 10, 31, 2)),
        ("2027-03-14T02:30", "America/New_York", utc(2027, 3, 14, 7)),
        ("2027-10-03T02:15", "Australia/Lord_Howe", utc(2027, 10, 2, 15, 30)),  # half an hour is skipped
        ("2027-03-28T02:30+01:00", "Europe/Berlin", utc(2027, 3, 28, 1, 30)),
    ],
)
def test_clock_changes_to_the_minute(text: str, zone: str, at: datetime) -> None:
    assert start(text, zone) == at


def test_a_whole_day_can_be_skipped() -> None:
    """Samoa had no 30 December 2011."""
    resolved = resolve("2011-12-30T12:00", "Pacific/Apia", utc(2011, 12, 1))
    assert resolved.at == utc(2011, 12, 30, 10)
    assert resolved.note is not None
    assert "the start is 2011-12-31 00:00" in resolved.note


@given(
    st.datetimes().map(lambda at: at.isoformat()[:16])
    | st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}"),
    st.sampled_from(["", "Z", "+23:59", "-23:59", ":59.9"]),
    st.sampled_from(sorted(list_zones())),
)
def test_no_time_is_worse_than_refused(text: str, tail: str, zone: str) -> None:
    with suppress(InvalidMoment, PastScheduledTime):
        resolve(text + tail, zone, NOW)
