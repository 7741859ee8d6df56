"""What becomes of a person's data: what stands in its place, and the receipt of an erasure."""

import unicodedata
from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import Any

import phonenumbers

from domain.model import Model

ERASED = "erased"  # in the place of a number, or of a text that held one
SUPPRESSED_REASON = "The person's data was erased at their request."
MIN_RETENTION_DAYS = 30  # `overlapDays` and caps on calls look back so far
MAX_RETENTION_DAYS = 3650
MIN_DIGITS = 7  # of a number without its country code; with fewer, other digits would be taken for it


class CallErasure(StrEnum):
    """What a carrier has done with what it has of one call."""

    PENDING = "pending"  # it is asked again until it answers
    DELETED = "deleted"
    KEPT_BY_OPERATOR = "kept_by_operator"  # it deletes nothing itself: its records are the operator's files


class ErasedCall(Model):
    """A call at its carrier. `recordings`: how many went with it. `last_error`: why it is still pending."""

    dial_id: str
    carrier_account_id: str
    call_id: str
    state: CallErasure
    recordings: int
    attempts: int
    last_error: str | None


class Erasure(Model):
    """That a person was forgotten. `deleted`: how many of each kind, in our database."""

    id: str
    requested_by: str
    requested_at: datetime
    deleted: dict[str, int]
    calls: tuple[ErasedCall, ...] = ()

    @property
    def is_done(self) -> bool:
        """Whether no carrier has to be asked any more."""
        return all(call.state is not CallErasure.PENDING for call in self.calls)


class PersonalData(Model):
    """All that an organization has of one telephone, as it is stored."""

    contacts: tuple[dict[str, Any], ...] = ()
    calls: tuple[dict[str, Any], ...] = ()
    rejected_rows: tuple[dict[str, Any], ...] = ()
    do_not_call: tuple[dict[str, Any], ...] = ()


def digits_of(text: str) -> str:
    """Its digits in any script, as 0 to 9."""
    return "".join(str(unicodedata.decimal(sign)) for sign in text if sign.isdecimal())


def tails_of(numbers: Collection[str]) -> frozenset[str]:
    """The digits that numbers, E.164, have in any writing: without country code and trunk prefix."""
    return frozenset(map(_tail, numbers))


def _tail(number: str) -> str:
    national = phonenumbers.national_significant_number(phonenumbers.parse(number))
    return national if len(national) >= MIN_DIGITS else digits_of(number)


def mentions(text: str, tails: Collection[str]) -> bool:
    """Whether a text has one of the numbers in it, however it is written."""
    digits = digits_of(text)
    return any(tail in digits for tail in tails)


def without(value: Any, tails: Collection[str]) -> Any:
    """JSON without the texts that mention one of the numbers."""
    if isinstance(value, dict):
        return {name: without(part, tails) for name, part in value.items()}
    if isinstance(value, list):
        return [without(part, tails) for part in value]
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return ERASED if mentions(str(value), tails) else value
    return value
