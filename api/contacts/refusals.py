"""What the store refuses, in sentences for whoever sent contacts."""

from collections.abc import Sequence

from api.http.errors import InsufficientCredits
from domain.errors import NoValidContacts
from domain.money import format_dollars as dollars
from store import errors as store

MAX_DETAILS = 100


def too_expensive(error: store.InsufficientCredits) -> InsufficientCredits:
    return InsufficientCredits(
        f"Calling these contacts is estimated at {dollars(error.needed)}, the free credits are"
        f" {dollars(error.free)}. Top up, or send fewer contacts."
    )


def nobody_left(error: store.NoContactsLeft) -> NoValidContacts:
    return NoValidContacts(f"Nobody is left to call: {error.why}.", rows(error.rows, error.why))


def rows(blamed: Sequence[int], reason: str) -> list[dict[str, object]]:
    """The first of them, as `details`."""
    return [{"row": row, "reason": reason} for row in blamed[:MAX_DETAILS]]
