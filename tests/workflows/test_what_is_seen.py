"""What people see of a job in Temporal: enough to help, and nobody's number or name."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from temporalio.api.history.v1 import HistoryEvent
from temporalio.contrib.pydantic import pydantic_data_converter

from domain.statuses import JobStatus
from tests.builders import a_contact, a_job, a_number, an_organization
from tests.fakes.carrier import BUSY, TALKS_ON
from tests.waiting import eventually
from tests.workflows.running import Running, metadata_of
from workflows.batch_job import BatchJob
from workflows.names import CALLS_QUEUE, NAME, ORGANIZATION, STATUS
from workflows.web_ui import JobProgress


def calls(events: Iterable[HistoryEvent]) -> list[HistoryEvent]:
    return [event for event in events if event.activity_task_scheduled_event_attributes.task_queue.name == CALLS_QUEUE]


async def test_summaries_tell_row_last_digits_and_attempt(running: Running) -> None:
    given = await an_organization(running.engine)
    running.carrier.script(a_number(1), BUSY, BUSY)
    job = await running.start(given, await a_job(running.engine, given, [a_contact(17, a_number(1))], max_attempts=2))
    await job.result()

    summaries = [
        await pydantic_data_converter.decode([event.user_metadata.summary], [str])
        for event in calls(await job.events())
    ]

    assert summaries == [["row 17 · …01 · attempt 1"], ["row 17 · …01 · attempt 2"]]


async def test_a_calls_activity_is_named_for_its_dial(running: Running) -> None:
    given = await an_organization(running.engine)
    job = await running.start(given, await a_job(running.engine, given, 1))
    await job.result()
    (contact,) = await job.contacts()

    (call,) = calls(await job.events())

    assert call.activity_task_scheduled_event_attributes.activity_id == f"call-{contact['id']}-1"


async def test_no_number_and_no_persons_data_is_in_a_history(running: Running) -> None:
    given = await an_organization(running.engine)
    number = a_number(1234)
    person = a_contact(2, number, name="Grace Hopper", city="Arlington")
    job = await running.start(given, await a_job(running.engine, given, [person]))
    await job.result()

    history = "".join(history.to_json() for history in await job.histories())
    seen = history + await _payloads(await job.events())

    caller_id = given.number.number
    for secret in (number, number[1:], number[-7:], "Hopper", "Arlington", caller_id, caller_id[-7:]):
        assert secret not in seen


async def test_search_attributes_tell_whose_job_it_is_and_where_it_stands(running: Running) -> None:
    given = await an_organization(running.engine)
    job = await running.start(given, await a_job(running.engine, given, 1))
    await job.result()

    attributes = (await job.handle.describe()).typed_search_attributes

    assert attributes[ORGANIZATION] == given.id
    assert attributes[STATUS] == JobStatus.COMPLETED


async def test_progress_and_current_details_tell_how_far_a_job_is(running: Running) -> None:
    given = await an_organization(running.engine)
    running.carrier.usually(TALKS_ON)
    stored = await a_job(running.engine, given, 5, concurrent_call_limit=2)
    job = await running.start_in_real_time(given, stored)
    await eventually(lambda: len(running.carrier.live) == 2)
    await running.workflows.nudge(job.id)

    progress = await job.handle.query(BatchJob.progress)
    assert progress == JobProgress(live_calls=2, lines_held=2, lines_wanted=2)
    assert await running.workflows.progress(job.id) == progress

    async def shows_two_calls() -> bool:
        return "| dialing | 2 |" in await job.current_details()

    await eventually(shows_two_calls)
    details = await job.current_details()
    assert "**running** · 0 of 5 contacts done · 2 calls live on 2 lines" in details


async def test_a_new_name_and_the_reason_of_a_pause_are_shown(running: Running) -> None:
    given = await an_organization(running.engine)
    running.carrier.usually(TALKS_ON)
    job = await running.start_in_real_time(given, await a_job(running.engine, given, 1))
    await eventually(lambda: len(running.carrier.live) == 1)
    await running.change("UPDATE batch_jobs SET name = 'Autumn'")
    await running.control.pause(given.id, job.id, "Ask the *carrier*.")
    await running.workflows.nudge(job.id)

    async def shows_both() -> bool:
        details = await job.current_details()
        return details.startswith("### Autumn\n\n**paused**") and "Ask the \\*carrier\\*." in details

    await eventually(shows_both)
    description = await job.handle.describe()
    assert await description.memo_value("name", type_hint=str) == "Autumn"
    assert description.typed_search_attributes[NAME] == "Autumn"


async def test_a_number_in_a_name_or_a_reason_is_in_no_history(running: Running) -> None:
    given = await an_organization(running.engine)
    running.carrier.usually(TALKS_ON)
    stored = await a_job(running.engine, given, 1)
    await running.change("UPDATE batch_jobs SET name = 'Recall\n+12025550123'")
    with running.temporal.with_time_skipping_disabled():
        await running.workflows.start(stored.id, given.id, "Recall\n+12025550123", None)
    job = running.job(given, stored)
    await eventually(lambda: len(running.carrier.live) == 1)
    await running.change("UPDATE batch_jobs SET name = 'Recall of 12025550124'")
    await running.control.pause(given.id, job.id, "Ask +12025550125.")
    await running.workflows.nudge(job.id)

    async def shows_both() -> bool:
        details = await job.current_details()
        return details.startswith("### Recall of …24\n") and "Ask …25." in details

    await eventually(shows_both)
    description = await job.handle.describe()
    assert await description.static_summary() == "Recall …23"
    assert description.typed_search_attributes[NAME] == "Recall of …24"
    assert "2025550" not in await _payloads(await job.events())


async def test_a_scheduled_job_is_told_by_name_and_start(running: Running) -> None:
    given = await an_organization(running.engine)
    start_at = datetime.now(UTC) + timedelta(days=1)
    stored = await a_job(running.engine, given, 1, scheduled_start_time=start_at)
    job = await running.start_in_real_time(given, stored, start_at)

    async def says_when() -> bool:
        return f"waiting for start until {start_at:%Y-%m-%d %H:%M:%S} UTC" in await job.current_details()

    await eventually(says_when)
    assert (await job.current_details()).startswith("### Reminders\n\n**scheduled**")


async def test_operators_find_a_description_on_every_signal_and_query(running: Running) -> None:
    given = await an_organization(running.engine)
    running.carrier.usually(TALKS_ON)
    job = await running.start_in_real_time(given, await a_job(running.engine, given, 1))
    await eventually(lambda: len(running.carrier.live) == 1)

    definition = (await metadata_of(job.handle)).definition

    ours = [signal for signal in definition.signal_definitions if not signal.name.startswith("__")]
    assert {signal.name for signal in ours} == {
        "look", "share_lines", "say_lines",
        "start_now", "pause", "resume", "cancel", "cancel_and_hang_up",
        "change", "change_limit", "reschedule", "remove_contact",
    }  # fmt: skip
    assert all(signal.description for signal in ours)


async def _payloads(events: Iterable[HistoryEvent]) -> str:
    """Everything readable in the events: `to_json` shows payloads in base 64."""
    return "".join(event.SerializeToString().decode("utf-8", "replace") for event in events)
