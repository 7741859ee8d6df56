"""The worker process: composition root of workflows and activities. `python -m worker`, any number of them."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import NamedTuple

from temporalio.client import Client
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    VersioningBehavior,
    WorkerDeploymentVersion,
    WorkflowIDConflictPolicy,
)
from temporalio.worker import Worker, WorkerDeploymentConfig

from activities.calls.call import CallActivities
from activities.calls.carrier_stream import CarrierStream
from activities.calls.hand_over import HandOverActivities, HandOvers
from activities.calls.take_over import TakeOver
from activities.erasing import CarrierErasures
from activities.jobs import JobActivities
from activities.lines import LinesActivities
from activities.reconcile import ReconcileActivities
from activities.webhooks.deliver import WebhookActivities
from activities.webhooks.http_sender import WebhookSender
from carriers import Streaming
from carriers.accounts import CarrierAccounts
from composition import Services, open_engine, open_services
from domain.webhooks.destinations import parse_allowed_destinations
from settings import Settings
from startup import CannotStart, check_worker, exit_with, limit_stop, load_settings, set_up_telemetry, settle
from store.analytics.counting import CallCounting
from store.archive.mover import CallArchive
from store.calls.claim import Claims
from store.calls.dials import Dials
from store.calls.due_page import DuePages
from store.calls.lines import Lines
from store.calls.watcher import DialWatch
from store.campaigns.jobs import CampaignJobs
from store.campaigns.lifecycle import CampaignLifecycle
from store.db.engine import Database, ping
from store.db.listen import Notices, in_background
from store.db.vault import Vault
from store.jobs.commands import OperatorCommands
from store.jobs.lifecycle import JobLifecycle
from store.jobs.update import JobUpdates
from store.leases import StreamLeases
from store.privacy.forgetting import Forgetting
from store.privacy.retention import Retention
from store.reconcile import Reconciliation
from store.temporal_namespace import NamespaceBinding
from store.webhooks.notifier import DueDeliveryNotifier
from store.webhooks.outbox import Outbox
from store.workers import Workers
from telemetry.exposition import EXPOSITION
from telemetry.logging import configure_logging
from telemetry.metrics import start_at_zero
from telemetry.probes import watch_database, watch_loop
from workflows.batch_job import BatchJob
from workflows.client import JobWorkflows, WebhookWorkflows
from workflows.names import CALLS_QUEUE, DEPLOYMENT, JOBS_QUEUE, NAME, RECONCILER_ID, WEBHOOKS_QUEUE, worker_identity
from workflows.organization_lines import OrganizationLines
from workflows.process_end import run_to_end
from workflows.reconciler import Reconciler, ReconcilerStart
from workflows.webhook_delivery import WebhookDeliveries

STICKY_TIMEOUT = timedelta(seconds=3)  # how long a dead worker's cache holds a job up
HEARTBEAT_THROTTLE = timedelta(seconds=2)  # below the interval of heartbeats: the SDK keeps none back
SETTLE_SECONDS = 0.2  # for the tasks that come of what activities told last
SHUTDOWN_TIMEOUT = timedelta(seconds=20)  # longer than placing a call; followers leave at once
MAX_SHORT_ACTIVITIES = 50
WAITING_SHARE = 0.25  # of the slots for calls: what calls of one organization that wait may take; half of its lines
WEBHOOK_POOL_SIZE = 4  # connections of their own: deliveries never make a call wait for one
MAX_WEBHOOKS = 20  # endpoints that a worker delivers to, a minute at most each before it is another's turn

JOB_WORKFLOWS = (BatchJob, OrganizationLines, Reconciler)
WEBHOOK_WORKFLOWS = (WebhookDeliveries,)

RECONCILER_CHECK_SECONDS = 60.0
REPAIRS = "Fixes what a crash left undone"

logger = logging.getLogger("worker")


class TemporalWorkers(NamedTuple):
    """Of one process, by what they run."""

    workflows: Sequence[Worker]
    activities: Sequence[Worker]

    @asynccontextmanager
    async def working(self, settle_seconds: float = SETTLE_SECONDS) -> AsyncIterator[None]:
        """Work while the block runs.

        Activities stop first, side by side: while one worker ends what it has, which may take SHUTDOWN_TIMEOUT, none
        of the others takes anything. What these tell last is taken by workflows that run for `settle_seconds` more:
        a task that comes to a worker which stops is lost with it, and its job stands still for TASK_TIMEOUT.
        """
        async with AsyncExitStack() as stack:
            for worker in (*self.workflows, *self.activities):
                await stack.enter_async_context(worker)
            yield
            await asyncio.gather(*(worker.shutdown() for worker in self.activities))
            await asyncio.sleep(settle_seconds)
            await asyncio.gather(*(worker.shutdown() for worker in self.workflows))


async def main(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT; calls that are placed are recorded first, live ones left to other workers.

    Raises CannotStart.
    """
    client = await check_worker(settings)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        services = await stack.enter_async_context(open_services(settings, client))
        await stack.enter_async_context(_observed(services))
        workers = await _workers(client, settings, services, stack)
        async with workers.working(), in_background(_keep_reconciler(client, settings)):
            await _start_reconciler(client, settings)
            settle()
            logger.info("working")
            await stop.wait()
            limit_stop()
            logger.info("stopping")


@asynccontextmanager
async def _observed(services: Services) -> AsyncIterator[None]:
    """Ask how this process fares while the block runs, if anybody is shown the answers."""
    if EXPOSITION.port is None:
        yield
        return
    start_at_zero(account for account, _ in services[CarrierAccounts].items())
    async with in_background(watch_loop(), watch_database(lambda: ping(services[Database]))):
        yield


async def _workers(client: Client, settings: Settings, services: Services, stack: AsyncExitStack) -> TemporalWorkers:
    notices = Notices(settings.database_url.get_secret_value())
    hand_overs, workers = HandOvers(), Workers(settings.database_url.get_secret_value())
    lines = LinesActivities(services[Lines], services[JobLifecycle], services[JobWorkflows], workers)
    await stack.enter_async_context(workers.joined(notices, hand_overs.begin))
    take_over = TakeOver(workers, services[Reconciliation], services[JobWorkflows])
    await stack.enter_async_context(in_background(take_over.run()))
    closing, identity = HandOverActivities(hand_overs, workers), worker_identity(workers.number)
    calls = await _calls(settings, services, stack, hand_overs, workers, notices)
    version = deployment_version(settings.worker_build_id)
    webhooks = await _webhooks(client, settings, services, stack, notices)
    return TemporalWorkers(
        workflows=[
            workflows_worker(client, JOBS_QUEUE, JOB_WORKFLOWS, identity, version),
            workflows_worker(client, WEBHOOKS_QUEUE, WEBHOOK_WORKFLOWS, version=version),
        ],
        activities=[
            jobs_worker(client, _jobs(services), lines, closing, _reconciliation(services), identity, version),
            calls_worker(client, calls, settings.call_slots, identity, version),
            webhooks_worker(client, webhooks, version),
        ],
    )


def _jobs(services: Services) -> JobActivities:
    lifecycle = services[JobLifecycle]
    return JobActivities(
        services[DuePages], lifecycle, OperatorCommands(services[Database], lifecycle, services[JobUpdates])
    )


def _reconciliation(services: Services) -> ReconcileActivities:
    return ReconcileActivities(
        services[Reconciliation],
        services[NamespaceBinding],
        services[JobLifecycle],
        services[Dials],
        services[Lines],
        services[CallCounting],
        services[CallArchive],
        services[CampaignJobs],
        services[CampaignLifecycle],
        services[JobWorkflows],
        services[CarrierAccounts],
        CarrierErasures(services[Forgetting], services[CarrierAccounts]),
        services[Retention],
    )


async def _calls(
    settings: Settings,
    services: Services,
    stack: AsyncExitStack,
    hand_overs: HandOvers,
    workers: Workers,
    notices: Notices,
) -> CallActivities:
    database_url, dials, carriers = settings.database_url.get_secret_value(), services[Dials], services[CarrierAccounts]
    watch = DialWatch(dials, notices)
    await stack.enter_async_context(watch.running())
    leases = StreamLeases(services[Database], database_url)
    for account, carrier in carriers.items():
        if isinstance(carrier, Streaming):
            stream = CarrierStream(account, carrier, dials, leases, services[JobWorkflows].nudge)
            await stack.enter_async_context(stream.running())
    calls = CallActivities(
        services[Claims],
        dials,
        watch,
        carriers,
        settings.public_url,
        settings.speed,
        services[Vault].call_token,
        max_waiting=max(1, int(settings.call_slots * WAITING_SHARE)),
        hand_overs=hand_overs,
        workers=workers,
    )
    workers.hear_of_lines(notices, calls.take_line)
    workers.hear_of_shares(notices, calls.take_share)
    return calls


async def _webhooks(
    client: Client, settings: Settings, services: Services, stack: AsyncExitStack, notices: Notices
) -> WebhookActivities:
    engine = await stack.enter_async_context(open_engine(settings, WEBHOOK_POOL_SIZE))
    sender = WebhookSender(parse_allowed_destinations(settings.webhook_allow_private))
    stack.push_async_callback(sender.close)
    outbox = Outbox(engine, services[Vault])
    await stack.enter_async_context(DueDeliveryNotifier(outbox, WebhookWorkflows(client), notices).running())
    return WebhookActivities(outbox, sender)


def deployment_version(build_id: str) -> WorkerDeploymentConfig | None:
    """What Temporal knows a worker with a build id as; None for one without.

    Runs move on to the version that is current: pinned to one, a job that is paused for weeks would keep its workers.
    """
    if not build_id:
        return None
    return WorkerDeploymentConfig(
        version=WorkerDeploymentVersion(deployment_name=DEPLOYMENT, build_id=build_id),
        use_worker_versioning=True,
        default_versioning_behavior=VersioningBehavior.AUTO_UPGRADE,
    )


def workflows_worker(
    client: Client,
    queue: str,
    workflows: Sequence[type],
    identity: str | None = None,
    version: WorkerDeploymentConfig | None = None,
) -> Worker:
    """For the workflows of a queue; its activities have a worker of their own, which stops before."""
    return Worker(
        client,
        task_queue=queue,
        identity=identity,
        deployment_config=version,
        workflows=workflows,
        sticky_queue_schedule_to_start_timeout=STICKY_TIMEOUT,
    )


def jobs_worker(
    client: Client,
    jobs: JobActivities,
    lines: LinesActivities,
    hand_over: HandOverActivities,
    reconciliation: ReconcileActivities,
    identity: str | None = None,
    version: WorkerDeploymentConfig | None = None,
) -> Worker:
    """For the short activities of jobs."""
    return Worker(
        client,
        task_queue=JOBS_QUEUE,
        identity=identity,
        deployment_config=version,
        activities=[
            jobs.note_workflow,
            jobs.begin_job,
            jobs.next_page,
            jobs.apply_command,
            jobs.complete_job,
            jobs.abandon_contact,
            jobs.close_job,
            hand_over.hold_endings,
            lines.request_lines,
            lines.organization_lines,
            lines.tell_share,
            lines.stop_organization,
            reconciliation.reconcile,
        ],
        max_concurrent_activities=MAX_SHORT_ACTIVITIES,
        graceful_shutdown_timeout=SHUTDOWN_TIMEOUT,
    )


def calls_worker(
    client: Client,
    calls: CallActivities,
    slots: int,
    identity: str | None = None,
    version: WorkerDeploymentConfig | None = None,
) -> Worker:
    """For calls, `slots` at once."""
    return Worker(
        client,
        task_queue=CALLS_QUEUE,
        identity=identity,
        deployment_config=version,
        activities=[calls.call_contact],
        max_concurrent_activities=slots,
        max_heartbeat_throttle_interval=HEARTBEAT_THROTTLE,
        graceful_shutdown_timeout=SHUTDOWN_TIMEOUT,
    )


def webhooks_worker(
    client: Client, webhooks: WebhookActivities, version: WorkerDeploymentConfig | None = None
) -> Worker:
    """For webhooks: receivers may be slow, and hold up nothing else."""
    return Worker(
        client,
        task_queue=WEBHOOKS_QUEUE,
        deployment_config=version,
        activities=[webhooks.deliver],
        max_concurrent_activities=MAX_WEBHOOKS,
        graceful_shutdown_timeout=SHUTDOWN_TIMEOUT,
    )


async def _start_reconciler(client: Client, settings: Settings) -> None:
    await client.start_workflow(
        Reconciler.run,
        ReconcilerStart(every_seconds=settings.housekeeper_seconds),
        id=RECONCILER_ID,
        task_queue=JOBS_QUEUE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        search_attributes=TypedSearchAttributes([SearchAttributePair(NAME, REPAIRS)]),
        static_summary=REPAIRS,
    )


async def _keep_reconciler(client: Client, settings: Settings) -> None:
    """Start it again where it was cancelled or terminated: nothing else would notice."""
    while True:
        await asyncio.sleep(RECONCILER_CHECK_SECONDS)
        try:
            await _start_reconciler(client, settings)
        except Exception as error:  # Temporal is away; the next check finds it again
            logger.warning("the reconciler could not be checked (%s)", type(error).__name__)


def run() -> None:
    """The process, from its settings to its end."""
    configure_logging(logging.getLevelName(logging.INFO))  # before the settings are known
    try:
        settings = load_settings()
        configure_logging(settings.log_level, settings.log_format)
        set_up_telemetry(settings, "worker")
        asyncio.run(main(settings))
    except CannotStart as reasons:
        exit_with(reasons)


if __name__ == "__main__":
    run_to_end(run)
