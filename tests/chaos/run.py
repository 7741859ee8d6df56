"""One run: a stack, its jobs, everything that goes wrong with them, and the verdicts."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg

from tests.chaos import record
from tests.chaos.disruption import Disruptor, Done, Surroundings
from tests.chaos.orders import Operators
from tests.chaos.plan import WORKERS, Disruption, draw_carrier_faults, draw_disruptions
from tests.chaos.population import Population, populate
from tests.chaos.surroundings import prepared
from tests.end_to_end.batch import ENDED
from tests.end_to_end.live_stack import LiveStack, new_home
from tests.invariants import Run, Verdict, judge
from tests.waiting import until

HOUSEKEEPER = "OUTDIAL_HOUSEKEEPER_SECONDS"
PROGRAM = "tests.chaos.altered_stack"
SPEED = 60.0
MAX_GAP_SECONDS = 6.0  # between two disruptions, however slowly the jobs go on
MIN_GAP_SECONDS = 1.0
LOOK_SECONDS = 0.5
FINISH_LOOK_SECONDS = 2.0
MAX_LOOK_SECONDS = 30.0  # of a look that the machine itself did not hold up


@dataclass(frozen=True)
class Options:
    """Of `python -m tests.chaos`."""

    contacts: int = 10_000
    kills: int = 70
    seed: int = 7
    speed: float = SPEED
    max_gap: float = MAX_GAP_SECONDS
    max_stop: float = 60.0  # seconds that anything stands still
    finish_seconds: float = 300.0  # without a contact that ends, when the last disruption is over
    patience: float = 60.0  # seconds after which a silent carrier is asked; the product's own unless given
    only: str = ""  # one kind of disruption in place of all: "cut", or of one part: "stop carrier"
    plant: str = ""  # a bug of tests/chaos/plants.py
    keep: str = ""  # a directory for the stack's data; empty: it is removed afterwards


@dataclass
class Outcome:
    """What was judged, and how."""

    run: Run
    verdicts: list[Verdict]
    done: list[Done]
    unanswered: int
    seconds: float
    unfinished: str  # why the run was judged before all was over; empty: it was not

    @property
    def breaches(self) -> int:
        return bool(self.unfinished) + sum(len(verdict.breaches) for verdict in self.verdicts)


@dataclass
class Chaos:
    """A run on a stack."""

    stack: LiveStack
    options: Options
    population: Population
    around: Surroundings
    finals: record.Finals = field(default_factory=record.Finals)
    done: int = 0  # contacts with a final status, when they were last counted

    def __post_init__(self) -> None:
        self.disruptor = Disruptor(self.stack, self.around)
        self.operators = Operators(self.stack, self.population, self.options.seed)

    def run(self) -> Outcome:
        began = time.monotonic()
        self.operators.start()
        try:
            self._disrupt(self._plan())
        finally:
            self.operators.end()
            self.disruptor.finish()
        unfinished = ""
        try:
            self._finish()
        except AssertionError as late:  # then what is open is judged as lost
            unfinished = str(late)
        judged = record.collect(self.stack, self.population, self.operators.given, self.finals.seen)
        return Outcome(
            judged,
            judge(judged),
            self.disruptor.done,
            self.operators.unanswered,
            time.monotonic() - began,
            unfinished,
        )

    def _plan(self) -> list[Disruption]:
        options = self.options
        return draw_disruptions(options.seed, options.kills, options.max_stop, options.only)

    def _disrupt(self, plan: list[Disruption]) -> None:
        """Spread over the contacts; who goes too slowly is disrupted all the same."""
        for at, disruption in enumerate(plan, 1):
            self._wait_until(len(self.population.numbers) * at // (len(plan) + 1))
            self._cancel_halfway(at, len(plan))
            self.disruptor.do(disruption)

    def _wait_until(self, done: int) -> None:
        began = time.monotonic()
        time.sleep(MIN_GAP_SECONDS)
        while time.monotonic() - began < self.options.max_gap:
            self._look()
            if self.done >= done:
                return
            time.sleep(LOOK_SECONDS)

    def _look(self) -> None:
        with contextlib.suppress(psycopg.Error):
            self.done = self.finals.look(self.stack.ready["database"]["url"])

    def _cancel_halfway(self, at: int, of: int) -> None:
        for job in self.population.jobs:
            if job.sort.may_be_cancelled and at == (of + 1) // 2:
                self.operators.cancel(job, hang_up=bool(self.options.seed % 2))

    def _finish(self) -> None:
        """Let everything that can end by itself do so, and cancel the rest."""
        self._until_ended([job.id for job in self.population.jobs if job.sort.ends])
        for job in self.population.jobs:
            if not job.sort.ends:
                until(lambda job=job: self.operators.cancel(job), 120, every=1)
        self._until_ended([job.id for job in self.population.jobs])
        until(self._nobody_on_the_phone, self.options.finish_seconds, every=1)

    def _until_ended(self, job_ids: list[str]) -> None:
        """For as long as contacts end, however slowly. Raises AssertionError when none did for too long.

        Time is counted by looks, so that a machine that was suspended meanwhile is not taken for jobs that stand still.
        """
        self.operators.resume_all()
        done, stood = self.done, 0.0
        while True:
            began = time.monotonic()
            self._look()
            with contextlib.suppress(httpx.HTTPError, KeyError):
                statuses = [self._status(job_id) for job_id in job_ids]
                if all(status in ENDED for status in statuses):
                    return
                if "paused" in statuses:
                    self.operators.resume_all()
            if self.done > done:
                done, stood = self.done, 0.0
            assert stood < self.options.finish_seconds, f"{len(self.population.numbers) - done} contacts are open"
            time.sleep(FINISH_LOOK_SECONDS)
            stood += min(time.monotonic() - began, MAX_LOOK_SECONDS)

    def _status(self, job_id: str) -> str:
        job = next(job for job in self.population.jobs if job.id == job_id)
        with self.stack.http(self.population.keys[job.sort.organization]) as client:
            return str(client.get(f"/batch/jobs/{job_id}").json()["status"])

    def _nobody_on_the_phone(self) -> bool:
        self._look()
        with psycopg.connect(self.stack.ready["database"]["url"]) as connection:
            row = connection.execute("SELECT count(*) FROM dials WHERE ended_at IS NULL").fetchone()
        return row is not None and row[0] == 0


def run(options: Options) -> Outcome:
    """Start a stack, run everything on it, and judge. Raises AssertionError where the run itself does not end."""
    flags = ("--speed", str(options.speed), "--seed", str(options.seed), "--workers", str(WORKERS))
    faults = draw_carrier_faults(options.seed)
    with _home(options) as home, prepared(home, faults, options.patience, options.plant or None) as around:
        environment = {HOUSEKEEPER: "5", **around.alterations.environment}
        flags = (*flags, *around.flags)
        stack = LiveStack.start(home, *flags, environment=environment, wait=False, program=PROGRAM)
        try:
            stack.wait_until_ready()
            return Chaos(stack, options, populate(stack, options.contacts), around.surroundings).run()
        finally:
            stack.end()


@contextlib.contextmanager
def _home(options: Options) -> Iterator[Path]:
    if not options.keep:
        with new_home() as home:
            yield home
        return
    kept = Path(options.keep)
    kept.mkdir(parents=True)
    yield kept
