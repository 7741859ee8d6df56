"""Every way in which the store says no.

StoreError
├── NotFound               it does not exist, or belongs to somebody else: nobody can tell which
├── WrongStatus            the job's status does not allow it
├── InsufficientCredits    the free credits do not cover the estimate
├── Overlapping            other open jobs of the organisation will call these numbers too
├── NoContactsLeft         after skipping what overlaps nobody is left to call
├── InUse                  open jobs, or numbers, still need it
├── LastOwner              without this key nobody could manage the organisation
├── NoSecret               OUTDIAL_SECRET is not set, so that nothing can be sealed
└── Unreadable             it was sealed with a secret that is not known any more
"""

from collections.abc import Sequence
from decimal import Decimal

from domain.statuses import JobStatus


class StoreError(Exception):
    """The store refuses; nothing was changed."""


class NotFound(StoreError):
    """`what` is the kind of thing, "job" or "phone number"; `id` as it was asked for."""

    def __init__(self, what: str, id: str) -> None:
        super().__init__(f"There is no {what} {id}.")
        self.what = what
        self.id = id


class WrongStatus(StoreError):
    """`status` is where the job stands."""

    def __init__(self, status: JobStatus) -> None:
        super().__init__(f"The job is {status}.")
        self.status = status


class InsufficientCredits(StoreError):
    """`needed` and `free` are unrounded dollars."""

    def __init__(self, needed: Decimal, free: Decimal) -> None:
        super().__init__(f"The estimate is ${needed}, the free credits are ${free}.")
        self.needed = needed
        self.free = free


class Overlapping(StoreError):
    """`rows` are all rows of the request whose numbers other open jobs will call, in file order."""

    def __init__(self, rows: Sequence[int]) -> None:
        super().__init__(f"Other open jobs will call {len(rows)} of these numbers too.")
        self.rows = tuple(rows)


class NoContactsLeft(StoreError):
    """`rows` are the rows that were skipped because other open jobs will call their numbers."""

    def __init__(self, rows: Sequence[int]) -> None:
        super().__init__("Nobody is left to call: other open jobs will call all of these numbers.")
        self.rows = tuple(rows)


class InUse(StoreError):
    """`by` are ids of open jobs, or of the phone numbers whose outbound agent it is."""

    def __init__(self, what: str, id: str, by: Sequence[str]) -> None:
        super().__init__(f"The {what} {id} is used by {', '.join(by)}.")
        self.what = what
        self.id = id
        self.by = tuple(by)


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
