"""Jobs that ended long ago, and everything that is read of them."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from domain.analytics.counts import Dimension
from domain.calls.models import Outcome
from store.analytics.counting import CallCounting
from store.analytics.statistics import CallStatistics, Range
from store.archive.mover import CallArchive
from store.archive.partitions import partition
from store.billing.ledger import Ledger
from store.db.engine import Database
from store.jobs.export import Results
from store.jobs.rerun import JobRerun
from store.jobs.statistics import Statistics
from store.tables import batch_jobs, carrier_events, dials, old_carrier_events, old_dials
from tests.store.calling import Calling, Job, a_caller

DAYS = 90
ENDED = datetime(2026, 2, 1, 0, 30, tzinfo=UTC)  # of the last calls; the first ones are of January
AT = (datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))
JANUARY, FEBRUARY = date(2026, 1, 1), date(2026, 2, 1)
EVER = Range(first=date(2025, 12, 1), last=date(2026, 12, 31))


async def an_old_job(calling: Calling, calls: int = 4, at: tuple[datetime, ...] = AT) -> Job:
    """Ended long ago, and counted: answered, busy, of unknown outcome, in turn; one contact was never called."""
    job = await calling.a_job(await a_caller(calling.engine), calls + 1, timezone="UTC")
    for which in range(calls):
        call = await job.call(which)
        await call.rings()
        if which % 3 == 0:
            await call.completes(60)
        elif which % 3 == 1:
            await call.is_busy()
        else:
            await call.is_given_up()
        moment = at[which % len(at)]
        await call.change(asked_at=moment, ringing_at=moment, ended_at=moment + timedelta(minutes=1))
    await job.cancel()
    await job.change(completed_at=ENDED)
    await CallCounting(calling.engine).count(job.id)
    assert (await job.row()).statistics_due_at is None
    return job


async def read_all(engine: Database, job: Job) -> Mapping[str, Any]:
    """What is shown of a job and its calls."""
    organization_id = job.given.id
    results, rerun = Results(engine), JobRerun(engine)
    async with results.open_results(organization_id, job.id) as file:
        exported = [one async for batch in file.batches for one in batch]
    statistics = await Statistics(engine).read(organization_id, job.id)
    return {
        "results": exported,
        "contacts": [await results.find_contact(organization_id, job.id, each) for each in job.contact_ids],
        "statistics": statistics.model_copy(update={"now": ENDED}),
        "unreached": await rerun.find_unreached(organization_id, job.id, include_unknown=False),
        "analytics": await CallStatistics(engine).group(organization_id, Dimension.HOUR, EVER),
        "ledger": await Ledger(engine).list_entries(organization_id),
        "audit": await Ledger(engine).audit(organization_id),
    }


async def rows(calling: Calling, job: Job) -> tuple[int, int]:
    """How many dials of a job are where calling works, and in the archive."""
    return await job.dials(), await calling.count(old_dials, old_dials.c.job_id == job.id)


async def events(calling: Calling, job: Job) -> tuple[int, int]:
    """As `rows`, of what carriers reported."""
    of_new = carrier_events.c.dial_id.in_(sa.select(dials.c.id).where(dials.c.job_id == job.id))
    of_old = old_carrier_events.c.dial_id.in_(sa.select(old_dials.c.id).where(old_dials.c.job_id == job.id))
    return await calling.count(carrier_events, of_new), await calling.count(old_carrier_events, of_old)


async def archive(calling: Calling, job: Job) -> int:
    return await CallArchive(calling.engine, DAYS).move(job.id)


async def in_month(calling: Calling, job: Job, month: date) -> int:
    """How many dials of a job are in a month's partition."""
    table = sa.table(partition("old_dials", month), sa.column("job_id"))
    async with calling.engine.connect() as connection:
        query = sa.select(sa.func.count()).select_from(table).where(table.c.job_id == job.id)
        return int((await connection.execute(query)).scalar_one())


async def outcomes(calling: Calling, job: Job) -> list[Outcome]:
    found = await calling.all(old_dials, old_dials.c.job_id == job.id)
    return sorted(Outcome(dial.outcome) for dial in found)


async def is_marked(calling: Calling, job: Job) -> bool:
    row = await calling.one(batch_jobs, batch_jobs.c.id == job.id)
    return row.dials_archived_at is not None
