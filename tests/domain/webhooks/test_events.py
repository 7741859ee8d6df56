"""What follows an answer to a webhook: delivered, tried again, given up, or the endpoint disabled."""

from datetime import timedelta

import pytest

from domain.errors import InvalidRequest
from domain.webhooks.events import AttemptResult, DeliveryStatus, EventType, decide_follow_up, find_disable_reason
from domain.webhooks.fields import read_new_webhook, read_webhook_change

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
ERROR = AttemptResult(code=500, error="It answered 500.")


@pytest.mark.parametrize("code", [200, 201, 204, 299])
def test_any_2xx_is_delivered(code: int) -> None:
    assert decide_follow_up(AttemptResult(code=code), 3).status is DeliveryStatus.DELIVERED


def test_tries_are_5_s_to_24_h_apart_and_then_given_up() -> None:
    delays = [decide_follow_up(ERROR, failures).delay for failures in range(10)]
    assert delays == [
        5 * SECOND,
        30 * SECOND,
        120 * SECOND,
        600 * SECOND,
        HOUR,
        4 * HOUR,
        12 * HOUR,
        DAY,
        DAY,
        DAY,
    ]
    assert decide_follow_up(ERROR, 10).status is DeliveryStatus.FAILED


def test_a_receiver_may_ask_for_more_time_but_not_for_less_or_for_ever() -> None:
    assert decide_follow_up(ERROR.model_copy(update={"retry_after": 60 * SECOND}), 0).delay == 60 * SECOND
    assert decide_follow_up(ERROR.model_copy(update={"retry_after": SECOND}), 1).delay == 30 * SECOND
    assert decide_follow_up(ERROR.model_copy(update={"retry_after": 99 * DAY}), 0).delay == DAY


def test_what_is_refused_is_not_tried_again() -> None:
    following = decide_follow_up(AttemptResult(error="Refused.", refused=True), 0)
    assert (following.status, following.delay) == (DeliveryStatus.REFUSED, None)


def test_an_endpoint_is_disabled_after_days_without_success_or_when_it_is_gone() -> None:
    assert find_disable_reason(ERROR, 5 * DAY) == "Every delivery failed for 5 days."
    assert find_disable_reason(ERROR, 5 * DAY - SECOND) is None
    assert (
        find_disable_reason(AttemptResult(code=410, error="It answered 410."), timedelta()) == "It answered 410 Gone."
    )
    assert find_disable_reason(AttemptResult(code=200), 9 * DAY) is None


def test_the_fields_of_a_new_webhook_are_read() -> None:
    read = read_new_webhook(
        {
            "url": "https://example.com",
            "events": ["credits.low", "batch.failed", "batch.failed"],
            "description": " CRM ",
            "creditsBelow": "2.5",
        }
    )
    assert read["events"] == (EventType.BATCH_FAILED, EventType.CREDITS_LOW)
    assert read["description"] == "CRM"
    assert str(read["credits_below"]) == "2.5"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"events": ["batch.failed"]}, "url"),
        ({"url": "https://example.com"}, "events"),
        ({"url": "https://example.com", "events": []}, "events"),
        ({"url": "https://example.com", "events": "batch.failed"}, "events"),
        ({"url": "https://example.com", "events": ["batch.exploded"]}, "events"),
        ({"url": "https://example.com", "events": [["batch.failed"]]}, "events"),
        ({"url": "https://example.com", "events": ["webhook.test"]}, "events"),
        ({"url": "https://example.com", "events": ["batch.failed"], "creditsBelow": -1}, "creditsBelow"),
        ({"url": "https://example.com", "events": ["batch.failed"], "description": "x" * 1001}, "description"),
    ],
)
def test_a_bad_field_of_a_webhook_is_named(body: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        read_new_webhook(body)
    assert [detail["field"] for detail in refusal.value.details] == [field]


def test_a_change_names_only_what_changes() -> None:
    assert read_webhook_change({"enabled": False, "description": None}) == {"enabled": False, "description": None}
    with pytest.raises(InvalidRequest, match="secret cannot be changed"):
        read_webhook_change({"secret": "whsec_mine"})
