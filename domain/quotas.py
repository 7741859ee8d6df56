"""How much of each thing an organization may have."""

from collections.abc import Mapping
from enum import StrEnum

from domain.model import Model

MAX_OPEN_JOBS = 5_000  # all may run: what `workflows/organization_lines.py` carries on stays below Temporal's 2 MB


class Quota(StrEnum):
    """What is counted. What is removed within a day of its creation counts until that day is over."""

    OPEN_JOBS = "openJobs"
    JOBS = "jobs"
    CAMPAIGNS = "campaigns"
    CONTACTS = "contacts"
    AGENTS = "agents"
    PHONE_NUMBERS = "phoneNumbers"
    API_KEYS = "apiKeys"
    DO_NOT_CALL = "doNotCall"


QuotaLimits = Mapping[Quota, int | None]  # None: no limit

EXPLANATIONS: dict[Quota, tuple[str, str]] = {  # what it is, and what makes room
    Quota.OPEN_JOBS: ("jobs that have not ended", "Wait until one ends, or cancel one"),
    Quota.JOBS: ("jobs, ended ones too", "Delete ended jobs"),
    Quota.CAMPAIGNS: ("campaigns that have not ended", "Wait until one ends, or delete one"),
    Quota.CONTACTS: ("contacts in all jobs, ended ones too, and waiting in campaigns", "Delete ended jobs"),
    Quota.AGENTS: ("agents, those removed within a day of their creation too", "Remove one"),
    Quota.PHONE_NUMBERS: ("phone numbers, those removed within a day of their creation too", "Remove one"),
    Quota.API_KEYS: ("API keys, those revoked within a day of their creation too", "Revoke one"),
    Quota.DO_NOT_CALL: ("numbers on the do-not-call list", "Take numbers off it"),
}


class QuotaUse(Model):
    """How much there is, and may be; `limit` None: no limit."""

    quota: Quota
    used: int
    limit: int | None


def explain_exceeded(quota: Quota, limit: int, wanted: int) -> str:
    what, step = EXPLANATIONS[quota]
    return (
        f"Your organization may have at most {limit:,} {what}, and would have {wanted:,}. {step}, or ask whoever runs"
        " this service for more."
    )
