"""Who is due, and why somebody may not be called now: what workflows and claims hand each other."""

from datetime import datetime
from enum import StrEnum

from domain.model import Model
from domain.statuses import ContactStatus, JobStatus


class NotNowReason(StrEnum):
    """Why a contact may not be called now."""

    GATE = "gate"  # the job does not dial: paused, cancelled, ended, past its end time
    CONTACT = "contact"  # the contact is final, or on the phone already
    STOPPED = "stopped"  # a person stopped the whole organization
    ACCOUNT = "account"  # the gate of the carrier account is closed
    NUMBER = "number"  # the gate of the number to call from is closed
    CREDITS = "credits"
    LINE = "line"
    OWN_LINES = "own_lines"  # all lines that the job may use have calls of its own
    PAIR = "pair"  # the same number is being called from the same caller id
    PACING = "pacing"
    WINDOW = "window"  # the calling window is closed where the contact is
    FREQUENCY = "frequency"  # the number was called as often as it may be
    NOT_BEFORE = "not_before"  # the contact's own earliest time
    TIMEZONE = "timezone"  # the contact's zone is unknown, and so is when it may be called
    MAX_COST = "max_cost"  # the job has cost all it may

    @property
    def is_transient(self) -> bool:
        """Whether it passes by itself within seconds."""
        return self in {NotNowReason.LINE, NotNowReason.OWN_LINES, NotNowReason.PACING}

    @property
    def is_gate(self) -> bool:
        """Whether pages and claims judge it by the same facts, so that either may take it back."""
        return self in {NotNowReason.STOPPED, NotNowReason.ACCOUNT, NotNowReason.NUMBER}

    @property
    def concerns_one_contact(self) -> bool:
        """Whether others of the job may be called meanwhile."""
        return self in {
            NotNowReason.CONTACT,
            NotNowReason.PAIR,
            NotNowReason.WINDOW,
            NotNowReason.FREQUENCY,
            NotNowReason.NOT_BEFORE,
            NotNowReason.TIMEZONE,
        }


class NotNow(Model):
    """Not claimed. `until`: UTC, when it is worth another try."""

    reason: NotNowReason
    until: datetime | None = None
    seconds: float = 0.0  # when to ask again, as a distance from now by the database's clock
    detail: str | None = None  # a sentence of ours on the reason


class ClaimUnanswered(Exception):
    """The connection was lost while a dial was claimed: its row, of this id, may be there or not.

    Nobody asks the carrier for that call but who claimed it, and who claimed it knows of no dial to ask for.
    """

    def __init__(self, dial_id: str) -> None:
        super().__init__("The database did not say whether the dial was claimed.")
        self.dial_id = dial_id


class DueContact(Model):
    """A contact to call now, or, where `live`, one whose call is to be followed. No number, no name."""

    contact_id: str
    row: int
    ends_in: str  # the number's last two digits, "…01"
    dial: int
    attempt: int
    live: bool = False


class JobPage(Model):
    """Where a job stands, and the next contacts that are due."""

    status: JobStatus
    status_reason: str | None
    scheduled_start_time: datetime | None
    lines: int  # the smaller of the job's and its organization's limit
    counts: dict[ContactStatus, int]
    due: list[DueContact]
    next_due_at: datetime | None  # when somebody who is not due yet will be
    held: NotNow | None = None  # what keeps all of them from being called; the claim would decide the same
    more: bool = False  # others are due as well, but the page is full
    next_due_reason: NotNowReason | None = None  # why that one is not due earlier; None: its retry
    name: str | None = None
    priority: int = 5  # its weight among the organization's jobs
    end_time: datetime | None = None  # after it no calls are placed
    contacts_without_zone: int = 0  # held for good: their own zone is unknown

    @property
    def open(self) -> int:
        return sum(count for status, count in self.counts.items() if not status.final)
