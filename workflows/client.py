"""How the API reaches workflows: each call short, each failure one word."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from temporalio.client import Client, WorkflowHandle
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from domain.jobs.line_shares import LinesWanted
from domain.statuses import JobStatus
from workflows.batch_job import TASK_TIMEOUT, BatchJob, BatchJobStart
from workflows.job_web_ui import JobProgress
from workflows.line_share import LinesPace
from workflows.names import JOBS_QUEUE, ORGANIZATION, SCHEDULED_FOR, STATUS, job_workflow_id, lines_workflow_id
from workflows.organization_lines import OrganizationLines, OrganizationLinesStart

RPC_TIMEOUT = timedelta(seconds=3)
PROGRESS_TIMEOUT = timedelta(seconds=1)  # the contract: the rest of the detail answers without it


class TemporalAway(Exception):
    """Temporal did not answer, or refused: what was stored stands, and the housekeeper mends the rest."""


class JobWorkflows:
    """Starts, nudges and asks the workflows of jobs, and those that share out lines; they talk at `pace`."""

    def __init__(self, client: Client, pace: LinesPace | None = None) -> None:
        self._client = client
        self._pace = pace or LinesPace()

    async def start(self, job_id: str, organization_id: str, name: str, start_at: datetime | None) -> None:
        """Start a job's workflow, waiting until `start_at` (UTC; None: now).

        One that exists, or existed, is left alone. Raises TemporalAway.
        """
        start = BatchJobStart(
            organization_id=organization_id, job_id=job_id, name=name, start_at=start_at, pace=self._pace
        )
        status = JobStatus.PENDING if start.start_at is None else JobStatus.SCHEDULED
        attributes: list[SearchAttributePair[Any]] = [
            SearchAttributePair(ORGANIZATION, start.organization_id),
            SearchAttributePair(STATUS, status.value),
        ]
        if start.start_at is not None:
            attributes.append(SearchAttributePair(SCHEDULED_FOR, start.start_at))
        try:
            await self._client.start_workflow(
                BatchJob.run,
                start,
                id=job_workflow_id(start.job_id),
                task_queue=JOBS_QUEUE,
                task_timeout=TASK_TIMEOUT,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                search_attributes=TypedSearchAttributes(attributes),
                memo={"name": start.name},
                static_summary=start.name,
                rpc_timeout=RPC_TIMEOUT,
            )
        except WorkflowAlreadyStartedError:
            return
        except RPCError as error:
            raise TemporalAway(str(error.status.name)) from error

    async def look(self, job_id: str) -> None:
        """Tell a job's workflow that its record changed. One that is closed needs no telling. Raises TemporalAway."""
        await _signal_if_open(self._handle(job_id), BatchJob.look)

    async def progress(self, job_id: str) -> JobProgress | None:
        """Ask a job's workflow how far it is; None where it does not answer within a second."""
        try:
            return await self._handle(job_id).query(BatchJob.progress, rpc_timeout=PROGRESS_TIMEOUT)
        except Exception:  # a query can fail in as many ways as a workflow; the answer is the same
            return None

    async def is_open(self, job_id: str) -> bool | None:
        """Whether a job's workflow runs; None where there never was one, or it is forgotten. Raises TemporalAway."""
        return await _is_open(self._handle(job_id))

    async def want_lines(self, organization_id: str, wanted: LinesWanted) -> None:
        """Tell an organization's lines what a job wants; the workflow is started where none runs.

        Raises TemporalAway.
        """
        await self._start_lines(organization_id, start_signal=OrganizationLines.want.__name__, arguments=[wanted])

    async def start_lines(self, organization_id: str) -> bool:
        """Start the workflow of an organization's lines, unless it runs: False. Raises TemporalAway."""
        if await _is_open(self._lines(organization_id)):
            return False
        await self._start_lines(organization_id)
        return True

    async def look_at_lines(self, organization_id: str) -> None:
        """Tell an organization's lines that limits or jobs changed in the record. Where no workflow shares them out,
        none needs telling. Raises TemporalAway."""
        await _signal_if_open(self._lines(organization_id), OrganizationLines.look)

    async def ping(self) -> None:
        """Return when Temporal answers. Raises TemporalAway."""
        try:
            if await self._client.service_client.check_health(timeout=RPC_TIMEOUT):
                return
        except RPCError as error:
            raise TemporalAway(str(error.status.name)) from error
        raise TemporalAway("NOT_SERVING")

    async def _start_lines(
        self, organization_id: str, start_signal: str | None = None, arguments: Sequence[LinesWanted] = ()
    ) -> None:
        try:
            await self._client.start_workflow(
                OrganizationLines.run,
                OrganizationLinesStart(organization_id=organization_id, pace=self._pace),
                id=lines_workflow_id(organization_id),
                task_queue=JOBS_QUEUE,
                task_timeout=TASK_TIMEOUT,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                search_attributes=TypedSearchAttributes([SearchAttributePair(ORGANIZATION, organization_id)]),
                static_summary="Shares out an organization's lines",
                start_signal=start_signal,
                start_signal_args=arguments,
                rpc_timeout=RPC_TIMEOUT,
            )
        except RPCError as error:
            raise TemporalAway(str(error.status.name)) from error

    def _handle(self, job_id: str) -> "WorkflowHandle[BatchJob, object]":
        return self._client.get_workflow_handle_for(BatchJob.run, job_workflow_id(job_id))

    def _lines(self, organization_id: str) -> "WorkflowHandle[OrganizationLines, object]":
        return self._client.get_workflow_handle_for(OrganizationLines.run, lines_workflow_id(organization_id))


async def _signal_if_open(handle: WorkflowHandle[Any, Any], signal: Callable[[Any], None]) -> None:
    """Raises TemporalAway."""
    try:
        await handle.signal(signal, rpc_timeout=RPC_TIMEOUT)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise TemporalAway(str(error.status.name)) from error


async def _is_open(handle: WorkflowHandle[Any, Any]) -> bool | None:
    """None where there never was one, or it is forgotten. Raises TemporalAway."""
    try:
        description = await handle.describe(rpc_timeout=RPC_TIMEOUT)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise TemporalAway(str(error.status.name)) from error
    return description.close_time is None
