"""A contact whose every dial ends alike is final in the end, by the whole way from the carrier's report to its row."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from domain.calls.models import (
    WAITING_OUTCOMES,
    AgentContact,
    AnsweredBy,
    Ending,
    HangUpReason,
    MachineKind,
    Outcome,
)
from domain.calls.retries import OnDeclined, OnScreened, OnVoicemail, RetryPolicy
from domain.statuses import ContactStatus
from store.tables import dials
from tests.builders import contacts as some_contacts
from tests.store.calling import Call, Calling, Job, a_caller

MOST_DIALS = 12
HOURS_BETWEEN_DIALS = 8  # ten dials are three days
RETRY_ALL = RetryPolicy(on_voicemail=OnVoicemail.RETRY, on_declined=OnDeclined.RETRY, on_screened=OnScreened.RETRY)


async def _is_answered(call: Call, **evidence: object) -> None:
    await call.answers()
    await call.ends(Ending.COMPLETED, duration_seconds=60, **evidence)


async def _rings_and_ends(call: Call, ending: Ending, sip: int | None = None) -> None:
    await call.rings()
    await call.ends(ending, sip)


async def _is_called_off(call: Call) -> None:
    await _hang_up(call, HangUpReason.CALLED_OFF)


async def _times_out(call: Call) -> None:
    await call.rings()
    await _hang_up(call, HangUpReason.RING_TIMER)


async def _hang_up(call: Call, reason: HangUpReason) -> None:
    await call.is_being_hung_up(reason)
    await call.ends(Ending.CANCELED)


ENDINGS: dict[Outcome, Callable[[Call], Awaitable[object]]] = {
    Outcome.ANSWERED: lambda call: call.completes(by=AnsweredBy.MACHINE),
    Outcome.FAX: lambda call: _is_answered(call, machine=MachineKind.FAX),
    Outcome.SCREENED: lambda call: _is_answered(call, machine=MachineKind.SCREENING),
    Outcome.AGENT_UNREACHABLE: lambda call: _is_answered(call, agent=AgentContact.UNREACHABLE),
    Outcome.NO_SPEECH: lambda call: _is_answered(call, agent=AgentContact.SILENT),
    Outcome.BUSY: lambda call: call.is_busy(),
    Outcome.NO_ANSWER: lambda call: _rings_and_ends(call, Ending.NO_ANSWER, 480),
    Outcome.TIMEOUT: _times_out,
    Outcome.NEVER_RANG: lambda call: call.ends(Ending.FAILED, 480, rang=False),
    Outcome.INVALID_NUMBER: lambda call: call.ends(Ending.FAILED, 404),
    Outcome.DECLINED: lambda call: _rings_and_ends(call, Ending.FAILED, 603),
    Outcome.BLOCKED: lambda call: call.ends(Ending.FAILED, 608),
    Outcome.UNWANTED: lambda call: call.ends(Ending.FAILED, 607),
    Outcome.CARRIER_ERROR: lambda call: call.ends(Ending.FAILED, 503),
    Outcome.DESTINATION_REJECTED: lambda call: call.ends(Ending.FAILED, 403),
    Outcome.CALLED_OFF: _is_called_off,
    Outcome.UNKNOWN: lambda call: call.is_given_up(),
} | {
    outcome: lambda call, outcome=outcome: call.is_not_placed(outcome)  # type: ignore[misc]
    for outcome in WAITING_OUTCOMES - {Outcome.CALLED_OFF}
}


@pytest.mark.parametrize("outcome", list(Outcome))
async def test_a_contact_whose_every_dial_ends_so_ends(calling: Calling, outcome: Outcome) -> None:
    job = await _a_job(calling)

    told = await _call_until_final(calling, job, [outcome])

    assert set(told) == {outcome}
    assert (await job.contact()).status != ContactStatus.CANCELLED


@pytest.mark.parametrize(
    "outcomes",
    [
        (Outcome.UNREACHABLE, Outcome.CARRIER_ERROR),
        (Outcome.NEVER_RANG, Outcome.DESTINATION_REJECTED),
        (Outcome.HELD_BACK, Outcome.NEVER_RANG),
        (Outcome.NO_SPEECH, Outcome.AGENT_UNREACHABLE),
    ],
)
async def test_taking_turns_they_end_it_too(calling: Calling, outcomes: tuple[Outcome, ...]) -> None:
    job = await _a_job(calling)

    await _call_until_final(calling, job, outcomes)


async def test_an_outage_of_three_days_that_ended_is_no_part_of_the_next(calling: Calling) -> None:
    job = await _a_job(calling)
    for dial in range(1, 10):
        await (await job.call(0, dial)).is_not_placed(Outcome.UNREACHABLE)
        await _time_passes(calling, job)
    await (await job.call(0, 10)).is_busy()
    await _time_passes(calling, job)

    await (await job.call(0, 11)).is_not_placed(Outcome.UNREACHABLE)

    assert (await job.contact()).status == "queued"


async def _a_job(calling: Calling) -> Job:
    given = await a_caller(calling.engine)
    return await calling.a_job(given, some_contacts(1, start=700), retry_policy=RETRY_ALL, max_attempts=3)


async def _call_until_final(calling: Calling, job: Job, outcomes: list[Outcome] | tuple[Outcome, ...]) -> list[Outcome]:
    """The outcomes of its dials."""
    told = []
    for dial in range(1, MOST_DIALS + 1):
        call = await job.call(0, dial)
        await ENDINGS[outcomes[dial % len(outcomes)]](call)
        told.append(Outcome((await call.row()).outcome))
        if ContactStatus((await call.contact()).status).final:
            return told
        await _time_passes(calling, job)
    raise AssertionError(f"still open after {MOST_DIALS} dials: {told}")


async def _time_passes(calling: Calling, job: Job) -> None:
    hours = timedelta(hours=HOURS_BETWEEN_DIALS)
    await calling.change(dials, dials.c.contact_id == job.contact_ids[0], asked_at=dials.c.asked_at - hours)
    await calling.open_the_gates_by_time()
