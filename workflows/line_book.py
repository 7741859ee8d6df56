"""Which jobs requested lines, which have them and whose turn it is: the decisions for an organization, without
Temporal."""

from datetime import datetime, timedelta

from pydantic import ConfigDict, Field

from domain.jobs.line_shares import Demand, LinesShare, LinesWanted, OrganizationLines, fair_shares
from domain.model import Model

MAX_NAME_BYTES = 60  # of a job, as it is shown: 5,000 of them are carried on


class Claimant(Model):
    """A job that requested lines. `sent`: the share that it knows, None: none was sent yet.

    `service`: line-seconds that it had, for each unit of its weight. Only differences count: a job's first request
    puts it where the least served of the others stands.
    """

    model_config = ConfigDict(populate_by_name=True)

    job_id: str
    name: str
    priority: int
    wants: int
    share: int = 0
    sent: int | None = Field(None, alias="told")
    service: float = 0.0


class BookState(Model):
    """What one run of the workflow leaves to the next; `claimants` in their order."""

    facts: OrganizationLines | None = None
    claimants: tuple[Claimant, ...] = ()
    stamp: int = 0
    counted_until: datetime | None = None
    turn_ends_at: datetime | None = None


class LineBook:
    """Times are the workflow's, UTC. With more jobs than lines, a turn lasts `turn`."""

    def __init__(self, state: BookState, turn: timedelta) -> None:
        self.facts = state.facts
        self._claimants = {claimant.job_id: claimant for claimant in state.claimants}
        self._stamp = state.stamp
        self._counted_until = state.counted_until
        self._turn_ends_at = state.turn_ends_at
        self._turn = turn
        self._received: set[str] = set()  # jobs whose requests came after the last reading of the database began

    @property
    def state(self) -> BookState:
        return BookState(
            facts=None if self.facts is None else self.facts.model_copy(update={"running": ()}),  # read anew each time
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
    def job_ids(self) -> tuple[str, ...]:
        return tuple(self._claimants)

    @property
    def wanted(self) -> bool:
        """Whether any job wants lines."""
        return any(claimant.wants for claimant in self._claimants.values())

    @property
    def turn_ends_at(self) -> datetime | None:
        """When the lines move on; None while there is one for every job."""
        return self._turn_ends_at

    def receive(self, request: LinesWanted, now: datetime) -> None:
        """Take a job's request."""
        self._count_service(now)
        self._received.add(request.job_id)
        if request.over:
            self.forget(request.job_id)
            return
        known = self._claimants.get(request.job_id)
        name = request.name.encode()[:MAX_NAME_BYTES].decode(errors="ignore")
        values = {"name": name, "priority": request.priority, "wants": request.lines}
        if known is not None and known.wants and request.lines:
            self._claimants[request.job_id] = known.model_copy(update=values)
            return
        service = max(known.service if known else 0.0, self._least_service())
        self.forget(request.job_id)  # a job's first lines put it last in the order
        self._claimants[request.job_id] = Claimant(job_id=request.job_id, service=service, **values)

    def forget(self, job_id: str) -> None:
        """A job that has ended, or cannot be reached."""
        self._claimants.pop(job_id, None)

    def forget_share(self, job_id: str) -> None:
        """Its share was not sent after all: the next sharing out sends it."""
        if job_id in self._claimants:
            self._claimants[job_id] = self._claimants[job_id].model_copy(update={"sent": None})

    def begin_reading(self) -> None:
        """The database is being read: requests from now on are newer than what it will say."""
        self._received.clear()

    def take(self, facts: OrganizationLines) -> list[str]:
        """Take what the database said. Drops the jobs that do not run; returns those that run and requested nothing."""
        self.facts = facts
        for job_id in [known for known in self._claimants if known not in facts.running]:
            if job_id not in self._received:
                self.forget(job_id)
        return [job_id for job_id in facts.running if job_id not in self._claimants and job_id not in self._received]

    def allocate(self, now: datetime) -> dict[str, LinesShare]:
        """Share out the lines anew. Returns the shares that changed, by job."""
        self._count_service(now)
        if self.facts is None:
            return {}
        self._move_on(self.facts.usable, now)
        demands = {job: Demand(lines=one.wants, weight=one.priority) for job, one in self._claimants.items()}
        shares = fair_shares(self.facts.usable, demands, list(demands))
        news = [job for job, one in self._claimants.items() if one.wants and one.sent != shares[job]]
        if news:
            self._stamp = max(self._stamp + 1, int(now.timestamp() * 1000))  # newer even after a reset or a restart
        for job, share in shares.items():
            changes = {"share": share} | ({"sent": share} if job in news else {})
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
