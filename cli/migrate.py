"""`outdial migrate`: the newest schema, and a Temporal namespace made fit for jobs."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console

from cli.command import command
from cli.database import Database, database_failures
from cli.errors import ExitCode, Failure
from cli.render import text

app = typer.Typer()


@command(app)
def migrate(
    database: Database,
    temporal: Annotated[
        bool, typer.Option("--temporal", help="Prepare the namespace too: search attributes (TEMPORAL_ADDRESS …).")
    ] = False,
) -> None:
    """Bring the database to the newest schema."""
    from store.db.engine import migrate as migrate_database  # noqa: PLC0415  half a second of imports

    with database_failures():
        migrate_database(database.url)
    Console().print("The database has the newest schema.")
    if temporal:
        _prepare_namespace()


def _prepare_namespace() -> None:
    """Prepare the namespace that Temporal's settings name. Raises Failure."""
    from temporalio.service import RPCError  # noqa: PLC0415 - no other command talks to Temporal

    from stack.namespace import prepare_configured  # noqa: PLC0415

    try:
        name = asyncio.run(prepare_configured())
    except (RuntimeError, RPCError, TimeoutError):
        message = "Temporal does not answer, or refuses. Is its address right? (TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE)"
        raise Failure(message, ExitCode.UNAVAILABLE) from None
    Console().print(f"The namespace {text(name)} has the search attributes.")
