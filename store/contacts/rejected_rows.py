"""The rejected rows of a job's files, stored within the transaction that creates the job or adds to it."""

import sqlalchemy as sa
from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.contacts.rejects import Rejects
from store.db.engine import copy_rows, json_text
from store.tables import batch_jobs

NOT_KEPT = (
    "The rejected rows of this file are told here only: those that the job keeps have other columns, or are delimited"
    " otherwise."
)
_COPY = "COPY rejects (job_id, row, cells, reason) FROM STDIN"


def can_keep(job: RowMapping, rejects: Rejects) -> bool:
    """Whether a file's rejected rows can stand in the one file that a job has of them."""
    header = job["file_header"]
    return header is None or Rejects(header=tuple(header), delimiter=job["file_delimiter"]).can_hold(rejects)


async def keep_rejects(
    connection: AsyncConnection, job_id: str, rejects: Rejects | None, *, after_row: int = 0
) -> None:
    """Keep the rows that were rejected, counted on from `after_row`, and the first row where the job has none yet.

    None: the contacts came as JSON.
    """
    if rejects is None:
        return
    file = {"file_header": list(rejects.header), "file_delimiter": rejects.delimiter}
    has_none = batch_jobs.c.file_delimiter.is_(None)
    await connection.execute(sa.update(batch_jobs).where(batch_jobs.c.id == job_id, has_none).values(file))
    if not rejects.rows:
        return
    rows = ((job_id, after_row + reject.row, json_text(reject.cells), reject.reason) for reject in rejects.rows)
    await copy_rows(connection, _COPY, rows)
