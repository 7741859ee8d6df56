"""Jobs that run: the real workflows and activities on a real Temporal and a real PostgreSQL, with a fake carrier."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle, WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer

from activities.calls.call import CallActivities
from activities.calls.hand_over import HandOverActivities, HandOvers
from activities.erasing import CarrierErasures
from activities.jobs import JobActivities
from activities.lines import LinesActivities
from activities.reconcile import ReconcileActivities
from carriers.accounts import CarrierAccounts
from domain.calls.archive import MIN_ARCHIVE_DAYS
from domain.calls.dispatch import NotNow
from domain.jobs.line_shares import LinesWanted
from domain.statuses import JobStatus
from store.analytics.counting import CallCounting
from store.archive.mover import CallArchive
from store.calls.claim import Claimed, Claims
from store.calls.dials import Dials
from store.calls.due_page import DuePages
from store.calls.lines import Lines
from store.calls.watcher import DialWatch
from store.campaigns.jobs import CampaignJobs
from store.campaigns.lifecycle import CampaignLifecycle
from store.db.engine import Database
from store.db.listen import Notices
from store.db.vault import MIN_SECRET_LENGTH, Vault
from store.jobs.commands import OperatorCommands
from store.jobs.lifecycle import JobLifecycle
from store.jobs.repository import CreatedJob
from store.jobs.update import JobUpdates
from store.privacy.forgetting import Forgetting
from store.privacy.number_hashes import NumberHashes
from store.privacy.retention import Retention
from store.reconcile import Reconciliation
from store.temporal_namespace import NamespaceBinding
from store.workers import Workers
from tests.builders import Given
from tests.fakes.carrier import NAME, FakeCarrier
from tests.waiting import SOON, eventually
from worker import (
    JOB_WORKFLOWS,
    SETTLE_SECONDS,
    TemporalWorkers,
    calls_worker,
    deployment_version,
    jobs_worker,
    workflows_worker,
)
from workflows.batch_job import BatchJob
from workflows.client import JobWorkflows
from workflows.line_share import LinesPace
from workflows.names import JOBS_QUEUE, job_workflow_id, lines_workflow_id
from workflows.organization_lines import OrganizationLines

PUBLIC_URL = "http://127.0.0.1:8000"
SLOTS = 100


async def _no_settings(_account: str) -> None:
    return None


class BreakableClaims(Claims):
    """Fails for good for one contact, where a test says so."""

    broken_for = ""

    async def claim(
        self, organization_id: str, job_id: str, contact_id: str, dial: int, lines: int | None = None
    ) -> Claimed | NotNow:
        if contact_id == self.broken_for:
            raise ApplicationError("A mistake in our own code.", non_retryable=True)
        return await super().claim(organization_id, job_id, contact_id, dial, lines)


class SkippingWorkflows(JobWorkflows):
    """Jobs skip time, each on its own clock; the sharing of lines, at `pace`, does not: it would run ahead of them."""

    def __init__(self, client: Client, pace: LinesPace | None) -> None:
        super().__init__(client, pace)
        plain = Client(client.service_client, namespace=client.namespace, data_converter=pydantic_data_converter)
        self._in_real_time = JobWorkflows(plain, pace)

    async def request_lines(self, organization_id: str, wanted: LinesWanted) -> None:
        await self._in_real_time.request_lines(organization_id, wanted)

    async def start_lines(self, organization_id: str) -> bool:
        return await self._in_real_time.start_lines(organization_id)


class Running:
    """Workers, and the jobs that a test gives them."""

    def __init__(
        self, temporal: WorkflowEnvironment, engine: Database, database_url: str, pace: LinesPace | None = None
    ) -> None:
        self.temporal = temporal
        self.client = temporal.client
        self.engine = engine
        self.control = JobLifecycle(engine)
        self.dials = Dials(engine)
        self.carrier = FakeCarrier(self.dials)
        self.claims = BreakableClaims(engine)
        self.workflows = SkippingWorkflows(self.client, pace)
        self.binding = NamespaceBinding(engine)
        self.found = Reconciliation(engine)
        self.reconciliation = self.reconciliation_by(self.workflows)
        self._database_url = database_url
        self._started: list[str] = []
        self._organizations: list[str] = []

    def reconciliation_by(self, workflows: JobWorkflows) -> ReconcileActivities:
        """What a worker repairs that asks these of workflows."""
        lines, carriers = Lines(self.engine), {NAME: self.carrier}
        hashes = NumberHashes(self.engine, Vault(["x" * MIN_SECRET_LENGTH]))
        forgetting = Forgetting(self.engine, hashes)
        return ReconcileActivities(
            self.found,
            self.binding,
            self.control,
            self.dials,
            lines,
            CallCounting(self.engine),
            CallArchive(self.engine, MIN_ARCHIVE_DAYS),
            CampaignJobs(self.engine),
            CampaignLifecycle(self.engine, self.control),
            workflows,
            carriers,
            CarrierErasures(forgetting, CarrierAccounts(carriers, _no_settings, {})),
            Retention(self.engine, hashes),
        )

    @contextlib.asynccontextmanager
    async def workers(
        self,
        client: Client | None = None,
        *,
        identity: str | None = None,
        calls: bool = True,
        build_id: str = "",
        settle_seconds: float = SETTLE_SECONDS,
    ) -> AsyncIterator[None]:
        """Work, as one worker process does, while the block runs.

        `client`: in another namespace than usual. Without `calls` no call is followed, and none placed.
        `settle_seconds`: as of `TemporalWorkers.working`; of use where jobs go on with other workers.
        """
        workflows = self.workflows if client is None else JobWorkflows(client)
        client = client or self.client
        await self.binding.bind(await workflows.namespace())
        notices = Notices(self._database_url)
        watch = DialWatch(self.dials, notices)
        carriers = {NAME: self.carrier}
        hand_overs, among = HandOvers(), Workers(self._database_url)
        calling = CallActivities(
            self.claims, self.dials, watch, carriers, PUBLIC_URL, hand_overs=hand_overs, workers=among
        )
        jobs = JobActivities(
            DuePages(self.engine), self.control, OperatorCommands(self.engine, self.control, JobUpdates(self.engine))
        )
        lines = LinesActivities(Lines(self.engine), self.control, workflows, among)
        version = deployment_version(build_id)
        closing, reconciliation = HandOverActivities(hand_overs, among), self.reconciliation_by(workflows)
        among.hear_of_lines(notices, calling.take_line)
        among.hear_of_shares(notices, calling.take_share)
        short = jobs_worker(client, jobs, lines, closing, reconciliation, identity, version)
        workers = TemporalWorkers(
            workflows=[workflows_worker(client, JOBS_QUEUE, JOB_WORKFLOWS, identity, version)],
            activities=[short, *([calls_worker(client, calling, SLOTS, identity, version)] if calls else [])],
        )
        async with (
            watch.running(),
            among.joined(notices, hand_overs.begin),
            workers.working(settle_seconds),
        ):
            yield

    async def close(self) -> None:
        """End what is left of the test's workflows, after every history of theirs was replayed."""
        await self.carrier.close()
        jobs = [job_workflow_id(job_id) for job_id in self._started]
        for workflow_id in [*jobs, *map(lines_workflow_id, self._organizations)]:
            with contextlib.suppress(RPCError):
                await self.client.get_workflow_handle(workflow_id).terminate("the test is over")
            await self._replay(workflow_id)

    async def _replay(self, workflow_id: str) -> None:
        replayer = Replayer(workflows=[BatchJob, OrganizationLines], data_converter=pydantic_data_converter)
        for history in await self.histories(workflow_id):
            await replayer.replay_workflow(history)

    async def start(self, given: Given, job: CreatedJob, start_at: datetime | None = None) -> "Job":
        """Start a stored job's workflow, in skipped time."""
        await self.workflows.start(job.id, given.id, "Reminders", start_at)
        return self.job(given, job)

    def job(self, given: Given, job: CreatedJob) -> "Job":
        """A job whose workflow is started by somebody else."""
        self._started.append(job.id)
        if given.id not in self._organizations:
            self._organizations.append(given.id)
        return Job(self, given.id, job.id)

    def lines_of(self, given: Given) -> WorkflowHandle[OrganizationLines, None]:
        """The workflow that shares out an organization's lines, whichever run is the last."""
        return self.client.get_workflow_handle_for(OrganizationLines.run, lines_workflow_id(given.id))

    async def run_ids(self, workflow_id: str) -> list[str]:
        """Of all runs that followed each other, the first first; none where it never ran."""
        try:
            description = await self.client.get_workflow_handle(workflow_id).describe()
        except RPCError:
            return []
        run_id: str | None = description.raw_description.workflow_execution_info.first_run_id
        run_ids = []
        while run_id:
            run_ids.append(run_id)
            closing = (await self.history(workflow_id, run_id)).events[-1]
            run_id = closing.workflow_execution_continued_as_new_event_attributes.new_execution_run_id or None
        return run_ids

    async def history(self, workflow_id: str, run_id: str | None = None) -> WorkflowHistory:
        """Of a run, the last one where none is named."""
        return await self.client.get_workflow_handle(workflow_id, run_id=run_id).fetch_history()

    async def histories(self, workflow_id: str) -> list[WorkflowHistory]:
        return [await self.history(workflow_id, run_id) for run_id in await self.run_ids(workflow_id)]

    async def start_in_real_time(self, given: Given, job: CreatedJob, start_at: datetime | None = None) -> "Job":
        """For jobs that wait for somebody: in skipped time the year 9999 would come first."""
        with self.temporal.with_time_skipping_disabled():
            return await self.start(given, job, start_at)

    async def end_all_calls(self, job: "Job", seconds: float = SOON) -> None:
        """Everybody hangs up, until the job has ended and nobody is on the phone."""

        async def ended() -> bool:
            await self.carrier.end_all()
            return (await job.status()).ended and not self.carrier.live

        await eventually(ended, seconds)

    async def rows(self, query: str, **values: Any) -> list[sa.RowMapping]:
        async with self.engine.connect() as connection:
            return list((await connection.execute(sa.text(query), values)).mappings())

    async def change(self, statement: str, **values: Any) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(sa.text(statement), values)


class Job:
    """One job that runs."""

    def __init__(self, running: Running, organization_id: str, job_id: str) -> None:
        self._running = running
        self.organization_id = organization_id
        self.id = job_id

    @property
    def handle(self) -> WorkflowHandle[BatchJob, Any]:
        """Of whichever run is the last."""
        return self._running.client.get_workflow_handle_for(BatchJob.run, job_workflow_id(self.id))

    async def result(self) -> JobStatus:
        """What the workflow says at its end."""
        async with asyncio.timeout(SOON):
            return JobStatus((await self.handle.result()).status)

    async def status(self) -> JobStatus:
        """What the record says."""
        (row,) = await self._running.rows("SELECT status FROM batch_jobs WHERE id = :job", job=self.id)
        return JobStatus(row["status"])

    async def until(self, status: JobStatus) -> None:
        async def is_so() -> bool:
            return await self.status() is status

        await eventually(is_so)

    async def contacts(self) -> list[sa.RowMapping]:
        return await self._running.rows("SELECT * FROM contacts WHERE job_id = :job ORDER BY row", job=self.id)

    async def run_ids(self) -> list[str]:
        """Of all runs, the first first."""
        return await self._running.run_ids(job_workflow_id(self.id))

    async def histories(self) -> list[WorkflowHistory]:
        return await self._running.histories(job_workflow_id(self.id))

    async def events(self) -> list[HistoryEvent]:
        """Of all runs."""
        return [event for history in await self.histories() for event in history.events]

    async def activities(self) -> list[str]:
        """What was scheduled in all runs, in order."""
        return [
            event.activity_task_scheduled_event_attributes.activity_type.name
            for event in await self.events()
            if event.HasField("activity_task_scheduled_event_attributes")
        ]

    async def closed_as(self) -> WorkflowExecutionStatus | None:
        return (await self.handle.describe()).status

    async def current_details(self) -> str:
        return (await metadata_of(self.handle)).current_details


async def metadata_of(handle: WorkflowHandle[Any, Any]) -> WorkflowMetadata:
    """What the web UI shows of a workflow: its details, signals and queries."""
    metadata: WorkflowMetadata = await handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
    return metadata
