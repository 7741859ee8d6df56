"""The rules of the claim, on the facts that it read under the organization's lock: each says yes, or what holds."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import RowMapping

from domain.calling_rules.do_not_call import explain_block
from domain.calling_rules.frequency_caps import ContactFrequency, EarlierCall, find_allowed_time
from domain.calls.dispatch import NotNow, NotNowReason
from domain.money import ASSUMED_MINUTES
from domain.statuses import ContactStatus
from store.calls.job_rules import ARRIVES_WITHIN, calling_window, opens_at

LOOK_AGAIN = timedelta(seconds=30)  # for what only a top-up, an operator or another job's call can change
PROBE_LOOK_AGAIN = timedelta(seconds=5)  # while the one call that goes first is on the phone
LINE_LOOK_AGAIN = timedelta(milliseconds=300)


def dial_is_next(facts: RowMapping, dial: int) -> bool:
    """Whether the contact still waits for this very dial."""
    return ContactStatus(facts["contact_status"]).may_be_dialed and facts["dials"] == dial - 1


def is_too_late(facts: RowMapping) -> bool:
    """Whether the job's end time would have passed when the carrier hears of the call."""
    end: datetime | None = facts["end_time"]
    return end is not None and end <= facts["now"] + ARRIVES_WITHIN


def forbidden(facts: RowMapping) -> str | None:
    """Why the contact must never be called."""
    allowed = frozenset(facts["allowed_countries"] or ())
    return explain_block(listed=facts["listed"], country=facts["country"], allowed=allowed)


def held_by_window(facts: RowMapping) -> NotNow | None:
    """The calling window, where the contact is, by the database's clock."""
    now: datetime = facts["now"]
    if facts["zones"] is None:
        return NotNow(reason=NotNowReason.TIMEZONE)
    opens = opens_at(calling_window(facts), facts["zones"], facts["timezone"], now)
    return held_until(NotNowReason.WINDOW, now, opens) if opens > now else None


def too_often(caps: Sequence[ContactFrequency], earlier: Sequence[EarlierCall], now: datetime) -> NotNow | None:
    """The caps on calls to one number."""
    free = max(find_allowed_time(cap, earlier, now) for cap in caps)
    return held_until(NotNowReason.FREQUENCY, now, free) if free > now else None


def held_for_all(facts: RowMapping) -> NotNow | None:
    """What keeps a whole job from being called: its carrier account, what it may cost, or the credits."""
    now: datetime = facts["now"]
    if facts["closed_until"] is not None and facts["closed_until"] > now:
        return held_until(NotNowReason.ACCOUNT, now, facts["closed_until"])
    if facts["closed_until"] is not None and facts["probe_dial_id"] is not None:
        return held_until(NotNowReason.ACCOUNT, now, now + PROBE_LOOK_AGAIN)
    if not _affordable(facts):
        return held_until(NotNowReason.MAX_COST, now, now + LOOK_AGAIN)
    if not _covered(facts):
        return held_until(NotNowReason.CREDITS, now, now + LOOK_AGAIN)
    return None


def held_by_lines(facts: RowMapping) -> NotNow | None:
    """Lines, the pair of numbers, and the pace of the caller id."""
    now: datetime = facts["now"]
    if facts["organization_live"] >= facts["organization_limit"] or facts["job_live"] >= facts["job_limit"]:
        return held_until(NotNowReason.LINE, now, now + LINE_LOOK_AGAIN)
    if facts["pair_live"]:
        return held_until(NotNowReason.PAIR, now, now + LOOK_AGAIN)
    if facts["next_slot_at"] is not None and facts["next_slot_at"] > now:
        return held_until(NotNowReason.PACING, now, facts["next_slot_at"])
    return None


def held_until(reason: NotNowReason, now: datetime, until: datetime) -> NotNow:
    return NotNow(reason=reason, until=until, seconds=(until - now).total_seconds())


def reserves(facts: RowMapping) -> tuple[Decimal, Decimal]:
    """Two minutes: from the job's hold first, then from the organization's free credits."""
    if facts["credits_unlimited"]:
        return Decimal(0), Decimal(0)
    needed = _two_minutes(facts)
    from_hold = min(needed, Decimal(facts["hold"]))
    return from_hold, needed - from_hold


def _covered(facts: RowMapping) -> bool:
    from_free = reserves(facts)[1]
    return not from_free or from_free <= Decimal(facts["free"])


def _affordable(facts: RowMapping) -> bool:
    """Whether one more call fits under the job's own `maxCost`, its live ones counted at two minutes."""
    if facts["max_cost"] is None:
        return True
    committed: Decimal = Decimal(facts["spent"]) + (facts["job_live"] + 1) * _two_minutes(facts)
    return committed <= Decimal(facts["max_cost"])


def _two_minutes(facts: RowMapping) -> Decimal:
    return ASSUMED_MINUTES * Decimal(facts["rate_per_minute"])
