"""The rejected rows of a job's files, stored within the transaction that creates the job or adds to it."""

import sqlalchemy as sa
from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from store.contacts.packed import PackedRejects
from store.tables import batch_jobs, rejects

NOT_KEPT = (
    "The rejected rows of this file are told here only: those that the job keeps have other columns, or are delimited"
    " otherwise."
)
MAX_KEPT = 20_000  # of one job
TOO_MANY = f"The rejected rows of this file are told here only: a job keeps {MAX_KEPT:,} of them."
_COPY = "COPY rejects (row, cells, reason, job_id) FROM STDIN"


def can_keep(job: RowMapping, more: PackedRejects) -> bool:
    """Whether a file's rejected rows can stand in the one file that a job has of them."""
    header = job["file_header"]
    return header is None or more.can_follow(header, job["file_delimiter"])


async def has_room(connection: AsyncConnection, job_id: str, more: PackedRejects) -> bool:
    """Whether a job may keep so many more."""
    query = sa.select(sa.func.count()).select_from(rejects).where(rejects.c.job_id == job_id)
    return (await connection.execute(query)).scalar_one() + len(more.lines) <= MAX_KEPT


async def keep_rejects(
    connection: AsyncConnection, job_id: str, rejected: PackedRejects | None, *, after_row: int = 0
) -> None:
    """Keep the rows that were rejected, counted on from `after_row`, and the first row where the job has none yet.

    None: the contacts came as JSON.
    """
    if rejected is None:
        return
    file = {"file_header": list(rejected.file.header), "file_delimiter": rejected.file.delimiter}
    has_none = batch_jobs.c.file_delimiter.is_(None)
    await connection.execute(sa.update(batch_jobs).where(batch_jobs.c.id == job_id, has_none).values(file))
    if rejected.lines:
        own = job_id.encode()
        await rejected.lines.count_on(after_row).copy(connection, _COPY, lambda _: own)
