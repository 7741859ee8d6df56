"""Every way in which the store refuses.

StoreError
├── NotFound               it does not exist, or belongs to somebody else: the caller cannot tell which
├── WrongStatus            the job's status does not allow it
├── WrongCampaignStatus    the campaign's status does not allow it
├── UploadConflict         what is sent does not go on where the campaign's file stands
├── InsufficientCredits    the free credits do not cover the estimate
├── Overlapping            other open jobs of the organization will call these numbers too
├── NoContactsLeft         after skipping what overlaps or may not be called nobody is left
├── InUse                  open jobs, or numbers, still need it
├── NotGranted             the number or trunk is not the organization's on this carrier account
├── GrantedToAnother       another organization has this number there
├── ClosedByOperator       only an operator opens what an operator closed
├── LastOwner              without this key nobody could manage the organization
├── NoSecret               OUTDIAL_SECRET is not set, so that nothing can be sealed
├── ServerTooOld           PostgreSQL's server is older than what this program needs
├── SchemaLocked           a migration did not get a lock, and would have held everybody up
├── Unreadable             it was sealed with a secret that is not known any more
├── Disabled               this webhook gets nothing until it is enabled
├── TooMany                as many as there may be
├── QuotaExceeded          the organization would have more than it may
├── PersonOnThePhone       a call with the person is live
├── StillCalling           calls of the job are, or may be, live
└── Busy                   as many large files are being read as may be at once
"""

from collections.abc import Sequence
from decimal import Decimal

from domain.campaigns.models import CampaignStatus
from domain.quotas import Quota, explain_exceeded
from domain.statuses import GrantKind, JobStatus


class StoreError(Exception):
    """The store refuses; nothing was changed."""


class NotFound(StoreError):
    """`what` is the kind of thing, "job" or "phone number"; `id` as it was asked for."""

    def __init__(self, what: str, id: str) -> None:
        super().__init__(f"There is no {what} {id}.")
        self.what = what
        self.id = id


class ServerTooOld(StoreError):
    """Its message says which version there is, and which is needed."""


class SchemaLocked(StoreError):
    """Each migration before the one that gave up is whole, nothing of it is left. `holder`: a sentence, or empty."""

    def __init__(self, holder: str, tries: int, seconds: int) -> None:
        super().__init__(
            f"The migration gave up: {tries} times it waited {seconds} s for a lock that a transaction holds.{holder} "
            "Nothing of it is left, and all goes on as before. Run it again when that transaction has ended."
        )


class WrongStatus(StoreError):
    """`status` is where the job stands."""

    def __init__(self, status: JobStatus) -> None:
        super().__init__(f"The job is {status}.")
        self.status = status


class WrongCampaignStatus(StoreError):
    """`status` is where the campaign stands; `why`, where that alone does not tell."""

    def __init__(self, status: CampaignStatus, why: str | None = None) -> None:
        super().__init__(why or f"The campaign is {status}.")
        self.status = status


class UploadConflict(StoreError):
    """`offset`: as many bytes of the campaign's file are in."""

    def __init__(self, why: str, offset: int) -> None:
        super().__init__(why)
        self.offset = offset


class InsufficientCredits(StoreError):
    """`needed` and `free` are unrounded dollars."""

    def __init__(self, needed: Decimal, free: Decimal) -> None:
        super().__init__(f"The estimate is ${needed}, the free credits are ${free}.")
        self.needed = needed
        self.free = free


class Overlapping(StoreError):
    """`rows` are all rows of the request whose numbers other open jobs will call, or called in the last `days`."""

    def __init__(self, rows: Sequence[int], days: int = 0) -> None:
        lately = f", or called them in the last {days} days" if days else ""
        super().__init__(f"Other open jobs will call {len(rows)} of these numbers too{lately}.")
        self.rows, self.days = tuple(rows), days


class NoContactsLeft(StoreError):
    """`why` in words; `rows` are those for which it holds."""

    def __init__(self, rows: Sequence[int], why: str = "other open jobs will call all of these numbers") -> None:
        super().__init__(f"Nobody is left to call: {why}.")
        self.why = why
        self.rows = tuple(rows)


class InUse(StoreError):
    """`by` are ids of open jobs, or of the phone numbers whose outbound agent it is."""

    def __init__(self, what: str, id: str, by: Sequence[str]) -> None:
        super().__init__(f"The {what} {id} is used by {', '.join(by)}.")
        self.what = what
        self.id = id
        self.by = tuple(by)


class NotGranted(StoreError):
    """`kind`: what an operator would have to grant; `carrier`: where."""

    def __init__(self, kind: GrantKind, carrier: str) -> None:
        super().__init__(f"This {kind} is not granted to the organization at {carrier}.")
        self.kind = kind
        self.carrier = carrier


class GrantedToAnother(StoreError):
    """A number belongs to one organization at a carrier."""

    def __init__(self, carrier: str) -> None:
        super().__init__(f"This number is granted to another organization at {carrier}. Revoke that grant first.")


class ClosedByOperator(StoreError):
    """A number that an operator closed."""

    def __init__(self) -> None:
        super().__init__("Whoever runs this service closed this number. Ask them to open it.")


class LastOwner(StoreError):
    """Of the owner's keys no other is valid for as long as this one."""

    def __init__(self) -> None:
        super().__init__("This is the last owner's key.")


class NoSecret(StoreError):
    """Nothing can be sealed or opened."""

    def __init__(self) -> None:
        super().__init__("OUTDIAL_SECRET is not set: secrets cannot be kept.")


class Unreadable(StoreError):
    """The secret with which it was sealed is not among those of OUTDIAL_SECRET."""

    def __init__(self) -> None:
        super().__init__("This was sealed with a secret that is not in OUTDIAL_SECRET any more.")


class Busy(StoreError):
    """It can be asked again in a moment."""

    def __init__(self) -> None:
        super().__init__("Several large files are being read; ask again in a moment.")


class Disabled(StoreError):
    """It is disabled, by somebody or after days of failure."""

    def __init__(self) -> None:
        super().__init__("This webhook is disabled. Enable it first.")


class TooMany(StoreError):
    """`limit`: how many there may be."""

    def __init__(self, what: str, limit: int) -> None:
        super().__init__(f"There may be at most {limit} {what}. Delete one first.")
        self.limit = limit


class QuotaExceeded(StoreError):
    """`limit`: how many there may be."""

    def __init__(self, quota: Quota, limit: int, wanted: int) -> None:
        super().__init__(explain_exceeded(quota, limit, wanted))
        self.quota, self.limit = quota, limit


class StillCalling(StoreError):
    """`calls`: how many are, or may be, live."""

    def __init__(self, calls: int) -> None:
        super().__init__(f"{calls} calls of the job are, or may be, live.")
        self.calls = calls


class PersonOnThePhone(StoreError):
    """A call with a person who is to be forgotten is live: nobody else calls them any more."""

    def __init__(self) -> None:
        super().__init__("A call with this person is live.")
