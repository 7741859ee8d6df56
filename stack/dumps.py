"""A dump of the database, and its restoration: PostgreSQL's own programs, and the marks that ours need.

A dump has the moment at which it was begun, as a row. A restoration is one transaction, whose last statement marks the
database: no process of ours ever sees it without.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO

import sqlalchemy as sa
from psycopg import sql

from domain.phone.masking import mask_numbers
from stack.errors import PackageMissing
from stack.postgres import binary
from store.recovery import LAST_BACKUP, MARK_RESTORED, NOW

MAGIC = b"PGDMP"  # how a dump in PostgreSQL's custom format begins
VERSION_SECONDS = 30
LISTED = re.compile(r"TABLE DATA \S+ (\w+) ")
NO_MOMENT = "this dump does not say of which moment it is"
TABLES = "SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
# Appended to the restoration. A dump's script leaves an empty search path.
_MARK = """
SET search_path TO public;
DO $$ BEGIN
  IF {since} IS NULL THEN RAISE EXCEPTION '{no_moment}'; END IF;
END $$;
{mark}
"""
_GIVE_UP = "DO $$ BEGIN RAISE EXCEPTION 'the file could not be read to its end'; END $$;\n"


class DumpFailed(Exception):
    """One sentence, without an address and without data."""


class NoMoment(DumpFailed):
    """The dump was not made by `outdial backup`, and nobody said of which moment it is."""

    def __init__(self) -> None:
        super().__init__("The file does not say of which moment it is: give --since, when it was begun or before.")


def dump(url: str, file: Path) -> None:
    """Write a dump, whole or not at all, for its owner only. Raises DumpFailed."""
    if file.exists():
        raise DumpFailed(f"{file} exists already.")
    if not file.parent.is_dir():
        raise DumpFailed(f"There is no folder {file.parent}.")
    partial = file.with_name(f"{file.name}.partial")
    try:
        with _open_new(partial) as output:
            _run(["pg_dump", "--format=custom", "--no-password", f"--dbname={_address(url)}"], url, output)
            os.fsync(output.fileno())
        partial.rename(file)
    except OSError as error:
        raise DumpFailed(f"{file} cannot be written: {error.strerror}.") from error
    finally:
        partial.unlink(missing_ok=True)


def check_dump(file: Path) -> None:
    """Raises DumpFailed where it is none, or none of Outdial's."""
    try:
        with file.open("rb") as dumped:
            is_dump = dumped.read(len(MAGIC)) == MAGIC
    except OSError as error:
        raise DumpFailed(f"{file} cannot be read: {error.strerror}.") from error
    if not is_dump:
        raise DumpFailed(f"{file} is no dump of PostgreSQL's custom format, as `outdial backup` writes it.")
    listed = _run(["pg_restore", "--list", str(file)], None, subprocess.PIPE)
    tables = set(LISTED.findall(listed))
    if "alembic_version" not in tables or "dials" not in tables:
        raise DumpFailed(f"{file} is a dump of another database than Outdial's, or of a part of it.")
    if "backups" not in tables:
        raise DumpFailed(
            f"{file} is of a release that had no `outdial recover`: restore it with that release's own guide."
        )


def restore(url: str, file: Path, since: datetime | None) -> None:
    """Restore a dump into an empty database, and mark it, all in one transaction. Raises DumpFailed, NoMoment.

    `since`: when the dump was begun, or before; None: by its own word.
    """
    read = [str(find("pg_restore")), "--file=-", "--no-owner", "--no-privileges", str(file)]
    write = [str(find("psql")), "--no-psqlrc", "--quiet", "--no-password", "--single-transaction"]
    write += ["--set=ON_ERROR_STOP=1", f"--dbname={_address(url)}"]
    with tempfile.TemporaryFile() as errors:
        writer = subprocess.Popen(
            write, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=errors, env=_environment(url)
        )
        reader = subprocess.Popen(read, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert writer.stdin is not None  # noqa: S101  they are pipes
        assert reader.stdout is not None  # noqa: S101
        try:
            shutil.copyfileobj(reader.stdout, writer.stdin, 2**20)
            whole = reader.wait() == 0
            writer.stdin.write((_mark(since) if whole else _GIVE_UP).encode())
            writer.stdin.close()
        except BrokenPipeError:  # it has said why
            reader.kill()
        finally:
            reader.stdout.close()
            reader.wait()
        if writer.wait() != 0:
            errors.seek(0)
            raise _failure("psql", errors.read().decode(errors="replace"))


def find(program: str) -> Path:
    """One of PostgreSQL's programs: of the package or on PATH, whichever is newer. Raises DumpFailed."""
    found = list(_list_programs(program))
    if not found:
        raise DumpFailed(f"PostgreSQL's program {program} is not here: install its client, of the server's version.")
    return max(found, key=_version)


def _list_programs(program: str) -> Iterator[Path]:
    try:
        packaged = binary(program)
        if packaged.exists():
            yield packaged
    except PackageMissing:
        pass
    on_path = shutil.which(program)
    if on_path is not None:
        yield Path(on_path)


def _version(program: Path) -> int:
    told = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=VERSION_SECONDS, check=False)
    number = re.search(r" (\d+)", told.stdout)
    return int(number[1]) if number else 0


def _mark(since: datetime | None) -> str:
    moment = LAST_BACKUP if since is None else sql.Literal(since).as_string(None)
    return _MARK.format(since=moment, no_moment=NO_MOMENT, mark=MARK_RESTORED.format(since=moment, at=NOW))


def _run(command: list[str], url: str | None, output: IO[bytes] | int) -> str:
    """Its standard output, where `output` is a pipe. Raises DumpFailed."""
    done = subprocess.run(
        [str(find(command[0])), *command[1:]],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.PIPE,
        env=None if url is None else _environment(url),
        check=False,
    )
    if done.returncode != 0:
        raise _failure(command[0], done.stderr.decode(errors="replace"))
    return (done.stdout or b"").decode(errors="replace")


def _failure(program: str, told: str) -> DumpFailed:
    """The first line that says what is wrong; those after it may hold data."""
    if NO_MOMENT in told:
        return NoMoment()
    lines = [line for line in told.splitlines() if "error" in line.lower() or "fatal" in line.lower()]
    said = mask_numbers((lines or told.splitlines() or ["it said nothing"])[0])
    return DumpFailed(f"{program} failed: {said}")


def _address(url: str) -> str:
    """Without the password: arguments are public."""
    return sa.make_url(url).set(drivername="postgresql", password=None).render_as_string(hide_password=False)


def _environment(url: str) -> dict[str, str]:
    password = sa.make_url(url).password
    return dict(os.environ) if password is None else {**os.environ, "PGPASSWORD": str(password)}


@contextmanager
def _open_new(file: Path) -> Iterator[IO[bytes]]:
    """A file that only its owner reads. Raises OSError where it exists."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
        yield opened
