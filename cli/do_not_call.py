"""`outdial dnc`: the numbers that are not called."""

from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer
from rich.console import Console

from cli.client import Api
from cli.command import command
from cli.errors import Failure
from cli.options import Page, PageSize, given
from cli.output import Output
from cli.render import DO_NOT_CALL_COLUMNS, Answer, show_report

PATH = "/do-not-call"

app = typer.Typer(name="dnc", help="The do-not-call list: numbers that are not called.", no_args_is_help=True)


@command(app)
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
    *,
    output: Output,
) -> None:
    """List numbers, or those of a file: nobody is called under them from now on.

    Exit codes: 0 all are listed, 1 refused, or some rows could not be read and are NOT listed, 2 wrong usage,
    4 the API cannot be reached.
    """
    if bool(numbers) == (file is not None):
        raise Failure("Name numbers, or a file with --file.")
    if numbers and len(numbers) == 1 and Path(numbers[0]).is_file():
        raise Failure(f"{numbers[0]} is a file: say --file {numbers[0]}")
    fields = {"note": note, "defaultCountry": default_country}
    if file is None:
        answer = api.post(PATH, given({"numbers": numbers, **fields}))
    else:
        answer = api.upload(PATH, {"phoneColumn": phone_column, **fields}, file)
    output.show(answer, _show_added)
    if unread := answer["validation"]["invalidTotal"]:
        raise Failure(f"{unread} rows could not be read: their numbers are NOT listed, and may be called.")


def _show_added(console: Console, answer: Answer) -> None:
    show_report(console, answer["validation"], "to list")
    console.print(
        f"{answer['added']} numbers were listed, {answer['alreadyListed']} were already;"
        f" {answer['contactsBlocked']} waiting contacts are not called any more."
    )


@command(app)
def remove(
    number: Annotated[str, typer.Argument(help="E.164, +12025550101.", show_default=False)], api: Api, output: Output
) -> None:
    """Take a number off the list."""
    answer = api.delete(f"{PATH}/{quote(number, safe='')}")
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
    answer = api.get(PATH, {"search": search, "page": page, "pageSize": page_size})
    output.page(answer, "entries", DO_NOT_CALL_COLUMNS, "number")
