"""What happened arrives: once, in order for each job, signed; whatever the receiver does, and whoever dies."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from temporalio.client import WorkflowExecutionStatus
from temporalio.testing import WorkflowEnvironment

from activities.webhooks import http_sender
from activities.webhooks.deliver import OUR_MISTAKE
from domain.webhooks.events import DeliveryStatus, EventType
from store.db.engine import Database
from store.webhooks.endpoints import EndpointChange
from tests.receiving import Received, Receiver, answers, never, ok
from tests.waiting import eventually
from tests.workflows.delivering import LINGER, Delivering

DELIVERED, PENDING = DeliveryStatus.DELIVERED, DeliveryStatus.PENDING


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver.listening() as receiver:
        yield receiver


@pytest.fixture
async def unmanned(temporal: WorkflowEnvironment, engine: Database, database_url: str) -> AsyncIterator[Delivering]:
    delivering = Delivering(temporal, engine, database_url)
    yield delivering
    await delivering.close()


@pytest.fixture
async def delivering(unmanned: Delivering, receiver: Receiver) -> AsyncIterator[Delivering]:
    async with unmanned.workers(receiver):
        yield unmanned


async def test_what_happens_to_a_job_arrives_in_order_signed_and_once(
    delivering: Delivering, receiver: Receiver
) -> None:
    endpoint = await delivering.an_endpoint(receiver)
    job = await delivering.a_running_job(endpoint.given, 3)
    await delivering.finish(job)
    await delivering.control.complete(endpoint.given.id, job)
    await endpoint.until_all_are(DELIVERED, 5)

    assert receiver.of(job) == ["batch.started", *["contact.finished"] * 3, "batch.completed"]
    assert [received.id for received in receiver.delivered] == [delivery.id for delivery in await endpoint.log()]
    numbers = {received.data["contact"]["phoneNumber"] for received in receiver.delivered[1:4]}
    assert numbers == {"+12005550100", "+12005550101", "+12005550102"}
    assert receiver.delivered[4].data["failedCalls"] == 3
    for received in receiver.delivered:
        received.verify(endpoint.secret)
    assert len({received.id for received in receiver.requests}) == len(receiver.requests) == 5
    assert {delivery.attempts for delivery in await endpoint.log()} == {1}


async def test_an_event_is_told_as_it_was_however_late_it_arrives(unmanned: Delivering, receiver: Receiver) -> None:
    endpoint = await unmanned.an_endpoint(receiver, EventType.BATCH_STARTED, EventType.BATCH_CANCELLED)
    job = await unmanned.a_running_job(endpoint.given, 2)
    await unmanned.control.cancel(endpoint.given.id, job)
    async with unmanned.workers(receiver):
        await endpoint.until_all_are(DELIVERED, 2)
    started, cancelled = (received.data for received in receiver.delivered)
    assert (started["status"], started["contactsProcessed"], started["completedAt"]) == ("running", 0, None)
    assert (cancelled["status"], cancelled["contactsProcessed"]) == ("cancelled", 2)
    assert cancelled["completedAt"] is not None


async def test_a_receiver_that_was_down_gets_everything_once_and_in_order(
    delivering: Delivering, receiver: Receiver
) -> None:
    await receiver.stop()
    endpoint = await delivering.an_endpoint(receiver)
    job = await delivering.a_running_job(endpoint.given, 2)
    await delivering.finish(job)

    async def was_tried_twice() -> bool:
        return (await endpoint.log())[0].attempts >= 2

    await eventually(was_tried_twice)
    assert {delivery.attempts for delivery in (await endpoint.log())[1:]} == {0}
    await receiver.start()
    await endpoint.until_all_are(DELIVERED, 3)
    assert receiver.of(job) == ["batch.started", "contact.finished", "contact.finished"]
    assert len(receiver.requests) == 3


async def test_an_error_is_logged_and_sent_again_under_the_same_id(delivering: Delivering, receiver: Receiver) -> None:
    receiver.answering = answers(500, "no luck, +12025550101")
    endpoint = await delivering.an_endpoint(receiver, EventType.BATCH_STARTED)
    await delivering.a_running_job(endpoint.given)
    await eventually(lambda: len(receiver.requests) >= 2)
    (delivery,) = await endpoint.log(PENDING)
    assert (delivery.response_code, delivery.response_body) == (500, "no luck, …01")
    assert delivery.last_error == "It answered 500."
    assert delivery.next_attempt_at is not None

    receiver.answering = ok
    await endpoint.until_all_are(DELIVERED, 1)
    assert {received.id for received in receiver.requests} == {delivery.id}
    assert len(receiver.delivered) == 1


async def test_a_slow_receiver_is_given_up_for_now_and_other_jobs_go_on(
    delivering: Delivering, receiver: Receiver
) -> None:
    endpoint = await delivering.an_endpoint(receiver, EventType.BATCH_STARTED, EventType.BATCH_PAUSED)
    slow_job = ""

    async def slow_for_one(received: Received) -> web.StreamResponse:
        return await (never if received.job == slow_job else ok)(received)

    receiver.answering = slow_for_one
    slow_job = await delivering.a_running_job(endpoint.given)
    others = [await delivering.a_running_job(endpoint.given) for _ in range(3)]
    await delivering.control.pause(endpoint.given.id, slow_job)
    await eventually(lambda: all(receiver.of(job) for job in others))

    async def is_logged() -> bool:
        return (await endpoint.log())[0].last_error == http_sender.TOO_SLOW

    await eventually(is_logged)
    assert receiver.of(slow_job) == []
    slow_job = ""
    await eventually(lambda: [len(receiver.of(job)) for job in others] == [1, 1, 1])
    await endpoint.until_all_are(DELIVERED, 5)
    assert [received.type for received in receiver.delivered if received.job not in others] == [
        "batch.started",
        "batch.paused",
    ]


async def test_a_redirect_into_a_private_network_is_refused_and_logged(
    delivering: Delivering, receiver: Receiver
) -> None:
    async with Receiver.listening() as inside:
        receiver.answering = answers(302, Location=inside.url)
        endpoint = await delivering.an_endpoint(receiver, EventType.BATCH_STARTED)
        await delivering.a_running_job(endpoint.given)
        await endpoint.until_all_are(DeliveryStatus.REFUSED, 1)
        (delivery,) = await endpoint.log()
        assert (delivery.attempts, delivery.response_code) == (1, 302)
        assert delivery.last_error == http_sender.REDIRECTS_TO_PRIVATE
        assert (delivery.next_attempt_at, inside.requests) == (None, [])


async def test_a_private_address_is_refused_at_the_delivery_too(delivering: Delivering, receiver: Receiver) -> None:
    async with Receiver.listening() as inside:
        endpoint = await delivering.an_endpoint(inside, EventType.BATCH_STARTED)
        await delivering.a_running_job(endpoint.given)
        await endpoint.until_all_are(DeliveryStatus.REFUSED, 1)
        assert inside.requests == []


async def test_who_dies_between_sending_and_noting_sends_it_again_under_the_same_id(
    delivering: Delivering, receiver: Receiver
) -> None:
    delivering.outbox.deaths = 1
    endpoint = await delivering.an_endpoint(receiver, EventType.BATCH_STARTED, EventType.BATCH_PAUSED)
    job = await delivering.a_running_job(endpoint.given)
    await delivering.control.pause(endpoint.given.id, job)
    await endpoint.until_all_are(DELIVERED, 2)
    assert receiver.of(job) == ["batch.started", "batch.started", "batch.paused"]
    first, again, other = receiver.requests
    assert first.id == again.id != other.id
    assert first.body == again.body
    assert [delivery.attempts for delivery in await endpoint.log()] == [2, 1]


async def test_two_who_deliver_at_the_same_time_send_nothing_twice(unmanned: Delivering, receiver: Receiver) -> None:
    endpoint = await unmanned.an_endpoint(receiver)
    jobs = [await unmanned.a_running_job(endpoint.given, 20) for _ in range(3)]
    for job in jobs:
        await unmanned.finish(job)
    await asyncio.gather(*(unmanned.deliver(endpoint, receiver) for _ in range(2)))
    assert await endpoint.statuses() == [DELIVERED] * 63
    assert len({received.id for received in receiver.requests}) == len(receiver.requests) == 63
    for job in jobs:
        assert receiver.of(job) == ["batch.started", *["contact.finished"] * 20]


async def test_what_was_told_while_nobody_worked_is_delivered_later(unmanned: Delivering, receiver: Receiver) -> None:
    endpoint = await unmanned.an_endpoint(receiver, EventType.BATCH_STARTED)
    await unmanned.a_running_job(endpoint.given)
    async with unmanned.workers(receiver):
        await endpoint.until_all_are(DELIVERED, 1)


async def test_a_workflow_that_was_terminated_is_started_again(delivering: Delivering, receiver: Receiver) -> None:
    endpoint = await delivering.an_endpoint(receiver, EventType.BATCH_STARTED)
    await delivering.a_running_job(endpoint.given)
    await endpoint.until_all_are(DELIVERED, 1)
    await endpoint.handle.terminate("by mistake")
    await delivering.change("UPDATE webhook_endpoints SET busy_until = NULL")
    await delivering.a_running_job(endpoint.given)
    await endpoint.until_all_are(DELIVERED, 2)


async def test_after_days_of_failure_an_endpoint_is_disabled_and_what_failed_can_be_replayed(
    delivering: Delivering, receiver: Receiver
) -> None:
    receiver.answering = answers(503)
    endpoint = await delivering.an_endpoint(receiver, EventType.BATCH_STARTED, EventType.BATCH_PAUSED)
    job = await delivering.a_running_job(endpoint.given)
    await delivering.control.pause(endpoint.given.id, job)
    webhooks, organization = delivering.webhooks, endpoint.given.id

    async def fails() -> bool:
        return (await webhooks.get(organization, endpoint.id)).failing_since is not None

    await eventually(fails)
    await delivering.change("UPDATE webhook_endpoints SET failing_since = failing_since - interval '5 days'")

    async def is_disabled() -> bool:
        return (await webhooks.get(organization, endpoint.id)).disabled_at is not None

    await eventually(is_disabled)
    assert (await webhooks.get(organization, endpoint.id)).disabled_reason == "Every delivery failed for 5 days."
    assert set(await endpoint.statuses()) == {DeliveryStatus.FAILED}

    receiver.answering = ok
    await webhooks.change(organization, endpoint.id, EndpointChange(enabled=True))
    assert await webhooks.replay_failed(organization, endpoint.id) == 2
    await endpoint.until_all_are(DELIVERED, 2)
    assert receiver.of(job) == ["batch.started", "batch.paused"]
    assert {received.id for received in receiver.requests} == {delivery.id for delivery in await endpoint.log()}


async def test_a_receiver_that_is_gone_is_left_alone(delivering: Delivering, receiver: Receiver) -> None:
    receiver.answering = answers(410)
    endpoint = await delivering.an_endpoint(receiver, EventType.BATCH_STARTED)
    await delivering.a_running_job(endpoint.given)
    await endpoint.until_all_are(DeliveryStatus.FAILED, 1)
    assert len(receiver.requests) == 1


async def test_a_test_and_a_replay_arrive_at_once(delivering: Delivering, receiver: Receiver) -> None:
    endpoint = await delivering.an_endpoint(receiver, EventType.BATCH_STARTED)
    told = await delivering.webhooks.send_test(endpoint.given.id, endpoint.id)
    await endpoint.until_all_are(DELIVERED, 1)
    await delivering.webhooks.replay(endpoint.given.id, endpoint.id, told.id)
    await eventually(lambda: len(receiver.delivered) == 2)
    first, again = receiver.delivered
    assert (first.type, first.data["webhookId"]) == ("webhook.test", endpoint.id)
    assert first.id == again.id == told.id


async def test_after_a_rotation_both_secrets_sign(delivering: Delivering, receiver: Receiver) -> None:
    endpoint = await delivering.an_endpoint(receiver, EventType.BATCH_STARTED)
    rotated = await delivering.webhooks.rotate_secret(endpoint.given.id, endpoint.id)
    await delivering.webhooks.send_test(endpoint.given.id, endpoint.id)
    await eventually(lambda: len(receiver.delivered) == 1)
    receiver.delivered[0].verify(endpoint.secret)
    receiver.delivered[0].verify(rotated.secret)


async def test_the_workflow_of_a_deleted_endpoint_ends(delivering: Delivering, receiver: Receiver) -> None:
    endpoint = await delivering.an_endpoint(receiver, EventType.BATCH_STARTED)
    await delivering.webhooks.send_test(endpoint.given.id, endpoint.id)
    await eventually(lambda: len(receiver.delivered) == 1)
    await delivering.webhooks.delete(endpoint.given.id, endpoint.id)

    async def has_ended() -> bool:
        return (await endpoint.handle.describe()).status is WorkflowExecutionStatus.COMPLETED

    await eventually(has_ended)


async def test_an_event_that_cannot_be_made_holds_up_no_job(delivering: Delivering, receiver: Receiver) -> None:
    endpoint = await delivering.an_endpoint(receiver, EventType.BATCH_PAUSED)
    jobs = [await delivering.a_running_job(endpoint.given) for _ in range(2)]
    for id, type in (("msg_empty", "batch.paused"), ("msg_odd", "contact.finished")):
        await delivering.change(
            "INSERT INTO webhook_deliveries (id, endpoint_id, organization_id, lane, type, contact_id)"
            " SELECT :id, :endpoint, :organization, :lane, :type, id FROM contacts WHERE job_id = :job",
            id=id,
            endpoint=endpoint.id,
            organization=endpoint.given.id,
            lane=id,
            type=type,
            job=jobs[0],
        )
    for job in jobs:
        await delivering.control.pause(endpoint.given.id, job)
    await eventually(lambda: [receiver.of(job) for job in jobs] == [["batch.paused"]] * 2)

    async def are_logged() -> bool:
        return None not in [delivery.last_error for delivery in (await endpoint.log())[:2]]

    await eventually(are_logged)
    empty, odd, *_ = await endpoint.log()
    assert (empty.status, empty.last_error) == (PENDING, f"{OUR_MISTAKE} (ValueError).")
    assert (odd.status, odd.last_error) == (PENDING, f"{OUR_MISTAKE}: it cannot be read.")


async def test_histories_hold_ids_only(delivering: Delivering, receiver: Receiver) -> None:
    receiver.answering = answers(500, "Person 2 at +12005550100")
    endpoint = await delivering.an_endpoint(receiver)
    job = await delivering.a_running_job(endpoint.given, 1)
    await delivering.finish(job)
    await eventually(lambda: len(receiver.requests) >= 2)
    history = (await endpoint.handle.fetch_history()).to_json()
    for secret in ("2005550100", "Person", "127.0.0.1", "whsec"):
        assert secret not in history


async def test_ten_thousand_events_cost_few_workflow_events(unmanned: Delivering, receiver: Receiver) -> None:
    """A hundred and fifty here: sent one after the other, in a handful of rounds."""
    endpoint = await unmanned.an_endpoint(receiver, EventType.CONTACT_FINISHED)
    job = await unmanned.a_running_job(endpoint.given, 150)
    await unmanned.finish(job)
    async with unmanned.workers(receiver):
        await eventually(lambda: len(receiver.delivered) == 150, 30)
        history = await endpoint.handle.fetch_history()
        assert len(history.events) < 60
    assert [received.id for received in receiver.delivered] == [delivery.id for delivery in await endpoint.log()]


async def test_a_long_life_is_told_in_several_runs(delivering: Delivering, receiver: Receiver) -> None:
    endpoint = await delivering.an_endpoint(receiver, EventType.BATCH_STARTED)
    sent = 0

    async def continued() -> bool:
        nonlocal sent
        sent += 1
        await delivering.webhooks.send_test(endpoint.given.id, endpoint.id)
        await endpoint.until_all_are(DELIVERED, sent)
        await asyncio.sleep(3 * LINGER)  # let the round end
        info = (await endpoint.handle.describe()).raw_description.workflow_execution_info
        return info.first_run_id != info.execution.run_id

    await eventually(continued, 20)
    await delivering.webhooks.send_test(endpoint.given.id, endpoint.id)
    await endpoint.until_all_are(DELIVERED, sent + 1)
    assert len(receiver.requests) == sent + 1
