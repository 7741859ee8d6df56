"""What create promises about cost and time: contacts × 2 minutes, in waves as wide as the lines."""

from decimal import Decimal

from domain.model import Model
from domain.money import ASSUMED_MINUTES, estimate_cost
from domain.statuses import Architecture


class Estimate(Model):
    """Calling every contact once, two minutes each."""

    cost: Decimal  # dollars, unrounded: this is what the free credits must cover
    minutes: int

    @property
    def duration_text(self) -> str:
        """For people: "40 minutes", from an hour "1 hours 10 minutes"."""
        hours, minutes = divmod(self.minutes, 60)
        return f"{hours} hours {minutes} minutes" if hours else f"{minutes} minutes"


def estimate(contacts: int, architecture: Architecture, *, job_limit: int, organization_limit: int) -> Estimate:
    """Estimate a job. The smaller of the two limits on concurrent calls binds."""
    waves = -(-contacts // usable_lines(job_limit, organization_limit))
    return Estimate(cost=estimate_cost(contacts, architecture), minutes=waves * ASSUMED_MINUTES)


def usable_lines(job_limit: int, organization_limit: int) -> int:
    """How many calls the job can have at once when it has the organization to itself."""
    return max(1, min(job_limit, organization_limit))
