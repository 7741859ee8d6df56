"""What became of a campaign's contacts, and its rejected rows, as files: a part after the other, in constant memory."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager

import sqlalchemy as sa
from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.campaigns.models import CampaignStatus
from domain.contacts.columns import read_columns
from domain.contacts.rejects import Reject, Rejects
from domain.jobs.models import Contact
from domain.statuses import ContactStatus
from store.campaigns.jobs import LATE, job_id_of
from store.campaigns.rows import read_campaign, request_of, status_of
from store.db.engine import Database, reading
from store.errors import NotFound
from store.jobs.export import BATCH_SIZE, RejectFile, Result, ResultFile, Results
from store.tables import campaign_contacts, campaign_rejects

CANCELLED = "The campaign was cancelled."

_WAITING = sa.select(
    campaign_contacts.c.row,
    campaign_contacts.c.id,
    campaign_contacts.c.number,
    campaign_contacts.c.data,
    campaign_contacts.c.external_id,
)
_REJECTS = sa.select(campaign_rejects.c.row, campaign_rejects.c.cells, campaign_rejects.c.reason)
_LAST_PART = text("SELECT max(part) FROM campaign_contacts WHERE campaign_id = :campaign")
_GROWN = text("""
    SELECT j.id FROM batch_jobs j WHERE j.campaign_id = :campaign AND EXISTS (
      SELECT 1 FROM activity a WHERE a.job_id = j.id AND a.action = 'contacts_added')
    ORDER BY j.campaign_part
""")
_KEYS = text("""
    SELECT field.key FROM contacts c, json_object_keys(c.data) WITH ORDINALITY AS field(key, place)
    WHERE c.job_id = :job GROUP BY field.key ORDER BY min(c.row::bigint * 1000 + field.place)
""")


class CampaignResults:
    """Read only. Each part is read as it stands at one instant, later parts at later ones."""

    def __init__(self, engine: Database, results: Results) -> None:
        self._engine = engine
        self._results = results

    @asynccontextmanager
    async def open_results(
        self, organization_id: str, campaign_id: str, names: Sequence[str] | None = None
    ) -> AsyncIterator[ResultFile]:
        """All contacts, in the order of the file, while the block runs; `names` as for a job's. Raises NotFound."""
        async with reading(self._engine) as connection:
            campaign = await read_campaign(connection, organization_id, campaign_id)
            columns = await _columns(connection, campaign)
            waiting = (await connection.execute(_LAST_PART, {"campaign": campaign_id})).scalar()
        wanted = columns if names is None else [name for name in columns if name.lower() in names]
        async with aclosing(self._batches(organization_id, campaign, max(campaign["parts"], waiting or 0))) as batches:
            yield ResultFile(wanted, batches)

    @asynccontextmanager
    async def open_rejects(self, organization_id: str, campaign_id: str) -> AsyncIterator[RejectFile]:
        """All rejected rows that were kept, while the block runs. Raises NotFound."""
        async with reading(self._engine) as connection:
            campaign = await read_campaign(connection, organization_id, campaign_id)
        header = campaign["file_header"]
        file = None if header is None else Rejects(header=tuple(header), delimiter=campaign["file_delimiter"])
        async with aclosing(self._rejects(campaign_id)) as batches:
            yield RejectFile(file, batches)

    async def _batches(
        self, organization_id: str, campaign: RowMapping, parts: int
    ) -> AsyncGenerator[list[Result], None]:
        for part in range(1, parts + 1):
            async with aclosing(self._part(organization_id, campaign, part)) as batches:
                async for batch in batches:
                    yield batch

    async def _part(self, organization_id: str, campaign: RowMapping, part: int) -> AsyncGenerator[list[Result], None]:
        """From its job; while it has none, those who wait. Between the two looks they may have become a job's."""
        wait = False
        if part > campaign["parts"]:
            async with aclosing(self._waiting(campaign, part)) as batches:
                async for batch in batches:
                    wait = True
                    yield batch
        if wait:
            return
        try:
            job = self._results.open_results(organization_id, job_id_of(campaign["id"], part), names=())
            async with job as file:
                async for results in file.batches:
                    yield results
        except NotFound:
            return  # it was deleted, or other jobs call all of its contacts

    async def _waiting(self, campaign: RowMapping, part: int) -> AsyncGenerator[list[Result], None]:
        mine = _WAITING.where(campaign_contacts.c.campaign_id == campaign["id"], campaign_contacts.c.part == part)
        status, reason = _standing(status_of(campaign))
        attempts = request_of(campaign).settings.max_attempts
        async with self._engine.connect() as plain:
            connection = await plain.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            last = -1
            while rows := await _page(connection, mine, campaign_contacts.c.row, last):
                last = rows[-1]["row"]
                yield [
                    Result(contact=_contact(row, status, reason, attempts), cost=None, last_dial=None) for row in rows
                ]

    async def _rejects(self, campaign_id: str) -> AsyncGenerator[list[Reject], None]:
        mine, last = _REJECTS.where(campaign_rejects.c.campaign_id == campaign_id), -1
        while True:
            async with reading(self._engine) as connection:
                rows = await _page(connection, mine, campaign_rejects.c.row, last)
            if not rows:
                return
            last = rows[-1]["row"]
            yield [Reject.model_validate(row) for row in rows]


async def _page(
    connection: AsyncConnection, query: sa.Select[tuple[object, ...]], row: sa.Column[int], last: int
) -> Sequence[RowMapping]:
    found = await connection.execute(query.where(row > last).order_by(row).limit(BATCH_SIZE))
    return found.mappings().all()


async def _columns(connection: AsyncConnection, campaign: RowMapping) -> list[str]:
    """Those of the file, then what contacts brought that were added to its jobs later."""
    if campaign["file_header"] is None:
        return []
    names = dict.fromkeys(read_columns(campaign["file_header"], request_of(campaign).columns).names)
    for job_id in (await connection.execute(_GROWN, {"campaign": campaign["id"]})).scalars():
        names |= dict.fromkeys((await connection.execute(_KEYS, {"job": job_id})).scalars())
    return list(names)


def _standing(status: CampaignStatus) -> tuple[ContactStatus, str | None]:
    """Of those whom no job called."""
    if status is CampaignStatus.CANCELLED:
        return ContactStatus.CANCELLED, CANCELLED
    return (ContactStatus.CANCELLED, LATE) if status is CampaignStatus.COMPLETED else (ContactStatus.PENDING, None)


def _contact(row: RowMapping, status: ContactStatus, reason: str | None, attempts: int) -> Contact:
    return Contact(
        id=row["id"],
        row=row["row"],
        number=row["number"],
        data=row["data"],
        external_id=row["external_id"],
        status=status,
        failure_reason=reason,
        max_attempts=attempts,
        attempts=0,
        dials=0,
        error_code=None,
        last_attempt_at=None,
        next_retry_at=None,
        completed_at=None,
        call_id=None,
        call_seconds=None,
        answered_by=None,
    )
