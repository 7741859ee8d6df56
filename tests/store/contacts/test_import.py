"""How a job enters: its contacts, the numbers that others call too, and its money."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from domain.jobs.models import NewContact
from domain.statuses import Architecture, ContactStatus, JobStatus, OnOverlap
from store.billing.ledger import Ledger
from store.contacts.packed import pack_contacts
from store.db.engine import Database
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


async def test_a_job_is_stored_as_it_was_asked_for(engine: Database, jobs: Jobs) -> None:
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


async def test_a_job_keeps_agent_rate_and_caller_id_of_its_creation(engine: Database) -> None:
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


@pytest.mark.parametrize(
    ("start", "status"),
    [
        (None, JobStatus.PENDING),
        (timedelta(days=3), JobStatus.SCHEDULED),
        (timedelta(seconds=-30), JobStatus.PENDING),  # it has just passed: now
    ],
)
async def test_contacts_are_due_at_the_start_or_at_once(
    engine: Database, start: timedelta | None, status: JobStatus
) -> None:
    given = await an_organization(engine)
    at = None if start is None else datetime.now(UTC) + start

    created = await a_job(engine, given, scheduled_start_time=at)

    assert (created.status, created.scheduled_start_time) == (status, at)
    async with engine.connect() as connection:
        due = set((await connection.execute(sa.select(contacts_table.c.due_at))).scalars())
    assert due == {at or (await _job_row(engine, created))["created_at"]}


async def test_every_value_of_a_row_is_kept_as_it_came(engine: Database, jobs: Jobs) -> None:
    given = await an_organization(engine)
    awkward = NewContact(row=2, number="+12025550101", data=AWKWARD)

    created = await a_job(engine, given, [awkward, a_contact(3, a_number(1))])

    read = (await jobs.list_contacts(given.id, created.id, None, 1, 50)).contacts
    assert [contact.number for contact in read] == ["+12025550101", a_number(1)]
    assert read[0].data == AWKWARD
    assert list(read[0].data) == list(AWKWARD)
    assert list(read[0].data["nested"]) == ["b", "a"]
    assert type(read[0].data["truth"][0]) is bool


async def test_two_creates_never_spend_the_same_credits(engine: Database, ledger: Ledger) -> None:
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


async def test_credits_are_compared_unrounded_and_the_last_cent_may_be_held(
    engine: Database, jobs: Jobs, ledger: Ledger
) -> None:
    given = await an_organization(engine, credits=Decimal("0.104999"))
    with pytest.raises(InsufficientCredits) as refused:
        await a_job(engine, given, 3)
    assert (refused.value.needed, refused.value.free) == (Decimal("0.105"), Decimal("0.104999"))
    assert (await jobs.list_page(given.id, None, None, 1, 20)).total == 0
    assert (await ledger.audit(given.id)).exact
    await ledger.top_up(given.id, Decimal("0.000001"))

    await a_job(engine, given, 3)

    assert (await Organizations(engine).get(given.id)).free == 0


async def test_overlap_is_a_warning_that_names_a_hundred_rows_and_both_jobs_call(engine: Database) -> None:
    given = await an_organization(engine)
    first = await a_job(engine, given, contacts(150))

    few = await a_job(engine, given, contacts(4, start=148))
    many = await a_job(engine, given, contacts(150))

    assert first.report["warnings"] == []
    assert few.total_contacts == 4
    assert few.report["warnings"] == ["2 contacts will be called by another open job too: rows 2, 3."]
    (warning,) = many.report["warnings"]
    assert warning.startswith("150 contacts will be called by another open job too: rows 2, 3, ")
    assert warning.endswith(", 100, 101 and 50 more.")


async def test_overlapping_contacts_can_be_skipped(engine: Database, jobs: Jobs) -> None:
    given = await an_organization(engine)
    await a_job(engine, given, contacts(3))

    second = await a_job(engine, given, contacts(4, start=2), on_overlap=OnOverlap.SKIP)

    assert second.total_contacts == 3
    assert second.estimated_cost == Decimal("0.105")
    assert second.report["warnings"] == ["1 contact skipped, because another open job will call the number: row 2."]
    read = await jobs.list_contacts(given.id, second.id, None, 1, 50)
    assert [contact.number for contact in read.contacts] == [a_number(3), a_number(4), a_number(5)]


@pytest.mark.parametrize(("rule", "error"), [(OnOverlap.SKIP, NoContactsLeft), (OnOverlap.REJECT, Overlapping)])
async def test_skipping_everybody_or_refusing_overlap_leaves_no_job(
    engine: Database, jobs: Jobs, rule: OnOverlap, error: type[NoContactsLeft] | type[Overlapping]
) -> None:
    given = await an_organization(engine)
    await a_job(engine, given, contacts(2))

    with pytest.raises((NoContactsLeft, Overlapping)) as refused:
        await a_job(engine, given, contacts(2), on_overlap=rule)

    assert isinstance(refused.value, error)
    assert refused.value.rows == (2, 3)
    assert (await jobs.list_page(given.id, None, None, 1, 20)).total == 1


async def test_two_jobs_at_once_cannot_overlook_each_other(engine: Database) -> None:
    given = await an_organization(engine)

    results = await asyncio.gather(
        *(a_job(engine, given, contacts(20), on_overlap=OnOverlap.REJECT) for _ in range(5)),
        return_exceptions=True,
    )

    assert len([result for result in results if isinstance(result, CreatedJob)]) == 1
    assert len([result for result in results if isinstance(result, Overlapping)]) == 4


@pytest.mark.parametrize(
    ("changed", "overlaps"),
    [
        *((f"UPDATE contacts SET status = '{status}'", True) for status in ("pending", "queued", "dialing")),
        ("UPDATE contacts SET status = 'no_answer'", False),
        ("UPDATE batch_jobs SET status = 'failed'", False),
        ("UPDATE batch_jobs SET status = 'cancelled'", False),
    ],
)
async def test_who_may_still_be_called_overlaps_and_nobody_else(engine: Database, changed: str, overlaps: bool) -> None:
    given, other = await an_organization(engine), await an_organization(engine, name="Other")
    await a_job(engine, given, contacts(2))
    async with engine.begin() as connection:
        await connection.execute(sa.text(changed))

    for rule in OnOverlap:
        [created] = await asyncio.gather(a_job(engine, given, contacts(2), on_overlap=rule), return_exceptions=True)
        entered = isinstance(created, CreatedJob) and created.report["warnings"] == []
        assert entered is not overlaps
        async with engine.begin() as connection:
            await connection.execute(sa.text(changed))
    assert (await a_job(engine, other, contacts(2), on_overlap=OnOverlap.REJECT)).total_contacts == 2


async def test_ten_thousand_contacts_enter(engine: Database, jobs: Jobs) -> None:
    given = await an_organization(engine, credits=Decimal(350))

    created = await a_job(engine, given, contacts(10_000))

    assert created.total_contacts == 10_000
    assert created.estimated_cost == Decimal(350)
    last = await jobs.list_contacts(given.id, created.id, None, 20, 500)
    assert (last.total, last.contacts[-1].number) == (10_000, a_number(9_999))


async def test_without_contacts_an_agent_or_an_organization_there_is_no_job(engine: Database) -> None:
    given = await an_organization(engine)
    unknown = Given(**{**dict(given), "organization": given.organization.model_copy(update={"id": "org_x"})})

    with pytest.raises(NoContactsLeft):
        await a_job(engine, given, [])
    with pytest.raises(NotFound):
        await a_job(engine, unknown)
    number = await PhoneNumbers(engine).assign_agent(given.id, given.number.id, None)
    with pytest.raises(NotFound):
        await Jobs(engine).create(given.id, a_request(given), number, pack_contacts(contacts(1)), a_report(contacts(1)))


async def _job_row(engine: Database, job: CreatedJob) -> dict[str, Any]:
    query = sa.select(batch_jobs).where(batch_jobs.c.id == job.id)
    async with engine.connect() as connection:
        return dict((await connection.execute(query)).mappings().one())
