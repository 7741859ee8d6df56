"""Calling windows by name."""

from datetime import UTC, date, datetime

import pytest

from domain.calling_rules.frequency_caps import ContactFrequency
from domain.calling_rules.presets import PRESETS, get_preset, get_preset_frequency
from domain.calling_rules.window import is_open
from domain.calling_rules.window_format import parse_window


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
        ("uk", "Europe/London", utc(2026, 11, 30, 8), utc(2026, 11, 29, 12)),  # not on Sundays
        ("uk", "Europe/London", utc(2026, 12, 29, 8), utc(2026, 12, 28, 12)),  # Boxing Day, observed on a Monday
        ("ca", "America/Toronto", utc(2026, 11, 25, 2, 29), utc(2026, 11, 25, 2, 30)),  # Tuesday, 21:30
        ("ca", "America/Toronto", utc(2026, 11, 29, 15), utc(2026, 11, 29, 23)),  # Sunday, 10:00 and 18:00
    ],
)
def test_a_preset_opens_and_closes_as_its_rule_says(name: str, zone: str, first: datetime, closed: datetime) -> None:
    window = get_preset(name).window
    assert is_open(window, [zone], first)
    assert not is_open(window, [zone], closed)


@pytest.mark.parametrize("written", ["us-florida", {"preset": "us-florida", "holidays": "US-FL"}])
def test_florida_allows_three_calls_in_24_hours(written: object) -> None:
    assert get_preset_frequency(parse_window(written)) == ContactFrequency(calls_per_24_hours=3)


def test_other_windows_bring_no_cap() -> None:
    unknown = get_preset("ca").window.model_copy(update={"preset": "of an older release"})
    own = parse_window({"from": "08:00", "to": "20:00"})
    assert [get_preset_frequency(window) for window in (get_preset("us-federal").window, own, unknown, None)] == [
        None
    ] * 4
