"""The `outdial` command: its groups, and failures as a sentence and an exit code."""

import os
import sys
from importlib.metadata import version
from typing import Annotated, NoReturn

import typer
from outdial_client import OutdialError
from rich.console import Console
from rich.markup import escape

from cli import (
    agents,
    analytics,
    api_keys,
    archive,
    backup,
    campaigns,
    carriers,
    contacts,
    credits,
    do_not_call,
    job_settings,
    jobs,
    migrate,
    organizations,
    phone_numbers,
    profiles,
    recover,
    results,
    up,
    webhooks,
)
from cli.client import as_failure
from cli.errors import ExitCode, Failure
from settings import UnreadableSecret, read_secret_files
from workflows.process_end import run_to_end

EPILOG = "\n\n".join(
    (
        "Examples:",
        "  outdial up",
        "  outdial submit contacts.csv --window 9-20 --watch",
        "  outdial show batch_…",
    )
)

app = typer.Typer(
    name="outdial",
    help="Call a list of contacts, durably, each of them once.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    epilog=EPILOG,
)
for module in (
    *(up, job_settings, jobs, campaigns, contacts, results, do_not_call, analytics, webhooks, profiles),
    *(organizations, api_keys, agents, phone_numbers, credits, carriers, migrate, backup, recover, archive),
):
    app.add_typer(module.app)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"outdial {version('outdial')}")
        raise typer.Exit


@app.callback()
def options(
    _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it, and exit.")] = False,
) -> None:
    """Call a list of contacts, durably, each of them once."""


def main() -> None:
    """Run the command line; a `Failure` is printed on stderr, without a stack trace."""
    try:
        read_secret_files(os.environ)
        app()
    except UnreadableSecret as unreadable:
        Console(stderr=True).print(f"[bold red]outdial:[/] {escape(str(unreadable))}", soft_wrap=True)
        sys.exit(ExitCode.USAGE)
    except Failure as failure:
        _fail(failure)
    except OutdialError as error:
        _fail(as_failure(error))
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)


def run() -> NoReturn:
    """`outdial`, a process of its own."""
    run_to_end(main)


def _fail(failure: Failure) -> NoReturn:
    Console(stderr=True).print(f"[bold red]outdial:[/] {escape(str(failure))}", soft_wrap=True)
    sys.exit(failure.exit_code)


if __name__ == "__main__":
    run()
