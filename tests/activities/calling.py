"""A job whose contacts are called by the activity alone, without a workflow."""

import asyncio
import dataclasses
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from temporalio.activity import ActivityCancellationDetails
from temporalio.testing import ActivityEnvironment

from activities.calls.call import CallActivities
from activities.calls.hand_over import HandOvers
from activities.calls.payloads import CallContact, CallEnded
from carriers import Carrier
from store.calls.claim import Claimed, Claims
from store.calls.dial_rows import DialRow
from store.calls.dials import Dials
from store.calls.watcher import DialWatch
from store.db.engine import Database
from store.jobs.lifecycle import JobLifecycle
from tests.builders import Given, a_number
from tests.fakes.carrier import FakeCarrier
from tests.waiting import eventually

SOON = 5.0  # seconds within which what a test waits for happens


class Run:
    """One execution of the activity."""

    def __init__(self, calls: CallActivities, call: CallContact, attempt: int = 1) -> None:
        self.heartbeats: list[tuple[float, str]] = []  # when (monotonic seconds), what
        self._environment = ActivityEnvironment()
        self._environment.on_heartbeat = lambda state: self.heartbeats.append((time.monotonic(), state))
        self._environment.info = dataclasses.replace(
            self._environment.info, attempt=attempt, scheduled_time=datetime.now(UTC)
        )
        self._task = asyncio.ensure_future(self._environment.run(calls.call_contact, call))

    async def result(self) -> CallEnded:
        async with asyncio.timeout(SOON):
            return await self._task

    async def ended(self) -> CallEnded:
        """What became of it, however long that takes."""
        return await self._task

    @property
    def workflow_run_id(self) -> str:
        """Of the workflow's run that began it."""
        return str(self._environment.info.workflow_run_id)

    @property
    def over(self) -> bool:
        return self._task.done()

    @property
    def states(self) -> list[str]:
        return [state for _, state in self.heartbeats]

    def cancel(self, **why: bool) -> None:
        """As Temporal does: `cancel_requested`, `not_found`, `worker_shutdown`, `timed_out` …"""
        self._environment.cancel(ActivityCancellationDetails(**why))

    async def lose(self, **why: bool) -> None:
        """Cancel, and wait until it is gone; its worker was lost, unless it is said why."""
        self.cancel(**(why or {"timed_out": True}))
        async with asyncio.timeout(SOON):
            await asyncio.wait((self._task,))
        if not self._task.cancelled():
            self._task.exception()  # seen

    def stop_worker(self) -> None:
        self._environment.worker_shutdown()


class Calling:
    """`number` is the first contact's."""

    number = a_number(0)

    def __init__(
        self,
        engine: Database,
        dials: Dials,
        carrier: FakeCarrier,
        calls: CallActivities,
        given: Given,
        job_id: str,
        watch: DialWatch,
        carriers: dict[str, Carrier],
        hand_overs: HandOvers | None = None,
    ) -> None:
        self.hand_overs = hand_overs or HandOvers()
        self.watch = watch
        self.carriers = carriers
        self.engine = engine
        self.dials = dials
        self.carrier = carrier
        self.calls = calls
        self.given = given
        self.job_id = job_id
        self.contact_ids: list[str] = []

    async def begin(self) -> None:
        await JobLifecycle(self.engine).begin(self.given.id, self.job_id)
        rows = await self.rows("SELECT id FROM contacts WHERE job_id = :job ORDER BY row", job=self.job_id)
        self.contact_ids = [row["id"] for row in rows]

    def start(self, contact: int = 0, *, dial: int = 1, again: bool = False, attempt: int = 1) -> Run:
        """Begin to call a contact; contacts count from 0."""
        call = CallContact(
            organization_id=self.given.id,
            job_id=self.job_id,
            contact_id=self.contact_ids[contact],
            dial=dial,
            again=again,
        )
        return Run(self.calls, call, attempt)

    async def call(self, contact: int = 0, *, dial: int = 1, again: bool = False, attempt: int = 1) -> CallEnded:
        return await self.start(contact, dial=dial, again=again, attempt=attempt).result()

    async def claim(self, contact: int = 0, *, dial: int = 1, seconds_ago: float = 0) -> DialRow:
        """Another worker claimed, `seconds_ago`, and was not heard of again."""
        claimed = await Claims(self.engine).claim(self.given.id, self.job_id, self.contact_ids[contact], dial)
        assert isinstance(claimed, Claimed)
        await self.back_date("asked_at", seconds_ago)
        return await self.dial(contact, dial)

    async def back_date(self, moment: str, seconds: float) -> None:
        """Let `asked_at`, `ringing_at` or `answered_at` of every dial be so many seconds earlier."""
        await self.change(f"UPDATE dials SET {moment} = {moment} - make_interval(secs => :seconds)", seconds=seconds)

    async def dial(self, contact: int = 0, number: int = 1) -> DialRow:
        dial = await self.dials.get(self.contact_ids[contact], number)
        assert dial is not None
        return dial

    async def until_dial(self, holds: Callable[[DialRow], bool], contact: int = 0) -> DialRow:
        """Wait until the first dial of a contact is so."""

        async def is_so() -> bool:
            dial = await self.dials.get(self.contact_ids[contact], 1)
            return dial is not None and holds(dial)

        await eventually(is_so)
        return await self.dial(contact)

    async def rows(self, query: str, **values: Any) -> list[sa.RowMapping]:
        async with self.engine.connect() as connection:
            return list((await connection.execute(sa.text(query), values)).mappings())

    async def change(self, statement: str, **values: Any) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(sa.text(statement), values)
