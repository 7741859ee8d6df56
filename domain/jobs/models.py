"""Jobs and contacts as they enter and as they are read: what store, API and workflows hand each other."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, NamedTuple

from domain.calling_rules.frequency_caps import ContactFrequency
from domain.calling_rules.window import CallingWindow
from domain.calls.agent_report import Conversation
from domain.calls.models import AnsweredBy, Audio
from domain.jobs.settings import NAME, NUMBER_ID, JobSettings
from domain.model import Model
from domain.statuses import Architecture, ContactStatus, JobStatus, Role


class Caller(Model):
    """Who a key belongs to and what it may do."""

    key_id: str
    organization_id: str
    role: Role
    expires_at: datetime | None = None  # of the key; None: never


class Organization(Model):
    id: str
    name: str
    concurrent_call_limit: int
    credits_unlimited: bool
    balance: Decimal  # dollars
    held: Decimal
    reserved_lines: int = 0  # kept free for other calls
    calling_window: CallingWindow | None = None
    contact_frequency: ContactFrequency | None = None
    allowed_countries: tuple[str, ...] | None = None  # None: those of its own numbers
    stopped_at: datetime | None = None  # by a person: no call of any job until it is resumed
    retention_days: int | None = None  # None: the platform's

    @property
    def free(self) -> Decimal:
        return self.balance - self.held


class Agent(Model):
    id: str
    name: str
    architecture: Architecture
    audio: Audio
    audio_url: str
    created_at: datetime | None = None


class PhoneNumber(Model):
    id: str
    number: str  # E.164
    label: str | None = None
    carrier_account_id: str
    calls_per_second: Decimal
    agent: Agent | None = None  # the outbound agent
    country: str | None = None  # ISO 3166 code
    carrier: str = "twilio"
    own_carrier_settings: bool = False  # an account of its own, not that of the process
    created_at: datetime | None = None


class JobRequest(JobSettings):
    """The fields of create, valid: everything but the contacts."""

    retry_of: str | None = None  # the job whose contacts it calls again
    test: bool = False  # a test call
    test_of: str | None = None  # the job that it tries, where that is there


class JobChange(JobSettings):
    """What is to change of a job: the settings that are set, None where they are to be empty."""

    from_phone_number_id: Annotated[str, NUMBER_ID] = ""
    name: Annotated[str, NAME] = ""


class NewContact(NamedTuple):
    """A contact that may be called. `row`: the header of a file is 1; of an array the first is 1.

    No Model: its reader has checked all of it, and ten thousand are made while a client waits.
    """

    row: int
    number: str  # E.164
    data: dict[str, Any]  # the whole original row, order and types kept
    country: str | None = None
    zones: tuple[str, ...] | None = ()  # of its own column, else of its number; None: its own is no zone
    not_before: datetime | None = None  # UTC
    external_id: str | None = None  # the client's own
    written: str | None = None  # the number as it was written, where that is not E.164; not stored
    unusual: str | None = None  # what kind of number it is, where people seldom have one; not stored
    in_known_range: bool = True  # by the numbering data; not stored

    def is_placed(self, window: CallingWindow | None) -> bool:
        """Whether it is known when the contact may be called; without a window a number of no country may be."""
        return is_placed(self.zones, window)


def is_placed(zones: tuple[str, ...] | None, window: CallingWindow | None) -> bool:
    """As `NewContact.is_placed`, by its zones."""
    return bool(zones) or (zones is not None and window is None)


class JobCounts(Model):
    """Contacts by status; always all twelve."""

    by_status: dict[ContactStatus, int]

    @property
    def total(self) -> int:
        return sum(self.by_status.values())

    @property
    def successful(self) -> int:
        return self.by_status[ContactStatus.COMPLETED]

    @property
    def failed(self) -> int:
        return sum(count for status, count in self.by_status.items() if status.counts_as_failed)

    @property
    def processed(self) -> int:
        return self.successful + self.failed + self.by_status[ContactStatus.CANCELLED]

    @property
    def open(self) -> int:
        return self.total - self.processed


class Job(JobSettings):
    """A job as it is read, with its counts."""

    id: str
    organization_id: str
    status: JobStatus
    status_reason: str | None
    agent_id: str
    total_contacts: int
    counts: JobCounts
    actual_start_time: datetime | None
    completed_at: datetime | None
    created_at: datetime
    workflow_started_at: datetime | None
    spent: Decimal = Decimal(0)
    retry_of: str | None = None
    test: bool = False
    test_of: str | None = None


class Contact(Model):
    """A contact as it is read."""

    id: str
    number: str
    data: dict[str, Any]
    status: ContactStatus
    error_code: str | None
    failure_reason: str | None
    attempts: int
    max_attempts: int
    dials: int
    last_attempt_at: datetime | None
    next_retry_at: datetime | None
    completed_at: datetime | None
    call_id: str | None
    call_seconds: int | None
    answered_by: AnsweredBy | None
    external_id: str | None = None
    conversation: Conversation | None = None
    row: int | None = None  # as a NewContact has it
