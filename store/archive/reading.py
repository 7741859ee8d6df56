"""Where a job's calls stand: `dials`, which calling works on, and, once the job ended long ago, the archive, too.

`all_dials` is both. Only what reads old jobs asks it: each of its questions looks into every month's partition.
"""

import sqlalchemy as sa

from domain.calls.archive import MIN_ARCHIVE_DAYS
from store.tables import batch_jobs, dials

_OLD = f"coalesce({{completed_at}} < statement_timestamp() - interval '{MIN_ARCHIVE_DAYS} days', false)"
IS_OLD = _OLD.format(completed_at="completed_at")  # of a job
MAY_BE_ARCHIVED = sa.literal_column(_OLD.format(completed_at=batch_jobs.c.completed_at), sa.Boolean)
all_dials = sa.table("all_dials", *(sa.column(column.name, column.type) for column in dials.columns))
