"""What is changed of a job while it lives: fields, the start, contacts added and removed."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.audit import Action
from domain.calling_rules.frequency_caps import ContactFrequency
from domain.calling_rules.presets import get_preset
from domain.calling_rules.window import CallingWindow
from domain.calls.dispatch import NotNowReason
from domain.calls.models import Ending
from domain.errors import InvalidRequest, TooManyContacts
from domain.jobs.models import JobChange
from domain.statuses import ContactStatus, JobStatus
from store.audit_log import AuditLog
from store.contacts.packed import pack_contacts
from store.errors import InsufficientCredits, NoContactsLeft, NotFound, WrongStatus
from store.jobs.update import REMOVED
from store.organizations.organizations import OrganizationChange, Organizations
from store.tables import organizations
from tests.builders import a_contact, a_report
from tests.builders import contacts as some_contacts
from tests.store.calling import Calling, Job, a_caller

BY = "key_0"
LATER = datetime(2027, 3, 1, 9, tzinfo=UTC)
TWO_MINUTES = Decimal("0.035")
NEVER_NOW = CallingWindow(from_=time(3), to=time(3, 1))


async def test_a_jobs_limit_can_be_changed(shared: Calling) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 2)
    await job.call(0)

    await change(shared, job, concurrent_call_limit=1)

    assert await job.is_held(1) is NotNowReason.LINE
    await change(shared, job, concurrent_call_limit=2)
    await job.call(1)


async def test_what_is_changed_is_recorded_once(shared: Calling) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 1)

    for _ in range(2):
        await change(shared, job, name="Second try", priority=9, max_cost=Decimal("2.50"))

    row = await job.row()
    assert (row.name, row.priority, row.max_cost) == ("Second try", 9, Decimal("2.5"))
    assert await recorded(shared, job, Action.CHANGED) == [{"name": "Second try", "priority": 9, "maxCost": "2.50"}]


async def test_an_end_and_a_start_that_are_moved_at_once_keep_their_order(shared: Calling) -> None:
    """Each was checked against the job as it stood before the other."""
    start, between = LATER, LATER + timedelta(hours=1)
    job = await shared.a_waiting_job(await a_caller(shared.engine), 1, scheduled_start_time=start)

    await change(shared, job, end_time=between)

    with pytest.raises(InvalidRequest):
        await change(shared, job, scheduled_start_time=between + timedelta(hours=1))
    row = await job.row()
    assert (row.scheduled_start_time, row.end_time) == (start, between)


@pytest.mark.parametrize("status", ["pending", "scheduled", "paused"])
async def test_a_start_that_has_not_come_can_be_moved(shared: Calling, status: str) -> None:
    start = LATER - timedelta(days=1) if status == "scheduled" else None
    job = await shared.a_waiting_job(await a_caller(shared.engine), 2, scheduled_start_time=start)
    if status == "paused":
        await job.pause()

    await change(shared, job, scheduled_start_time=LATER)

    row = await job.row()
    assert row.status == (JobStatus.PAUSED if status == "paused" else JobStatus.SCHEDULED)
    assert (row.scheduled_start_time, row.dialling) == (LATER, False)
    assert (await job.contact()).due_at == LATER


@pytest.mark.parametrize("then", ["running", "paused", "cancelled"])
async def test_a_start_that_has_come_is_not_moved(shared: Calling, then: str) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 1)
    if then != "running":
        await (job.pause() if then == "paused" else job.cancel())
    before = await job.row()

    with pytest.raises(WrongStatus):
        await change(shared, job, scheduled_start_time=LATER, name="Not this either")

    assert await job.row() == before


async def test_with_fewer_attempts_those_who_had_them_all_are_final(shared: Calling) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 2)
    await (await job.call(0)).is_busy()

    await change(shared, job, max_attempts=1)

    assert ((await job.contact(0)).status, (await job.contact(1)).status) == ("busy", "pending")


@pytest.mark.parametrize("whose", ["job", "organization", "preset"])
async def test_a_looser_cap_lets_those_go_who_waited_for_the_old_one(shared: Calling, whose: str) -> None:
    given, person = await a_caller(shared.engine), some_contacts(1, start=800)
    cap = ContactFrequency(calls_per_24_hours=1)
    in_florida = get_preset("us-florida").window.model_copy(update={"from_": time(0), "to": time(0)})
    rule = {"job": {"contact_frequency": cap}, "preset": {"calling_window": in_florida}}.get(whose, {})
    store = Organizations(shared.engine)
    if whose == "organization":
        await store.change(given.id, OrganizationChange(contact_frequency=cap), by=BY)
    for _ in range(3):
        await (await (await shared.a_job(given, person)).call()).is_busy()
        if whose == "organization":
            break
    job = await shared.a_job(given, person, **rule)
    assert await job.is_held() is NotNowReason.FREQUENCY

    match whose:
        case "job":
            await change(shared, job, contact_frequency=ContactFrequency(calls_per_24_hours=9))
        case "organization":
            await store.change(given.id, OrganizationChange(contact_frequency=None), by=BY)
        case "preset":
            await change(shared, job, calling_window=None)

    page = await shared.due_pages.read(job.id, datetime.now(UTC), 10)
    assert [contact.contact_id for contact in page.due] == job.contact_ids
    await job.call()


async def test_another_window_lets_those_go_who_waited_for_the_old_one(shared: Calling) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 2, calling_window=NEVER_NOW)
    page = await shared.due_pages.read(job.id, datetime.now(UTC), 10)
    assert (page.due, page.next_due_reason) == ([], NotNowReason.WINDOW)

    await change(shared, job, calling_window=None)

    assert len((await shared.due_pages.read(job.id, datetime.now(UTC), 10)).due) == 2
    assert await recorded(shared, job, Action.CHANGED) == [{"callingWindow": None}]


async def test_contacts_added_to_a_running_job_are_called(shared: Calling) -> None:
    given = await a_caller(shared.engine)
    job = await shared.a_job(given, 2)

    appended = await append(shared, job, some_contacts(2, start=1))

    assert (appended.added, appended.total, appended.cost) == (1, 3, TWO_MINUTES)
    assert (appended.report["duplicatesTotal"], appended.report["duplicates"]) == (1, [{"row": 2, "firstRow": 3}])
    row, audit = await job.row(), await job.audit()
    assert (row.total_contacts, row.hold, audit.held, audit.exact) == (3, 3 * TWO_MINUTES, 3 * TWO_MINUTES, True)
    assert len((await shared.due_pages.read(job.id, datetime.now(UTC), 10)).due) == 3
    assert await recorded(shared, job, Action.CONTACTS_ADDED) == [{"contacts": 1}]


async def test_contacts_added_before_the_start_wait_for_it(shared: Calling) -> None:
    job = await shared.a_waiting_job(await a_caller(shared.engine), 1, scheduled_start_time=LATER)

    await append(shared, job, some_contacts(1, start=5))

    assert [contact.due_at for contact in await job.contacts()] == [LATER, LATER]


async def test_contacts_that_the_credits_do_not_cover_or_nobody_may_call_are_not_added(shared: Calling) -> None:
    given = await a_caller(shared.engine, credits=2 * TWO_MINUTES)
    job = await shared.a_job(given, 2)

    with pytest.raises(InsufficientCredits):
        await append(shared, job, some_contacts(1, start=5))
    await shared.change(organizations, organizations.c.id == given.id, allowed_countries=["US"])
    with pytest.raises(NoContactsLeft):
        await append(shared, job, [a_contact(2, "+4930123456")])

    assert (await job.row()).total_contacts == 2


async def test_a_job_has_10_000_contacts_at_most_and_no_more_once_it_has_ended(shared: Calling) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 1)
    await job.change(total_contacts=9_999)

    with pytest.raises(TooManyContacts):
        await append(shared, job, some_contacts(2, start=5))

    await job.cancel()
    with pytest.raises(WrongStatus):
        await append(shared, job, some_contacts(1, start=5))


async def test_a_removed_contact_is_not_called(shared: Calling) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 2)

    for _ in range(2):
        assert (await remove(shared, job)).status is ContactStatus.CANCELLED

    contact = await job.contact()
    assert (contact.status, contact.failure_reason) == ("cancelled", REMOVED)
    assert await job.is_held() is NotNowReason.CONTACT
    assert await recorded(shared, job, Action.CONTACT_REMOVED) == [{"contactId": contact.id, "row": contact.row}]


async def test_a_contact_removed_during_its_call_is_not_called_again_and_a_final_one_stays(shared: Calling) -> None:
    job, call = await shared.a_call()
    assert (await remove(shared, job)).status is ContactStatus.DIALING

    await call.ends(Ending.BUSY, sip=486)

    contact = await job.contact()
    assert contact.status == ContactStatus.BUSY
    assert (await remove(shared, job)).status is ContactStatus.BUSY
    assert await job.contact() == contact


async def test_nobody_changes_what_belongs_to_others(shared: Calling) -> None:
    job, stranger = await shared.a_job(await a_caller(shared.engine), 1), await a_caller(shared.engine)
    contact_id = job.contact_ids[0]
    other = await shared.a_job(stranger, 1)

    with pytest.raises(NotFound):
        await shared.updates.change(stranger.id, job.id, JobChange(name="Mine"), by=BY)
    with pytest.raises(NotFound):
        await shared.updates.append(stranger.id, job.id, pack_contacts(some_contacts(1, start=5)), a_report([]), by=BY)
    for job_id, named in [(job.id, contact_id), (other.id, contact_id), (other.id, "contact_none")]:
        with pytest.raises(NotFound):
            await shared.updates.remove_contact(stranger.id, job_id, named, by=BY)


async def change(calling: Calling, job: Job, **fields: Any) -> JobStatus:
    return await calling.updates.change(job.given.id, job.id, JobChange(**fields), by=BY)


async def append(calling: Calling, job: Job, new: list[Any]) -> Any:
    return await calling.updates.append(job.given.id, job.id, pack_contacts(new), a_report(new), by=BY)


async def remove(calling: Calling, job: Job, which: int = 0) -> Any:
    return await calling.updates.remove_contact(job.given.id, job.id, job.contact_ids[which], by=BY)


async def recorded(calling: Calling, job: Job, action: Action) -> list[dict[str, Any]]:
    """The details of what was recorded of this kind."""
    entries = (await AuditLog(calling.engine).list_page(job.given.id, job.id, 1, 50)).entries
    return [entry.details for entry in entries if entry.action is action]
