"""Outgoing webhooks: what is sent, to whom, and what follows from the response. Signed by Standard Webhooks."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from domain.calls.evidence import DialEvidence
from domain.calls.models import Outcome
from domain.jobs.models import Contact, Job
from domain.model import Model

# Most outages are over within minutes; a receiver that was down over a weekend still gets everything.
RETRY_DELAYS = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 30, 120, 600, 3600, 4 * 3600, 12 * 3600, 24 * 3600, 24 * 3600, 24 * 3600)
)
MAX_RETRY_DELAY = timedelta(hours=24)
DISABLE_AFTER = timedelta(days=5)  # without one success: then the endpoint is disabled
OLD_SECRET_LIFETIME = timedelta(hours=24)  # after a rotation both secrets sign
GONE = 410  # the receiver wants no more


class EventType(StrEnum):
    """What may be sent. `webhook.test` is sent when asked for, to any endpoint."""

    BATCH_STARTED = "batch.started"
    BATCH_PAUSED = "batch.paused"
    BATCH_RESUMED = "batch.resumed"
    BATCH_COMPLETED = "batch.completed"
    BATCH_FAILED = "batch.failed"
    BATCH_CANCELLED = "batch.cancelled"
    CONTACT_FINISHED = "contact.finished"
    CREDITS_LOW = "credits.low"
    TEST = "webhook.test"


SUBSCRIBABLE = tuple(type for type in EventType if type is not EventType.TEST)


class DeliveryStatus(StrEnum):
    """`pending`: not sent yet, or sent again later. The others are final until a replay."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"  # every try failed
    REFUSED = "refused"  # by us: its address is in a private network, or redirects there


class Endpoint(Model):
    """Where an organization's events go."""

    id: str
    organization_id: str
    url: str
    description: str | None
    events: tuple[EventType, ...]
    credits_below: Decimal  # dollars; `credits.low` is sent when the free credits fall below
    disabled_at: datetime | None
    disabled_reason: str | None
    failing_since: datetime | None  # no success since
    created_at: datetime


class Delivery(Model):
    """One event on its way to one endpoint. Its id is the `webhook-id` of every try and replay."""

    id: str
    endpoint_id: str
    type: EventType
    job_id: str | None
    contact_id: str | None
    status: DeliveryStatus
    attempts: int
    created_at: datetime
    last_attempt_at: datetime | None
    next_attempt_at: datetime | None  # null once final
    delivered_at: datetime | None
    response_code: int | None  # of the last response
    response_body: str | None  # its beginning, numbers masked
    last_error: str | None


class Event(Model):
    """What is sent, as it was when it happened."""

    type: EventType
    at: datetime
    endpoint_id: str
    organization_id: str
    job_id: str | None = None
    job: Job | None = None
    contact: Contact | None = None
    outcome: Outcome | None = None  # of the contact's last dial
    evidence: DialEvidence | None = None  # likewise
    test: bool = False  # whether the contact's own job is a test call
    test_of: str | None = None  # the job that it tries
    facts: Mapping[str, Any] = {}


class DueDelivery(Model):
    """A delivery that was taken up: everything a request needs. `secrets` sign, the newest first."""

    id: str
    url: str
    secrets: tuple[str, ...]
    event: Event | None  # None: what is stored of it cannot be read


class AttemptResult(Model):
    """A response's status code, or an error in words; `refused`: by us, before it was sent."""

    code: int | None = None
    body: str | None = None
    error: str | None = None
    refused: bool = False
    retry_after: timedelta | None = None

    @property
    def delivered(self) -> bool:
        return self.error is None and self.code is not None and 200 <= self.code < 300


class FollowUp(Model):
    """What follows. `delay` until the next try where the status is pending."""

    status: DeliveryStatus
    delay: timedelta | None = None


def decide_follow_up(result: AttemptResult, failures: int) -> FollowUp:
    """What follows the attempt after `failures` failed ones."""
    if result.delivered:
        return FollowUp(status=DeliveryStatus.DELIVERED)
    if result.refused:
        return FollowUp(status=DeliveryStatus.REFUSED)
    if failures >= len(RETRY_DELAYS):
        return FollowUp(status=DeliveryStatus.FAILED)
    delay = max(RETRY_DELAYS[failures], result.retry_after or timedelta())
    return FollowUp(status=DeliveryStatus.PENDING, delay=min(delay, MAX_RETRY_DELAY))


def find_disable_reason(result: AttemptResult, failing_for: timedelta) -> str | None:
    """Why an endpoint gets nothing more; None where it goes on. `failing_for`: since its first failure in a row."""
    if result.delivered:
        return None
    if result.code == GONE:
        return "It answered 410 Gone."
    if failing_for >= DISABLE_AFTER:
        return f"Every delivery failed for {DISABLE_AFTER.days} days."
    return None
