"""`outdial backup`, `outdial restore`: the database as a file, and back."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.command import command
from cli.database import Database
from cli.errors import Failure
from cli.output import Output

if TYPE_CHECKING:
    from store.db.engine import Database as Connections

app = typer.Typer()
File = Annotated[Path, typer.Argument(metavar="FILE", help="The dump.", show_default=False)]
Since = Annotated[
    datetime | None,
    typer.Option(
        "--since",
        metavar="TIME",
        formats=["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"],
        help="Of which moment the database is, or an earlier one: 2026-11-28T09:30:00Z. Without a zone it is UTC.",
        show_default=False,
    ),
]
NOT_EMPTY = "The database has tables already: a backup is restored into an empty one (`createdb`, `dropdb`)."
SECRET = "OUTDIAL_SECRET is not in it: keep it elsewhere, for what it sealed cannot be opened without it."  # noqa: S105


@command(app)
def backup(file: File, database: Database, output: Output) -> None:
    """Write the database into a file, of one moment, while everything runs."""
    from stack.dumps import DumpFailed, dump  # noqa: PLC0415  half a second of imports, not for other commands
    from store.recovery import Recovery  # noqa: PLC0415

    moment: datetime = database.ask(lambda engine: Recovery(engine).note_backup())
    try:
        dump(database.url, file)
    except DumpFailed as failed:
        raise Failure(str(failed)) from failed
    size = file.stat().st_size
    told = f"{file} has the database as of {_shown(moment)}, {size / 1e6:.1f} MB. {SECRET}"
    output.message({"message": told, "file": str(file), "takenAt": moment.isoformat(), "bytes": size})


@command(app)
def restore(file: File, database: Database, since: Since = None, *, output: Output) -> None:
    """Restore a backup into an empty database. No call starts on it before `outdial recover`."""
    from stack.dumps import TABLES, DumpFailed, check_dump  # noqa: PLC0415  as above
    from stack.dumps import restore as restore_dump  # noqa: PLC0415
    from store.db.engine import fetch_value  # noqa: PLC0415

    async def count_tables(engine: "Connections") -> int:
        async with engine.reading() as connection:
            return int(await fetch_value(connection, TABLES))

    moment = None if since is None else in_utc(since)
    try:
        check_dump(file)
        if database.ask(count_tables):
            raise Failure(NOT_EMPTY)
        restore_dump(database.url, file, moment)
    except DumpFailed as failed:
        raise Failure(f"{failed} Nothing was restored.") from failed
    since_when = database.ask(_read_moment)
    told = f"The database is as of {_shown(since_when)}. Now `outdial recover`: until then no call starts on it."
    output.message({"message": told, "since": since_when.isoformat()})


def in_utc(moment: datetime) -> datetime:
    """Raises Failure for one that is still to come."""
    there = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    if there > datetime.now(UTC):
        raise Failure(f"{_shown(there)} is still to come: --since is a time in UTC, or has a zone.")
    return there


async def _read_moment(engine: "Connections") -> datetime:
    """Of a database with no carrier account nothing is unknown."""
    from store.recovery import Recovery  # noqa: PLC0415  as above

    gaps = await Recovery(engine).list_gaps()
    return min((gap.since for gap in gaps), default=datetime.now(UTC))


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
