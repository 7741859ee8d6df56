"""What the archive holds, month by month, and months that are dropped: for operators, over all organizations."""

from collections.abc import Sequence
from datetime import date

from domain.model import Model
from store.archive.partitions import PARTITIONED, SHORT_WAIT, partition
from store.db.engine import Database

# Rows as the last look at the table estimated them; -1: nobody looked yet.
_LIST = """
    SELECT to_date(right(part.relname, 7), 'YYYY_MM') AS month, greatest(part.reltuples, 0)::bigint AS calls,
           pg_total_relation_size(part.oid)
             + coalesce(pg_total_relation_size(to_regclass('old_carrier_events' || right(part.relname, 8))), 0) AS bytes
    FROM pg_inherits JOIN pg_class part ON part.oid = pg_inherits.inhrelid
    WHERE pg_inherits.inhparent = 'old_dials'::regclass
    ORDER BY 1
"""
_UNLIMITED = "SELECT set_config('statement_timeout', '0', true)"
_COUNT = "SELECT count(*) FROM {name}"
_MARK = """
    UPDATE batch_jobs SET dials_dropped_at = clock_timestamp()
    WHERE dials_dropped_at IS NULL AND id IN (SELECT job_id FROM {name})
"""
_DROP = "DROP TABLE {name}"


class Month(Model):
    """By its first day, in UTC. `calls`: as PostgreSQL estimates them; `bytes`: with indexes, of both tables."""

    month: date
    calls: int
    bytes: int


class ArchiveMonths:
    """Months of the archive."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_all(self) -> list[Month]:
        """The oldest first."""
        async with self._database.reading() as connection:
            return await connection.fetch_all(Month, _LIST)

    async def list_before(self, month: date) -> Sequence[Month]:
        """Those that end before a month begins."""
        return [each for each in await self.list_all() if each.month < month]

    async def drop(self, month: date) -> int:
        """Drop a month's calls for good, and say of their jobs that calls are missing; how many calls went.

        One transaction. It waits two seconds for those who read the archive, and raises LockNotAvailable then.
        """
        async with self._database.transaction() as connection:
            await connection.run(_UNLIMITED)
            dials, *others = (partition(table, month) for table in PARTITIONED)
            calls = int(await connection.fetch_value(_COUNT.format(name=dials)))
            await connection.run(_MARK.format(name=dials))
            await connection.run(SHORT_WAIT)
            for name in (dials, *others):
                await connection.execute(_DROP.format(name=name).encode())
            return calls
