"""Whatever happens, in any order: the limits hold at every dial, no line is lost, nobody starves, shares are fair."""

import asyncio
import contextlib
import itertools
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from temporalio.client import WorkflowExecutionStatus
from temporalio.service import RPCError
from temporalio.testing import ActivityEnvironment

from domain.statuses import JobStatus
from tests.builders import a_contact, a_job, a_number, an_organization
from tests.fakes.carrier import TALKS_ON, PlacedCall
from tests.waiting import eventually
from tests.workflows.running import Job, Running
from workflows.batch_job import BatchJob
from workflows.organization_lines import OrganizationLines

MAX_JOBS = 6
SETTLED_WITHIN = 20.0  # seconds
CLAIMED_BEFORE = 1.0  # seconds: a call that was claimed under an older limit may still be placed
LIMITS = st.integers(1, 8)
CONTACTS = st.integers(1, 30)
WHICH = st.integers(0, MAX_JOBS)
PAUSES = st.sampled_from([0.0, 0.05, 0.3])  # seconds until the next thing happens


@dataclass
class Called:
    """A job, and what a test knows about it."""

    job: Job
    numbers: frozenset[str]
    priority: int
    limits: list[tuple[float, int]]  # since when it may have so many calls at once


class Sharing:
    """One organization and what happens to it, as coroutines."""

    new_numbers = itertools.count(1000)  # nobody is in two jobs

    def __init__(self, running: Running) -> None:
        self.running = running
        self.limit = 0
        self.limits: list[tuple[float, int]] = []
        self.called: list[Called] = []

    async def begin(self, limit: int) -> None:
        self.running.carrier.usually(TALKS_ON)
        self.given = await an_organization(self.running.engine, limit=limit)
        self._now_limited_to(limit)

    def _now_limited_to(self, limit: int) -> None:
        self.limit = limit
        self.limits.append((_now(), limit))

    # --- what happens --------------------------------------------------------------------------------------------

    async def join(self, contacts: int, limit: int, priority: int) -> None:
        people = [a_contact(row, a_number(next(self.new_numbers))) for row in range(2, 2 + contacts)]
        stored = await a_job(self.running.engine, self.given, people, concurrent_call_limit=limit, priority=priority)
        numbers = frozenset(person.number for person in people)
        job = await self.running.start_in_real_time(self.given, stored)
        self.called.append(Called(job, numbers, priority, [(_now(), limit)]))

    async def people_hang_up(self, count: int) -> None:
        for call in self.live[:count]:
            await self.running.carrier.end(call)

    async def change_limit(self, limit: int) -> None:
        change = "UPDATE organizations SET concurrent_call_limit = :limit WHERE id = :organization"
        if limit > self.limit:
            self._now_limited_to(limit)
        await self.running.change(change, limit=limit, organization=self.given.id)
        if limit < self.limit:
            self._now_limited_to(limit)
        await self.running.workflows.nudge_lines(self.given.id)

    async def change_own_limit(self, called: Called, limit: int) -> None:
        called.limits.append((_now(), max(limit, called.limits[-1][1])))
        if await self.signal(called, BatchJob.change_limit, limit):
            await eventually(lambda: self._record_says(called, limit))
            called.limits.append((_now(), limit))

    async def _record_says(self, called: Called, limit: int) -> bool:
        query = "SELECT concurrent_call_limit, status FROM batch_jobs WHERE id = :job"
        (row,) = await self.running.rows(query, job=called.job.id)
        return row["concurrent_call_limit"] == limit or JobStatus(row["status"]).ended

    async def signal(self, called: Called, signal: Any, *arguments: Any) -> bool:
        """False where the job is over."""
        try:
            await called.job.handle.signal(signal, *arguments)
        except RPCError:
            return False
        return True

    async def lose(self, called: Called) -> None:
        """Somebody terminates a job; the next sweep will find out."""
        await self._terminate(called.job.handle)

    async def lose_lines(self) -> None:
        await self._terminate(self.running.lines_of(self.given))

    async def much_is_said(self) -> None:
        """So that the lines workflow continues as new."""
        for _ in range(10):
            await self.running.workflows.nudge_lines(self.given.id)

    async def _terminate(self, handle: Any) -> None:
        with contextlib.suppress(RPCError):  # it is over, or never began
            await handle.terminate("by mistake")

    # --- what is seen --------------------------------------------------------------------------------------------

    @property
    def live(self) -> list[PlacedCall]:
        """Calls of this organization that go on."""
        ours = frozenset().union(*(called.numbers for called in self.called))
        return [call for call in self.running.carrier.live if call.order.to in ours]

    def live_of(self, called: Called) -> list[PlacedCall]:
        return [call for call in self.running.carrier.live if call.order.to in called.numbers]

    async def wants(self) -> dict[str, int]:
        """How many lines each job could use now, by the record."""
        query = """
            SELECT j.id, j.concurrent_call_limit, count(c.id) AS open
            FROM batch_jobs j JOIN contacts c ON c.job_id = j.id AND c.status IN ('pending', 'queued', 'dialing')
            WHERE j.organization_id = :organization AND j.status = 'running' GROUP BY j.id
        """
        rows = await self.running.rows(query, organization=self.given.id)
        return {row["id"]: min(row["concurrent_call_limit"], self.limit, row["open"]) for row in rows}

    async def shares(self) -> dict[str, int]:
        """As the lines workflow tells them; nobody has any where none runs: a closed one still answers."""
        lines = self.running.lines_of(self.given)
        try:
            if (await lines.describe()).status is not WorkflowExecutionStatus.RUNNING:
                return {}
            seen = await lines.query(OrganizationLines.shares)
        except RPCError:
            return {}
        return {job.job_id: job.lines for job in seen.jobs if job.lines}

    # --- what must hold ------------------------------------------------------------------------------------------

    def check_limits(self) -> None:
        """At every dial, by the carrier."""
        ours = frozenset().union(*(called.numbers for called in self.called))
        _check_limits([call for call in self.running.carrier.calls if call.order.to in ours], self.limits)
        for called in self.called:
            calls = [call for call in self.running.carrier.calls if call.order.to in called.numbers]
            _check_limits(calls, called.limits)

    async def settle(self) -> None:
        """Once nothing happens any more shares are fair, and the lines in use; with too few lines all get turns."""
        await ActivityEnvironment().run(self.running.reconciliation.reconcile)
        deadline = time.monotonic() + SETTLED_WITHIN
        before = len(self.running.carrier.calls)
        while (wrong := await self._unsettled(before)) is not None:
            assert time.monotonic() < deadline, wrong
            await asyncio.sleep(0.05)

    async def _unsettled(self, before: int) -> str | None:
        wants, shares = await self.wants(), await self.shares()
        if len(wants) > self.limit:
            return await self._starving(wants, before)
        live = {called.job.id: len(self.live_of(called)) for called in self.called if self.live_of(called)}
        for called in self.called:  # whoever has more than a share hangs up
            for call in self.live_of(called)[shares.get(called.job.id, 0) :]:
                await self.running.carrier.end(call)
        weights = {called.job.id: called.priority for called in self.called}
        if not is_fair(self.limit, wants, weights, shares):
            return f"{self.limit} lines for {wants} by {weights} are shared {shares}"
        return None if live == shares else f"{live} are live, shares are {shares}"

    async def _starving(self, wants: dict[str, int], before: int) -> str | None:
        """People hang up, and every job that still wants lines has called somebody."""
        served = {call.order.to for call in self.running.carrier.calls[before:]}
        starving = [called.job.id for called in self.called if called.job.id in wants and not called.numbers & served]
        if starving:
            await self.people_hang_up(1)
        return f"of {list(wants)} on {self.limit} lines nobody was called for {starving}" if starving else None

    async def end(self) -> None:
        """Leave nothing to the next organization."""
        for called in self.called:
            await self.lose(called)
        await self.lose_lines()
        await ActivityEnvironment().run(self.running.reconciliation.reconcile)
        await self.people_hang_up(len(self.live))


def is_fair(limit: int, wants: dict[str, int], weights: dict[str, int], shares: dict[str, int]) -> bool:
    """Max-min fair by weight, in whole lines: all are in use, and none could go to somebody poorer than its owner."""
    if sum(shares.values()) != min(limit, sum(wants.values())):
        return False
    if any(share > wants.get(job, 0) for job, share in shares.items()):
        return False
    lacking = [Fraction(shares.get(job, 0), weights[job]) for job in wants if shares.get(job, 0) < wants[job]]
    return all(Fraction(share - 1, weights[job]) <= least for job, share in shares.items() for least in lacking)


def _check_limits(calls: list[PlacedCall], limits: list[tuple[float, int]]) -> None:
    for call in calls:
        at = call.placed_at
        live = sum(1 for other in calls if other.placed_at <= at and (other.ended_at is None or other.ended_at > at))
        asked = at.timestamp()
        in_force = [limit for since, limit in limits if since <= asked][-1:]
        recent = [limit for since, limit in limits if asked - CLAIMED_BEFORE <= since <= asked + 0.01]
        older = [limit for since, limit in limits if since < asked - CLAIMED_BEFORE][-1:]
        assert live <= max([*in_force, *recent, *older]), f"{live} calls were live when {limits} allowed fewer"


def _now() -> float:
    return datetime.now(UTC).timestamp()


class SharingMachine(RuleBasedStateMachine):
    """Rules in any order, some of them before the one before had any effect. They run on the loop of the workers."""

    def __init__(self, running: Running, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._loop = loop
        self._sharing = Sharing(running)

    def _do(self, what: Coroutine[Any, Any, object], pause: float = 0.0) -> None:
        self._loop.run_until_complete(what)
        self._loop.run_until_complete(asyncio.sleep(pause))
        self._sharing.check_limits()

    def _one(self, which: int) -> Called:
        return self._sharing.called[which % len(self._sharing.called)]

    @initialize(limit=LIMITS, contacts=CONTACTS, pause=PAUSES)
    def begin(self, limit: int, contacts: int, pause: float) -> None:
        self._do(self._sharing.begin(limit))
        for priority in (5, 9):
            self._do(self._sharing.join(contacts, 8, priority), pause)

    @precondition(lambda self: len(self._sharing.called) < MAX_JOBS)
    @rule(contacts=CONTACTS, limit=LIMITS, priority=st.integers(1, 9), pause=PAUSES)
    def a_job_joins(self, contacts: int, limit: int, priority: int, pause: float) -> None:
        self._do(self._sharing.join(contacts, limit, priority), pause)

    @rule(count=st.integers(1, 6), pause=PAUSES)
    def people_hang_up(self, count: int, pause: float) -> None:
        self._do(self._sharing.people_hang_up(count), pause)

    @rule(limit=LIMITS, pause=PAUSES)
    def the_organizations_limit_changes(self, limit: int, pause: float) -> None:
        self._do(self._sharing.change_limit(limit), pause)

    @rule(which=WHICH, limit=LIMITS, pause=PAUSES)
    def a_jobs_own_limit_changes(self, which: int, limit: int, pause: float) -> None:
        self._do(self._sharing.change_own_limit(self._one(which), limit), pause)

    @rule(which=WHICH, what=st.sampled_from(["pause", "resume", "resume", "cancel"]), pause=PAUSES)
    def a_job_is_told(self, which: int, what: str, pause: float) -> None:
        self._do(self._sharing.signal(self._one(which), getattr(BatchJob, what)), pause)

    @rule(which=WHICH, pause=PAUSES)
    def a_job_is_lost(self, which: int, pause: float) -> None:
        self._do(self._sharing.lose(self._one(which)), pause)

    @rule(pause=PAUSES)
    def the_lines_workflow_is_lost(self, pause: float) -> None:
        self._do(self._sharing.lose_lines(), pause)

    @rule(pause=PAUSES)
    def the_lines_workflow_continues_as_new(self, pause: float) -> None:
        self._do(self._sharing.much_is_said(), pause)

    @rule()
    def things_are_quiet(self) -> None:
        self._do(self._sharing.settle())

    def teardown(self) -> None:
        if self._sharing.limits:
            try:
                self._do(self._sharing.settle())
            finally:
                self._do(self._sharing.end())


@pytest.fixture
async def loop() -> asyncio.AbstractEventLoop:
    """On which fixtures and workers run; it stands still while a test that is no coroutine does."""
    return asyncio.get_running_loop()


def drive(running: Running, loop: asyncio.AbstractEventLoop, examples: int, steps: int, **more: Any) -> None:
    run_state_machine_as_test(
        lambda: SharingMachine(running, loop),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
            **more,
        ),
    )


def test_lines_are_shared_whatever_happens(hasty: Running, loop: asyncio.AbstractEventLoop) -> None:
    drive(hasty, loop, examples=4, steps=12, derandomize=True)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_lines_are_shared_whatever_happens_often(hasty: Running, loop: asyncio.AbstractEventLoop) -> None:
    drive(hasty, loop, examples=60, steps=40)
