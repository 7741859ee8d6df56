"""How a job enters: its contacts, the numbers that others call too, and its money."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.jobs.models import NewContact
from domain.statuses import Architecture, ContactStatus, JobStatus, OnOverlap
from store.billing.ledger import Ledger
from store.errors import InsufficientCredits, NoContactsLeft, NotFound, Overlapping
from store.jobs.repository import CreatedJob, Jobs
from store.organizations.organizations import Organizations
from store.organizations.phone_numbers import PhoneNumbers
from store.tables import batch_jobs
from store.tables import contacts as contacts_table
from tests.builders import Given, a_contact, a_job, a_number, a_report, a_request, an_organization, contacts

AWKWARD = {
    "z last in the alphabet": "first in the row",
    "phone": "+12025550101",
    "quotes": "she said \"no\", then 'yes'",
    "tabs\tand\nlines": "a\tb\nc\rd\r\ne",
    "copy": "\\N \\. \\t \\\\ \\x41",
    "end": "\\.",
    "letters": "Zoë Ωμέγα 日本語 🦊 e\u0301 \u2028",
    "control": "\x00\x01\x1b\x7f",
    "big": 10**40,
    "negative": -1,
    "float": 0.1,
    "none": None,
    "truth": [True, False],
    "nested": {"b": [1, {"y": "\n", "x": []}], "a": {}},
    "": "",
    "a first in the alphabet": "last in the row",
}


async def test_a_job_is_stored_as_it_was_asked_for(engine: AsyncEngine, jobs: Jobs) -> None:
    given = await an_organization(engine, limit=8)

    created = await a_job(
        engine, given, 3, name="Reminders", description="For May", concurrent_call_limit=7, max_attempts=2
    )

    job = await jobs.find(given.id, created.id)
    assert job is not None
    assert job.id == created.id
    assert (job.name, job.description, job.status) == ("Reminders", "For May", JobStatus.PENDING)
    assert (job.concurrent_call_limit, job.max_attempts, job.total_contacts) == (7, 2, 3)
    assert job.from_phone_number_id == given.number.id
    assert job.counts.by_status[ContactStatus.PENDING] == job.counts.total == 3
    assert job.workflow_started_at is None
    assert (created.status, created.total_contacts, created.organization_limit) == (JobStatus.PENDING, 3, 8)


async def test_a_job_keeps_agent_rate_and_caller_id_of_its_creation(engine: AsyncEngine) -> None:
    given = await an_organization(engine, architecture=Architecture.REALTIME)
    created = await a_job(engine, given)

    await PhoneNumbers(engine).assign_agent(given.id, given.number.id, None)

    row = await _job_row(engine, created)
    agent = given.number.agent
    assert agent is not None
    assert (row["agent_id"], row["audio"], row["audio_url"]) == (agent.id, agent.audio, agent.audio_url)
    assert row["rate_per_minute"] == Decimal("0.035")
    assert row["from_number"] == given.number.number
    assert row["dialling"] is False
    assert row["hold"] == created.estimated_cost == Decimal("0.21")
    assert row["validation"] == created.report


async def test_a_later_start_is_scheduled_and_contacts_are_due_then(engine: AsyncEngine) -> None:
    given = await an_organization(engine)
    later = datetime.now(UTC) + timedelta(days=3)

    created = await a_job(engine, given, scheduled_start_time=later)

    assert created.status is JobStatus.SCHEDULED
    assert created.scheduled_start_time == later
    assert await _due_times(engine, created) == {later}


async def test_a_start_that_has_just_passed_is_now(engine: AsyncEngine) -> None:
    given = await an_organization(engine)
    just_now = datetime.now(UTC) - timedelta(seconds=30)

    created = await a_job(engine, given, scheduled_start_time=just_now)

    assert created.status is JobStatus.PENDING
    assert await _due_times(engine, created) == {just_now}


async def test_contacts_without_a_schedule_are_due_at_once(engine: AsyncEngine) -> None:
    given = await an_organization(engine)

    created = await a_job(engine, given)

    assert await _due_times(engine, created) == {(await _job_row(engine, created))["created_at"]}


async def test_every_value_of_a_row_is_kept_as_it_came(engine: AsyncEngine, jobs: Jobs) -> None:
    given = await an_organization(engine)
    awkward = NewContact(row=2, number="+12025550101", data=AWKWARD)

    created = await a_job(engine, given, [awkward, a_contact(3, a_number(1))])

    read = (await jobs.list_contacts(given.id, created.id, None, 1, 50)).contacts
    assert [contact.number for contact in read] == ["+12025550101", a_number(1)]
    assert read[0].data == AWKWARD
    assert list(read[0].data) == list(AWKWARD)
    assert list(read[0].data["nested"]) == ["b", "a"]
    assert type(read[0].data["truth"][0]) is bool


async def test_two_creates_never_spend_the_same_credits(engine: AsyncEngine, ledger: Ledger) -> None:
    given = await an_organization(engine, credits=Decimal("0.35"))  # covers ten contacts

    results = await asyncio.gather(
        *(a_job(engine, given, contacts(4, start=4 * i)) for i in range(6)), return_exceptions=True
    )

    assert len([result for result in results if isinstance(result, CreatedJob)]) == 2
    refused = [result for result in results if isinstance(result, InsufficientCredits)]
    assert len(refused) == 4
    assert {(error.needed, error.free) for error in refused} == {(Decimal("0.14"), Decimal("0.07"))}
    audit = await ledger.audit(given.id)
    assert audit.held == Decimal("0.28")
    assert audit.exact


async def test_credits_are_compared_unrounded(engine: AsyncEngine) -> None:
    given = await an_organization(engine, credits=Decimal("0.104999"))

    with pytest.raises(InsufficientCredits) as refused:
        await a_job(engine, given, 3)

    assert (refused.value.needed, refused.value.free) == (Decimal("0.105"), Decimal("0.104999"))


async def test_the_last_cent_may_be_held(engine: AsyncEngine) -> None:
    given = await an_organization(engine, credits=Decimal("0.105"))

    await a_job(engine, given, 3)

    assert (await Organizations(engine).get(given.id)).free == 0


async def test_a_refused_job_leaves_nothing(engine: AsyncEngine, jobs: Jobs, ledger: Ledger) -> None:
    given = await an_organization(engine, credits=Decimal(0))

    with pytest.raises(InsufficientCredits):
        await a_job(engine, given, 1)

    assert (await jobs.list_page(given.id, None, None, 1, 20)).total == 0
    assert (await ledger.audit(given.id)).exact


async def test_overlap_is_said_and_both_jobs_call(engine: AsyncEngine) -> None:
    given = await an_organization(engine)
    first = await a_job(engine, given, contacts(3))

    second = await a_job(engine, given, contacts(4, start=1))

    assert first.report["warnings"] == []
    assert second.total_contacts == 4
    assert second.report["warnings"] == ["2 contacts will be called by another open job too: rows 2, 3."]


async def test_a_warning_names_a_hundred_rows(engine: AsyncEngine) -> None:
    given = await an_organization(engine)
    await a_job(engine, given, contacts(150))

    again = await a_job(engine, given, contacts(150))

    (warning,) = again.report["warnings"]
    assert warning.startswith("150 contacts will be called by another open job too: rows 2, 3, ")
    assert warning.endswith(", 100, 101 and 50 more.")


async def test_overlapping_contacts_can_be_skipped(engine: AsyncEngine, jobs: Jobs) -> None:
    given = await an_organization(engine)
    await a_job(engine, given, contacts(3))

    second = await a_job(engine, given, contacts(4, start=2), on_overlap=OnOverlap.SKIP)

    assert second.total_contacts == 3
    assert second.estimated_cost == Decimal("0.105")
    assert second.report["warnings"] == ["1 contact skipped, because another open job will call the number: row 2."]
    read = await jobs.list_contacts(given.id, second.id, None, 1, 50)
    assert [contact.number for contact in read.contacts] == [a_number(3), a_number(4), a_number(5)]


async def test_skipping_everybody_leaves_no_job(engine: AsyncEngine, jobs: Jobs) -> None:
    given = await an_organization(engine)
    await a_job(engine, given, contacts(2))

    with pytest.raises(NoContactsLeft) as refused:
        await a_job(engine, given, contacts(2), on_overlap=OnOverlap.SKIP)

    assert refused.value.rows == (2, 3)
    assert (await jobs.list_page(given.id, None, None, 1, 20)).total == 1


async def test_overlapping_jobs_can_be_refused(engine: AsyncEngine, jobs: Jobs) -> None:
    given = await an_organization(engine)
    await a_job(engine, given, contacts(3))

    with pytest.raises(Overlapping) as refused:
        await a_job(engine, given, contacts(4, start=1), on_overlap=OnOverlap.REJECT)

    assert refused.value.rows == (2, 3)
    assert (await jobs.list_page(given.id, None, None, 1, 20)).total == 1


async def test_two_jobs_at_once_cannot_overlook_each_other(engine: AsyncEngine) -> None:
    given = await an_organization(engine)

    results = await asyncio.gather(
        *(a_job(engine, given, contacts(20), on_overlap=OnOverlap.REJECT) for _ in range(5)),
        return_exceptions=True,
    )

    assert len([result for result in results if isinstance(result, CreatedJob)]) == 1
    assert len([result for result in results if isinstance(result, Overlapping)]) == 4


@pytest.mark.parametrize("rule", list(OnOverlap))
@pytest.mark.parametrize(
    "ended",
    [
        "UPDATE contacts SET status = 'no_answer'",
        "UPDATE batch_jobs SET status = 'failed'",
        "UPDATE batch_jobs SET status = 'cancelled'",
    ],
)
async def test_who_will_not_be_called_again_does_not_overlap(engine: AsyncEngine, ended: str, rule: OnOverlap) -> None:
    given = await an_organization(engine)
    await a_job(engine, given, contacts(2))
    async with engine.begin() as connection:
        await connection.execute(sa.text(ended))

    again = await a_job(engine, given, contacts(2), on_overlap=rule)

    assert again.total_contacts == 2
    assert again.report["warnings"] == []


@pytest.mark.parametrize("status", ["pending", "queued", "dialing"])
async def test_who_may_still_be_called_overlaps(engine: AsyncEngine, status: str) -> None:
    given = await an_organization(engine)
    await a_job(engine, given, contacts(1))
    async with engine.begin() as connection:
        await connection.execute(sa.update(contacts_table).values(status=status))

    with pytest.raises(Overlapping):
        await a_job(engine, given, contacts(1), on_overlap=OnOverlap.REJECT)


async def test_another_organizations_contacts_do_not_overlap(engine: AsyncEngine) -> None:
    mine, theirs = await an_organization(engine), await an_organization(engine, name="Other")
    await a_job(engine, theirs, contacts(2))

    created = await a_job(engine, mine, contacts(2), on_overlap=OnOverlap.REJECT)

    assert created.total_contacts == 2


async def test_ten_thousand_contacts_enter(engine: AsyncEngine, jobs: Jobs) -> None:
    given = await an_organization(engine, credits=Decimal(350))

    created = await a_job(engine, given, contacts(10_000))

    assert created.total_contacts == 10_000
    assert created.estimated_cost == Decimal(350)
    last = await jobs.list_contacts(given.id, created.id, None, 20, 500)
    assert (last.total, last.contacts[-1].number) == (10_000, a_number(9_999))


async def test_nobody_to_call_is_no_job(engine: AsyncEngine) -> None:
    given = await an_organization(engine)

    with pytest.raises(NoContactsLeft):
        await a_job(engine, given, [])


async def test_a_number_without_an_agent_calls_nobody(engine: AsyncEngine) -> None:
    given = await an_organization(engine)
    number = await PhoneNumbers(engine).assign_agent(given.id, given.number.id, None)

    with pytest.raises(NotFound):
        await Jobs(engine).create(given.id, a_request(given), number, contacts(1), a_report(contacts(1)))


async def test_an_unknown_organization_has_no_jobs(engine: AsyncEngine) -> None:
    given = await an_organization(engine)
    unknown = Given(**{**dict(given), "organization": given.organization.model_copy(update={"id": "org_x"})})

    with pytest.raises(NotFound):
        await a_job(engine, unknown)


async def _job_row(engine: AsyncEngine, job: CreatedJob) -> dict[str, Any]:
    query = sa.select(batch_jobs).where(batch_jobs.c.id == job.id)
    async with engine.connect() as connection:
        return dict((await connection.execute(query)).mappings().one())


async def _due_times(engine: AsyncEngine, job: CreatedJob) -> set[datetime]:
    query = sa.select(contacts_table.c.due_at).where(contacts_table.c.job_id == job.id)
    async with engine.connect() as connection:
        return set((await connection.execute(query)).scalars())
