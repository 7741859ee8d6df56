"""A month's partitions of the archive: their names, and how they are made."""

from datetime import date, datetime, timedelta

from store.db.engine import Database
from store.tables import old_carrier_events, old_dials

PARTITIONED = (old_dials.name, old_carrier_events.name)
LOCK_TIMEOUT = "2s"  # of tables: whoever reads the archive next waits as long

# Not `to_regclass`: while a transaction waits for another one, it does not learn which tables that one makes.
_EXISTS = """
    SELECT EXISTS (SELECT 1 FROM pg_class WHERE relname = %(name)s AND relnamespace = current_schema()::regnamespace)
"""
_ALONE = "SELECT pg_advisory_xact_lock(hashtextextended('the archive', 0))"
SHORT_WAIT = f"SELECT set_config('lock_timeout', '{LOCK_TIMEOUT}', true)"
# Made by itself and attached: `PARTITION OF` would lock out everybody who reads the archive.
_MAKE = "CREATE TABLE {name} (LIKE {table} INCLUDING ALL)"
_ATTACH = (
    "ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ('{first} 00:00:00+00') TO ('{following} 00:00:00+00')"
)


def month_of(moment: datetime) -> date:
    """The month, in UTC, by its first day. `moment`: in UTC, as sessions of the store read it."""
    return moment.date().replace(day=1)


def following(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def partition(table: str, month: date) -> str:
    """Such as `old_dials_2026_01`."""
    return f"{table}_{month:%Y_%m}"


async def make_partitions(database: Database, month: date) -> None:
    """Make a month's partitions where they are not there. Others may do so at the same time."""
    async with database.reading() as connection:
        if await connection.fetch_value(_EXISTS, {"name": partition(PARTITIONED[0], month)}):
            return
    async with database.transaction() as connection:
        await connection.run(SHORT_WAIT)
        await connection.run(_ALONE)
        for table in PARTITIONED:
            name = partition(table, month)
            if await connection.fetch_value(_EXISTS, {"name": name}):
                continue
            parts = {"name": name, "table": table, "first": month, "following": following(month)}
            for statement in (_MAKE, _ATTACH):
                await connection.execute(statement.format(**parts).encode())
