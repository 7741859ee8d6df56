"""The sentence on the hours that hold for a job."""

from typing import Any

import pytest

from domain.calling_rules.window_format import describe_window, parse_window

FROM_9 = {"from": "09:00", "to": "20:00"}
SATURDAYS = {"from": "10:00", "to": "24:00", "weekdays": ["sat"]}


def test_no_window_is_said() -> None:
    assert describe_window(None, None) == "No calling window is set: calls may be made at any hour."


@pytest.mark.parametrize(
    ("window", "said"),
    [
        (FROM_9, "from 09:00 to 20:00, by the clock where the contact is."),
        (FROM_9 | {"weekdays": ["mon", "fri"]}, "from 09:00 to 20:00 on mon, fri, by the clock where the contact is."),
        (
            FROM_9 | {"holidays": "US-FL"},
            "from 09:00 to 20:00, by the clock where the contact is, not on holidays of US-FL.",
        ),
        (
            FROM_9 | {"holidays": ["2026-12-25"]},
            "from 09:00 to 20:00, by the clock where the contact is, not on its holidays.",
        ),
        (
            FROM_9 | {"weekdays": ["mon"], "also": [SATURDAYS]},
            "from 09:00 to 20:00 on mon and from 10:00 to 24:00 on sat, by the clock where the contact is.",
        ),
        (
            "us-federal",
            "from 08:00 to 21:00, by the clock where the contact is (calling window us-federal).",
        ),
    ],
)
def test_the_hours_days_and_holidays_are_said(window: Any, said: str) -> None:
    assert describe_window(parse_window(window), None) == f"Calls are made {said}"


def test_the_own_window_goes_before_the_organization_s() -> None:
    nine, ten = parse_window(FROM_9), parse_window(FROM_9 | {"from": "10:00"})
    assert describe_window(ten, nine) == "Calls are made from 10:00 to 20:00, by the clock where the contact is."
    assert describe_window(None, nine) == (
        "Calls are made from 09:00 to 20:00, by the clock where the contact is (the organization's calling window)."
    )
