"""How often one number may be called, over all jobs of an organization."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field

from domain.model import Model
from domain.requests.field_types import Integer
from domain.requests.request_model import RequestModel

DAY = timedelta(hours=24)
WEEK = timedelta(days=7)
CALLS = Integer(1, 100)
HOURS = Integer(1, 8760)


class ContactFrequency(RequestModel):
    """Caps on calls to one number; None: no cap. Real hours at any speed."""

    calls_per_24_hours: Annotated[int | None, Field(ge=1), CALLS] = Field(
        default=None, description="Calls in any 24 hours."
    )
    calls_per_7_days: Annotated[int | None, Field(ge=1), CALLS] = Field(
        default=None, description="Calls in any 7 days."
    )
    quiet_hours: Annotated[int | None, Field(ge=1), HOURS] = Field(
        default=None, description="During a conversation, and after it."
    )


class EarlierCall(Model):
    """A call to the number that counts: its phone rang, or may have rung."""

    asked_at: datetime
    conversation_ended_at: datetime | None = None  # where a person was spoken to, or may have been
    may_become_conversation: bool = False  # it is live, and no machine has answered it


def find_allowed_time(frequency: ContactFrequency, earlier: Sequence[EarlierCall], now: datetime) -> datetime:
    """The first instant from `now` on at which one more call keeps every cap."""
    times = sorted((call.asked_at for call in earlier), reverse=True)
    waits = [
        now,
        *_wait_for_cap(frequency.calls_per_24_hours, times, DAY),
        *_wait_for_cap(frequency.calls_per_7_days, times, WEEK),
        *_wait_for_quiet(frequency.quiet_hours, earlier),
    ]
    return max(waits)


def _wait_for_cap(cap: int | None, times: Sequence[datetime], span: timedelta) -> list[datetime]:
    """When the `cap`-th latest call is as old as the span, one more fits."""
    return [times[cap - 1] + span] if cap is not None and len(times) >= cap else []


def _wait_for_quiet(hours: int | None, earlier: Sequence[EarlierCall]) -> list[datetime]:
    if hours is None:
        return []
    ended = [call.conversation_ended_at for call in earlier if call.conversation_ended_at is not None]
    return [at + timedelta(hours=hours) for at in ended]
