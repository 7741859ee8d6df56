"""When people may be called. Expected instants were worked out by hand, in UTC."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.calling_rules.window import CallingWindow, Hours, Weekday, find_lasting_opening, find_opening, is_open

WORKDAYS = (Weekday.MON, Weekday.TUE, Weekday.WED, Weekday.THU, Weekday.FRI)
NEW_YORK, BERLIN = "America/New_York", "Europe/Berlin"
HONOLULU, KOLKATA, LORD_HOWE = "Pacific/Honolulu", "Asia/Kolkata", "Australia/Lord_Howe"
MINUTE = timedelta(minutes=1)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


def window(from_: str, to: str, *weekdays: Weekday, holidays: str | tuple[date, ...] | None = None) -> CallingWindow:
    """`to` of 00:00 is the end of the day."""
    return CallingWindow(
        from_=time.fromisoformat(from_),
        to=time.fromisoformat(to),
        weekdays=weekdays or tuple(Weekday),
        holidays=holidays,
    )


DAYTIME = window("09:00", "20:00")


def test_it_is_open_from_the_first_minute_on_and_closed_from_the_last() -> None:
    assert find_opening(DAYTIME, [KOLKATA], utc(2026, 11, 24, 3, 30)) == utc(2026, 11, 24, 3, 30)  # 09:00
    assert is_open(DAYTIME, [KOLKATA], utc(2026, 11, 24, 14, 29, 59))  # 19:59:59
    assert not is_open(DAYTIME, [KOLKATA], utc(2026, 11, 24, 14, 30))  # 20:00
    assert find_opening(DAYTIME, [KOLKATA], utc(2026, 11, 24, 14, 30)) == utc(2026, 11, 25, 3, 30)


@pytest.mark.parametrize(
    ("zone", "opens"),
    [
        (HONOLULU, utc(2026, 11, 24, 19)),
        (KOLKATA, utc(2026, 11, 25, 3, 30)),
        (LORD_HOWE, utc(2026, 11, 24, 22)),  # UTC+11 in its summer
        (NEW_YORK, utc(2026, 11, 24, 17, 45)),  # 12:45
        ("Asia/Kathmandu", utc(2026, 11, 25, 3, 15)),
        ("Pacific/Kiritimati", utc(2026, 11, 24, 19)),
    ],
)
def test_each_contact_is_judged_by_the_clock_on_its_own_wall(zone: str, opens: datetime) -> None:
    assert find_opening(DAYTIME, [zone], utc(2026, 11, 24, 17, 45)) == opens


def test_in_several_zones_it_opens_where_all_of_them_allow_it() -> None:
    both = [NEW_YORK, HONOLULU]
    assert find_opening(DAYTIME, both, utc(2026, 11, 24, 14)) == utc(2026, 11, 24, 19)  # 14:00 and 09:00
    assert find_opening(DAYTIME, both, utc(2026, 11, 25, 1)) == utc(2026, 11, 25, 19)  # 20:00 in New York
    assert is_open(DAYTIME, both, utc(2026, 11, 25, 0, 59))


def test_zones_without_a_common_hour_never_open() -> None:
    assert find_opening(window("09:00", "10:00"), [KOLKATA, HONOLULU], utc(2026, 11, 24, 12)) is None


def test_no_zone_and_unknown_zones_are_errors_and_never_open() -> None:
    with pytest.raises(ValueError, match="needs a zone"):
        find_opening(DAYTIME, [], utc(2026, 11, 24, 12))
    with pytest.raises(ZoneInfoNotFoundError):
        find_opening(DAYTIME, ["Atlantis/Center"], utc(2026, 11, 24, 12))


def test_on_workdays_it_waits_from_friday_evening_to_monday_morning() -> None:
    workdays = window("09:00", "17:00", *WORKDAYS)
    assert find_opening(workdays, [BERLIN], utc(2026, 11, 27, 16)) == utc(2026, 11, 30, 8)


def test_the_weekday_is_that_of_the_contact() -> None:
    sundays = window("09:00", "17:00", Weekday.SUN)
    at = utc(2026, 11, 29, 22)  # Sunday, 12:00 in Honolulu; Monday, 03:30 in Kolkata
    assert is_open(sundays, [HONOLULU], at)
    assert find_opening(sundays, [KOLKATA], at) == utc(2026, 12, 6, 3, 30)


def test_a_day_may_have_other_hours_than_the_rest_of_the_week() -> None:
    week = window("09:00", "21:30", *WORKDAYS).model_copy(
        update={"also": (Hours(from_=time(10), to=time(18), weekdays=(Weekday.SAT, Weekday.SUN)),)}
    )
    assert find_opening(week, ["America/Toronto"], utc(2026, 11, 28, 2, 30)) == utc(2026, 11, 28, 15)  # Friday, 21:30
    assert find_opening(week, ["America/Toronto"], utc(2026, 11, 28, 23)) == utc(2026, 11, 29, 15)  # Saturday, 18:00
    assert find_opening(week, ["America/Toronto"], utc(2026, 11, 29, 23)) == utc(2026, 11, 30, 14)  # Sunday, 18:00


def test_a_day_may_have_a_break() -> None:
    day = window("10:00", "13:00").model_copy(update={"also": (Hours(from_=time(14), to=time(20)),)})
    assert find_opening(day, ["Europe/Paris"], utc(2026, 11, 24, 12)) == utc(2026, 11, 24, 13)


def test_a_window_to_the_end_of_the_day_closes_at_midnight() -> None:
    evening = window("20:00", "00:00", Weekday.TUE)
    assert is_open(evening, ["UTC"], utc(2026, 11, 24, 23, 59, 59))
    assert find_opening(evening, ["UTC"], utc(2026, 11, 25)) == utc(2026, 12, 1, 20)


def test_a_window_of_the_whole_day_is_always_open() -> None:
    always = window("00:00", "00:00")
    assert all(is_open(always, [LORD_HOWE], utc(2027, 4, 3, 12) + n * 7 * MINUTE) for n in range(400))


def test_what_takes_a_while_does_not_begin_right_before_it_closes() -> None:
    six_seconds = timedelta(seconds=6)
    closes = utc(2026, 11, 24, 14, 30)  # 20:00
    assert find_lasting_opening(DAYTIME, [KOLKATA], closes - six_seconds, six_seconds) == utc(2026, 11, 25, 3, 30)
    assert find_lasting_opening(DAYTIME, [KOLKATA], closes - timedelta(seconds=7), six_seconds) == closes - timedelta(
        seconds=7
    )
    assert find_lasting_opening(DAYTIME, [KOLKATA], closes, six_seconds) == utc(2026, 11, 25, 3, 30)
    midnight = utc(2026, 11, 24, 23, 59, 58)  # from here on it is another day in UTC, and still open
    assert find_lasting_opening(DAYTIME, [NEW_YORK], midnight, six_seconds) == midnight


# --- clock changes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "saturday_opens", "sunday_opens"),
    [
        (NEW_YORK, utc(2027, 3, 13, 14), utc(2027, 3, 14, 13)),  # an hour is skipped on 2027-03-14
        (NEW_YORK, utc(2027, 11, 6, 13), utc(2027, 11, 7, 14)),  # and one is repeated on 2027-11-07
        (BERLIN, utc(2027, 3, 27, 8), utc(2027, 3, 28, 7)),
        (BERLIN, utc(2027, 10, 30, 7), utc(2027, 10, 31, 8)),
        (LORD_HOWE, utc(2027, 4, 2, 22), utc(2027, 4, 3, 22, 30)),  # by half an hour: +11:00 to +10:30
        (LORD_HOWE, utc(2027, 10, 1, 22, 30), utc(2027, 10, 2, 22)),
    ],
)
def test_it_opens_at_nine_on_the_wall_before_and_after_a_clock_change(
    zone: str, saturday_opens: datetime, sunday_opens: datetime
) -> None:
    assert find_opening(DAYTIME, [zone], saturday_opens - MINUTE) == saturday_opens
    assert find_opening(DAYTIME, [zone], saturday_opens + timedelta(hours=12)) == sunday_opens


def test_hours_that_a_clock_change_skips_do_not_open_that_day() -> None:
    skipped = window("02:00", "03:00")
    assert find_opening(skipped, [BERLIN], utc(2027, 3, 27, 2)) == utc(2027, 3, 29, 0)  # Monday; 27th was over at 02:00
    assert not any(is_open(skipped, [BERLIN], utc(2027, 3, 28) + n * MINUTE) for n in range(24 * 60 - 60))


def test_half_of_a_window_may_be_skipped() -> None:
    half = window("02:30", "03:30")
    assert find_opening(half, [BERLIN], utc(2027, 3, 28, 0)) == utc(2027, 3, 28, 1)  # 03:00, right after the gap
    assert not is_open(half, [BERLIN], utc(2027, 3, 28, 1, 30))


def test_hours_that_a_clock_change_repeats_are_open_both_times() -> None:
    repeated = window("01:00", "02:00")
    assert is_open(repeated, [NEW_YORK], utc(2027, 11, 7, 5))  # the first 01:00
    assert is_open(repeated, [NEW_YORK], utc(2027, 11, 7, 6, 59))  # the second 01:59
    assert find_opening(repeated, [NEW_YORK], utc(2027, 11, 7, 7)) == utc(2027, 11, 8, 6)


def test_a_window_that_ends_within_repeated_hours_opens_twice() -> None:
    twice = window("01:30", "02:30")
    assert is_open(twice, [BERLIN], utc(2027, 10, 31, 0, 29))  # 02:29, the first time
    assert find_opening(twice, [BERLIN], utc(2027, 10, 31, 0, 30)) == utc(2027, 10, 31, 1)  # 02:00 again
    assert find_opening(twice, [BERLIN], utc(2027, 10, 31, 1, 30)) == utc(2027, 11, 1, 0, 30)


def test_half_an_hour_is_repeated_at_lord_howe() -> None:
    night = window("01:30", "02:00")
    assert is_open(night, [LORD_HOWE], utc(2027, 4, 3, 14, 30))  # at +11:00
    assert is_open(night, [LORD_HOWE], utc(2027, 4, 3, 15, 29))  # 01:59 at +10:30
    assert not is_open(night, [LORD_HOWE], utc(2027, 4, 3, 15, 30))  # 02:00


def test_a_date_that_a_zone_skipped_opens_nothing() -> None:
    """Samoa crossed the date line: 2011-12-29 was followed by the 31st."""
    assert find_opening(DAYTIME, ["Pacific/Apia"], utc(2011, 12, 30, 6)) == utc(2011, 12, 30, 19)  # the 31st, 09:00
    friday = window("09:00", "20:00", Weekday.FRI)
    assert find_opening(friday, ["Pacific/Apia"], utc(2011, 12, 30, 6)) == utc(2012, 1, 5, 19)


# --- holidays --------------------------------------------------------------------------------------------------------


def test_nobody_is_called_on_a_holiday_of_the_country() -> None:
    american = window("09:00", "20:00", holidays="US")
    assert find_opening(american, [NEW_YORK], utc(2026, 11, 26, 15)) == utc(2026, 11, 27, 14)  # Thanksgiving
    assert find_opening(DAYTIME, [NEW_YORK], utc(2026, 11, 26, 15)) == utc(2026, 11, 26, 15)


def test_a_part_of_a_country_has_holidays_of_its_own() -> None:
    friday = utc(2026, 11, 27, 15)  # the day after Thanksgiving
    assert find_opening(window("09:00", "20:00", holidays="US-FL"), [NEW_YORK], friday) == utc(2026, 11, 28, 14)
    assert is_open(window("09:00", "20:00", holidays="US"), [NEW_YORK], friday)


def test_the_day_on_which_a_holiday_is_observed_counts() -> None:
    american = window("09:00", "20:00", holidays="US")
    assert find_opening(american, [NEW_YORK], utc(2027, 12, 31, 15)) == utc(2028, 1, 2, 14)  # 2028-01-01 is a Saturday


def test_dates_may_be_named() -> None:
    named = window("09:00", "20:00", holidays=(date(2026, 12, 24), date(2026, 12, 25)))
    assert find_opening(named, [BERLIN], utc(2026, 12, 24, 9)) == utc(2026, 12, 26, 8)


def test_a_holiday_is_one_where_it_is_that_date() -> None:
    named = window("00:00", "00:00", holidays=(date(2026, 12, 25),))
    at = utc(2026, 12, 25, 5)  # still the 24th in Honolulu
    assert is_open(named, [HONOLULU], at)
    assert find_opening(named, [KOLKATA], at) == utc(2026, 12, 25, 18, 30)
    assert find_opening(named, [KOLKATA, HONOLULU], utc(2026, 12, 25, 12)) == utc(2026, 12, 26, 10)


def test_a_window_that_only_holidays_could_open_never_opens() -> None:
    days = tuple(date(2026, 11, 24) + timedelta(days=n) for n in range(500))
    assert find_opening(window("09:00", "20:00", holidays=days), [BERLIN], utc(2026, 11, 25)) is None


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
    seen = next(
        (
            start + n * MINUTE
            for n in range(36 * 60)
            if all(open_by_the_clock(window, zone, start + n * MINUTE) for zone in zones)
        ),
        None,
    )
    said = find_opening(window, zones, start)
    if seen is None:
        assert said is None or said >= start + timedelta(hours=36)
    else:
        assert said == seen
    assert is_open(window, zones, start) is (seen == start)
