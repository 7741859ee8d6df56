"""`outdial dnc`: the numbers that are not called."""

from pathlib import Path
from typing import Annotated

import typer
from outdial_client.models import DoNotCallPreview
from rich.console import Console

from cli.client import Api, upload
from cli.command import command
from cli.confirm import Yes, ask, is_asked
from cli.errors import Failure
from cli.options import Page, PageSize, given
from cli.output import Output
from cli.render import DO_NOT_CALL_COLUMNS, ROWS_SHOWN, Answer, count, show_report, text

app = typer.Typer(name="dnc", help="The do-not-call list: numbers that are not called.", no_args_is_help=True)


EXAMPLES = (
    "outdial dnc add +12025550101 --note 'Asked us.'",
    "outdial dnc add --file list.csv --dry-run",
    "outdial dnc undo dnc_…",
)


@command(app, examples=EXAMPLES)
def add(
    api: Api,
    numbers: Annotated[list[str] | None, typer.Argument(metavar="[NUMBER]...", help="E.164, +12025550101.")] = None,
    file: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, readable=True, allow_dash=True, help="With a `phone` column; or -."),
    ] = None,
    phone_column: Annotated[str | None, typer.Option(help="Of --file; else `phone`.")] = None,
    note: Annotated[str | None, typer.Option(help="Why.")] = None,
    default_country: Annotated[
        str | None,
        typer.Option(help="Whose people wrote the numbers, such as US; else the organization's one country."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would come to.")] = False,
    yes: Yes = False,
    *,
    output: Output,
) -> None:
    """List numbers, or those of a file: nobody is called under them from now on. At a terminal it asks first.

    Exit codes: 0 all are listed, 1 refused, or some rows could not be read and are NOT listed, 2 wrong usage,
    4 the API cannot be reached.
    """
    if bool(numbers) == (file is not None):
        raise Failure("Name numbers, or a file with --file.")
    if numbers and len(numbers) == 1 and Path(numbers[0]).is_file():
        raise Failure(f"{numbers[0]} is a file: say --file {numbers[0]}")
    content = None if file is None else upload(file)
    rest = {"numbers": numbers} if file is None else {"phoneColumn": phone_column}
    body = given({**rest, "note": note, "defaultCountry": default_country})
    if dry_run:
        output.show(api.client.preview_do_not_call(body, file=content), _show_preview)
        return
    if not yes and is_asked():
        _ask(api.client.preview_do_not_call(body, file=content), output)
    answer = api.client.add_do_not_call(body, file=content)
    output.show(answer, _show_added)
    if unread := answer.validation.invalid_total:
        raise Failure(f"{unread} rows could not be read: their numbers are NOT listed, and may be called.")


def _show_added(console: Console, answer: Answer) -> None:
    show_report(console, answer["validation"], "to list")
    console.print(
        f"Listed: {count(answer['added'], 'number')}, {answer['alreadyListed']:,} were already;"
        f" {count(answer['contactsBlocked'], 'waiting contact')} will not be called any more."
    )
    if answer.get("batchId"):
        console.print(f"To take it back: outdial dnc undo {answer['batchId']}")


def _ask(found: DoNotCallPreview, output: Output) -> None:
    """Raises typer.Abort for a no."""
    if not output.as_json:
        _show_preview(output.console, found.to_api())
    ask(f"List {count(found.would_be_added, 'number')}?", yes=False)


def _show_preview(console: Console, found: Answer) -> None:
    show_report(console, found["validation"], "to list")
    console.print(
        f"{count(found['wouldBeAdded'], 'number')} would be listed, {found['alreadyListed']:,} are already;"
        f" {count(found['contactsBlocked'], 'waiting contact')} would not be called any more."
    )
    for job in found["jobs"][:ROWS_SHOWN]:
        console.print(f"  {count(job['contacts'], 'contact')} of {text(job['name'])} ({job['batchJobId']})")


@command(app)
def undo(
    batch: Annotated[str, typer.Argument(metavar="BATCH", help="dnc_…, as `add` printed it.", show_default=False)],
    api: Api,
    yes: Yes = False,
    *,
    output: Output,
) -> None:
    """Take back what one `add` listed; contacts that it blocked in open jobs wait to be called again."""
    ask(f"Let people be called again whose numbers {batch} listed?", yes=yes)
    output.show(api.client.undo_do_not_call(batch), _show_undone)


def _show_undone(console: Console, answer: Answer) -> None:
    if not answer["removed"]:
        console.print("Nothing of it is on the list.")
        return
    console.print(
        f"Taken off the list: {count(answer['removed'], 'number')};"
        f" {count(answer['contactsRestored'], 'contact')} wait to be called again."
    )


@command(app)
def remove(
    number: Annotated[str, typer.Argument(help="E.164, +12025550101.", show_default=False)], api: Api, output: Output
) -> None:
    """Take a number off the list."""
    answer = api.client.remove_do_not_call(number)
    output.show(answer, _show_removed)


def _show_removed(console: Console, answer: Answer) -> None:
    console.print("The number may be called again." if answer["removed"] else "The number was not on the list.")


@command(app, "list")
def list_numbers(
    api: Api,
    search: Annotated[str | None, typer.Option(help="Only numbers with these digits.")] = None,
    page: Page = 1,
    page_size: PageSize = 20,
    *,
    output: Output,
) -> None:
    """Show the list, the newest first."""
    answer = api.client.list_do_not_call(search=search, page=page, page_size=page_size)
    output.page(answer, "entries", DO_NOT_CALL_COLUMNS, "number")
