"""`outdial dnc`: the numbers that are not called."""

from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer
from rich.console import Console

from cli.client import Api
from cli.errors import Failure
from cli.options import LOCAL_API, AsJson, Key, Url, content_of, form, print_json
from cli.render import DO_NOT_CALL_COLUMNS, listing, show_report

PATH = "/do-not-call"

app = typer.Typer()
dnc = typer.Typer(no_args_is_help=True)
app.add_typer(dnc, name="dnc", help="The do-not-call list: numbers that are not called.")


@dnc.command("add")
def add(
    key: Key,
    numbers: Annotated[list[str] | None, typer.Argument(metavar="[NUMBER]...", help="E.164, +12025550101.")] = None,
    url: Url = LOCAL_API,
    file: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, readable=True, help="With a `phone` column.")
    ] = None,
    phone_column: Annotated[str | None, typer.Option(help="Of --file; else `phone`.")] = None,
    note: Annotated[str | None, typer.Option(help="Why.")] = None,
    as_json: AsJson = False,
) -> None:
    """List numbers, or those of a file: nobody is called under them from now on."""
    if bool(numbers) == (file is not None):
        raise Failure("Name numbers, or a file with --file.")
    with Api(url, key) as api:
        if file is not None:
            answer = api.upload(PATH, form({"note": note, "phoneColumn": phone_column}), file.name, content_of(file))
        else:
            answer = api.post(PATH, {"numbers": numbers, "note": note})
    if as_json:
        print_json(answer)
        return
    console = Console()
    show_report(console, answer["validation"])
    console.print(
        f"{answer['added']} numbers were listed, {answer['alreadyListed']} were already;"
        f" {answer['contactsBlocked']} waiting contacts are not called any more."
    )


@dnc.command("remove")
def remove(
    number: Annotated[str, typer.Argument(help="E.164, +12025550101.", show_default=False)],
    key: Key,
    url: Url = LOCAL_API,
    as_json: AsJson = False,
) -> None:
    """Take a number off the list."""
    with Api(url, key) as api:
        answer = api.delete(f"{PATH}/{quote(number, safe='')}")
    if as_json:
        print_json(answer)
        return
    Console().print("The number may be called again." if answer["removed"] else "The number was not on the list.")


@dnc.command("list")
def list_numbers(
    key: Key,
    url: Url = LOCAL_API,
    search: Annotated[str | None, typer.Option(help="Only numbers with these digits.")] = None,
    page: Annotated[int, typer.Option(min=1)] = 1,
    page_size: Annotated[int, typer.Option(min=1, max=100)] = 20,
    as_json: AsJson = False,
) -> None:
    """Show the list, the newest first."""
    with Api(url, key) as api:
        answer = api.get(PATH, {"search": search, "page": page, "pageSize": page_size})
    if as_json:
        print_json(answer)
        return
    console = Console()
    console.print(listing(DO_NOT_CALL_COLUMNS, answer["entries"]))
    console.print(f"page {answer['page']}, {answer['total']} numbers")
