"""Calls that a machine answers: whether they go on is the job's rule, applied when the carrier reports who answered."""

from decimal import Decimal
from typing import Any

import pytest

from domain.calls.models import AnsweredBy, CallState, HangUpReason, OnMachine
from domain.calls.retries import OnVoicemail, RetryPolicy
from domain.jobs.models import JobChange
from tests.store.calling import Call, Calling, Job

HUNG_UP = "Ended by us: a machine answered."
PIPELINE_A_MINUTE = Decimal("0.0175")


@pytest.mark.parametrize("answered", [True, False])
async def test_a_machine_is_to_be_hung_up_on_as_soon_as_it_is_reported_also_before_the_answer(
    shared: Calling, answered: bool
) -> None:
    _, call = await shared.a_call(on_machine=OnMachine.HANG_UP)
    await (call.answers() if answered else call.rings())
    assert (await call.now()).hang_up_reason is None

    await call.answers(by=AnsweredBy.MACHINE)

    now = await call.now()
    assert (now.hang_up_reason, now.state) == (HangUpReason.MACHINE, CallState.ANSWERED)


@pytest.mark.parametrize(
    ("on_voicemail", "status"), [(OnVoicemail.COMPLETE, "completed"), (OnVoicemail.RETRY, "queued")]
)
async def test_hung_up_on_is_a_call_that_is_paid_and_called_again_only_by_the_retry_policy(
    shared: Calling, on_voicemail: OnVoicemail, status: str
) -> None:
    job, call = await _answered(
        shared, OnMachine.HANG_UP, retry_policy=RetryPolicy(on_voicemail=on_voicemail), max_attempts=2
    )

    await call.answers(by=AnsweredBy.MACHINE)
    await call.completes(6)

    contact = await call.contact()
    assert (contact.status, contact.attempts, contact.answered_by) == (status, 1, "machine")
    assert (contact.failure_reason, contact.error_code, contact.call_seconds) == (HUNG_UP, None, 6)
    assert (await job.row()).spent == 6 * PIPELINE_A_MINUTE / 60


async def test_a_call_that_lasted_all_it_may_has_that_reason(shared: Calling) -> None:
    _, call = await _answered(shared, OnMachine.HANG_UP, max_call_seconds=600)

    await call.answers(by=AnsweredBy.MACHINE)
    await call.completes(600)

    assert (await call.contact()).failure_reason == "Maximum call duration reached."


async def test_a_machine_of_which_only_the_end_reported_was_not_hung_up_on(shared: Calling) -> None:
    _, call = await _answered(shared, OnMachine.HANG_UP)

    await call.completes(20, by=AnsweredBy.MACHINE)

    contact = await call.contact()
    assert (contact.answered_by, contact.failure_reason) == ("machine", None)


async def test_an_earlier_reason_to_hang_up_stays(shared: Calling) -> None:
    job, call = await _answered(shared, OnMachine.HANG_UP)
    await job.cancel(hang_up=True)

    await call.answers(by=AnsweredBy.MACHINE)

    assert (await call.now()).hang_up_reason is HangUpReason.CALLED_OFF


async def test_unless_the_job_has_another_rule_the_agent_talks_and_a_changed_rule_holds_afterwards(
    shared: Calling,
) -> None:
    job, before = await shared.a_call(2)
    after = await job.call(1)
    for call in (before, after):
        await call.answers()
    await before.answers(by=AnsweredBy.MACHINE)

    change = JobChange(on_machine=OnMachine.HANG_UP)
    await shared.updates.change(job.given.id, job.id, change, by="key_0")
    for call in (before, after):
        await call.answers(by=AnsweredBy.MACHINE)

    assert [(await call.now()).hang_up_reason for call in (before, after)] == [None, HangUpReason.MACHINE]
    await before.completes(30)
    assert (await before.contact()).failure_reason is None


async def _answered(store: Calling, rule: OnMachine, **fields: Any) -> tuple[Job, Call]:
    """A job with this rule, and its live call."""
    job, call = await store.a_call(on_machine=rule, **fields)
    await call.answers()
    return job, call
