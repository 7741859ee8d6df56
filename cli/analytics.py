"""`outdial analytics`: how many calls are answered, and this week against last."""

from typing import Annotated, Any

import typer
from rich.console import Console

from cli.client import Api
from cli.command import command
from cli.output import Output
from cli.render import Answer, show_listing, text

COLUMNS = {
    "key": "",
    "name": "Name",
    "attempts": "Attempts",
    "answered": "Answered",
    "answeredByPeople": "People",
    "answeredByMachines": "Machines",
    "rate": "Rate",
    "cost": "Cost",
}
ENTRIES_SHOWN = 100

app = typer.Typer(name="analytics", help="How many calls are answered.", no_args_is_help=True)


@command(app)
def rates(
    api: Api,
    by: Annotated[str, typer.Option(help="hour, weekday, day, number, country, attempt or job.")] = "hour",
    first: Annotated[str | None, typer.Option("--from", metavar="DAY", help="2026-03-01; else 27 days before.")] = None,
    last: Annotated[str | None, typer.Option("--to", metavar="DAY", help="Included; else today.")] = None,
    job: Annotated[str | None, typer.Option(metavar="ID", help="Only calls of this job.")] = None,
    number: Annotated[str | None, typer.Option(help="Only calls from this number: +12025550101.")] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print a file instead of a table.")] = False,
    *,
    output: Output,
) -> None:
    """Show how many calls were answered, by the hour of the callee's day or by something else."""
    if as_csv:
        parts = api.client.read_answer_rates_csv(by=by, from_=first, to=last, batch_job_id=job, from_number=number)
        typer.echo(b"".join(parts), nl=False)
        return
    rates = api.client.read_answer_rates(
        by=by, from_=first, to=last, batch_job_id=job, from_number=number, page_size=ENTRIES_SHOWN
    )
    output.show(rates, _show_rates)


def _show_rates(console: Console, found: Answer) -> None:
    columns = COLUMNS | {"key": found["by"].capitalize()}
    if not any(entry["name"] for entry in found["entries"]):
        del columns["name"]
    console.print(f"{found['from']} to {found['to']}")
    rows = [_row(entry) for entry in found["entries"]]
    show_listing(console, columns, [*rows, _row({"key": "all", **found["overall"]})])
    if found["total"] > len(found["entries"]):
        console.print(f"{len(found['entries'])} of {found['total']}; all of them with --csv")
    if found["countedUntil"]:
        console.print(f"Calls that ended after {text(found['countedUntil'])} may not be counted yet.")


@command(app)
def weeks(
    api: Api,
    timezone: Annotated[str, typer.Option(help="Whose clock says how far this week has come.")] = "UTC",
    *,
    output: Output,
) -> None:
    """Compare this week with last week."""
    output.show(api.client.compare_weeks(timezone=timezone), _show_weeks)


def _show_weeks(console: Console, found: Answer) -> None:
    names = {"thisWeek": "This week", "lastWeekUntilThen": "Last week until then", "lastWeek": "Last week"}
    rows = [_row({"key": name, **found[key]}) for key, name in names.items()]
    show_listing(console, {key: heading for key, heading in COLUMNS.items() if key != "name"}, rows)
    if found["change"] is not None:
        console.print(f"The answer rate changed by {found['change'] * 100:+.1f} points.")


def _row(sums: Answer) -> dict[str, Any]:
    rate = sums["answerRate"]
    return {**sums, "rate": None if rate is None else f"{rate:.1%}", "cost": f"${sums['cost']}"}
