"""How an organization's lines are shared among its jobs: whole lines, max-min fair by weight."""

import heapq
from collections.abc import Mapping, Sequence
from fractions import Fraction

from domain.model import Model


class Demand(Model):
    """How many lines a job can use now, and its weight: its priority, 1 to 9."""

    lines: int
    weight: int = 5


class LinesWanted(Model):
    """A job to its organization's lines: what it can use now. `over`: it has ended and will never want any more."""

    job_id: str
    name: str
    priority: int
    lines: int
    over: bool = False


class LinesShare(Model):
    """The answer: how many lines the job may use. `wanted`: what was heard of it; of two stamps the higher is newer."""

    lines: int
    wanted: int
    stamp: int


class OrganizationLines(Model):
    """What the database knows of an organization's lines. `running`: its jobs that call people now."""

    limit: int
    reserved: int
    running: tuple[str, ...]

    @property
    def usable(self) -> int:
        """Lines that jobs may use; the reserved ones are kept free for other calls."""
        return max(0, self.limit - self.reserved)


def fair_shares(lines: int, demands: Mapping[str, Demand], order: Sequence[str]) -> dict[str, int]:
    """Deal out lines one by one: the next goes to the unsatisfied job with the smallest share for its weight.

    Ties go to whoever comes first in `order`, which names every job of `demands`. With more jobs than lines, the
    first ones have one each.
    """
    shares = dict.fromkeys(order, 0)
    unsatisfied = [(Fraction(0), place, job) for place, job in enumerate(order) if demands[job].lines > 0]
    while lines > 0 and unsatisfied:
        _, place, job = heapq.heappop(unsatisfied)
        shares[job] += 1
        lines -= 1
        if shares[job] < demands[job].lines:
            heapq.heappush(unsatisfied, (Fraction(shares[job], demands[job].weight), place, job))
    return shares
