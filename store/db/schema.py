"""Which schema a database has, and which one this program needs."""

from functools import cache

from sqlalchemy import text

from store.db.engine import Database, migrations, reading
from store.db.server_version import MAJOR

_IS_THERE = text("SELECT to_regclass('alembic_version') IS NOT NULL")
_VERSION = text("SELECT version_num FROM alembic_version")


async def read_schema_version(engine: Database) -> str | None:
    """The last migration that was run; None where none ever was."""
    async with reading(engine) as connection:
        if not (await connection.execute(_IS_THERE)).scalar_one():
            return None
        version: str | None = (await connection.execute(_VERSION)).scalar_one_or_none()
        return version


async def read_server_version(engine: Database) -> int:
    """PostgreSQL's major version."""
    async with reading(engine) as connection:
        return int((await connection.execute(MAJOR)).scalar_one())


def find_schema_fault(version: str | None) -> str | None:
    """Why this program cannot work with it; None where it can. A newer one is no fault: another release runs too."""
    if version is None:
        return "The database has no tables: run `outdial migrate` first."
    if version != newest_schema_version() and version in _known_versions():
        return f"The database has schema {version}, and this needs {newest_schema_version()}: run `outdial migrate`."
    return None


def newest_schema_version() -> str:
    return _known_versions()[0]


@cache
def _known_versions() -> tuple[str, ...]:
    """The newest first."""
    return tuple(script.revision for script in migrations().walk_revisions())
