"""Calls that a machine answers: whether they go on is the job's rule, judged when the carrier tells who answered."""

from decimal import Decimal
from typing import Any

import pytest

from domain.calls.models import AnsweredBy, CallState, HangUpReason, OnMachine
from domain.calls.retries import OnVoicemail, RetryPolicy
from domain.jobs.models import JobChange
from tests.store.calling import Call, Calling, Job, a_caller

HUNG_UP = "Ended by us: a machine answered."
PIPELINE_A_MINUTE = Decimal("0.0175")


async def test_a_machine_is_to_be_hung_up_on_as_soon_as_it_is_told(shared: Calling) -> None:
    _, call = await _answered(shared, OnMachine.HANG_UP)

    await call.answers(by=AnsweredBy.MACHINE)

    now = await call.now()
    assert (now.hang_up_reason, now.state) == (HangUpReason.MACHINE, CallState.ANSWERED)


@pytest.mark.parametrize("told", [AnsweredBy.HUMAN, AnsweredBy.UNKNOWN, None])
async def test_whoever_may_be_a_person_is_never_hung_up_on(shared: Calling, told: AnsweredBy | None) -> None:
    _, call = await _answered(shared, OnMachine.HANG_UP)

    await call.answers(by=told)

    assert (await call.now()).hang_up_reason is None


async def test_unless_the_job_says_otherwise_the_agent_talks_to_machines(shared: Calling) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 1)
    call = await job.call()

    await call.answers(by=AnsweredBy.MACHINE)
    assert (await call.now()).hang_up_reason is None
    await call.completes(30)

    assert (await call.contact()).failure_reason is None


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


async def test_a_call_that_lasted_all_it_may_says_that(shared: Calling) -> None:
    _, call = await _answered(shared, OnMachine.HANG_UP, max_call_seconds=600)

    await call.answers(by=AnsweredBy.MACHINE)
    await call.completes(600)

    assert (await call.contact()).failure_reason == "Maximum call duration reached."


async def test_a_machine_of_which_only_the_end_told_was_not_hung_up_on(shared: Calling) -> None:
    _, call = await _answered(shared, OnMachine.HANG_UP)

    await call.completes(20, by=AnsweredBy.MACHINE)

    contact = await call.contact()
    assert (contact.answered_by, contact.failure_reason) == ("machine", None)


async def test_an_earlier_reason_to_hang_up_stays(shared: Calling) -> None:
    job, call = await _answered(shared, OnMachine.HANG_UP)
    await job.cancel(hang_up=True)

    await call.answers(by=AnsweredBy.MACHINE)

    assert (await call.now()).hang_up_reason is HangUpReason.CALLED_OFF


async def test_a_changed_rule_holds_for_what_is_told_afterwards(shared: Calling) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 2)
    before, after = await job.call(0), await job.call(1)
    for call in (before, after):
        await call.answers()
    await before.answers(by=AnsweredBy.MACHINE)

    change = JobChange(on_machine=OnMachine.HANG_UP)
    await shared.changes.change(job.given.id, job.id, change, by="key_0")
    for call in (before, after):
        await call.answers(by=AnsweredBy.MACHINE)

    assert [(await call.now()).hang_up_reason for call in (before, after)] == [None, HangUpReason.MACHINE]


async def test_a_verdict_that_comes_before_the_answer_is_told_counts(shared: Calling) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 1, on_machine=OnMachine.HANG_UP)
    call = await job.call()
    await call.rings()

    await call.answers(by=AnsweredBy.MACHINE)

    assert (await call.now()).hang_up_reason is HangUpReason.MACHINE


async def _answered(store: Calling, rule: OnMachine, **fields: Any) -> tuple[Job, Call]:
    """A job with this rule, and its live call."""
    job = await store.a_job(await a_caller(store.engine), 1, on_machine=rule, **fields)
    call = await job.call()
    await call.answers()
    return job, call
