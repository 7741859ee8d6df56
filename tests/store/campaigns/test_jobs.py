"""The jobs of a campaign begin one after the other, each once, whoever looks and however many at once."""

import asyncio

import pytest
import sqlalchemy as sa

from domain.campaigns.models import CampaignStatus
from store.campaigns.intake import CampaignIntake
from store.campaigns.jobs import CampaignJobs, job_id_of
from store.campaigns.lifecycle import CampaignLifecycle
from store.campaigns.repository import Campaigns
from store.campaigns.results import CampaignResults
from store.db.engine import Database
from store.errors import UploadConflict, WrongCampaignStatus
from store.jobs.export import Results
from store.jobs.lifecycle import JobLifecycle
from store.tables import batch_jobs, campaign_contacts, contacts
from tests.builders import Given, an_organization
from tests.builders import contacts as some_contacts
from tests.store.campaigning import BY, a_block, a_campaign, a_draft


@pytest.fixture
async def given(engine: Database) -> Given:
    return await an_organization(engine, credits=None)


async def called(engine: Database, id: str) -> list[tuple[str, str]]:
    """The contacts of all its jobs, with their jobs."""
    of_campaign = sa.select(contacts.c.id, contacts.c.job_id).join(batch_jobs).where(batch_jobs.c.campaign_id == id)
    async with engine.begin() as connection:
        return [tuple(row) for row in (await connection.execute(of_campaign.order_by(contacts.c.row))).all()]


async def waiting(engine: Database, id: str) -> list[str]:
    query = sa.select(campaign_contacts.c.id).where(campaign_contacts.c.campaign_id == id)
    async with engine.begin() as connection:
        return list((await connection.execute(query.order_by(campaign_contacts.c.row))).scalars())


async def nobody_is_left_now(engine: Database, given: Given) -> None:
    """All jobs that were begun run, and have called everybody."""
    async with engine.begin() as connection:
        mine = sa.update(batch_jobs).where(batch_jobs.c.organization_id == given.id, batch_jobs.c.status == "pending")
        await connection.execute(mine.values(status="running"))
        reached = sa.update(contacts).where(contacts.c.organization_id == given.id)
        await connection.execute(reached.values(status="busy"))


async def test_whoever_looks_at_the_same_time_begins_each_job_once(engine: Database, given: Given) -> None:
    id = await a_campaign(engine, given, some_contacts(40), contacts_per_job=5, jobs_at_once=6)
    ids = await waiting(engine, id)
    jobs = CampaignJobs(engine)
    await jobs.start(given.id, id, by=BY)
    begun = await asyncio.gather(*(jobs.advance(given.id, id) for _ in range(8)))
    assert [job for several in begun for job in several] == []  # the start began as many as may be under way
    await nobody_is_left_now(engine, given)
    begun = await asyncio.gather(*(jobs.advance(given.id, id) for _ in range(8)))
    assert sorted(job.id for several in begun for job in several) == sorted(job_id_of(id, part) for part in (7, 8))
    assert [contact for contact, _ in await called(engine, id)] == ids
    assert [job for _, job in await called(engine, id)] == [
        job_id_of(id, part) for part in range(1, 9) for _ in range(5)
    ]
    assert await waiting(engine, id) == []


async def test_after_a_pause_or_a_cancel_no_job_begins(engine: Database, given: Given) -> None:
    lifecycle, jobs = CampaignLifecycle(engine, JobLifecycle(engine)), CampaignJobs(engine)
    for end in (lifecycle.pause, lambda *a, by: lifecycle.cancel(*a, hang_up=False, by=by)):
        id = await a_campaign(engine, given, some_contacts(40), contacts_per_job=2, jobs_at_once=5)
        first = await jobs.start(given.id, id, by=BY)
        await nobody_is_left_now(engine, given)
        _, *begun = await asyncio.gather(end(given.id, id, by=BY), *(jobs.advance(given.id, id) for _ in range(4)))
        before = await called(engine, id)
        assert await jobs.advance(given.id, id) == []
        assert await called(engine, id) == before
        assert len(before) == 2 * (len(first) + sum(map(len, begun)))
        query = sa.select(batch_jobs.c.status).where(batch_jobs.c.campaign_id == id).distinct()
        async with engine.begin() as connection:
            assert set((await connection.execute(query)).scalars()) <= {"paused", "cancelled"}


async def test_somebody_who_is_taken_out_meanwhile_is_not_called(engine: Database, given: Given) -> None:
    """Of a campaign of three jobs, the whole last one too: its results are those who are left."""
    id = await a_campaign(engine, given, some_contacts(9), contacts_per_job=4, jobs_at_once=20)
    gone = [(await waiting(engine, id))[at] for at in (1, 8)]
    async with engine.begin() as connection:
        await connection.execute(sa.delete(campaign_contacts).where(campaign_contacts.c.id.in_(gone)))
        await connection.execute(sa.text("UPDATE campaigns SET accepted = accepted - 2 WHERE id = :id"), {"id": id})
    results = CampaignResults(engine, Results(engine))
    async with results.open_results(given.id, id) as file:
        assert (
            len(
                [one for batch in file.batches async for one in batch]
                if False
                else [one async for batch in file.batches for one in batch]
            )
            == 7
        )
    await CampaignJobs(engine).start(given.id, id, by=BY)
    assert len(await called(engine, id)) == 7
    assert not {contact for contact, _ in await called(engine, id)} & {*gone}
    assert (await Campaigns(engine).find(given.id, id)).counts.total == 7


async def test_a_block_is_taken_once_and_in_its_place(engine: Database, given: Given) -> None:
    id, intake = await a_draft(engine, given), CampaignIntake(engine)
    first = a_block(some_contacts(3), final=False)
    outcomes = await asyncio.gather(*(intake.add(given.id, id, first) for _ in range(4)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in outcomes) == ["NoneType", *["UploadConflict"] * 3]
    with pytest.raises(UploadConflict):
        await intake.add(given.id, id, a_block(some_contacts(2, start=10), begin=999))
    await intake.add(given.id, id, a_block(some_contacts(3, start=2, first_row=5), begin=300))
    found = await Campaigns(engine).find(given.id, id)
    assert (found.accepted, found.upload_offset, found.upload_complete) == (5, 600, True)
    assert found.report.duplicates_total == 1
    assert found.report.duplicates[0].first_row == 4


async def test_a_campaign_ends_when_its_last_job_has(engine: Database, given: Given) -> None:
    id = await a_campaign(engine, given, some_contacts(3), contacts_per_job=2)
    jobs, lifecycle = CampaignJobs(engine), JobLifecycle(engine)
    begun = await jobs.start(given.id, id, by=BY)
    assert [job.name for job in begun] == ["May (1/2)", "May (2/2)"]
    for job in begun:
        assert (await Campaigns(engine).find(given.id, id)).status is CampaignStatus.RUNNING
        await lifecycle.cancel(given.id, job.id)  # on its own
    await jobs.advance(given.id, id)
    found = await Campaigns(engine).find(given.id, id)
    assert (found.status, found.ended_at is not None) == (CampaignStatus.COMPLETED, True)
    with pytest.raises(WrongCampaignStatus):
        await jobs.start(given.id, id, by=BY)
