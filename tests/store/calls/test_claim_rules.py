"""What the claim refuses beyond lines and credits: who, when, how often, and for how much."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from domain.calling_rules.do_not_call import LISTED_REASON, Source
from domain.calling_rules.frequency_caps import ContactFrequency
from domain.calling_rules.presets import get_preset
from domain.calling_rules.window import CallingWindow
from domain.calls.dispatch import NotNow, NotNowReason
from domain.calls.models import AnsweredBy, Ending
from domain.jobs.models import NewContact
from domain.statuses import ContactStatus
from store.contacts.do_not_call import DoNotCall
from store.organizations.organizations import OrganizationChange, Organizations
from store.tables import contacts, dials, organizations
from tests.builders import Given, a_contact, a_number, an_organization
from tests.builders import contacts as some_contacts
from tests.store.calling import Calling, Job, a_caller, ago

BERLIN = "+4930123456"
TWO_MINUTES = Decimal("0.035")


MORNING = CallingWindow(from_=time(0), to=time(12))
AFTERNOON = CallingWindow(from_=time(12), to=time(0))
QUIET_DAY = ContactFrequency(quiet_hours=24)


# --- who


async def test_a_listed_number_ends_as_blocked_and_is_not_dialed(shared: Calling) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 1)
    mine = contacts.c.job_id == job.id
    await shared.change(contacts, mine, status="dialing")  # on the phone while it is listed
    await DoNotCall(shared.engine).add(job.given.id, [(await job.contact()).number], source=Source.API, by="key_0")
    await shared.change(contacts, mine, status="queued")

    assert await job.is_held() is NotNowReason.CONTACT

    contact = await job.contact()
    assert (contact.status, contact.failure_reason) == (ContactStatus.BLOCKED, LISTED_REASON)
    assert await job.dials() == 0


async def test_who_is_listed_before_the_job_enters_as_blocked(shared: Calling) -> None:
    given = await a_caller(shared.engine)
    listed, other = some_contacts(2, start=300)
    await DoNotCall(shared.engine).add(given.id, [listed.number], source=Source.FILE, by="key_0")

    job = await shared.a_job(given, [listed, other])

    assert [(await job.contact(which)).status for which in range(2)] == ["blocked", "pending"]
    row = await job.row()
    assert (row.total_contacts, row.hold) == (2, TWO_MINUTES)
    assert row.validation["warnings"] == ["1 contact blocked (The number is on the do-not-call list): row 2."]


async def test_a_person_whose_network_answers_607_is_called_no_more(shared: Calling) -> None:
    given = await a_caller(shared.engine)
    first = await shared.a_job(given, some_contacts(1, start=310))
    second = await shared.a_job(given, some_contacts(1, start=310))

    await (await first.call()).ends(Ending.FAILED, sip=607)

    assert [(await job.contact()).status for job in (first, second)] == ["blocked", "blocked"]
    entry = (await DoNotCall(shared.engine).list_page(given.id, None, 1, 10)).entries[0]
    assert (entry.number, entry.source, entry.added_by) == ((await first.contact()).number, Source.NETWORK, "outdial")


async def test_only_countries_of_the_own_numbers_are_called_unless_others_are_allowed(shared: Calling) -> None:
    given = await an_organization(shared.engine, caller_id="+12025550199")
    await _organization(shared, given, allowed_countries=sa.null())
    abroad = a_contact(3, BERLIN)

    job = await shared.a_job(given, [a_contact(2, "+12025550110"), abroad])

    contact = await job.contact(1)
    assert (contact.status, contact.failure_reason) == ("blocked", "The organization may not call numbers of DE.")
    await _organization(shared, given, allowed_countries=["US", "DE"])
    job = await shared.a_job(given, [abroad])
    assert (await job.contact()).status == "pending"
    await _organization(shared, given, allowed_countries=["US"])  # no longer
    assert await job.is_held() is NotNowReason.CONTACT
    assert (await job.contact()).status == "blocked"


# --- when


async def test_outside_its_window_a_contact_waits_until_it_opens(shared: Calling) -> None:
    window = await _closed(shared, "UTC")
    job = await shared.a_job(await a_caller(shared.engine), [_in("UTC")], calling_window=window)

    held = await job.claim()

    contact = await job.contact()
    assert held == NotNow(reason=NotNowReason.WINDOW, until=contact.due_at, seconds=held.seconds)  # type: ignore[union-attr]
    assert (contact.due_at.time(), contact.status, contact.held_reason) == (window.from_, "pending", "window")


@pytest.mark.parametrize("zone", ["Pacific/Honolulu", "Asia/Kolkata", "Australia/Lord_Howe"])
async def test_the_window_is_checked_where_the_contact_is(shared: Calling, zone: str) -> None:
    given = await a_caller(shared.engine)
    closed = await _closed(shared, zone)
    opened = MORNING if closed == AFTERNOON else AFTERNOON

    assert await (await shared.a_job(given, [_in(zone, 400)], calling_window=closed)).is_held() is NotNowReason.WINDOW
    await (await shared.a_job(given, [_in(zone, 401)], calling_window=opened)).call()


async def test_all_zones_in_which_it_may_ring_must_allow_it(shared: Calling) -> None:
    there = await _local(shared, "Pacific/Honolulu")
    only_there = CallingWindow(from_=time(there.hour), to=time((there.hour + 1) % 24))
    job = await shared.a_job(
        await a_caller(shared.engine), [_in(("Pacific/Honolulu", "Asia/Kolkata"))], calling_window=only_there
    )

    assert await job.is_held() is NotNowReason.WINDOW


async def test_a_number_of_no_country_waits_while_a_window_holds(shared: Calling) -> None:
    given = await a_caller(shared.engine)
    organizations = Organizations(shared.engine)
    await organizations.change(given.id, OrganizationChange(calling_window=await _open(shared, "UTC")), by="x")
    job = await shared.a_job(given, [_in((), 424)])
    assert await job.is_held() is NotNowReason.WINDOW
    assert (await shared.due_pages.read(job.id, datetime.now(UTC) + timedelta(days=300), 10)).due == []

    await organizations.change(given.id, OrganizationChange(calling_window=None), by="x")

    assert len((await shared.due_pages.read(job.id, datetime.now(UTC), 10)).due) == 1


async def test_without_one_of_its_own_the_organizations_window_holds_as_long_as_it_has_it(shared: Calling) -> None:
    given = await a_caller(shared.engine)
    organizations = Organizations(shared.engine)
    await organizations.change(given.id, OrganizationChange(calling_window=await _closed(shared, "UTC")), by="x")
    job = await shared.a_job(given, [_in("UTC", 423)])
    assert await job.is_held() is NotNowReason.WINDOW

    await organizations.change(given.id, OrganizationChange(calling_window=None), by="x")

    assert len((await shared.due_pages.read(job.id, datetime.now(UTC), 10)).due) == 1


async def test_a_contact_whose_zone_is_unknown_is_never_due(shared: Calling) -> None:
    unknown = some_contacts(1, start=430)[0]._replace(zones=None)
    job = await shared.a_job(await a_caller(shared.engine), [unknown])

    page = await shared.due_pages.read(job.id, datetime.now(UTC) + timedelta(days=365), 10)

    assert (page.due, page.next_due_at, page.contacts_without_zone, page.open) == ([], None, 1, 1)
    assert (await job.contact()).failure_reason.startswith("The contact's time zone is unknown")
    assert await job.is_held() is NotNowReason.TIMEZONE


async def test_nobody_is_dialed_after_the_end_time(shared: Calling) -> None:
    job, _ = await shared.a_call(2)
    await job.change(end_time=datetime.now(UTC) + timedelta(hours=1))
    assert await shared.lifecycle.close(job.given.id, job.id, datetime.now(UTC)) == 0
    await job.change(end_time=ago(seconds=1))

    assert await job.is_held(1) is NotNowReason.GATE
    assert (await job.contact(1)).status == "pending"
    assert await shared.lifecycle.close(job.given.id, job.id, datetime.now(UTC)) == 1

    late = await job.contact(1)
    assert (late.status, late.failure_reason) == ("cancelled", "Not reached in time.")
    assert (await job.contact(0)).status == "dialing"


async def test_a_call_that_the_carrier_might_receive_after_the_end_time_is_not_claimed(shared: Calling) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 1, end_time=datetime.now(UTC) + timedelta(seconds=5))

    assert await job.is_held() is NotNowReason.GATE


# --- how often


async def test_a_number_is_called_so_often_in_24_hours_over_all_jobs(shared: Calling) -> None:
    given = await a_caller(shared.engine)
    await _organization(shared, given, contact_frequency={"calls_per_24_hours": 2})
    person = some_contacts(1, start=440)
    for _ in range(2):
        await (await (await shared.a_job(given, person)).call()).is_busy()
    job = await shared.a_job(given, person)

    held = await job.claim()

    assert isinstance(held, NotNow)
    assert held.reason is NotNowReason.FREQUENCY
    assert held.seconds == pytest.approx(24 * 3600, abs=60)
    assert (await job.contact()).held_reason == "frequency"
    await shared.change(dials, dials.c.to_number == person[0].number, asked_at=ago(hours=25))
    await job.call()


async def test_the_cap_of_a_preset_holds_beside_all_others(shared: Calling) -> None:
    given = await a_caller(shared.engine)
    person = some_contacts(1, start=445)
    in_florida = get_preset("us-florida").window.model_copy(update={"from_": time(0), "to": time(0)})
    rules = {"calling_window": in_florida, "contact_frequency": ContactFrequency(calls_per_24_hours=50)}
    for _ in range(3):
        await (await (await shared.a_job(given, person, **rules)).call()).is_busy()

    assert await (await shared.a_job(given, person, **rules)).is_held() is NotNowReason.FREQUENCY
    await (await shared.a_job(given, person)).call()


async def test_a_call_that_never_rang_does_not_count(shared: Calling) -> None:
    given = await a_caller(shared.engine)
    person = some_contacts(1, start=450)
    frequency = ContactFrequency(calls_per_24_hours=1)
    await (await (await shared.a_job(given, person)).call()).is_not_placed()

    await (await shared.a_job(given, person, contact_frequency=frequency)).call()


@pytest.mark.parametrize(("by", "held"), [(AnsweredBy.HUMAN, True), (AnsweredBy.MACHINE, False)])
async def test_after_a_conversation_there_is_quiet(shared: Calling, by: AnsweredBy, held: bool) -> None:
    given = await a_caller(shared.engine)
    person = some_contacts(1, start=460 + held)
    await (await (await shared.a_job(given, person)).call()).completes(by=by)
    job = await shared.a_job(given, person, contact_frequency=ContactFrequency(quiet_hours=48))

    claim = await job.claim()

    assert isinstance(claim, NotNow) is held
    if isinstance(claim, NotNow):
        assert (claim.reason, claim.seconds) == (NotNowReason.FREQUENCY, pytest.approx(48 * 3600, abs=60))


@pytest.mark.parametrize("answered", [False, True])
async def test_who_is_on_the_phone_with_one_job_has_quiet_from_the_others(shared: Calling, answered: bool) -> None:
    given = await a_caller(shared.engine)
    person = some_contacts(1, start=470 + answered)
    call = await (await shared.a_job(given, person)).call()
    two = await _from_another_number(shared, await shared.a_job(given, person, contact_frequency=QUIET_DAY))
    if answered:
        await call.answers()

    held = await two.claim()

    assert isinstance(held, NotNow)
    assert (held.reason, held.seconds) == (NotNowReason.FREQUENCY, pytest.approx(30, abs=1))
    await call.completes()
    held = await two.claim()
    assert isinstance(held, NotNow)
    assert (held.reason, held.seconds) == (NotNowReason.FREQUENCY, pytest.approx(24 * 3600, abs=60))


async def test_a_live_call_that_a_machine_answered_needs_no_quiet(shared: Calling) -> None:
    given = await a_caller(shared.engine)
    person = some_contacts(1, start=473)
    await (await (await shared.a_job(given, person)).call()).answers(AnsweredBy.MACHINE)

    await (await _from_another_number(shared, await shared.a_job(given, person, contact_frequency=QUIET_DAY))).call()


@pytest.mark.parametrize("hours", [168, 24 * 30])
async def test_the_quiet_counts_from_the_end_of_a_long_call(shared: Calling, hours: int) -> None:
    given = await a_caller(shared.engine)
    person = some_contacts(1, start=474 + (hours > 168))
    call = await (await shared.a_job(given, person, max_call_seconds=14_400)).call()
    await call.completes(14_000)
    await call.change(asked_at=ago(hours=hours, minutes=1), ended_at=ago(hours=hours - 4))
    job = await shared.a_job(given, person, contact_frequency=ContactFrequency(quiet_hours=hours))

    held = await job.claim()

    assert isinstance(held, NotNow)
    assert (held.reason, held.seconds) == (NotNowReason.FREQUENCY, pytest.approx(4 * 3600, abs=60))


async def test_a_call_of_unknown_outcome_may_have_been_a_conversation(shared: Calling) -> None:
    given = await a_caller(shared.engine)
    person = some_contacts(1, start=477)
    await (await (await shared.a_job(given, person)).call()).is_given_up()

    job = await shared.a_job(given, person, contact_frequency=QUIET_DAY)

    assert await job.is_held() is NotNowReason.FREQUENCY


# --- for how much


async def test_a_job_costs_at_most_what_it_may(shared: Calling) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 3, max_cost=2 * TWO_MINUTES)
    first = await job.call(0)
    await job.call(1)
    assert await job.is_held(2) is NotNowReason.MAX_COST
    await first.completes(seconds=60)
    assert (await job.row()).spent == Decimal("0.0175")
    assert await job.is_held(2) is NotNowReason.MAX_COST

    await job.change(max_cost=Decimal(1))

    await job.call(2)


async def test_max_cost_holds_for_unlimited_credits_too(shared: Calling) -> None:
    job = await shared.a_job(await a_caller(shared.engine, credits=None), 2, max_cost=TWO_MINUTES)
    await job.call(0)

    assert await job.is_held(1) is NotNowReason.MAX_COST
    held = (await shared.due_pages.read(job.id, datetime.now(UTC), 10)).held
    assert held is not None
    assert held.reason is NotNowReason.MAX_COST


async def test_a_call_that_lasts_counts_for_what_it_has_cost_so_far(shared: Calling) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 2, max_cost=3 * TWO_MINUTES)
    call = await job.call(0)
    await call.answers()

    await call.change(answered_at=ago(minutes=5))

    assert await job.is_held(1) is NotNowReason.MAX_COST
    held = (await shared.due_pages.read(job.id, datetime.now(UTC), 10)).held
    assert held is not None
    assert held.reason is NotNowReason.MAX_COST
    await call.change(answered_at=ago(minutes=3))
    await job.call(1)


# --- lines


async def test_reserved_lines_are_kept_free(shared: Calling) -> None:
    given = await a_caller(shared.engine, limit=3)
    await _organization(shared, given, reserved_lines=2)
    job = await shared.a_job(given, 2)
    await job.call(0)

    assert await job.is_held(1) is NotNowReason.LINE


async def _from_another_number(calling: Calling, job: Job) -> Job:
    """The job with another caller id: its calls are no pair with those of the organization's own number."""
    other = (await a_caller(calling.engine)).number
    await job.change(from_number=other.number, phone_number_id=other.id)
    return job


async def _organization(calling: Calling, given: Given, **values: Any) -> None:
    await calling.change(organizations, organizations.c.id == given.id, **values)


async def _local(calling: Calling, zone: str) -> datetime:
    """The wall clock of a zone, by the database."""
    async with calling.engine.connect() as connection:
        query = sa.text("SELECT clock_timestamp() AT TIME ZONE :zone")
        local: datetime = (await connection.execute(query, {"zone": zone})).scalar_one()
        return local


async def _closed(calling: Calling, zone: str) -> CallingWindow:
    """Half a day, in which it is not now."""
    return AFTERNOON if (await _local(calling, zone)).hour < 12 else MORNING


async def _open(calling: Calling, zone: str) -> CallingWindow:
    """Half a day, in which it is now."""
    return MORNING if (await _local(calling, zone)).hour < 12 else AFTERNOON


def _in(zones: str | tuple[str, ...], which: int = 420) -> NewContact:
    named = (zones,) if isinstance(zones, str) else zones
    return a_contact(which, a_number(which))._replace(zones=named)


async def test_the_page_postpones_whoever_is_outside_the_window(shared: Calling) -> None:
    window = await _closed(shared, "Asia/Kolkata")
    job: Job = await shared.a_job(
        await a_caller(shared.engine), [_in("Asia/Kolkata", 421), _in("Asia/Kolkata", 422)], calling_window=window
    )

    page = await shared.due_pages.read(job.id, datetime.now(UTC), 10)

    assert (page.due, page.next_due_reason) == ([], NotNowReason.WINDOW)
    assert page.next_due_at is not None
    assert page.next_due_at > datetime.now(UTC)
