"""The rules on whether a contact may be called now, on facts that one statement read.

The claim applies all of them to what it read under the organization's lock; the page of due contacts and the outcome
of a dial use those on windows and on whole jobs.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import RowMapping

from domain.calling_rules.do_not_call import explain_block
from domain.calling_rules.frequency_caps import ContactFrequency, EarlierCall, find_allowed_time
from domain.calling_rules.presets import get_preset_frequency
from domain.calling_rules.window import CallingWindow, find_lasting_opening
from domain.calls.deadlines import SEND_TIMEOUT_SECONDS
from domain.calls.dispatch import NotNow, NotNowReason
from domain.money import ASSUMED_MINUTES
from domain.statuses import ContactStatus
from store.calls.gates import check_gates

RECHECK_INTERVAL = timedelta(seconds=30)  # for what only a top-up, an operator or another job's call can change
LINE_RECHECK_INTERVAL = timedelta(milliseconds=300)
NEVER_OPENS = timedelta(days=400)  # as far ahead as windows are searched
ARRIVAL_TIME = timedelta(seconds=SEND_TIMEOUT_SECONDS + 1)  # after the claim: a request leaves in time, and travels

# What a job's live calls cost at least, in the carrier's minutes. `j` is the job, :speed as in Claims.
LIVE_MINUTES = f"""(
    SELECT coalesce(sum(greatest({ASSUMED_MINUTES},
             CAST(extract(epoch FROM clock_timestamp() - d.answered_at) AS numeric) * CAST(:speed AS numeric) / 60)), 0)
    FROM dials d WHERE d.organization_id = j.organization_id AND d.job_id = j.id AND d.ended_at IS NULL)
"""  # noqa: S608 — our own constants


def read_calling_window(facts: RowMapping) -> CallingWindow | None:
    """The job's own, else its organization's."""
    window = facts["job_window"] or facts["organization_window"]
    return None if window is None else CallingWindow.model_validate(window)


def find_opening(window: CallingWindow | None, zones: list[str] | None, at: datetime) -> datetime:
    """The first instant from `at` on at which a contact may be called.

    One without zones, a number of no country, is not called while a window holds: its local time is unknown.
    The carrier receives a call somewhat later than it is claimed, and must not when the window has closed by then.
    """
    if window is None:
        return at
    opens = find_lasting_opening(window, tuple(zones), at, ARRIVAL_TIME) if zones else None
    return opens or at + NEVER_OPENS


def read_frequency_caps(facts: RowMapping) -> list[ContactFrequency]:
    """All caps that hold: the job's, its organization's, and that of the preset whose hours hold."""
    given = (facts["job_frequency"], facts["organization_frequency"])
    caps = [ContactFrequency.model_validate(frequency) for frequency in given if frequency is not None]
    preset = get_preset_frequency(read_calling_window(facts))
    return caps if preset is None else [*caps, preset]


def is_next_dial(facts: RowMapping, dial: int) -> bool:
    """Whether the contact still waits for this very dial."""
    return ContactStatus(facts["contact_status"]).may_be_dialed and facts["dials"] == dial - 1


def is_too_late(facts: RowMapping) -> bool:
    """Whether the job's end time would have passed when the carrier receives the call."""
    end: datetime | None = facts["end_time"]
    return end is not None and end <= facts["now"] + ARRIVAL_TIME


def find_block_reason(facts: RowMapping, *others: RowMapping) -> str | None:
    """Why the contact must never be called; `others`: facts on other writings of its number."""
    allowed = frozenset(facts["allowed_countries"] or ())
    listed = any(each["listed"] for each in (facts, *others))
    return explain_block(listed=listed, country=facts["country"], allowed=allowed)


def check_window(facts: RowMapping) -> NotNow | None:
    """The calling window, where the contact is, by the database's clock."""
    now: datetime = facts["now"]
    if facts["zones"] is None:
        return NotNow(reason=NotNowReason.TIMEZONE)
    opens = find_opening(read_calling_window(facts), facts["zones"], now)
    return wait_until(NotNowReason.WINDOW, now, opens) if opens > now else None


def check_frequency(caps: Sequence[ContactFrequency], earlier: Sequence[EarlierCall], now: datetime) -> NotNow | None:
    """The caps on calls to one number. While a call to it is live nobody knows when its quiet hours will end."""
    allowed = max(find_allowed_time(cap, earlier, now) for cap in caps)
    if any(cap.quiet_hours for cap in caps) and any(call.may_become_conversation for call in earlier):
        allowed = max(allowed, now + RECHECK_INTERVAL)
    return wait_until(NotNowReason.FREQUENCY, now, allowed) if allowed > now else None


def check_whole_job(facts: RowMapping) -> NotNow | None:
    """What keeps everybody of a job from being called: a gate, its `maxCost`, or the credits."""
    now: datetime = facts["now"]
    closed = check_gates(facts)
    if closed is not None:
        return closed
    if not _fits_max_cost(facts):
        return wait_until(NotNowReason.MAX_COST, now, now + RECHECK_INTERVAL)
    if not _is_covered(facts):
        return wait_until(NotNowReason.CREDITS, now, now + RECHECK_INTERVAL)
    return None


def check_lines(facts: RowMapping, *others: RowMapping) -> NotNow | None:
    """Lines, the pair of numbers (`others`: of other writings of the one), and the pace of the caller id."""
    now: datetime = facts["now"]
    if facts["organization_live"] >= facts["organization_limit"] or facts["job_live"] >= facts["job_limit"]:
        return wait_until(NotNowReason.LINE, now, now + LINE_RECHECK_INTERVAL)
    if any(each["pair_live"] for each in (facts, *others)):
        return wait_until(NotNowReason.PAIR, now, now + RECHECK_INTERVAL)
    if facts["next_slot_at"] is not None and facts["next_slot_at"] > now:
        return wait_until(NotNowReason.PACING, now, facts["next_slot_at"])
    return None


def wait_until(reason: NotNowReason, now: datetime, until: datetime) -> NotNow:
    return NotNow(reason=reason, until=until, seconds=(until - now).total_seconds())


def split_reserve(facts: RowMapping) -> tuple[Decimal, Decimal]:
    """Two minutes in dollars: from the job's hold first, then from the organization's free credits."""
    if facts["credits_unlimited"]:
        return Decimal(0), Decimal(0)
    needed = _cost_of_two_minutes(facts)
    from_hold = min(needed, Decimal(facts["hold"]))
    return from_hold, needed - from_hold


def _is_covered(facts: RowMapping) -> bool:
    from_free = split_reserve(facts)[1]
    return not from_free or from_free <= Decimal(facts["free"])


def _fits_max_cost(facts: RowMapping) -> bool:
    """Whether one more call fits under the job's own `maxCost`, its live ones counted at what they have lasted.

    Each call counts for two minutes at least.
    """
    if facts["max_cost"] is None:
        return True
    minutes = Decimal(facts["live_minutes"]) + ASSUMED_MINUTES
    committed = Decimal(facts["spent"]) + minutes * Decimal(facts["rate_per_minute"])
    return committed <= Decimal(facts["max_cost"])


def _cost_of_two_minutes(facts: RowMapping) -> Decimal:
    return ASSUMED_MINUTES * Decimal(facts["rate_per_minute"])
