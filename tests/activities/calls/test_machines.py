"""A machine answered, as the carrier tells while the call goes on: who follows the call ends it, if its job says so."""

import pytest

from domain.calls.models import AnsweredBy, CallState, HangUpReason, OnMachine, Outcome
from domain.jobs.models import JobChange
from domain.statuses import ContactStatus
from store.jobs.update import JobUpdates
from tests.activities.calling import Calling, Run
from tests.fakes.carrier import TALKS_ON, Question
from tests.waiting import eventually


@pytest.fixture
async def hanging_up(calling: Calling) -> Calling:
    """The same job, with `onMachine: hangUp`."""
    change = JobChange(on_machine=OnMachine.HANG_UP)
    await JobUpdates(calling.engine).change(calling.given.id, calling.job_id, change, by="key_0")
    return calling


async def answered(calling: Calling) -> Run:
    """A call that goes on until it is hung up; nobody has said who answered."""
    calling.carrier.script(calling.number, TALKS_ON)
    run = calling.start()
    await calling.until_dial(lambda dial: dial.state is CallState.ANSWERED)
    return run


async def test_a_machine_is_hung_up_on_at_once(hanging_up: Calling) -> None:
    run = await answered(hanging_up)
    [call] = hanging_up.carrier.calls

    await hanging_up.carrier.detect(call, AnsweredBy.MACHINE)
    ended = await run.result()

    assert call.hung_up
    assert (ended.status, ended.outcome) == (ContactStatus.COMPLETED, Outcome.ANSWERED)
    [contact] = await hanging_up.rows("SELECT * FROM contacts WHERE id = :id", id=hanging_up.contact_ids[0])
    assert (contact["answered_by"], contact["failure_reason"]) == ("machine", "Ended by us: a machine answered.")


@pytest.mark.parametrize("answered_by", [AnsweredBy.HUMAN, AnsweredBy.UNKNOWN])
async def test_whoever_may_be_a_person_is_talked_to(hanging_up: Calling, answered_by: AnsweredBy) -> None:
    run = await answered(hanging_up)
    [call] = hanging_up.carrier.calls

    await hanging_up.carrier.detect(call, answered_by)
    await hanging_up.carrier.end(call)

    assert (await run.result()).status is ContactStatus.COMPLETED
    assert not call.hung_up


async def test_a_job_that_talks_to_machines_lets_the_other_side_end_the_call(calling: Calling) -> None:
    run = await answered(calling)
    [call] = calling.carrier.calls

    await calling.carrier.detect(call, AnsweredBy.MACHINE)
    await calling.carrier.end(call)

    assert (await run.result()).status is ContactStatus.COMPLETED
    assert not call.hung_up


async def test_the_next_worker_hangs_up_on_a_machine_that_was_told_of_while_nobody_followed(
    hanging_up: Calling,
) -> None:
    run = await answered(hanging_up)
    [call] = hanging_up.carrier.calls
    await run.lose()
    await hanging_up.carrier.detect(call, AnsweredBy.MACHINE)
    assert not call.hung_up

    ended = await hanging_up.call(attempt=2)

    assert call.hung_up
    assert ended.status is ContactStatus.COMPLETED
    assert len(hanging_up.carrier.asked) == 1


async def test_a_carrier_that_cannot_hang_up_is_asked_again_and_nobody_is_dialed_twice(hanging_up: Calling) -> None:
    hanging_up.carrier.away = {Question.HANG_UP}
    run = await answered(hanging_up)
    [call] = hanging_up.carrier.calls
    await hanging_up.carrier.detect(call, AnsweredBy.MACHINE)
    await eventually(lambda: (Question.HANG_UP, call.call_id) in hanging_up.carrier.questions)
    assert (await hanging_up.dial()).hang_up_reason is HangUpReason.MACHINE

    hanging_up.carrier.away = set()

    assert (await run.result()).outcome is Outcome.ANSWERED
    assert call.hung_up
    assert len(hanging_up.carrier.asked) == 1
