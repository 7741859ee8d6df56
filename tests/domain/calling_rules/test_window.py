"""When people may be called. Expected instants were worked out by hand, in UTC."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.calling_rules.window import CallingWindow, Hours, Weekday, find_lasting_opening, find_opening, is_open

SAT, SUN = Weekday.SAT, Weekday.SUN
WORKDAYS = tuple(day for day in Weekday if day not in {SAT, SUN})
NEW_YORK, TORONTO, BERLIN, HONOLULU = "America/New_York", "America/Toronto", "Europe/Berlin", "Pacific/Honolulu"
KOLKATA, LORD_HOWE, APIA = "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia"
MINUTE = timedelta(minutes=1)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


def hours(from_: str, to: str, *weekdays: Weekday) -> Hours:
    """`to` of 00:00 is the end of the day."""
    weekdays = weekdays or tuple(Weekday)
    return Hours(from_=time.fromisoformat(from_), to=time.fromisoformat(to), weekdays=weekdays)


def window(from_: str, to: str, *weekdays: Weekday, **rest: Any) -> CallingWindow:
    return CallingWindow(**dict(hours(from_, to, *weekdays)), **rest)


DAYTIME = window("09:00", "20:00")
OFFICE = window("09:00", "17:00", *WORKDAYS)
TORONTO_WEEK = window("09:00", "21:30", *WORKDAYS, also=(hours("10:00", "18:00", SAT, SUN),))
WITH_BREAK = window("10:00", "13:00", also=(hours("14:00", "20:00"),))
EVENING = window("20:00", "00:00", Weekday.TUE)
NAMED_DAYS = window("09:00", "20:00", holidays=(date(2026, 12, 24), date(2026, 12, 25)))
CHRISTMAS = window("00:00", "00:00", holidays=(date(2026, 12, 25),))
US, FLORIDA = (window("09:00", "20:00", holidays=code) for code in ("US", "US-FL"))


@pytest.mark.parametrize(
    ("window", "zones", "at", "opens"),
    [
        (DAYTIME, KOLKATA, utc(2026, 11, 24, 3, 30), utc(2026, 11, 24, 3, 30)),  # open from the first minute, 09:00
        (DAYTIME, KOLKATA, utc(2026, 11, 24, 14, 29, 59), utc(2026, 11, 24, 14, 29, 59)),
        (DAYTIME, KOLKATA, utc(2026, 11, 24, 14, 30), utc(2026, 11, 25, 3, 30)),  # closed from the last, 20:00
        # by the clock on the contact's own wall
        (DAYTIME, HONOLULU, utc(2026, 11, 24, 17, 45), utc(2026, 11, 24, 19)),
        (DAYTIME, KOLKATA, utc(2026, 11, 24, 17, 45), utc(2026, 11, 25, 3, 30)),
        (DAYTIME, LORD_HOWE, utc(2026, 11, 24, 17, 45), utc(2026, 11, 24, 22)),  # UTC+11 in its summer
        (DAYTIME, "Asia/Kathmandu", utc(2026, 11, 24, 17, 45), utc(2026, 11, 25, 3, 15)),
        (DAYTIME, "Pacific/Kiritimati", utc(2026, 11, 24, 17, 45), utc(2026, 11, 24, 19)),
        # in several zones, where all of them allow it
        (DAYTIME, f"{NEW_YORK} {HONOLULU}", utc(2026, 11, 24, 14), utc(2026, 11, 24, 19)),  # 14:00 and 09:00
        (DAYTIME, f"{NEW_YORK} {HONOLULU}", utc(2026, 11, 25, 1), utc(2026, 11, 25, 19)),  # 20:00 in New York
        (window("09:00", "10:00"), f"{KOLKATA} {HONOLULU}", utc(2026, 11, 24, 12), None),  # no common hour
        # the weekday is that of the contact; days may have other hours, or a break
        (OFFICE, BERLIN, utc(2026, 11, 27, 16), utc(2026, 11, 30, 8)),  # from Friday evening to Monday morning
        (window("09:00", "17:00", SUN), KOLKATA, utc(2026, 11, 29, 22), utc(2026, 12, 6, 3, 30)),  # Monday there
        (window("09:00", "17:00", SUN), HONOLULU, utc(2026, 11, 29, 22), utc(2026, 11, 29, 22)),  # still Sunday
        (TORONTO_WEEK, TORONTO, utc(2026, 11, 28, 2, 30), utc(2026, 11, 28, 15)),  # Friday, 21:30
        (TORONTO_WEEK, TORONTO, utc(2026, 11, 28, 23), utc(2026, 11, 29, 15)),  # Saturday, 18:00
        (TORONTO_WEEK, TORONTO, utc(2026, 11, 29, 23), utc(2026, 11, 30, 14)),  # Sunday, 18:00
        (WITH_BREAK, "Europe/Paris", utc(2026, 11, 24, 12), utc(2026, 11, 24, 13)),
        # to the end of the day
        (EVENING, "UTC", utc(2026, 11, 24, 23, 59, 59), utc(2026, 11, 24, 23, 59, 59)),
        (EVENING, "UTC", utc(2026, 11, 25), utc(2026, 12, 1, 20)),
        # at nine on the wall, before and after a clock change
        (DAYTIME, NEW_YORK, utc(2027, 3, 13, 13, 59), utc(2027, 3, 13, 14)),  # an hour is skipped on 2027-03-14
        (DAYTIME, NEW_YORK, utc(2027, 3, 14, 2), utc(2027, 3, 14, 13)),
        (DAYTIME, NEW_YORK, utc(2027, 11, 6, 12, 59), utc(2027, 11, 6, 13)),  # and repeated on 2027-11-07
        (DAYTIME, NEW_YORK, utc(2027, 11, 7, 1), utc(2027, 11, 7, 14)),
        (DAYTIME, BERLIN, utc(2027, 3, 27, 20), utc(2027, 3, 28, 7)),
        (DAYTIME, BERLIN, utc(2027, 10, 30, 19), utc(2027, 10, 31, 8)),
        (DAYTIME, LORD_HOWE, utc(2027, 4, 3, 10), utc(2027, 4, 3, 22, 30)),  # by half an hour: +11:00 to +10:30
        (DAYTIME, LORD_HOWE, utc(2027, 10, 2, 10, 30), utc(2027, 10, 2, 22)),
        # hours that a clock change skips do not open that day, halves open right after the gap
        (window("02:00", "03:00"), BERLIN, utc(2027, 3, 27, 2), utc(2027, 3, 29, 0)),
        (window("02:30", "03:30"), BERLIN, utc(2027, 3, 28, 0), utc(2027, 3, 28, 1)),
        (window("02:30", "03:30"), BERLIN, utc(2027, 3, 28, 1, 30), utc(2027, 3, 29, 0, 30)),
        # hours that it repeats are open both times
        (window("01:00", "02:00"), NEW_YORK, utc(2027, 11, 7, 5), utc(2027, 11, 7, 5)),  # the first 01:00
        (window("01:00", "02:00"), NEW_YORK, utc(2027, 11, 7, 6, 59), utc(2027, 11, 7, 6, 59)),  # the second 01:59
        (window("01:00", "02:00"), NEW_YORK, utc(2027, 11, 7, 7), utc(2027, 11, 8, 6)),
        (window("01:30", "02:30"), BERLIN, utc(2027, 10, 31, 0, 30), utc(2027, 10, 31, 1)),  # 02:00 again
        (window("01:30", "02:30"), BERLIN, utc(2027, 10, 31, 1, 30), utc(2027, 11, 1, 0, 30)),
        (window("01:30", "02:00"), LORD_HOWE, utc(2027, 4, 3, 15, 29), utc(2027, 4, 3, 15, 29)),  # 01:59 at +10:30
        (window("01:30", "02:00"), LORD_HOWE, utc(2027, 4, 3, 15, 30), utc(2027, 4, 4, 15)),
        # Samoa crossed the date line: 2011-12-29 was followed by the 31st
        (DAYTIME, APIA, utc(2011, 12, 30, 6), utc(2011, 12, 30, 19)),  # the 31st, 09:00
        (window("09:00", "20:00", Weekday.FRI), APIA, utc(2011, 12, 30, 6), utc(2012, 1, 5, 19)),
        # not on holidays: of a country, of a part of one, on the day on which one is observed, on dates
        (US, NEW_YORK, utc(2026, 11, 26, 15), utc(2026, 11, 27, 14)),  # Thanksgiving
        (DAYTIME, NEW_YORK, utc(2026, 11, 26, 15), utc(2026, 11, 26, 15)),
        (FLORIDA, NEW_YORK, utc(2026, 11, 27, 15), utc(2026, 11, 28, 14)),  # the day after Thanksgiving
        (US, NEW_YORK, utc(2026, 11, 27, 15), utc(2026, 11, 27, 15)),
        (US, NEW_YORK, utc(2027, 12, 31, 15), utc(2028, 1, 2, 14)),  # 2028-01-01 is a Saturday
        (NAMED_DAYS, BERLIN, utc(2026, 12, 24, 9), utc(2026, 12, 26, 8)),
        (CHRISTMAS, HONOLULU, utc(2026, 12, 25, 5), utc(2026, 12, 25, 5)),  # still the 24th
        (CHRISTMAS, KOLKATA, utc(2026, 12, 25, 5), utc(2026, 12, 25, 18, 30)),
        (CHRISTMAS, f"{KOLKATA} {HONOLULU}", utc(2026, 12, 25, 12), utc(2026, 12, 26, 10)),
    ],
)
def test_it_opens_at_the_first_instant_that_the_window_allows(
    window: CallingWindow, zones: str, at: datetime, opens: datetime | None
) -> None:
    assert find_opening(window, zones.split(), at) == opens
    assert is_open(window, zones.split(), at) is (opens == at)


def test_no_zone_and_unknown_zones_are_errors_and_never_open() -> None:
    with pytest.raises(ValueError, match="needs a zone"):
        find_opening(DAYTIME, [], utc(2026, 11, 24, 12))
    with pytest.raises(ZoneInfoNotFoundError):
        find_opening(DAYTIME, ["Atlantis/Center"], utc(2026, 11, 24, 12))


def test_a_window_of_the_whole_day_is_always_open() -> None:
    always = window("00:00", "00:00")
    assert all(is_open(always, [LORD_HOWE], utc(2027, 4, 3, 12) + n * 7 * MINUTE) for n in range(400))


def test_a_window_that_only_holidays_could_open_never_opens() -> None:
    days = tuple(date(2026, 11, 24) + timedelta(days=n) for n in range(500))
    assert find_opening(window("09:00", "20:00", holidays=days), [BERLIN], utc(2026, 11, 25)) is None


def test_what_takes_a_while_does_not_begin_right_before_it_closes() -> None:
    six, seven = timedelta(seconds=6), timedelta(seconds=7)
    closes = utc(2026, 11, 24, 14, 30)  # 20:00
    assert find_lasting_opening(DAYTIME, [KOLKATA], closes - six, six) == utc(2026, 11, 25, 3, 30)
    assert find_lasting_opening(DAYTIME, [KOLKATA], closes - seven, six) == closes - seven
    assert find_lasting_opening(DAYTIME, [KOLKATA], closes, six) == utc(2026, 11, 25, 3, 30)
    midnight = utc(2026, 11, 24, 23, 59, 58)  # from here on it is another day in UTC, and still open
    assert find_lasting_opening(DAYTIME, [NEW_YORK], midnight, six) == midnight


# --- a second opinion ------------------------------------------------------------------------------------------------

TIMES = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))
AROUND_CLOCK_CHANGES = st.sampled_from(
    [date(2027, 3, 13), date(2027, 3, 27), date(2027, 4, 3), date(2027, 10, 2), date(2027, 10, 30), date(2027, 11, 6)]
)


@st.composite
def windows(draw: st.DrawFn) -> CallingWindow:
    from_, to = sorted([draw(TIMES), draw(TIMES)])
    days = tuple(sorted(draw(st.sets(st.sampled_from(list(Weekday)), min_size=1)), key=list(Weekday).index))
    holidays = draw(st.sampled_from([None, (), (date(2027, 3, 28), date(2027, 11, 7))]))
    return CallingWindow(from_=from_, to=to if from_ < to else time(0), weekdays=days, holidays=holidays)


def open_by_the_clock(window: CallingWindow, zone: str, at: datetime) -> bool:
    """What somebody sees who looks at the clock and the calendar on the wall."""
    wall = at.astimezone(ZoneInfo(zone))
    if wall.date() in (window.holidays or ()) or wall.strftime("%a").lower() not in window.weekdays:
        return False
    return window.from_ <= wall.time() and (window.to == time(0) or wall.time() < window.to)


@settings(max_examples=60, deadline=None)
@given(
    windows(),
    st.lists(st.sampled_from([NEW_YORK, BERLIN, HONOLULU, KOLKATA, LORD_HOWE, "UTC"]), min_size=1, max_size=3),
    AROUND_CLOCK_CHANGES,
    st.integers(0, 24 * 60),
)
def test_it_opens_when_somebody_who_looks_every_minute_says_so(
    window: CallingWindow, zones: list[str], day: date, minute: int
) -> None:
    start = datetime.combine(day, time(0), UTC) + minute * MINUTE
    minutes = (start + n * MINUTE for n in range(36 * 60))
    seen = next((at for at in minutes if all(open_by_the_clock(window, zone, at) for zone in zones)), None)
    opens = find_opening(window, zones, start)
    if seen is None:
        assert opens is None or opens >= start + timedelta(hours=36)
    else:
        assert opens == seen
    assert is_open(window, zones, start) is (seen == start)
