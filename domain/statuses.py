"""The closed sets of the contract: what a job and a contact can be."""

from enum import StrEnum


class JobStatus(StrEnum):
    """Where a job stands. `paused` is ours; the others are the hosted product's."""

    PENDING = "pending"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        return self in {JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED}

    @property
    def waiting_to_start(self) -> bool:
        return self in {JobStatus.PENDING, JobStatus.SCHEDULED}


class ContactStatus(StrEnum):
    """Where a contact stands. Everything but `pending`, `queued` and `dialing` is final."""

    PENDING = "pending"
    QUEUED = "queued"
    DIALING = "dialing"
    COMPLETED = "completed"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    TIMEOUT = "timeout"
    BLOCKED = "blocked"
    INVALID_NUMBER = "invalid_number"
    CARRIER_ERROR = "carrier_error"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        return self not in _OPEN

    @property
    def may_be_dialed(self) -> bool:
        return self in {ContactStatus.PENDING, ContactStatus.QUEUED}

    @property
    def counts_as_failed(self) -> bool:
        """`failedCalls`: every final status but `completed` and `cancelled`."""
        return self in _FAILED


_OPEN = frozenset({ContactStatus.PENDING, ContactStatus.QUEUED, ContactStatus.DIALING})
_FAILED = frozenset(ContactStatus) - _OPEN - {ContactStatus.COMPLETED, ContactStatus.CANCELLED}


class Architecture(StrEnum):
    """How an agent talks. A text-only agent cannot hold a telephone conversation."""

    PIPELINE = "pipeline"
    REALTIME = "realtime"
    TEXT = "text"

    @property
    def can_talk(self) -> bool:
        return self is not Architecture.TEXT


class Role(StrEnum):
    """What a key may do: owners and admins change things, members read."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"

    @property
    def may_change(self) -> bool:
        return self is not Role.MEMBER

    def outranks(self, other: "Role") -> bool:
        """Whether this role may do what the other may not."""
        ranks = list(Role)
        return ranks.index(self) < ranks.index(other)


class GrantKind(StrEnum):
    """What an operator grants to an organization on a carrier account that others use too."""

    NUMBER = "number"
    TRUNK = "trunk"


class OnOverlap(StrEnum):
    """What create does about numbers that another open job of the organization will call too."""

    WARN = "warn"
    SKIP = "skip"
    REJECT = "reject"
