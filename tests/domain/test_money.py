"""What calls cost, what is promised before, and how it is shown."""

from decimal import Decimal

import pytest

from domain.jobs.estimate import estimate
from domain.money import compute_cost, estimate_cost, format_dollars
from domain.statuses import Architecture

PIPELINE, REALTIME = Architecture.PIPELINE, Architecture.REALTIME


@pytest.mark.parametrize(
    ("contacts", "architecture", "cost", "text"),
    [
        (1, PIPELINE, "0.035", "$0.04"),
        (1, REALTIME, "0.07", "$0.07"),
        (3, PIPELINE, "0.105", "$0.11"),  # half-up
        (100, PIPELINE, "3.5", "$3.50"),
        (10_000, REALTIME, "700", "$700.00"),
    ],
)
def test_the_estimate_is_exact_and_shown_to_the_cent(
    contacts: int, architecture: Architecture, cost: str, text: str
) -> None:
    promised = estimate(contacts, architecture, job_limit=5, organization_limit=5)
    assert promised.cost == estimate_cost(contacts, architecture) == Decimal(cost)  # of one: what a live call reserves
    assert format_dollars(promised.cost) == text


@pytest.mark.parametrize(
    ("contacts", "job", "organization", "text"),
    [
        (1, 5, 5, "2 minutes"),
        (5, 5, 5, "2 minutes"),
        (6, 5, 5, "4 minutes"),
        (100, 5, 50, "40 minutes"),
        (100, 50, 5, "40 minutes"),
        (145, 5, 5, "58 minutes"),
        (146, 5, 5, "1 hours 0 minutes"),
        (1000, 10, 10, "3 hours 20 minutes"),
        (10_000, 1, 1000, "333 hours 20 minutes"),
    ],
)
def test_the_duration_is_waves_of_two_minutes(contacts: int, job: int, organization: int, text: str) -> None:
    promised = estimate(contacts, PIPELINE, job_limit=job, organization_limit=organization)
    assert promised.duration_text == text


@pytest.mark.parametrize(
    ("seconds", "rate", "cost"),
    [
        (0, "0.0175", "0.000000"),
        (60, "0.0175", "0.017500"),
        (1, "0.0175", "0.000292"),  # 0.00029166…
        (9, "0.0175", "0.002625"),
        (3, "0.00001", "0.000001"),  # half-up of 0.0000005
        (900, "0.035", "0.525000"),
    ],
)
def test_a_call_costs_its_seconds_to_six_decimals(seconds: int, rate: str, cost: str) -> None:
    assert str(compute_cost(seconds, Decimal(rate))) == cost


@pytest.mark.parametrize(("amount", "text"), [("0.005", "$0.01"), ("0.0049", "$0.00"), ("1234.5", "$1,234.50")])
def test_dollars_are_shown_half_up(amount: str, text: str) -> None:
    assert format_dollars(Decimal(amount)) == text
