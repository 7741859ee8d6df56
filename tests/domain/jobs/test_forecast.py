"""What a calling window and an end mean for a job, said when it is created."""

import time as time_module
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

from domain.calling_rules.window import CallingWindow, Weekday
from domain.jobs.forecast import ALWAYS, Group, forecast, is_short, window_warnings

BERLIN, NEW_YORK, HONOLULU, KOLKATA = "Europe/Berlin", "America/New_York", "Pacific/Honolulu", "Asia/Kolkata"
DAYTIME = CallingWindow(from_=time(9), to=time(20))
MORNING = datetime(2026, 11, 24, 8, tzinfo=UTC)  # a Tuesday, 09:00 in Berlin


def warnings(
    zones: Mapping[tuple[str, ...], int],
    window: CallingWindow | None = DAYTIME,
    *,
    start: datetime = MORNING,
    end_time: datetime | None = None,
    lines: int = 5,
) -> list[str]:
    groups = {Group(each): count for each, count in zones.items()}
    return window_warnings(window, groups, timezone=BERLIN, start=start, end_time=end_time, lines=lines)


def test_a_job_that_fits_into_its_first_day_has_no_warnings() -> None:
    assert warnings({(BERLIN,): 1650}) == []  # 11 hours, 30 calls an hour on each of 5 lines
    assert warnings({(BERLIN,): 150}, end_time=MORNING + timedelta(hours=1)) == []


def test_without_a_window_and_an_end_there_is_nothing_to_say() -> None:
    assert warnings({(BERLIN,): 10_000}, None, lines=1) == []


def test_it_says_how_many_are_likely_not_reached_before_the_end() -> None:
    said = (
        "About 50 of 200 contacts are likely not reached before endTime: there are too few hours in which they may be "
        "called, with 5 lines and 2 minutes a call."
    )
    assert warnings({(BERLIN,): 200}, end_time=MORNING + timedelta(hours=1)) == [said]
    assert warnings({(BERLIN,): 200}, None, end_time=MORNING + timedelta(hours=1)) == [said]


def test_hours_outside_the_window_do_not_count() -> None:
    """Nine hours, of which the window is open in the first."""
    brief = CallingWindow(from_=time(9), to=time(10))
    (said,) = warnings({(BERLIN,): 31}, brief, end_time=MORNING + timedelta(hours=9), lines=1)
    assert said.startswith("About 1 of 31 contacts are likely not reached before endTime")
    assert said.endswith("with 1 line and 2 minutes a call.")


def test_contacts_whose_window_opens_after_the_end_are_not_reached() -> None:
    (said,) = warnings({(BERLIN,): 10, (HONOLULU,): 7}, end_time=MORNING + timedelta(hours=2))
    assert said.startswith("About 7 of 17 contacts are likely not reached before endTime")


def test_those_whose_window_closes_first_are_counted_first() -> None:
    """Kolkata closes at 14:30 UTC, New York opens at 14:00: all can be reached if Kolkata is called first."""
    until = MORNING + timedelta(hours=8)
    assert warnings({(KOLKATA,): 195, (NEW_YORK,): 45}, start=MORNING, end_time=until, lines=1) == []


def test_it_says_how_many_days_a_job_takes() -> None:
    assert warnings({(BERLIN,): 2000}) == [
        "With this calling window and 5 lines the job takes about 2 days, until 2026-11-25 10:20 UTC."
    ]


def test_days_on_which_nobody_is_called_count() -> None:
    assert warnings({(BERLIN,): 2000}, DAYTIME.model_copy(update={"weekdays": (Weekday.TUE, Weekday.FRI)})) == [
        "With this calling window and 5 lines the job takes about 4 days, until 2026-11-27 10:20 UTC."
    ]
    assert warnings({(BERLIN,): 2000}, DAYTIME.model_copy(update={"weekdays": (Weekday.TUE,)})) == [
        "With this calling window and 5 lines the job takes about 8 days, until 2026-12-01 10:20 UTC."
    ]


def test_contacts_without_a_zone_of_their_own_are_judged_in_the_jobs() -> None:
    assert warnings({(): 1650, (BERLIN,): 350}) == warnings({(BERLIN,): 2000})


def test_it_says_that_zones_have_no_hour_in_common() -> None:
    brief = CallingWindow(from_=time(9), to=time(10))
    assert warnings({(BERLIN,): 10, (KOLKATA, HONOLULU): 3}, brief) == [
        "3 contacts cannot be called: they may be in any of Asia/Kolkata, Pacific/Honolulu, "
        "and the calling window opens at no hour that these have in common."
    ]


def test_many_zones_are_not_all_named() -> None:
    brief = CallingWindow(from_=time(9), to=time(10))
    (said,) = warnings({(KOLKATA, HONOLULU, BERLIN, NEW_YORK, "UTC"): 1}, brief)
    assert said.startswith(
        "1 contact cannot be called: they may be in any of Asia/Kolkata, Pacific/Honolulu, Europe/Berlin and 2 more,"
    )


def test_it_says_that_a_window_never_opens() -> None:
    closed = DAYTIME.model_copy(update={"holidays": tuple(date(2026, 11, 24) + timedelta(days=n) for n in range(500))})
    assert warnings({(BERLIN,): 10, (KOLKATA,): 5}, closed) == [
        "Nobody can be called: the calling window does not open within 400 days."
    ]


def test_a_job_that_would_take_years_is_said_to_not_reach_all() -> None:
    minute = CallingWindow(from_=time(9), to=time(9, 1))
    (said,) = warnings({(BERLIN,): 10_000}, minute, lines=1)
    assert said.startswith("About 9,950 of 10,000 contacts are likely not reached within 100 days")


def test_an_end_far_away_is_judged_for_a_hundred_days() -> None:
    minute = CallingWindow(from_=time(9), to=time(9, 1))
    (said,) = warnings({(BERLIN,): 10_000}, minute, end_time=MORNING + timedelta(days=300), lines=1)
    assert said.startswith("About 9,950 of 10,000 contacts are likely not reached within 100 days")


def test_nobody_is_called_before_an_earliest_time() -> None:
    later = MORNING + timedelta(days=3)
    groups = {Group((BERLIN,)): 10, Group((BERLIN,), later): 10, Group((BERLIN,), MORNING - timedelta(days=1)): 10}
    assert forecast(ALWAYS, groups, start=MORNING, end_time=None, lines=5).finish == later + timedelta(minutes=4)
    assert window_warnings(None, groups, timezone=BERLIN, start=MORNING, end_time=None, lines=5) == [
        "With the contacts' earliest times and 5 lines the job takes about 4 days, until 2026-11-27 08:04 UTC."
    ]
    (said,) = window_warnings(
        None, groups, timezone=BERLIN, start=MORNING, end_time=later + timedelta(minutes=2), lines=5
    )
    assert said.startswith("About 5 of 30 contacts are likely not reached before endTime")


def test_an_earliest_time_outside_the_window_waits_for_its_opening() -> None:
    evening = Group((BERLIN,), MORNING + timedelta(hours=12))
    assert forecast(DAYTIME, {evening: 1}, start=MORNING, end_time=None, lines=1).finish == MORNING + timedelta(
        days=1, minutes=2
    )
    (said,) = window_warnings(DAYTIME, {evening: 1}, timezone=BERLIN, start=MORNING, end_time=None, lines=1)
    assert said.startswith(
        "With this calling window, the contacts' earliest times and 1 line the job takes about 2 days"
    )


def test_ten_thousand_earliest_times_are_forecast_at_once() -> None:
    groups = {Group((BERLIN,), MORNING + timedelta(minutes=13 * number)): 1 for number in range(10_000)}
    began = time_module.monotonic()
    finish = forecast(DAYTIME, groups, start=MORNING, end_time=None, lines=5).finish
    assert time_module.monotonic() - began < 10
    last = MORNING + timedelta(minutes=13 * 9_999)
    assert finish is not None
    assert last <= finish < last + timedelta(days=2)


def test_what_is_said_to_be_short_is() -> None:
    minute = CallingWindow(from_=time(9), to=time(9, 1))
    zones = ("America/New_York", "America/Chicago", "America/Denver", BERLIN, "Asia/Tokyo", "Pacific/Honolulu")
    groups = {Group((zone,), MORNING + timedelta(days=10 * at)): 1_666 for at, zone in enumerate(zones)}
    assert is_short(minute, groups)
    began = time_module.process_time()
    forecast(minute, groups, start=MORNING, end_time=None, lines=1)
    assert time_module.process_time() - began < 0.1  # 3 ms, on a machine that may be slow


def test_what_may_take_a_year_of_days_is_not_short() -> None:
    assert is_short(None, {Group((BERLIN, "Asia/Tokyo")): 1})
    assert not is_short(DAYTIME, {Group((BERLIN, "Asia/Tokyo")): 1})
    assert not is_short(DAYTIME.model_copy(update={"holidays": "US"}), {Group((BERLIN,)): 1})
    assert not is_short(DAYTIME, {Group((BERLIN,), MORNING + timedelta(days=at)): 1 for at in range(7)})
