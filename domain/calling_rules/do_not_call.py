"""Why a number is on an organization's do-not-call list."""

from datetime import datetime
from enum import StrEnum

from domain.model import Model
from domain.phone.location import may_be_called, not_allowed

LISTED = "The number is on the do-not-call list."


def why_never(*, listed: bool, country: str | None, allowed: frozenset[str]) -> str | None:
    """Why somebody may never be called: `listed` numbers, and countries that are not `allowed`. None: may be."""
    if listed:
        return LISTED
    return None if may_be_called(country, allowed) else not_allowed(country)


class Source(StrEnum):
    """Where an entry comes from."""

    API = "api"
    FILE = "file"
    NETWORK = "sip_607"  # the person's network said: unwanted (RFC 8197)
    AGENT = "agent"  # the person told the agent
    OPERATOR = "operator"


class Entry(Model):
    """One number that must not be called. `added_by`: a key's id, "operator", or "outdial" itself."""

    number: str  # E.164
    source: Source
    note: str | None = None
    added_by: str
    added_at: datetime
