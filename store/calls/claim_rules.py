"""The rules on whether a contact may be called now: pure functions of facts that were read.

The claim applies all of them, `judge`, to what it read under the organization's lock; the page of due contacts and the
outcome of a dial use those on windows and on whole jobs.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

from domain.calling_rules.do_not_call import explain_block
from domain.calling_rules.frequency_caps import ContactFrequency, EarlierCall, find_allowed_time
from domain.calling_rules.presets import get_preset_frequency
from domain.calling_rules.window import CallingWindow, find_lasting_opening
from domain.calls.deadlines import SEND_TIMEOUT_SECONDS
from domain.calls.dispatch import NotNow, NotNowReason
from domain.model import Model
from domain.money import ASSUMED_MINUTES
from domain.statuses import ContactStatus
from store.calls.gates import GateFacts, check_gates

RECHECK_INTERVAL = timedelta(seconds=30)  # for what only a top-up, an operator or another job's call can change
LINE_RECHECK_INTERVAL = timedelta(milliseconds=300)
NEVER_OPENS = timedelta(days=400)  # as far ahead as windows are searched
ARRIVAL_TIME = timedelta(seconds=SEND_TIMEOUT_SECONDS + 1)  # after the claim: a request leaves in time, and travels
PACE_AHEAD = timedelta(milliseconds=10)  # a slot is given that soon before it comes: about a claim's own time

# What a job's live calls cost at least, in the carrier's minutes. `j` is the job, %(speed)s as in Claims.
LIVE_MINUTES = f"""(
    SELECT coalesce(sum(greatest({ASSUMED_MINUTES},
             CAST(extract(epoch FROM clock_timestamp() - d.answered_at) AS numeric)
             * CAST(%(speed)s AS numeric) / 60)), 0)
    FROM dials d WHERE d.organization_id = j.organization_id AND d.job_id = j.id AND d.ended_at IS NULL)
"""  # noqa: S608 — our own constants


class WindowFacts(Model):
    """Hours in which a job may call."""

    job_window: CallingWindow | None
    organization_window: CallingWindow | None

    @property
    def calling_window(self) -> CallingWindow | None:
        """The job's own, else its organization's."""
        return self.job_window or self.organization_window


class WholeJobFacts(GateFacts, WindowFacts):
    """What concerns everybody of a job. Amounts in dollars; `live_minutes` as LIVE_MINUTES."""

    hold: Decimal
    rate_per_minute: Decimal
    spent: Decimal
    max_cost: Decimal | None
    credits_unlimited: bool
    free: Decimal
    live_minutes: Decimal


class JobFacts(WholeJobFacts):
    """All that a claim needs of a job, its organization, its number and account. `*_live`: calls."""

    id: str
    dialling: bool
    end_time: datetime | None
    from_number: str
    phone_number_id: str
    carrier_account_id: str
    calls_per_second: Decimal
    next_slot_at: datetime | None
    job_frequency: ContactFrequency | None
    organization_frequency: ContactFrequency | None
    allowed_countries: frozenset[str] | None
    job_limit: int
    job_live: int
    organization_limit: int
    organization_live: int

    @property
    def frequency_caps(self) -> list[ContactFrequency]:
        """All caps that hold: the job's, its organization's, and that of the preset whose hours hold."""
        given = [cap for cap in (self.job_frequency, self.organization_frequency) if cap is not None]
        preset = get_preset_frequency(self.calling_window)
        return given if preset is None else [*given, preset]


class ContactFacts(Model):
    """All that a claim needs of a contact. `listed`, `pair_live`: its telephone, in whichever writing of its number."""

    id: str
    job_id: str
    status: ContactStatus
    dials: int
    number: str
    country: str | None
    zones: list[str] | None
    listed: bool
    pair_live: bool


class Blocked(Model):
    """The contact must never be called."""

    reason: str


def judge(
    job: JobFacts, contact: ContactFacts, dial: int, earlier: Sequence[EarlierCall], lines: int | None = None
) -> NotNow | Blocked | None:
    """Every rule in its order; None: the contact's `dial`-th dial may be placed. `earlier`: calls to its telephone.

    `lines`: the job's share of its organization's lines, where it has one.
    """
    if not job.dialling or is_too_late(job):
        return NotNow(reason=NotNowReason.GATE)
    if not is_next_dial(contact, dial):
        return NotNow(reason=NotNowReason.CONTACT)
    blocked = find_block_reason(job, contact)
    if blocked is not None:
        return Blocked(reason=blocked)
    not_now = check_window(job, contact) or check_frequency(job.frequency_caps, earlier, job.now)
    return not_now or check_whole_job(job) or check_lines(job, contact, lines)


def find_opening(window: CallingWindow | None, zones: list[str] | None, at: datetime) -> datetime:
    """The first instant from `at` on at which a contact may be called.

    One without zones, a number of no country, is not called while a window holds: its local time is unknown.
    The carrier receives a call somewhat later than it is claimed, and must not when the window has closed by then.
    """
    if window is None:
        return at
    opens = find_lasting_opening(window, tuple(zones), at, ARRIVAL_TIME) if zones else None
    return opens or at + NEVER_OPENS


def is_next_dial(contact: ContactFacts, dial: int) -> bool:
    """Whether the contact still waits for this very dial."""
    return contact.status.may_be_dialed and contact.dials == dial - 1


def is_too_late(job: JobFacts) -> bool:
    """Whether the job's end time would have passed when the carrier receives the call."""
    return job.end_time is not None and job.end_time <= job.now + ARRIVAL_TIME


def find_block_reason(job: JobFacts, contact: ContactFacts) -> str | None:
    """Why the contact must never be called."""
    allowed = job.allowed_countries or frozenset()
    return explain_block(listed=contact.listed, country=contact.country, allowed=allowed)


def check_window(job: JobFacts, contact: ContactFacts) -> NotNow | None:
    """The calling window, where the contact is, by the database's clock."""
    if contact.zones is None:
        return NotNow(reason=NotNowReason.TIMEZONE)
    opens = find_opening(job.calling_window, contact.zones, job.now)
    return wait_until(NotNowReason.WINDOW, job.now, opens) if opens > job.now else None


def check_frequency(caps: Sequence[ContactFrequency], earlier: Sequence[EarlierCall], now: datetime) -> NotNow | None:
    """The caps on calls to one number. While a call to it is live nobody knows when its quiet hours will end."""
    allowed = max((find_allowed_time(cap, earlier, now) for cap in caps), default=now)
    if any(cap.quiet_hours for cap in caps) and any(call.may_become_conversation for call in earlier):
        allowed = max(allowed, now + RECHECK_INTERVAL)
    return wait_until(NotNowReason.FREQUENCY, now, allowed) if allowed > now else None


def check_whole_job(job: WholeJobFacts) -> NotNow | None:
    """What keeps everybody of a job from being called: a gate, its `maxCost`, or the credits."""
    closed = check_gates(job)
    if closed is not None:
        return closed
    if not _fits_max_cost(job):
        return wait_until(NotNowReason.MAX_COST, job.now, job.now + RECHECK_INTERVAL)
    if not _is_covered(job):
        return wait_until(NotNowReason.CREDITS, job.now, job.now + RECHECK_INTERVAL)
    return None


def check_lines(job: JobFacts, contact: ContactFacts, lines: int | None = None) -> NotNow | None:
    """Lines, the pair of numbers, and the pace of the caller id."""
    if lines is not None and job.job_live >= min(lines, job.job_limit):
        return wait_until(NotNowReason.OWN_LINES, job.now, job.now + LINE_RECHECK_INTERVAL)
    if job.organization_live >= job.organization_limit or job.job_live >= job.job_limit:
        return wait_until(NotNowReason.LINE, job.now, job.now + LINE_RECHECK_INTERVAL)
    if contact.pair_live:
        return wait_until(NotNowReason.PAIR, job.now, job.now + RECHECK_INTERVAL)
    if job.next_slot_at is not None and job.next_slot_at > job.now + PACE_AHEAD:
        return wait_until(NotNowReason.PACING, job.now, job.next_slot_at)
    return None


def wait_until(reason: NotNowReason, now: datetime, until: datetime) -> NotNow:
    return NotNow(reason=reason, until=until, seconds=(until - now).total_seconds())


class Charged(Protocol):
    """Of a job, what pays for its calls."""

    @property
    def hold(self) -> Decimal: ...
    @property
    def rate_per_minute(self) -> Decimal: ...
    @property
    def credits_unlimited(self) -> bool: ...


def split_reserve(job: Charged) -> tuple[Decimal, Decimal]:
    """Two minutes in dollars: from the job's hold first, then from the organization's free credits."""
    if job.credits_unlimited:
        return Decimal(0), Decimal(0)
    needed = ASSUMED_MINUTES * job.rate_per_minute
    from_hold = min(needed, job.hold)
    return from_hold, needed - from_hold


def _is_covered(job: WholeJobFacts) -> bool:
    from_free = split_reserve(job)[1]
    return not from_free or from_free <= job.free


def _fits_max_cost(job: WholeJobFacts) -> bool:
    """Whether one more call fits under the job's own `maxCost`, its live ones counted at what they have lasted.

    Each call counts for two minutes at least.
    """
    if job.max_cost is None:
        return True
    return job.spent + (job.live_minutes + ASSUMED_MINUTES) * job.rate_per_minute <= job.max_cost
