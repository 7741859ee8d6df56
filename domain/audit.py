"""What is done to jobs and organizations, and by whom."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from domain.model import Model

TEMPORAL = "temporal"  # an operator, from Temporal's side
OPERATOR = "operator"  # an operator, on the database
SYSTEM = "outdial"  # a rule of ours


class Action(StrEnum):
    CREATED = "created"
    STARTED = "started"
    PAUSED = "paused"
    RESUMED = "resumed"
    CANCELLED = "cancelled"
    COMPLETED = "completed"
    FAILED = "failed"
    DELETED = "deleted"  # details: how many contacts went with it
    CHANGED = "changed"  # details: the fields, as they are now
    CONTACTS_ADDED = "contacts_added"
    CONTACT_REMOVED = "contact_removed"
    CAMPAIGN_CREATED = "campaign_created"  # details of these: the campaign's id
    CAMPAIGN_STARTED = "campaign_started"
    CAMPAIGN_PAUSED = "campaign_paused"
    CAMPAIGN_RESUMED = "campaign_resumed"
    CAMPAIGN_CANCELLED = "campaign_cancelled"
    CAMPAIGN_COMPLETED = "campaign_completed"
    CAMPAIGN_DELETED = "campaign_deleted"
    STOPPED = "stopped"  # the whole organization
    DO_NOT_CALL_ADDED = "do_not_call_added"
    DO_NOT_CALL_REMOVED = "do_not_call_removed"
    KEY_CREATED = "key_created"  # details of these: the id of what it was done to
    KEY_REVOKED = "key_revoked"
    AGENT_CREATED = "agent_created"
    AGENT_CHANGED = "agent_changed"
    AGENT_REMOVED = "agent_removed"
    NUMBER_CREATED = "number_created"
    NUMBER_CHANGED = "number_changed"
    NUMBER_REMOVED = "number_removed"
    NUMBER_CLOSED = "number_closed"  # no call starts from it
    NUMBER_OPENED = "number_opened"
    WEBHOOK_CREATED = "webhook_created"
    WEBHOOK_CHANGED = "webhook_changed"
    WEBHOOK_DELETED = "webhook_deleted"
    WEBHOOK_SECRET_ROTATED = "webhook_secret_rotated"  # noqa: S105  no password
    NUMBERS_SHOWN = "numbers_shown"  # in the console, where they are masked; details: where, and how many
    RESULTS_DOWNLOADED = "results_downloaded"  # likewise: as a file
    GRANTED = "granted"  # the use of a number or trunk; details: the grant's id, carrier and kind
    GRANT_REVOKED = "grant_revoked"
    PERSON_FORGOTTEN = "person_forgotten"  # details of these: the receipt's id; no number
    PERSON_EXPORTED = "person_exported"
    DATA_ERASED = "data_erased"  # of a job, by retention; details: how many contacts


class AuditEntry(Model):
    """Something that was done. `actor`: a key's id, or one of the constants above. No phone number is in `details`."""

    id: str
    at: datetime
    job_id: str | None
    actor: str
    action: Action
    details: dict[str, Any]
