"""How the API and the workers reach Temporal and the workflows: each call is short."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.errordetails.v1 import NamespaceNotFoundFailure
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    DescribeTaskQueueRequest,
    GetClusterInfoRequest,
    GetWorkflowExecutionHistoryRequest,
    ListWorkflowExecutionsRequest,
)
from temporalio.client import Client, Interceptor, WorkflowHandle
from temporalio.common import (
    Priority,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.envconfig import ClientConfig
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from domain.jobs.line_shares import LinesWanted
from domain.phone.masking import mask_numbers
from domain.statuses import JobStatus
from domain.temporal_namespace import Namespace
from workflows.batch_job import TASK_TIMEOUT, BatchJob, BatchJobStart
from workflows.dead_workers import redo_work
from workflows.failures import data_converter
from workflows.line_share import LinesPace
from workflows.names import (
    BATCH_JOB,
    CALLS_QUEUE,
    JOBS_QUEUE,
    NAME,
    ORGANIZATION,
    RECONCILER_ID,
    SCHEDULED_FOR,
    SEARCH_ATTRIBUTES,
    STATUS,
    WAKE,
    WANT,
    WEBHOOKS_QUEUE,
    job_of_workflow,
    job_workflow_id,
    lines_workflow_id,
    webhook_workflow_id,
)
from workflows.organization_lines import OrganizationLines, OrganizationLinesStart
from workflows.payload_encryption import PayloadEncryption, key_ids_of
from workflows.web_ui import JobProgress, escape_markdown, listed_name
from workflows.webhook_delivery import DeliveriesStart, WebhookDeliveries

DEFAULT_ADDRESS = "localhost:7233"  # where TEMPORAL_ADDRESS is not set
RPC_TIMEOUT = timedelta(seconds=3)
POLLED_WITHIN = timedelta(minutes=2)  # an idle worker's poll is renewed every minute
QUEUES = {
    JOBS_QUEUE: TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    CALLS_QUEUE: TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
    WEBHOOKS_QUEUE: TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
}
KEPT_TO_ITSELF = frozenset({RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED})  # as a managed service may
SHARES_LINES = "Shares out an organization's lines"
DELIVERS_WEBHOOKS = "Delivers webhooks"
OPEN = "ExecutionStatus = 'Running'"
LISTED = 1000  # open workflows whose keys are looked at before a start
_REUSE = {False: WorkflowIDReusePolicy.REJECT_DUPLICATE, True: WorkflowIDReusePolicy.ALLOW_DUPLICATE}
_CONFLICT = {False: WorkflowIDConflictPolicy.FAIL, True: WorkflowIDConflictPolicy.TERMINATE_EXISTING}
PROGRESS_TIMEOUT = timedelta(seconds=1)  # the contract: the rest of the detail answers without it


class TemporalUnavailable(Exception):
    """Temporal did not answer, or refused: what was stored stands, and the reconciler fixes the rest."""


class NoSuchNamespace(TemporalUnavailable):
    """Temporal has no namespace of the name that TEMPORAL_NAMESPACE gives: nothing is known of any workflow."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Temporal has no namespace {name!r} (TEMPORAL_NAMESPACE).")


async def connect(payload_keys: str, *, lazy: bool = False, interceptors: Sequence[Interceptor] = ()) -> Client:
    """Connect as Temporal's own environment variables say, with `lazy` at the first request. Workers of this client get
    the `interceptors` too. `payload_keys`: OUTDIAL_PAYLOAD_KEYS.

    Raises RuntimeError where Temporal cannot be reached, ValueError for keys that are too short.
    """
    config = ClientConfig.load_client_connect_config()
    config.setdefault("target_host", DEFAULT_ADDRESS)
    converter = data_converter(PayloadEncryption.from_setting(payload_keys))
    return await Client.connect(**config, lazy=lazy, data_converter=converter, interceptors=interceptors)


async def describe_namespace(client: Client) -> Namespace:
    """The client's namespace by its ids. Raises NoSuchNamespace, TemporalUnavailable."""
    service = client.workflow_service
    with _unavailable():
        request = DescribeNamespaceRequest(namespace=client.namespace)
        described = await service.describe_namespace(request, timeout=RPC_TIMEOUT)
        cluster = await service.get_cluster_info(GetClusterInfoRequest(), timeout=RPC_TIMEOUT)
    return Namespace(
        name=client.namespace,
        namespace_id=described.namespace_info.id,
        cluster_id=cluster.cluster_id,
        replicated=described.is_global_namespace,
    )


class JobWorkflows:
    """The workflows of jobs, and those that share out lines at `pace`. Each method raises TemporalUnavailable."""

    def __init__(self, client: Client, pace: LinesPace | None = None) -> None:
        self._client = client
        self._pace = pace or LinesPace()

    async def start(
        self, job_id: str, organization_id: str, name: str, start_at: datetime | None, *, anew: bool = False
    ) -> None:
        """Start a job's workflow, waiting until `start_at` (UTC; None: now). One that exists, or existed, is left
        alone; with `anew` it is replaced: it knows of another future of the job than the database.

        `name` as the web UI may show it: what may be a telephone number is masked.
        """
        name = mask_numbers(name)
        status = JobStatus.PENDING if start_at is None else JobStatus.SCHEDULED
        attributes: list[SearchAttributePair[Any]] = [
            SearchAttributePair(ORGANIZATION, organization_id),
            SearchAttributePair(STATUS, status.value),
            SearchAttributePair(NAME, listed_name(name)),
        ]
        if start_at is not None:
            attributes.append(SearchAttributePair(SCHEDULED_FOR, start_at))
        try:
            with _unavailable():
                await self._client.start_workflow(
                    BatchJob.run,
                    BatchJobStart(
                        organization_id=organization_id,
                        job_id=job_id,
                        name=name,
                        start_at=start_at,
                        pace=self._pace,
                        begins=start_at is None,
                    ),
                    id=job_workflow_id(job_id),
                    task_queue=JOBS_QUEUE,
                    task_timeout=TASK_TIMEOUT,
                    id_reuse_policy=_REUSE[anew],
                    id_conflict_policy=_CONFLICT[anew],
                    search_attributes=TypedSearchAttributes(attributes),
                    memo={"name": name},
                    static_summary=escape_markdown(name),
                    priority=_fairly(organization_id),
                    rpc_timeout=RPC_TIMEOUT,
                )
        except WorkflowAlreadyStartedError:
            return

    async def nudge(self, job_id: str) -> bool:
        """Tell a job's workflow that the job changed in the database; False where it is closed."""
        return await _signal_if_open(self._job(job_id), BatchJob.refresh)

    async def take_over(self, job_id: str, present: Collection[int]) -> bool:
        """Have a job go on at once with what a worker was doing for it that is not `present`; False: there is none."""
        with _unavailable():
            try:
                return await redo_work(self._client, job_workflow_id(job_id), present)
            except RPCError as error:
                if not _lacks_workflow(error):
                    raise
                return False

    async def progress(self, job_id: str) -> JobProgress | None:
        """How far a job is; None where its workflow does not answer within a second."""
        try:
            return await self._job(job_id).query(BatchJob.progress, rpc_timeout=PROGRESS_TIMEOUT)
        except Exception:  # a query can fail in as many ways as a workflow; the answer is the same
            return None

    async def is_open(self, job_id: str) -> bool | None:
        """Whether a job's workflow runs; None where there never was one, or Temporal has forgotten it."""
        return await _is_open(self._job(job_id))

    async def list_open(self) -> set[str]:
        """The jobs whose workflows run, by Temporal's own list, which lags a little behind."""
        listed = self._client.list_workflows(f"WorkflowType = '{BATCH_JOB}' AND {OPEN}")
        with _unavailable():
            return {job_of_workflow(workflow.id) async for workflow in listed}

    async def terminate(self, job_id: str, reason: str) -> None:
        """End a job's workflow by force; one that has ended is no error."""
        with _unavailable():
            try:
                await self._job(job_id).terminate(reason=reason, rpc_timeout=RPC_TIMEOUT)
            except RPCError as error:
                if not _lacks_workflow(error):
                    raise

    async def request_lines(self, organization_id: str, wanted: LinesWanted) -> None:
        """Send a job's request to its organization's lines; the workflow is started where none runs."""
        await self._start_lines(organization_id, WANT, [wanted])

    async def start_lines(self, organization_id: str) -> bool:
        """Start the workflow of an organization's lines, unless it runs: False."""
        if await _is_open(self._lines(organization_id)):
            return False
        await self._start_lines(organization_id)
        return True

    async def nudge_lines(self, organization_id: str) -> None:
        """Tell an organization's lines, if a workflow shares them out, that limits or jobs changed."""
        await _signal_if_open(self._lines(organization_id), OrganizationLines.refresh)

    async def namespace(self) -> Namespace:
        """Where these workflows are. Raises NoSuchNamespace too."""
        return await describe_namespace(self._client)

    async def find_missing_attributes(self) -> list[str]:
        """The search attributes that the namespace lacks; none where the service does not say which it has."""
        request = ListSearchAttributesRequest(namespace=self._client.namespace)
        with _unavailable():
            try:
                listed = await self._client.operator_service.list_search_attributes(request, timeout=RPC_TIMEOUT)
            except RPCError as error:
                if error.status not in KEPT_TO_ITSELF:
                    raise
                return []
        return [key.name for key in SEARCH_ATTRIBUTES if key.name not in listed.custom_attributes]

    async def find_unknown_keys(self) -> list[str]:
        """The ids of keys that encrypted payloads of open workflows, and that this client does not have."""
        with _unavailable():
            used = await _used_key_ids(self._client)
        codec = self._client.data_converter.payload_codec
        return sorted(used.difference(codec.key_ids if isinstance(codec, PayloadEncryption) else ()))

    async def find_unpolled_queues(self) -> list[str]:
        """The task queues of workers that none has polled of late."""
        return [queue for queue, kind in QUEUES.items() if not await self._is_polled(queue, kind)]

    async def _is_polled(self, queue: str, kind: TaskQueueType.ValueType) -> bool:
        request = DescribeTaskQueueRequest(
            namespace=self._client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=kind
        )
        with _unavailable():
            described = await self._client.workflow_service.describe_task_queue(request, timeout=RPC_TIMEOUT)
        oldest = datetime.now(UTC) - POLLED_WITHIN
        return any(poller.last_access_time.ToDatetime(UTC) > oldest for poller in described.pollers)

    async def ping(self) -> None:
        """Return when Temporal answers."""
        with _unavailable():
            if not await self._client.service_client.check_health(timeout=RPC_TIMEOUT):
                raise TemporalUnavailable("NOT_SERVING")

    async def _start_lines(
        self, organization_id: str, start_signal: str | None = None, arguments: Sequence[LinesWanted] = ()
    ) -> None:
        with _unavailable():
            await self._client.start_workflow(
                OrganizationLines.run,
                OrganizationLinesStart(organization_id=organization_id, pace=self._pace),
                id=lines_workflow_id(organization_id),
                task_queue=JOBS_QUEUE,
                task_timeout=TASK_TIMEOUT,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                search_attributes=_attributes(organization_id, SHARES_LINES),
                static_summary=SHARES_LINES,
                priority=_fairly(organization_id),
                start_signal=start_signal,
                start_signal_args=arguments,
                rpc_timeout=RPC_TIMEOUT,
            )

    def _job(self, job_id: str) -> "WorkflowHandle[BatchJob, object]":
        return self._client.get_workflow_handle_for(BatchJob.run, job_workflow_id(job_id))

    def _lines(self, organization_id: str) -> "WorkflowHandle[OrganizationLines, object]":
        return self._client.get_workflow_handle_for(OrganizationLines.run, lines_workflow_id(organization_id))


class WebhookWorkflows:
    """The workflows of webhook endpoints. Each method raises TemporalUnavailable."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def wake(self, organization_id: str, endpoint_id: str) -> None:
        """Tell an endpoint's workflow that a delivery is due; it is started where none runs."""
        with _unavailable():
            await self._client.start_workflow(
                WebhookDeliveries.run,
                DeliveriesStart(organization_id=organization_id, endpoint_id=endpoint_id),
                id=webhook_workflow_id(endpoint_id),
                task_queue=WEBHOOKS_QUEUE,
                start_signal=WAKE,
                search_attributes=_attributes(organization_id, DELIVERS_WEBHOOKS),
                static_summary=DELIVERS_WEBHOOKS,
                priority=_fairly(organization_id),
                rpc_timeout=RPC_TIMEOUT,
            )

    async def end(self, endpoint_id: str) -> None:
        """Have the workflow of a deleted endpoint, if there is one, find that out and end."""
        handle = self._client.get_workflow_handle(webhook_workflow_id(endpoint_id))
        await _signal_if_open(handle, WebhookDeliveries.wake)


def _attributes(organization_id: str, name: str) -> TypedSearchAttributes:
    return TypedSearchAttributes([SearchAttributePair(ORGANIZATION, organization_id), SearchAttributePair(NAME, name)])


def _fairly(organization_id: str) -> Priority:
    """Tasks that queue up are taken by organization in turn. A workflow's activities and later runs inherit it."""
    return Priority(fairness_key=organization_id)


@contextmanager
def _unavailable() -> Iterator[None]:
    try:
        yield
    except RPCError as error:
        missing = _missing_namespace(error)
        if missing is not None:
            raise NoSuchNamespace(missing) from error
        raise TemporalUnavailable(str(error.status.name)) from error


async def _used_key_ids(client: Client) -> set[str]:
    """Of the memos of open jobs, as many as one request lists, and of the reconciler's input."""
    request = ListWorkflowExecutionsRequest(namespace=client.namespace, page_size=LISTED, query=OPEN)
    listed = await client.workflow_service.list_workflow_executions(request, timeout=RPC_TIMEOUT)
    memos = [payload for execution in listed.executions for payload in execution.memo.fields.values()]
    try:
        first = await client.workflow_service.get_workflow_execution_history(
            GetWorkflowExecutionHistoryRequest(
                namespace=client.namespace,
                execution=WorkflowExecution(workflow_id=RECONCILER_ID),
                maximum_page_size=1,
            ),
            timeout=RPC_TIMEOUT,
        )
    except RPCError as error:
        if not _lacks_workflow(error):
            raise
        return key_ids_of(memos)
    started = [event.workflow_execution_started_event_attributes for event in first.history.events]
    return key_ids_of([*memos, *(payload for each in started for payload in each.input.payloads)])


def _missing_namespace(error: RPCError) -> str | None:
    """The namespace that was not found, if it was that: it says nothing of a workflow."""
    failure = NamespaceNotFoundFailure()
    if any(detail.Unpack(failure) for detail in error.grpc_status.details):
        return failure.namespace
    return None


def _lacks_workflow(error: RPCError) -> bool:
    return error.status is RPCStatusCode.NOT_FOUND and _missing_namespace(error) is None


async def _signal_if_open(handle: WorkflowHandle[Any, Any], signal: Callable[[Any], None]) -> bool:
    with _unavailable():
        try:
            await handle.signal(signal, rpc_timeout=RPC_TIMEOUT)
        except RPCError as error:
            if not _lacks_workflow(error):
                raise
            return False
    return True


async def _is_open(handle: WorkflowHandle[Any, Any]) -> bool | None:
    with _unavailable():
        try:
            description = await handle.describe(rpc_timeout=RPC_TIMEOUT)
        except RPCError as error:
            if _lacks_workflow(error):
                return None
            raise
    return description.close_time is None
