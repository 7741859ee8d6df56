"""Who wants lines, who has them and whose turn it is: an organization's decisions, without Temporal."""

from datetime import datetime, timedelta

from domain.jobs.line_shares import Demand, LinesShare, LinesWanted, OrganizationLines, fair_shares
from domain.model import Model


class Claimant(Model):
    """A job that said how many lines it wants. `told`: its share as it was last told, None: it waits to be told.

    `service`: line-seconds that it had, for each unit of its weight. Only differences count: whoever begins to want
    lines begins where the least served of the others stands.
    """

    job_id: str
    name: str
    priority: int
    wants: int
    share: int = 0
    told: int | None = None
    service: float = 0.0


class BookSoFar(Model):
    """What one run of the workflow leaves to the next; `claimants` in their order."""

    facts: OrganizationLines | None = None
    claimants: tuple[Claimant, ...] = ()
    stamp: int = 0
    counted_until: datetime | None = None
    turn_ends_at: datetime | None = None


class LineBook:
    """Times are the workflow's, UTC. With more jobs than lines, a turn lasts `turn`."""

    def __init__(self, so_far: BookSoFar, turn: timedelta) -> None:
        self.facts = so_far.facts
        self._claimants = {claimant.job_id: claimant for claimant in so_far.claimants}
        self._stamp = so_far.stamp
        self._counted_until = so_far.counted_until
        self._turn_ends_at = so_far.turn_ends_at
        self._turn = turn
        self._heard: set[str] = set()  # since the last look at the record began

    @property
    def so_far(self) -> BookSoFar:
        return BookSoFar(
            facts=self.facts,
            claimants=tuple(self._claimants.values()),
            stamp=self._stamp,
            counted_until=self._counted_until,
            turn_ends_at=self._turn_ends_at,
        )

    @property
    def claimants(self) -> tuple[Claimant, ...]:
        """All jobs that are known, in their order."""
        return tuple(self._claimants.values())

    @property
    def wanted(self) -> bool:
        """Whether anybody wants lines."""
        return any(claimant.wants for claimant in self._claimants.values())

    @property
    def turn_ends_at(self) -> datetime | None:
        """When the lines move on; None while there is one for everybody."""
        return self._turn_ends_at

    def want(self, wanted: LinesWanted, now: datetime) -> None:
        """Hear what a job says."""
        self._count_service(now)
        self._heard.add(wanted.job_id)
        if wanted.over:
            self.forget(wanted.job_id)
            return
        known = self._claimants.get(wanted.job_id)
        said = {"name": wanted.name, "priority": wanted.priority, "wants": wanted.lines}
        if known is not None and known.wants and wanted.lines:
            self._claimants[wanted.job_id] = known.model_copy(update=said)
            return
        service = max(known.service if known else 0.0, self._least_service())
        self.forget(wanted.job_id)  # whoever begins to want lines is the last in the order
        self._claimants[wanted.job_id] = Claimant(job_id=wanted.job_id, service=service, **said)

    def forget(self, job_id: str) -> None:
        """A job that has ended, or cannot be reached."""
        self._claimants.pop(job_id, None)

    def begin_look(self) -> None:
        """The record is being read: what is heard from now on is newer than what it will say."""
        self._heard.clear()

    def take(self, facts: OrganizationLines) -> list[str]:
        """What the record said. Returns the jobs that run and have said nothing; those that do not run are dropped."""
        self.facts = facts
        for job_id in [known for known in self._claimants if known not in facts.running]:
            if job_id not in self._heard:
                self.forget(job_id)
        return [job_id for job_id in facts.running if job_id not in self._claimants and job_id not in self._heard]

    def decide(self, now: datetime) -> dict[str, LinesShare]:
        """Deal out the lines anew. Returns what is to be told, to whom."""
        self._count_service(now)
        if self.facts is None:
            return {}
        self._move_on(self.facts.usable, now)
        demands = {job: Demand(lines=one.wants, weight=one.priority) for job, one in self._claimants.items()}
        shares = fair_shares(self.facts.usable, demands, list(demands))
        news = [job for job, one in self._claimants.items() if one.wants and one.told != shares[job]]
        if news:
            self._stamp = max(self._stamp + 1, int(now.timestamp() * 1000))  # newer even after a reset or a restart
        for job, share in shares.items():
            changes = {"share": share} | ({"told": share} if job in news else {})
            self._claimants[job] = self._claimants[job].model_copy(update=changes)
        return {
            job: LinesShare(lines=shares[job], wanted=self._claimants[job].wants, stamp=self._stamp) for job in news
        }

    def _move_on(self, lines: int, now: datetime) -> None:
        """At the end of a turn those who were served least come first."""
        if not 0 < lines < sum(1 for claimant in self._claimants.values() if claimant.wants):
            self._turn_ends_at = None
            return
        if self._turn_ends_at is not None and self._turn_ends_at <= now:
            by_service = sorted(self._claimants.values(), key=lambda claimant: claimant.service)
            self._claimants = {claimant.job_id: claimant for claimant in by_service}
            self._turn_ends_at = None
        self._turn_ends_at = self._turn_ends_at or now + self._turn

    def _count_service(self, now: datetime) -> None:
        seconds = (now - self._counted_until).total_seconds() if self._counted_until is not None else 0.0
        self._counted_until = now
        for job_id, one in self._claimants.items():
            if one.share and seconds > 0:
                service = one.service + one.share * seconds / one.priority
                self._claimants[job_id] = one.model_copy(update={"service": service})

    def _least_service(self) -> float:
        return min((one.service for one in self._claimants.values() if one.wants), default=0.0)
