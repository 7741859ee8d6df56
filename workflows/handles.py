"""How the API reaches workflows: each call short, each failure one word."""

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

from domain.statuses import JobStatus
from workflows.batch_job import TASK_TIMEOUT, BatchJob, BatchJobStart
from workflows.job_details import JobProgress
from workflows.names import JOBS_QUEUE, ORGANIZATION, SCHEDULED_FOR, STATUS, job_workflow_id

RPC_TIMEOUT = timedelta(seconds=3)
PROGRESS_TIMEOUT = timedelta(seconds=1)  # the contract: the rest of the detail answers without it


class TemporalAway(Exception):
    """Temporal did not answer, or refused: what was stored stands, and the housekeeper mends the rest."""


class JobWorkflows:
    """Starts, nudges and asks the workflows of jobs."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def start(self, job_id: str, organization_id: str, name: str, start_at: datetime | None) -> None:
        """Start a job's workflow, waiting until `start_at` (UTC; None: now).

        One that exists, or existed, is left alone. Raises TemporalAway.
        """
        start = BatchJobStart(organization_id=organization_id, job_id=job_id, name=name, start_at=start_at)
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
        try:
            await self._handle(job_id).signal(BatchJob.look, rpc_timeout=RPC_TIMEOUT)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise TemporalAway(str(error.status.name)) from error

    async def progress(self, job_id: str) -> JobProgress | None:
        """Ask a job's workflow how far it is; None where it does not answer within a second."""
        try:
            return await self._handle(job_id).query(BatchJob.progress, rpc_timeout=PROGRESS_TIMEOUT)
        except Exception:  # a query can fail in as many ways as a workflow; the answer is the same
            return None

    async def is_open(self, job_id: str) -> bool | None:
        """Whether a job's workflow runs; None where there never was one, or it is forgotten. Raises TemporalAway."""
        try:
            description = await self._handle(job_id).describe(rpc_timeout=RPC_TIMEOUT)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return None
            raise TemporalAway(str(error.status.name)) from error
        return description.close_time is None

    async def ping(self) -> None:
        """Return when Temporal answers. Raises TemporalAway."""
        try:
            if await self._client.service_client.check_health(timeout=RPC_TIMEOUT):
                return
        except RPCError as error:
            raise TemporalAway(str(error.status.name)) from error
        raise TemporalAway("NOT_SERVING")

    def _handle(self, job_id: str) -> "WorkflowHandle[BatchJob, object]":
        return self._client.get_workflow_handle_for(BatchJob.run, job_workflow_id(job_id))
