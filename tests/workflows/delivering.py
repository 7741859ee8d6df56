"""Webhooks that are delivered: the real workflow and activities, over real sockets to a receiver of the test."""

import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from temporalio.client import WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError
from temporalio.testing import ActivityEnvironment, WorkflowEnvironment
from temporalio.worker import Replayer

from activities.webhooks.deliver import BatchResult, DeliverRequest, WebhookActivities
from activities.webhooks.http_sender import WebhookSender
from domain.webhooks.events import SUBSCRIBABLE, Delivery, DeliveryStatus, EventType
from store.db.engine import Database
from store.db.listen import Notices
from store.db.vault import Vault
from store.jobs.lifecycle import JobLifecycle
from store.webhooks.endpoints import EndpointRequest, Webhooks
from store.webhooks.notifier import DueDeliveryNotifier
from store.webhooks.outbox import Outbox
from tests.builders import Given, a_job, an_organization
from tests.receiving import Receiver
from tests.waiting import eventually
from worker import WEBHOOK_WORKFLOWS, webhooks_worker, workflows_worker
from workflows.client import WebhookWorkflows
from workflows.names import WEBHOOKS_QUEUE, webhook_workflow_id
from workflows.webhook_delivery import WebhookDeliveries

VAULT = Vault(["secret-of-the-tests-long-enough-for-us"])
PATIENCE = 0.5  # seconds for a request: receivers of the tests are near
LINGER = 0.05
TAKEN_FOR = timedelta(seconds=1)  # after which a try of a worker that died is made anew


class ForgetfulOutbox(Outbox):
    """Dies between sending and noting, as often as a test says."""

    deaths = 0

    async def record_result(self, *args: Any, **kwargs: Any) -> DeliveryStatus | None:
        if self.deaths:
            self.deaths -= 1
            raise RuntimeError("The worker died.")
        return await super().record_result(*args, **kwargs)


class Endpoint:
    """Where a receiver's webhooks go, and what the log says of them."""

    def __init__(self, delivering: "Delivering", given: Given, id: str, secret: str) -> None:
        self._delivering = delivering
        self.given = given
        self.id = id
        self.secret = secret

    async def log(self, status: DeliveryStatus | None = None) -> list[Delivery]:
        """The deliveries, in the order in which they were told."""
        page = await self._delivering.webhooks.list_deliveries(self.given.id, self.id, status, 1, 2_000)
        return list(reversed(page.deliveries))

    async def statuses(self) -> list[DeliveryStatus]:
        return [delivery.status for delivery in await self.log()]

    async def until_all_are(self, status: DeliveryStatus, count: int) -> None:
        async def are() -> bool:
            return await self.statuses() == [status] * count

        await eventually(are)

    @property
    def handle(self) -> WorkflowHandle[Any, Any]:
        return self._delivering.client.get_workflow_handle(webhook_workflow_id(self.id))


class Delivering:
    """Workers that deliver, and what tells them."""

    def __init__(self, temporal: WorkflowEnvironment, engine: Database, database_url: str) -> None:
        self.temporal = temporal
        self.client = temporal.client
        self.engine = engine
        self.control = JobLifecycle(engine)
        self.webhooks = Webhooks(engine, VAULT)
        self.outbox = ForgetfulOutbox(engine, VAULT, taken_for=TAKEN_FOR)
        self._database_url = database_url
        self._endpoints: list[Endpoint] = []

    @contextlib.asynccontextmanager
    async def workers(self, *receivers: Receiver) -> AsyncIterator[None]:
        """Deliver to these receivers alone while the block runs."""
        allowed = [place for receiver in receivers for place in receiver.place]
        poster = WebhookSender(allowed, seconds=PATIENCE)
        activities = WebhookActivities(self.outbox, poster, linger_seconds=LINGER)
        watch = DueDeliveryNotifier(self.outbox, WebhookWorkflows(self.client), Notices(self._database_url))
        try:
            workflows = workflows_worker(self.client, WEBHOOKS_QUEUE, WEBHOOK_WORKFLOWS)
            async with workflows, webhooks_worker(self.client, activities), watch.running():
                yield
        finally:
            await poster.close()

    async def deliver(self, endpoint: Endpoint, receiver: Receiver) -> BatchResult:
        """One round of one worker, without Temporal."""
        poster = WebhookSender(receiver.place, seconds=PATIENCE)
        activities = WebhookActivities(self.outbox, poster, linger_seconds=LINGER)
        request = DeliverRequest(endpoint_id=endpoint.id, as_of=datetime.now(UTC))
        try:
            return await ActivityEnvironment().run(activities.deliver, request)
        finally:
            await poster.close()

    async def an_endpoint(self, receiver: Receiver, *events: EventType, url: str | None = None) -> Endpoint:
        given = await an_organization(self.engine)
        request = EndpointRequest(url=url or receiver.url, events=events or SUBSCRIBABLE)
        made = await self.webhooks.create(given.id, request)
        endpoint = Endpoint(self, given, made.endpoint.id, made.secret)
        self._endpoints.append(endpoint)
        return endpoint

    async def a_running_job(self, given: Given, contacts: int = 1) -> str:
        job = await a_job(self.engine, given, contacts)
        await self.control.start_now(given.id, job.id)
        return job.id

    async def finish(self, job_id: str) -> None:
        """All contacts of a job get their final status at once."""
        await self.change("UPDATE contacts SET status = 'busy', completed_at = now() WHERE job_id = :job", job=job_id)

    async def change(self, statement: str, **values: Any) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(sa.text(statement), values)

    async def close(self) -> None:
        """End what is left of the test's workflows, after their histories were replayed."""
        replayer = Replayer(workflows=[WebhookDeliveries], data_converter=pydantic_data_converter)
        for endpoint in self._endpoints:
            with contextlib.suppress(RPCError):
                await endpoint.handle.terminate("the test is over")
            with contextlib.suppress(RPCError):
                await replayer.replay_workflow(await endpoint.handle.fetch_history())
