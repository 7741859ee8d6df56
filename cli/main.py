"""The `outdial` command: puts the parts together and turns failures into a sentence and an exit code."""

import sys

import typer
from rich.console import Console
from rich.markup import escape

from cli import admin, carriers, do_not_call, jobs, manage, results, up
from cli.errors import ExitCode, Failure

app = typer.Typer(
    name="outdial",
    help="Call a list of contacts, durably, each of them once.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(up.app)
app.add_typer(jobs.app)
app.add_typer(manage.app)
app.add_typer(results.app)
app.add_typer(do_not_call.app)
app.add_typer(admin.app)
app.add_typer(carriers.app)


def main() -> None:
    """Run the command line; a `Failure` is said on stderr, without a stack trace."""
    try:
        app()
    except Failure as failure:
        Console(stderr=True).print(f"[bold red]outdial:[/] {escape(str(failure))}", soft_wrap=True)
        sys.exit(failure.exit_code)
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)


if __name__ == "__main__":
    main()
