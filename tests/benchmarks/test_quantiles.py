"""What the suite makes of several runs."""

import math

import pytest

from benchmarks.quantiles import digits_for, quantile, spread


@pytest.mark.parametrize(("share", "expected"), [(0.0, 1), (0.01, 1), (0.5, 50), (0.99, 99), (0.995, 100), (1.0, 100)])
def test_a_quantile_is_a_value_that_was_measured(share: float, expected: float) -> None:
    assert quantile(list(range(100, 0, -1)), share) == expected


def test_a_single_value_is_every_quantile() -> None:
    assert [quantile([7.0], share) for share in (0.0, 0.5, 0.99, 1.0)] == [7.0] * 4


def test_there_is_no_quantile_of_nothing() -> None:
    with pytest.raises(ValueError, match="no values"):
        quantile([], 0.5)


@pytest.mark.parametrize(
    ("values", "digits", "shown"),
    [
        ([], 1, "–"),
        ([2.0], 1, "2.0"),
        ([1.0, 9.0, 2.0], 0, "2 (1–9)"),
        ([1234.5, 1000.0], 0, "1,117 (1,000–1,234)"),
        ([0.5, 0.5, 0.5], 2, "0.50"),
        ([math.inf, 1.0, 2.0], 0, "2 (1–inf)"),
    ],
)
def test_several_runs_are_shown_by_their_median_and_their_range(values: list[float], digits: int, shown: str) -> None:
    assert spread(values, digits) == shown


@pytest.mark.parametrize(
    ("value", "digits"),
    [(0.0, 0), (0.04, 3), (0.963, 3), (1.2, 2), (13.04, 1), (130.4, 0), (-2.5, 2), (1e9, 0), (math.inf, 0)],
)
def test_about_three_figures_are_shown(value: float, digits: int) -> None:
    assert digits_for(value) == digits
