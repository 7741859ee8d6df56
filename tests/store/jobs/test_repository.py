"""Lists, pages and counts."""

from itertools import cycle

import pytest
import sqlalchemy as sa

from domain.calls.models import AnsweredBy
from domain.statuses import ContactStatus, JobStatus
from store.db.engine import Database
from store.jobs.delete import JobDeletion
from store.jobs.repository import CreatedJob, Jobs
from store.tables import batch_jobs
from store.tables import contacts as contacts_table
from tests.builders import a_job, a_number, an_organization, contacts
from tests.statements import heard

FAR = 10**19  # pages past what the database could count


async def test_jobs_are_listed_newest_first_in_pages(engine: Database, jobs: Jobs) -> None:
    given = await an_organization(engine)
    created = [(await a_job(engine, given, contacts(1, start=i))).id for i in range(5)]

    pages = [await jobs.list_page(given.id, None, None, page, 2) for page in (1, 2, 3, 4, FAR)]

    assert [[job.id for job in page.jobs] for page in pages] == [
        [created[4], created[3]],
        [created[2], created[1]],
        [created[0]],
        [],
        [],
    ]
    assert {page.total for page in pages} == {5}


async def test_the_total_is_of_the_jobs_that_are_listed(engine: Database, jobs: Jobs) -> None:
    given, other = await an_organization(engine), await an_organization(engine, name="Other")
    first, second = [await a_job(engine, given, contacts(1, start=i)) for i in range(2)]
    await a_job(engine, other, contacts(1))
    tried = await a_job(engine, given, contacts(1, start=2), test=True, test_of=first.id)

    async def totals() -> list[int]:
        pages = [await jobs.list_page(given.id, None, None, page, 1) for page in (1, 2, FAR)]
        return [page.total for page in pages]

    assert await totals() == [2, 2, 2]
    for ended in (second, tried):
        async with engine.begin() as connection:
            await connection.execute(
                sa.update(batch_jobs).where(batch_jobs.c.id == ended.id).values(status="completed")
            )
        await JobDeletion(engine).delete(given.id, ended.id, by="somebody")
    assert await totals() == [1, 1, 1]
    assert (await jobs.list_page(other.id, None, None, 1, 1)).total == 1


async def test_a_job_has_another_version_after_each_change_and_on_a_server_that_was_started_again(
    engine: Database, jobs: Jobs
) -> None:
    given = await an_organization(engine)
    job = await a_job(engine, given, 2)
    changes = [
        "UPDATE batch_jobs SET name = 'Other' WHERE id = :job",
        "UPDATE contacts SET status = 'busy' WHERE job_id = :job AND row = 2",
        "UPDATE batch_jobs SET status = 'cancelled' WHERE id = :job",
    ]
    versions = (await jobs.list_page(given.id, None, None, 1, 1)).versions
    assert (await jobs.list_page(given.id, None, None, 1, 1, is_known=versions.__contains__)).read == {}

    for change in changes:
        async with engine.begin() as connection:
            await connection.execute(sa.text(change), {"job": job.id})
            started = (await connection.execute(sa.text("SELECT pg_postmaster_start_time()::text"))).scalar_one()
        page = await jobs.list_page(given.id, None, None, 1, 1, is_known=versions.__contains__)
        assert list(page.read) == page.versions
        assert page.versions[0].row.startswith(started)
        versions += page.versions

    assert len(set(versions)) == 1 + len(changes)


async def test_jobs_can_be_listed_by_status(engine: Database, jobs: Jobs) -> None:
    given = await an_organization(engine)
    none = await jobs.list_page(given.id, None, None, 1, 20)
    await a_job(engine, given, contacts(1))
    ended = await a_job(engine, given, contacts(1, start=1))
    async with engine.begin() as connection:
        await connection.execute(sa.update(batch_jobs).where(batch_jobs.c.id == ended.id).values(status="completed"))

    page = await jobs.list_page(given.id, JobStatus.COMPLETED, None, 1, 20)

    assert ([job.id for job in page.jobs], page.total) == ([ended.id], 1)
    assert (none.jobs, none.total) == ([], 0)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("remind", {"100% Reminders"}),
        ("MAY_2026", {"Survey"}),
        ("may-2026", set()),
        ("100%", {"100% Reminders"}),
        ("%", {"100% Reminders"}),
        ("_", {"Survey"}),
        ("/", set()),
        ("ÜBER", {"Über \\ uns"}),
        ("\\", {"Über \\ uns"}),
        ("\x00", set()),
        ("", {"100% Reminders", "Survey", "Über \\ uns"}),
        (None, {"100% Reminders", "Survey", "Über \\ uns"}),
    ],
)
async def test_search_finds_text_in_name_and_description(
    engine: Database, jobs: Jobs, search: str | None, found: set[str]
) -> None:
    given = await an_organization(engine)
    await a_job(engine, given, contacts(1), name="100% Reminders")
    await a_job(engine, given, contacts(1), name="Survey", description="for may_2026")
    await a_job(engine, given, contacts(1), name="Über \\ uns")

    page = await jobs.list_page(given.id, None, search, 1, 20)

    assert {job.name for job in page.jobs} == found
    assert page.total == len(found)


async def test_counts_come_from_the_states_of_contacts(engine: Database, jobs: Jobs) -> None:
    given = await an_organization(engine)
    full, other = await a_job(engine, given, 24), await a_job(engine, given, 5)
    await _spread_over_all_statuses(engine, full)
    await _dial_everybody_twice(engine, full)

    by_id = {job.id: job for job in (await jobs.list_page(given.id, None, None, 1, 20)).jobs}

    counts = by_id[full.id].counts
    assert counts.by_status == dict.fromkeys(ContactStatus, 2)
    assert (counts.total, counts.successful, counts.failed, counts.processed) == (24, 2, 14, 18)
    assert by_id[other.id].counts.by_status == {
        **dict.fromkeys(ContactStatus, 0),
        ContactStatus.PENDING: 5,
    }
    assert await jobs.find(given.id, full.id) == by_id[full.id]


async def test_contacts_are_listed_in_file_order_in_pages_and_by_status(engine: Database, jobs: Jobs) -> None:
    given = await an_organization(engine)
    created = await a_job(engine, given, reversed(contacts(24)))
    await _spread_over_all_statuses(engine, created)

    pages = [await jobs.list_contacts(given.id, created.id, None, page, 10) for page in (1, 2, 3, 4, FAR)]
    busy = await jobs.list_contacts(given.id, created.id, ContactStatus.BUSY, 1, 1)

    assert [len(page.contacts) for page in pages] == [10, 10, 4, 0, 0]
    assert [contact.number for page in pages for contact in page.contacts] == [a_number(n) for n in range(24)]
    assert {page.total for page in pages} == {24}
    assert (busy.total, [contact.status for contact in busy.contacts]) == (2, [ContactStatus.BUSY])


async def test_a_contact_shows_what_came_of_its_calls(engine: Database, jobs: Jobs) -> None:
    given = await an_organization(engine)
    created = await a_job(engine, given, 1, max_attempts=4)
    fresh = (await jobs.list_contacts(given.id, created.id, None, 1, 1)).contacts[0]
    assert (fresh.status, fresh.attempts, fresh.max_attempts, fresh.dials) == (ContactStatus.PENDING, 0, 4, 0)
    assert (fresh.answered_by, fresh.call_id, fresh.error_code, fresh.last_attempt_at) == (None,) * 4

    async with engine.begin() as connection:
        await connection.execute(
            sa.update(contacts_table).values(
                status="completed", attempts=2, dials=3, call_id="CA1", call_seconds=61, answered_by="human"
            )
        )

    called = (await jobs.list_contacts(given.id, created.id, None, 1, 1)).contacts[0]
    assert (called.status, called.attempts, called.dials) == (ContactStatus.COMPLETED, 2, 3)
    assert (called.call_id, called.call_seconds, called.answered_by) == ("CA1", 61, AnsweredBy.HUMAN)


async def test_another_organizations_jobs_and_those_that_never_were_do_not_exist(engine: Database, jobs: Jobs) -> None:
    mine, theirs = await an_organization(engine), await an_organization(engine, name="Other")
    created = await a_job(engine, theirs)

    assert (await jobs.list_page(mine.id, None, None, 1, 20)).total == 0
    for job_id in (created.id, "batch_none", "", "batch_\0", "'; --"):
        assert await jobs.find(mine.id, job_id) is None
        page = await jobs.list_contacts(mine.id, job_id, None, 1, 50)
        assert (page.contacts, page.total) == ([], 0)
    assert await jobs.find(theirs.id, created.id) is not None


async def test_a_page_costs_the_same_queries_for_any_number_of_jobs(engine: Database, jobs: Jobs) -> None:
    given = await an_organization(engine)
    for i in range(4):
        await a_job(engine, given, contacts(1, start=i))
    with heard() as statements:
        await jobs.list_page(given.id, None, None, 1, 20)

    assert len(statements) == 2


async def _spread_over_all_statuses(engine: Database, job: CreatedJob) -> None:
    async with engine.begin() as connection:
        query = sa.select(contacts_table.c.id).where(contacts_table.c.job_id == job.id)
        ids = (await connection.execute(query)).scalars().all()
        for contact_id, status in zip(ids, cycle(ContactStatus), strict=False):
            where = contacts_table.c.id == contact_id
            await connection.execute(sa.update(contacts_table).where(where).values(status=status.value))


async def _dial_everybody_twice(engine: Database, job: CreatedJob) -> None:
    """So that a join would count twice."""
    twice = sa.text(
        "INSERT INTO dials (id, contact_id, number_of_dial, job_id, organization_id, carrier_account_id, from_number,"
        " to_number, ended_at) SELECT gen_random_uuid(), c.id, dial, c.job_id, c.organization_id, 'twilio', '+1', c.id,"
        " now() FROM contacts c, generate_series(1, 2) AS dial WHERE c.job_id = :job"
    )
    async with engine.begin() as connection:
        await connection.execute(twice, {"job": job.id})
