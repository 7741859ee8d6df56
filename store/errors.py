"""Every way in which the store says no.

StoreError
├── NotFound               it does not exist, or belongs to somebody else: nobody can tell which
├── WrongStatus            the job's status does not allow it
├── InsufficientCredits    the free credits do not cover the estimate
├── Overlapping            other open jobs of the organisation will call these numbers too
└── NoContactsLeft         after skipping what overlaps nobody is left to call
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
