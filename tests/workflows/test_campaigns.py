"""What the database says of a campaign is all that the reconciler needs to go on with it."""

from temporalio.testing import ActivityEnvironment

from activities.reconcile import Fixed
from domain.campaigns.models import CampaignStatus
from domain.statuses import JobStatus
from store.campaigns.jobs import CampaignJobs, job_id_of
from store.campaigns.lifecycle import CampaignLifecycle
from store.campaigns.repository import Campaigns
from store.jobs.lifecycle import JobLifecycle
from tests.builders import an_organization, contacts
from tests.store.campaigning import BY, a_campaign
from tests.workflows.running import Job, Running


async def sweep(running: Running) -> Fixed:
    return await ActivityEnvironment().run(running.reconciliation.reconcile)


async def test_the_next_job_begins_when_the_one_before_has_ended_and_at_last_the_campaign_has(running: Running) -> None:
    given = await an_organization(running.engine)
    id = await a_campaign(running.engine, given, contacts(4), contacts_per_job=2, jobs_at_once=1)
    [first] = await CampaignJobs(running.engine).start(given.id, id, by=BY)
    await running.workflows.start(first.id, given.id, first.name, None)
    first_job, second_job = (Job(running, given.id, job_id_of(id, part)) for part in (1, 2))

    assert await first_job.result() is JobStatus.COMPLETED
    assert (await sweep(running)).campaigns == 1
    assert await second_job.result() is JobStatus.COMPLETED
    assert (await sweep(running)).campaigns == 0

    campaign = await Campaigns(running.engine).find(given.id, id)
    assert (campaign.status, campaign.counts.successful) == (CampaignStatus.COMPLETED, 4)
    assert campaign.ended_at is not None
    assert len(running.carrier.asked) == 4
    assert await sweep(running) == Fixed()


async def test_a_cancel_that_was_interrupted_is_gone_through_with(running: Running) -> None:
    given = await an_organization(running.engine)
    id = await a_campaign(running.engine, given, contacts(4), contacts_per_job=2, jobs_at_once=2)
    jobs = await CampaignJobs(running.engine).start(given.id, id, by=BY)
    await running.change("UPDATE campaigns SET status = 'cancelled', ended_at = clock_timestamp()")

    assert (await sweep(running)).campaigns == 1

    stands = [await Job(running, given.id, job.id).status() for job in jobs]
    assert stands == [JobStatus.CANCELLED, JobStatus.CANCELLED]
    assert running.carrier.asked == []


async def test_a_campaign_that_was_paused_goes_on_only_when_it_is_resumed(running: Running) -> None:
    given = await an_organization(running.engine)
    id = await a_campaign(running.engine, given, contacts(4), contacts_per_job=2, jobs_at_once=1)
    await CampaignJobs(running.engine).start(given.id, id, by=BY)
    lifecycle = CampaignLifecycle(running.engine, JobLifecycle(running.engine))
    await lifecycle.pause(given.id, id, by=BY)
    await running.change("UPDATE batch_jobs SET status = 'completed'")

    assert (await sweep(running)).campaigns == 0
    await lifecycle.resume(given.id, id, by=BY)
    assert (await sweep(running)).campaigns == 1
    assert await Job(running, given.id, job_id_of(id, 2)).result() is JobStatus.COMPLETED
