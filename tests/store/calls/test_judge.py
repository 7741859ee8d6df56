"""The claim's rules, on facts alone: one reason each, in their order."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.calling_rules.frequency_caps import ContactFrequency, EarlierCall
from domain.calling_rules.window import CallingWindow
from domain.calls.dispatch import NotNow, NotNowReason
from domain.statuses import ContactStatus
from store.calls.claim_rules import PACE_AHEAD, Blocked, ContactFacts, JobFacts, judge

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
NIGHT = CallingWindow.model_validate({"from_": "20:00", "to": "21:00"})
ONE_A_DAY = ContactFrequency.model_validate({"callsPer24Hours": 1})
LATER = NOW + timedelta(minutes=5)


def a_job(**facts: Any) -> JobFacts:
    usual: dict[str, Any] = {
        **dict.fromkeys(JobFacts.model_fields),
        "id": "batch_1",
        "now": NOW,
        "dialling": True,
        "hold": Decimal(10),
        "rate_per_minute": Decimal("0.0175"),
        "spent": Decimal(0),
        "credits_unlimited": False,
        "free": Decimal(0),
        "live_minutes": Decimal(0),
        "from_number": "+12025550100",
        "phone_number_id": "phone_1",
        "carrier_account_id": "twilio",
        "calls_per_second": Decimal(1),
        "allowed_countries": frozenset({"US"}),
        "job_limit": 5,
        "job_live": 0,
        "organization_limit": 5,
        "organization_live": 0,
    }
    return JobFacts.model_validate(usual | facts)


def a_contact(**facts: Any) -> ContactFacts:
    usual: dict[str, Any] = {
        "id": "contact_1",
        "job_id": "batch_1",
        "status": ContactStatus.PENDING,
        "dials": 0,
        "number": "+12025550101",
        "country": "US",
        "zones": ["America/New_York"],
        "listed": False,
        "pair_live": False,
    }
    return ContactFacts.model_validate(usual | facts)


def test_nothing_speaks_against_it() -> None:
    assert judge(a_job(), a_contact(), 1, []) is None


@pytest.mark.parametrize(
    ("reason", "job", "contact"),
    [
        (NotNowReason.GATE, {"dialling": False}, {}),
        (NotNowReason.GATE, {"end_time": NOW + timedelta(seconds=1)}, {}),
        (NotNowReason.CONTACT, {}, {"status": ContactStatus.DIALING, "dials": 1}),
        (NotNowReason.CONTACT, {}, {"dials": 1}),
        (NotNowReason.TIMEZONE, {}, {"zones": None}),
        (NotNowReason.WINDOW, {"job_window": NIGHT}, {}),
        (NotNowReason.WINDOW, {"organization_window": NIGHT}, {}),
        (NotNowReason.STOPPED, {"organization_stopped_at": NOW}, {}),
        (NotNowReason.ACCOUNT, {"account_stopped_at": NOW}, {}),
        (NotNowReason.NUMBER, {"number_stopped_at": NOW}, {}),
        (NotNowReason.ACCOUNT, {"account_closed_until": LATER}, {}),
        (NotNowReason.NUMBER, {"number_closed_until": LATER}, {}),
        (NotNowReason.NUMBER, {"number_closed_until": NOW, "number_probe_dial_id": "call_1"}, {}),
        (NotNowReason.MAX_COST, {"max_cost": Decimal("0.05"), "live_minutes": Decimal(2)}, {}),
        (NotNowReason.CREDITS, {"hold": Decimal(0)}, {}),
        (NotNowReason.LINE, {"job_live": 5}, {}),
        (NotNowReason.LINE, {"organization_live": 5}, {}),
        (NotNowReason.LINE, {"organization_live": 5, "job_live": 5}, {}),
        (NotNowReason.PAIR, {}, {"pair_live": True}),
        (NotNowReason.PACING, {"next_slot_at": NOW + PACE_AHEAD + timedelta(milliseconds=1)}, {}),
    ],
)
def test_one_thing_speaks_against_it(reason: NotNowReason, job: dict[str, Any], contact: dict[str, Any]) -> None:
    judged = judge(a_job(**job), a_contact(**contact), 1, [])

    assert isinstance(judged, NotNow)
    assert judged.reason is reason


@pytest.mark.parametrize("contact", [{"listed": True}, {"country": "FR"}])
def test_who_must_never_be_called_is_blocked(contact: dict[str, Any]) -> None:
    assert isinstance(judge(a_job(), a_contact(**contact), 1, []), Blocked)


def test_a_slot_that_comes_soon_is_given() -> None:
    assert judge(a_job(next_slot_at=NOW + PACE_AHEAD), a_contact(), 1, []) is None


def test_a_gate_whose_time_is_over_lets_one_through() -> None:
    assert judge(a_job(account_closed_until=NOW, number_closed_until=NOW), a_contact(), 1, []) is None


def test_a_cap_holds_until_the_earlier_call_is_old() -> None:
    earlier = [EarlierCall(asked_at=NOW - timedelta(hours=3))]

    judged = judge(a_job(job_frequency=ONE_A_DAY), a_contact(), 1, earlier)

    assert isinstance(judged, NotNow)
    assert (judged.reason, judged.until) == (NotNowReason.FREQUENCY, NOW + timedelta(hours=21))
    assert judge(a_job(), a_contact(), 1, earlier) is None


def test_what_holds_the_contact_for_good_comes_before_what_passes() -> None:
    job = a_job(organization_stopped_at=NOW, job_window=NIGHT, job_live=5)

    assert isinstance(judge(job, a_contact(listed=True), 1, []), Blocked)


@pytest.mark.parametrize(
    ("live", "share", "expected"),
    [
        ({"job_live": 1}, 2, None),
        ({"job_live": 2}, 2, NotNowReason.OWN_LINES),
        ({"job_live": 5, "organization_live": 5}, 9, NotNowReason.OWN_LINES),  # its own limit, whatever its share
        ({"job_live": 1, "organization_live": 5}, 2, NotNowReason.LINE),  # others have them
    ],
)
def test_a_job_has_no_more_calls_than_its_share_of_lines(
    live: dict[str, int], share: int, expected: NotNowReason | None
) -> None:
    judged = judge(a_job(**live), a_contact(), 1, (), share)

    assert (judged.reason if isinstance(judged, NotNow) else judged) is expected
