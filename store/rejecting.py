"""The rejected rows of a job's file, kept within the transaction that creates the job."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.rejects import Rejects
from store.database import json_text
from store.tables import batch_jobs

_COPY = "COPY rejects (job_id, row, cells, reason) FROM STDIN"


async def keep_rejects(connection: AsyncConnection, job_id: str, rejects: Rejects | None) -> None:
    """Keep a file's first row, and the rows that were rejected; None: the contacts came as JSON."""
    if rejects is None:
        return
    file = {"file_header": list(rejects.header), "file_delimiter": rejects.delimiter}
    await connection.execute(sa.update(batch_jobs).where(batch_jobs.c.id == job_id).values(file))
    if not rejects.rows:
        return
    driver = (await connection.get_raw_connection()).driver_connection
    assert driver is not None  # noqa: S101  a connection in use has one
    async with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
        for reject in rejects.rows:
            await copy.write_row((job_id, reject.row, json_text(reject.cells), reject.reason))
