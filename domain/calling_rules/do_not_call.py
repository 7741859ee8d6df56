"""Why a number is on an organization's do-not-call list."""

from datetime import datetime
from enum import StrEnum

from domain.model import Model
from domain.phone.location import explain_country_block, is_country_allowed

LISTED_REASON = "The number is on the do-not-call list."


def explain_block(*, listed: bool, country: str | None, allowed: frozenset[str]) -> str | None:
    """Why somebody may never be called: `listed` numbers, and countries that are not `allowed`. None: may be."""
    if listed:
        return LISTED_REASON
    return None if is_country_allowed(country, allowed) else explain_country_block(country)


class Source(StrEnum):
    """Where an entry comes from."""

    API = "api"
    FILE = "file"
    NETWORK = "sip_607"  # the person's network reported: unwanted (RFC 8197)
    AGENT = "agent"  # the person told the agent
    OPERATOR = "operator"
    ERASURE = "erasure"  # the person's data was erased at their request


class ListedNumber(Model):
    """One number that must not be called. `added_by`: a key's id, "operator", or "outdial" itself."""

    number: str  # E.164
    source: Source
    note: str | None = None
    added_by: str
    added_at: datetime
    batch_id: str | None = None  # of the request that listed it
