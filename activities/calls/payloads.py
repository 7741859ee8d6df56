"""What workflows and the calling activity hand each other. Neither numbers nor names."""

from datetime import datetime

from domain.calls.dispatch import NotNow
from domain.calls.models import Outcome
from domain.model import Model
from domain.statuses import ContactStatus


class CallContact(Model):
    """Call a contact once: its `dial`-th dial. `again`: an earlier run of the workflow had asked for it already."""

    organization_id: str
    job_id: str
    contact_id: str
    dial: int
    again: bool = False

    @property
    def key(self) -> str:
        """The key that the carrier gets: ids that never change."""
        return f"{self.contact_id}:{self.dial}"


class CallEnded(Model):
    """What became of it. `held`: it was not called, nothing has changed; otherwise the contact's new status."""

    status: ContactStatus | None = None
    outcome: Outcome | None = None
    due_at: datetime | None = None
    held: NotNow | None = None
