"""Calling windows as JSON, and as a sentence."""

from datetime import date, time
from typing import Any

import pytest

from domain.calling_rules.presets import PRESETS
from domain.calling_rules.window import CallingWindow, Weekday
from domain.calling_rules.window_format import InvalidWindow, describe_window, dump_window, parse_window

EVERY_DAY = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
NINE = {"from": "09:00", "to": "20:00"}
SATURDAYS = {"from": "10:00", "to": "24:00", "weekdays": ["sat"]}


def test_an_object_is_read() -> None:
    assert parse_window({"from": "09:00", "to": "20:00", "weekdays": ["fri", "mon"], "holidays": "US-FL"}) == (
        CallingWindow(from_=time(9), to=time(20), weekdays=(Weekday.MON, Weekday.FRI), holidays="US-FL")
    )


def test_every_day_is_meant_where_no_weekdays_are_given() -> None:
    written = {"from": "09:30", "to": "24:00"}
    assert dump_window(parse_window(written)) == written | {"weekdays": EVERY_DAY, "holidays": None}


def test_holidays_may_be_dates_and_null_is_not_given() -> None:
    dates = ["2026-12-25", "2026-01-01"]
    read = parse_window({"from": "00:00", "to": "00:00", "weekdays": None, "holidays": dates})
    assert read.holidays == (date(2026, 1, 1), date(2026, 12, 25))
    assert dump_window(read)["holidays"] == sorted(dates)


def test_a_preset_is_read_by_its_name_and_given_back_with_its_hours() -> None:
    assert dump_window(parse_window("ca")) == {
        "from": "09:00",
        "to": "21:30",
        "weekdays": EVERY_DAY[:5],
        "holidays": None,
        "preset": "ca",
        "also": [{"from": "10:00", "to": "18:00", "weekdays": ["sat", "sun"]}],
    }


@pytest.mark.parametrize("name", PRESETS)
def test_what_is_given_back_can_be_sent_again(name: str) -> None:
    window = parse_window(name)
    assert parse_window(dump_window(window)) == window
    assert CallingWindow.model_validate(window.model_dump(mode="json")) == window


def test_holidays_can_be_added_to_a_preset() -> None:
    window = parse_window({"preset": "us-federal", "holidays": "US"})
    assert (window.preset, window.holidays, window.to) == ("us-federal", "US", time(21))


NO_OBJECT = "must be an object with from and to, or one of us-federal, us-florida, uk, ca"
NO_TIME = "must be a time of day such as 09:00"
TOO_EARLY = "must be later than from: a window ends at midnight, 24:00, at the latest"
NO_HOURS = "must be an array of at most 14 objects with from, to and weekdays"
NO_HOLIDAYS = 'must be a country or a part of one, as "US" or "US-FL", or an array of at most 366 dates'
NOT_THE_PRESET = "is not that of uk: leave out preset to set hours of your own"
DAYS = "mon, tue, wed, thu, fri, sat, sun"


@pytest.mark.parametrize(
    ("value", "path", "reason"),
    [
        (None, "", NO_OBJECT),
        (9, "", NO_OBJECT),
        ("mars", "", "must be one of us-federal, us-florida, uk, ca"),
        ({"to": "20:00"}, "from", NO_TIME),
        (NINE | {"from": "9:00"}, "from", NO_TIME),
        (NINE | {"from": "24:00"}, "from", NO_TIME),
        (NINE | {"to": "20:00:00"}, "to", NO_TIME),
        (NINE | {"to": "08:00"}, "to", TOO_EARLY),
        (NINE | {"to": "09:00"}, "to", TOO_EARLY),
        (NINE | {"also": {}}, "also", NO_HOURS),
        (NINE | {"also": [{"from": "11:00"}]}, "also[0].to", NO_TIME),
        (NINE | {"weekdays": []}, "weekdays", f"must be an array of at least one of {DAYS}"),
        (NINE | {"weekdays": ["mon", "Tuesday"]}, "weekdays[1]", f"must be one of {DAYS}"),
        (NINE | {"holidays": "Mars"}, "holidays", NO_HOLIDAYS),
        (NINE | {"holidays": ["2026-02-30"]}, "holidays[0]", "must be a date such as 2026-12-25"),
        (NINE | {"weekday": []}, "", "may have also, from, holidays, preset, to, weekdays only, not 'weekday'"),
        ({"preset": "uk", "from": "06:00"}, "from", NOT_THE_PRESET),
        ({"preset": "uk", "holidays": []}, "holidays", NOT_THE_PRESET),
    ],
)
def test_a_problem_is_named_with_its_place(value: Any, path: str, reason: str) -> None:
    with pytest.raises(InvalidWindow) as problem:
        parse_window(value)
    assert (problem.value.path, problem.value.reason) == (path, reason)


@pytest.mark.parametrize(
    ("window", "hours"),
    [
        (NINE, "from 09:00 to 20:00, by the clock where the contact is."),
        (
            NINE | {"weekdays": ["mon", "fri"], "holidays": "US-FL"},
            "from 09:00 to 20:00 on mon, fri, by the clock where the contact is, not on holidays of US-FL.",
        ),
        (
            NINE | {"weekdays": ["mon"], "also": [SATURDAYS], "holidays": ["2026-12-25"]},
            "from 09:00 to 20:00 on mon and from 10:00 to 24:00 on sat, by the clock where the contact is,"
            " not on its holidays.",
        ),
        ("us-federal", "from 08:00 to 21:00, by the clock where the contact is (calling window us-federal)."),
    ],
)
def test_a_window_is_described_by_hours_days_and_holidays(window: Any, hours: str) -> None:
    assert describe_window(parse_window(window), None) == f"Calls are made {hours}"


def test_the_own_window_goes_before_the_organization_s() -> None:
    nine, ten = parse_window(NINE), parse_window(NINE | {"from": "10:00"})
    assert describe_window(ten, nine) == "Calls are made from 10:00 to 20:00, by the clock where the contact is."
    assert describe_window(None, nine) == (
        "Calls are made from 09:00 to 20:00, by the clock where the contact is (the organization's calling window)."
    )
    assert describe_window(None, None) == "No calling window is set: calls may be made at any hour."
