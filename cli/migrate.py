"""`outdial migrate`: the newest schema, and a Temporal namespace made fit for jobs."""

import asyncio
import os
from typing import Annotated

import typer
from rich.console import Console

from cli.command import command
from cli.configuration import read_settings
from cli.database import Database, database_failures
from cli.errors import ExitCode, Failure
from cli.render import text

app = typer.Typer()


@command(app)
def migrate(
    database: Database,
    temporal: Annotated[
        bool,
        typer.Option("--temporal", help="Bind the database to the namespace too, and prepare it (TEMPORAL_ADDRESS …)."),
    ] = False,
    create_namespace: Annotated[
        bool, typer.Option("--create-namespace", help="With --temporal: create the namespace where there is none.")
    ] = False,
    rebind: Annotated[
        bool,
        typer.Option(
            "--rebind",
            help="With --temporal: take this namespace from now on; open jobs that it does not know start anew in it.",
        ),
    ] = False,
) -> None:
    """Bring the database to the newest schema."""
    from store.db.engine import migrate as migrate_database  # noqa: PLC0415  half a second of imports

    if (create_namespace or rebind) and not temporal:
        raise Failure("--create-namespace and --rebind go with --temporal.", ExitCode.USAGE)
    payload_keys = _read_payload_keys() if temporal else ""
    with database_failures():
        migrate_database(database.url)
    Console().print("The database has the newest schema.")
    if temporal:
        _prepare_namespace(database.url, payload_keys, create=create_namespace, rebind=rebind)


def _read_payload_keys() -> str:
    """OUTDIAL_PAYLOAD_KEYS. Raises Failure where it, or a variable of Temporal's, is wrong.

    A mistyped name would bind the database to the namespace `default`.
    """
    from workflows.payload_encryption import PayloadEncryption  # noqa: PLC0415  as above
    from workflows.temporal_variables import find_wrong_variables  # noqa: PLC0415

    wrong, keys = list(find_wrong_variables(os.environ)), read_settings().payload_keys.get_secret_value()
    try:
        PayloadEncryption.from_setting(keys)
    except ValueError as error:
        wrong.append(str(error))
    if wrong:
        raise Failure(" ".join(wrong), ExitCode.USAGE)
    return keys


def _prepare_namespace(database_url: str, payload_keys: str, *, create: bool, rebind: bool) -> None:
    """Prepare the namespace that Temporal's settings name. Raises Failure."""
    from temporalio.service import RPCError  # noqa: PLC0415 - no other command talks to Temporal

    from stack.namespace import Allowed, WrongNamespace, prepare_configured  # noqa: PLC0415
    from workflows.client import TemporalUnavailable  # noqa: PLC0415

    allowed = Allowed(create=create, rebind=rebind)
    try:
        with database_failures():
            name, jobs = asyncio.run(prepare_configured(database_url, payload_keys, allowed))
    except WrongNamespace as error:
        raise Failure(str(error), ExitCode.USAGE) from error
    except (RuntimeError, RPCError, TemporalUnavailable, TimeoutError):
        message = "Temporal does not answer, or refuses. Is its address right? (TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE)"
        raise Failure(message, ExitCode.UNAVAILABLE) from None
    Console().print(f"The database belongs to the namespace {text(name)}, which has the search attributes.")
    if rebind:
        Console().print(f"Open jobs that are started anew in it: {jobs}.")
