"""A server that is too old is refused, before anything is changed there."""

import pytest
import sqlalchemy as sa

from startup import CannotStart, check_database
from store.db import server_version
from store.db.engine import Database, migrate
from store.db.schema import read_server_version
from store.db.server_version import MIN_MAJOR, find_server_fault
from store.db.vault import Vault
from store.errors import ServerTooOld
from tests.databases import Databases


@pytest.fixture
def too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server of the tests, as somebody sees it who needs one that does not exist yet."""
    monkeypatch.setattr(server_version, "MIN_MAJOR", 99)


def test_versions_are_judged_by_the_major_number() -> None:
    assert find_server_fault(MIN_MAJOR) is None
    assert find_server_fault(15) == "The database's server is PostgreSQL 15, and this needs 17 or newer."


@pytest.mark.usefixtures("too_old")
async def test_no_process_starts_with_one(engine: Database) -> None:
    major = await read_server_version(engine)
    with pytest.raises(CannotStart, match=f"is PostgreSQL {major}, and this needs 99 or newer"):
        await check_database(engine, Vault([]), 0)


@pytest.mark.usefixtures("too_old")
def test_it_is_not_migrated(databases: Databases) -> None:
    with databases.without_tables() as url:
        with pytest.raises(ServerTooOld, match="this needs 99 or newer"):
            migrate(url)
        empty = sa.create_engine(url)
        assert sa.inspect(empty).get_table_names() == []
        empty.dispose()
