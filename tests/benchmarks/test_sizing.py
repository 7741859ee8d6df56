"""The model of docs/scaling.md: its arithmetic, and that the page says what it says."""

from pathlib import Path

import pytest

from benchmarks.sizing import MEASURED, PEAK, Costs, Day, cpu_by_length, needs, table

PAGE = Path(__file__).parents[2] / "docs" / "scaling.md"


def test_the_page_has_the_models_table() -> None:
    assert table() in PAGE.read_text()


def test_the_page_says_what_a_call_costs() -> None:
    page = PAGE.read_text()
    assert (
        f"{MEASURED.cpu_ms:g} ms of a core for each call, and {MEASURED.cpu_ms_a_second:g} ms for each second" in page
    )
    assert f"{MEASURED.stored_bytes / 1000:g} kB that stay" in page


def test_two_lengths_make_a_cost_of_a_call_and_of_a_second() -> None:
    assert cpu_by_length(20, 2, 38, 20) == pytest.approx((18, 1))


def test_calls_that_are_not_dearer_when_longer_cost_nothing_a_second() -> None:
    assert cpu_by_length(20, 2, 19, 20) == (20, 0)


def test_a_day_takes_what_its_busiest_minute_takes() -> None:
    costs = Costs(cpu_ms=10, cpu_ms_a_second=1, transactions=5, events=3, log_bytes=2e6, stored_bytes=1e6)
    found = needs(costs, Day(calls=36_000, hours=1, seconds=50))
    assert found.rate == 10 * PEAK
    assert found.lines == 750
    assert found.cores == 2  # 15 calls a second of 60 ms each are 0.9 of a core, 60 % used
    assert (found.transactions, found.events, found.log_megabytes) == (75, 45, 30)
    assert found.stored_gigabytes == 36_000 * 30 / 1000
