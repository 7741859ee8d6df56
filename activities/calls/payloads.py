"""What workflows and the calling activity hand each other. Neither numbers nor names."""

from datetime import datetime

from pydantic import ConfigDict, Field

from domain.calls.dispatch import NotNow
from domain.calls.models import Outcome
from domain.model import Model
from domain.statuses import ContactStatus


class CallContact(Model):
    """Call a contact once: its `dial`-th dial. `resumed`: an earlier run of the workflow may have placed it already.

    `lines`: how many calls of the job may be live with it; None: as many as the limits let.
    """

    model_config = ConfigDict(populate_by_name=True)

    organization_id: str
    job_id: str
    contact_id: str
    dial: int
    resumed: bool = Field(False, alias="again")
    lines: int | None = None

    @property
    def key(self) -> str:
        """The key that the carrier gets: ids that never change."""
        return f"{self.contact_id}:{self.dial}"


class CallEnded(Model):
    """What became of it. `held`: no call was placed, nothing has changed; otherwise the contact's new status."""

    status: ContactStatus | None = None
    outcome: Outcome | None = None
    due_at: datetime | None = None
    held: NotNow | None = None
