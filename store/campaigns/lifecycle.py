"""What is done to a campaign as a whole: paused, resumed, cancelled; the same is done to its jobs."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.audit import Action
from domain.campaigns.models import CampaignStatus
from domain.model import Model
from store.audit_log import record_action
from store.calls.in_flight import CallScope, withdraw_unrung_calls
from store.campaigns.rows import list_open_jobs, read_campaign, status_of, update_campaign
from store.db.engine import Database
from store.db.locks import lock_organization
from store.errors import WrongCampaignStatus, WrongStatus
from store.jobs.lifecycle import JobLifecycle, resume_job
from store.jobs.status import pause_job
from store.tables import batch_jobs

S = CampaignStatus
SWITCHED = {S.PAUSED: Action.CAMPAIGN_PAUSED, S.RUNNING: Action.CAMPAIGN_RESUMED}


class Commanded(Model):
    """`job_ids`: its jobs that have not ended, in which the same was done. `contacts`: how many were cancelled."""

    status: CampaignStatus
    job_ids: tuple[str, ...]
    contacts: int = 0
    live: int = 0


class CampaignLifecycle:
    """Each is idempotent."""

    def __init__(self, engine: Database, jobs: JobLifecycle) -> None:
        self._engine = engine
        self._jobs = jobs

    async def pause(self, organization_id: str, campaign_id: str, *, by: str) -> Commanded:
        """Close the gates of all its jobs, and begin no other, until `resume`. One transaction.

        Raises NotFound, WrongCampaignStatus: a draft, or it has ended.
        """
        async with self._engine.begin() as connection:
            await _switch(connection, organization_id, campaign_id, S.PAUSED, by)
            job_ids = await list_open_jobs(connection, campaign_id)
            for job_id in job_ids:
                await pause_job(connection, organization_id, job_id, None, by=by)
                await withdraw_unrung_calls(connection, CallScope(organization_id=organization_id, job_id=job_id))
            return Commanded(status=S.PAUSED, job_ids=tuple(job_ids))

    async def resume(self, organization_id: str, campaign_id: str, *, by: str) -> Commanded:
        """Let all its paused jobs go on, whoever paused them, and others begin. One transaction. Raises likewise."""
        async with self._engine.begin() as connection:
            await _switch(connection, organization_id, campaign_id, S.RUNNING, by)
            paused = sa.select(batch_jobs.c.id).where(
                batch_jobs.c.campaign_id == campaign_id, batch_jobs.c.status == "paused"
            )
            job_ids = tuple((await connection.execute(paused.order_by(batch_jobs.c.campaign_part))).scalars())
            for job_id in job_ids:
                await resume_job(connection, organization_id, job_id, by)
            return Commanded(status=S.RUNNING, job_ids=job_ids)

    async def cancel(self, organization_id: str, campaign_id: str, *, hang_up: bool, by: str) -> Commanded:
        """End it: no job begins any more, and each of its jobs is cancelled, in a transaction of its own.

        What an interruption leaves is done by the reconciler. Raises NotFound; WrongCampaignStatus: it is completed.
        """
        async with self._engine.begin() as connection:
            await lock_organization(connection, organization_id)
            campaign = await read_campaign(connection, organization_id, campaign_id, lock=True)
            was = status_of(campaign)
            if was is S.COMPLETED:
                raise WrongCampaignStatus(was)
            waiting = 0
            if was is not S.CANCELLED:
                waiting = campaign["accepted"] - campaign["moved"]
                ended = {"status": S.CANCELLED.value, "status_reason": None, "ended_at": sa.func.clock_timestamp()}
                await update_campaign(connection, campaign_id, ended)
                details = {"campaignId": campaign_id, "hangUp": hang_up}
                await record_action(connection, organization_id, Action.CAMPAIGN_CANCELLED, by, details)
            await update_campaign(connection, campaign_id, {"hang_up": hang_up or campaign["hang_up"]})
        done = await self.cancel_jobs(organization_id, campaign_id, hang_up=hang_up, by=by)
        return done.model_copy(update={"contacts": done.contacts + waiting})

    async def cancel_jobs(self, organization_id: str, campaign_id: str, *, hang_up: bool, by: str) -> Commanded:
        """Cancel the jobs of a campaign that is cancelled; with `hang_up` the live calls of all of them end too."""
        mine = sa.select(batch_jobs.c.id).where(
            batch_jobs.c.campaign_id == campaign_id, batch_jobs.c.organization_id == organization_id
        )
        concerned = ("completed", "failed") if hang_up else ("completed", "failed", "cancelled")
        async with self._engine.connect() as connection:
            query = mine.where(batch_jobs.c.status.not_in(concerned)).order_by(batch_jobs.c.campaign_part)
            job_ids = tuple((await connection.execute(query)).scalars())
        contacts = live = 0
        for job_id in job_ids:
            try:
                done = await self._jobs.cancel(organization_id, job_id, hang_up=hang_up, by=by)
            except WrongStatus:
                continue  # it ended meanwhile, or has no live call that could be hung up
            contacts, live = contacts + done.contacts, live + done.live
        return Commanded(status=S.CANCELLED, job_ids=job_ids, contacts=contacts, live=live)


async def _switch(
    connection: AsyncConnection, organization_id: str, campaign_id: str, to: CampaignStatus, by: str
) -> None:
    """Between running and paused; the organization is locked from then on. Raises NotFound, WrongCampaignStatus."""
    await lock_organization(connection, organization_id)
    was = status_of(await read_campaign(connection, organization_id, campaign_id, lock=True))
    if was not in SWITCHED:
        raise WrongCampaignStatus(was)
    if was is not to:
        await update_campaign(connection, campaign_id, {"status": to.value, "status_reason": None})
        await record_action(connection, organization_id, SWITCHED[to], by, {"campaignId": campaign_id})
