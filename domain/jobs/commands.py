"""What operators ask of a job from Temporal's side."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field

from domain.model import Model


class CommandKind(StrEnum):
    START_NOW = "start_now"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    CANCEL_AND_HANG_UP = "cancel_and_hang_up"
    RESCHEDULE = "reschedule"
    CHANGE = "change"
    REMOVE_CONTACT = "remove_contact"

    @property
    def is_switch(self) -> bool:
        """Whether the same command later may undo what was done in between."""
        return self in {CommandKind.START_NOW, CommandKind.PAUSE, CommandKind.RESUME}

    @property
    def stops_calling(self) -> bool:
        return self in {CommandKind.PAUSE, CommandKind.CANCEL, CommandKind.CANCEL_AND_HANG_UP}


class OperatorCommand(Model):
    """One command; of `start`, `fields` and `contact_id` only the one that its kind needs is set."""

    organization_id: str
    job_id: str
    kind: CommandKind
    start: datetime | None = None  # RESCHEDULE: UTC
    fields: dict[str, Any] = Field(default_factory=dict)  # CHANGE: as PATCH takes them
    contact_id: str = ""  # REMOVE_CONTACT
    received_at: datetime | None = None  # by the workflow, UTC
