"""Calling windows by name, and as JSON."""

from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from domain.calling_rules.frequency_caps import ContactFrequency
from domain.calling_rules.presets import PRESETS, get_preset, get_preset_frequency
from domain.calling_rules.window import CallingWindow, Weekday, is_open
from domain.calling_rules.window_format import InvalidWindow, dump_window, parse_window

EVERY_DAY = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WORKDAYS = EVERY_DAY[:5]


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


def test_there_are_four_presets_each_with_sources_and_the_day_they_were_read() -> None:
    assert PRESETS == ("us-federal", "us-florida", "uk", "ca")
    for name in PRESETS:
        assert get_preset(name).sources
        assert get_preset(name).checked >= date(2026, 11, 24)
        assert "check with a lawyer" in get_preset(name).note


@pytest.mark.parametrize(
    ("name", "zone", "first", "closed"),
    [
        ("us-federal", "America/Chicago", utc(2026, 11, 29, 14), utc(2026, 11, 30, 3)),  # a Sunday, 8:00 and 21:00
        ("us-florida", "America/New_York", utc(2026, 11, 24, 13), utc(2026, 11, 25, 1)),  # 8:00 and 20:00
        ("uk", "Europe/London", utc(2026, 11, 24, 8), utc(2026, 11, 24, 21)),
        ("uk", "Europe/London", utc(2026, 11, 28, 9), utc(2026, 11, 28, 8, 59)),  # Saturday
        ("ca", "America/Toronto", utc(2026, 11, 25, 2, 29), utc(2026, 11, 25, 2, 30)),  # Tuesday, 21:30
        ("ca", "America/Toronto", utc(2026, 11, 29, 15), utc(2026, 11, 29, 23)),  # Sunday, 10:00 and 18:00
    ],
)
def test_a_preset_opens_and_closes_as_its_rule_says(name: str, zone: str, first: datetime, closed: datetime) -> None:
    window = get_preset(name).window
    assert is_open(window, [zone], first)
    assert not is_open(window, [zone], closed)


def test_the_united_kingdom_is_not_called_on_sundays_and_bank_holidays() -> None:
    window = get_preset("uk").window
    assert not is_open(window, ["Europe/London"], utc(2026, 11, 29, 12))
    assert not is_open(window, ["Europe/London"], utc(2026, 12, 28, 12))  # Boxing Day, observed on a Monday


def test_florida_allows_three_calls_in_24_hours() -> None:
    assert get_preset_frequency(get_preset("us-florida").window) == ContactFrequency(calls_per_24_hours=3)
    assert get_preset_frequency(parse_window({"preset": "us-florida", "holidays": "US-FL"})) == (
        ContactFrequency(calls_per_24_hours=3)
    )


def test_other_windows_bring_no_cap() -> None:
    assert get_preset_frequency(get_preset("us-federal").window) is None
    assert get_preset_frequency(None) is None
    assert get_preset_frequency(parse_window({"from": "08:00", "to": "20:00"})) is None
    assert get_preset_frequency(get_preset("ca").window.model_copy(update={"preset": "of an older release"})) is None


# --- as JSON ---------------------------------------------------------------------------------------------------------


def test_an_object_is_read() -> None:
    assert parse_window({"from": "09:00", "to": "20:00", "weekdays": ["fri", "mon"], "holidays": "US-FL"}) == (
        CallingWindow(from_=time(9), to=time(20), weekdays=(Weekday.MON, Weekday.FRI), holidays="US-FL")
    )


def test_every_day_is_meant_where_no_weekdays_are_given() -> None:
    assert dump_window(parse_window({"from": "09:30", "to": "24:00"})) == {
        "from": "09:30",
        "to": "24:00",
        "weekdays": EVERY_DAY,
        "holidays": None,
    }


def test_holidays_may_be_dates_and_null_is_not_given() -> None:
    read = parse_window({"from": "00:00", "to": "00:00", "weekdays": None, "holidays": ["2026-12-25", "2026-01-01"]})
    assert read.holidays == (date(2026, 1, 1), date(2026, 12, 25))
    assert dump_window(read)["holidays"] == ["2026-01-01", "2026-12-25"]


def test_a_preset_is_read_by_its_name_and_given_back_with_its_hours() -> None:
    assert dump_window(parse_window("ca")) == {
        "from": "09:00",
        "to": "21:30",
        "weekdays": WORKDAYS,
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


@pytest.mark.parametrize(
    ("value", "path", "reason"),
    [
        (None, "", "must be an object with from and to, or one of us-federal, us-florida, uk, ca"),
        (9, "", "must be an object with from and to, or one of us-federal, us-florida, uk, ca"),
        ("mars", "", "must be one of us-federal, us-florida, uk, ca"),
        ({"to": "20:00"}, "from", "must be a time of day such as 09:00"),
        ({"from": "9:00", "to": "20:00"}, "from", "must be a time of day such as 09:00"),
        ({"from": "24:00", "to": "24:00"}, "from", "must be a time of day such as 09:00"),
        ({"from": "09:00", "to": "20:00:00"}, "to", "must be a time of day such as 09:00"),
        (
            {"from": "20:00", "to": "08:00"},
            "to",
            "must be later than from: a window ends at midnight, 24:00, at the latest",
        ),
        (
            {"from": "09:00", "to": "09:00"},
            "to",
            "must be later than from: a window ends at midnight, 24:00, at the latest",
        ),
        (
            {"from": "09:00", "to": "10:00", "also": {}},
            "also",
            "must be an array of at most 14 objects with from, to and weekdays",
        ),
        (
            {"from": "09:00", "to": "10:00", "weekdays": []},
            "weekdays",
            "must be an array of at least one of mon, tue, wed, thu, fri, sat, sun",
        ),
        (
            {"from": "09:00", "to": "10:00", "weekdays": ["mon", "Tuesday"]},
            "weekdays[1]",
            "must be one of mon, tue, wed, thu, fri, sat, sun",
        ),
        (
            {"from": "09:00", "to": "10:00", "holidays": "Mars"},
            "holidays",
            'must be a country or a part of one, as "US" or "US-FL", or an array of at most 366 dates',
        ),
        (
            {"from": "09:00", "to": "10:00", "holidays": ["2026-02-30"]},
            "holidays[0]",
            "must be a date such as 2026-12-25",
        ),
        (
            {"from": "09:00", "to": "10:00", "weekday": ["mon"]},
            "",
            "may have also, from, holidays, preset, to, weekdays only, not 'weekday'",
        ),
        (
            {"from": "09:00", "to": "10:00", "also": [{"from": "11:00"}]},
            "also[0].to",
            "must be a time of day such as 09:00",
        ),
        (
            {"preset": "uk", "from": "06:00"},
            "from",
            "is not that of uk: leave out preset to set hours of your own",
        ),
        (
            {"preset": "uk", "holidays": []},
            "holidays",
            "is not that of uk: leave out preset to set hours of your own",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(value: Any, path: str, reason: str) -> None:
    with pytest.raises(InvalidWindow) as problem:
        parse_window(value)
    assert (problem.value.path, problem.value.reason) == (path, reason)
