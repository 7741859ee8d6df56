"""`outdial credits`: the credits of an organization; all but `show` on the database."""

from decimal import Decimal
from typing import Annotated

import typer
from rich.console import Console

from cli.client import Api
from cli.command import command
from cli.database import Database
from cli.errors import Failure
from cli.options import MaybeOrgId, OrgId, Page, PageSize, amount
from cli.output import Output
from cli.render import Answer, count, pairs, show_listing, text

ENTRY_COLUMNS = {
    "at": "When",
    "kind": "Kind",
    "balanceDelta": "Balance",
    "heldDelta": "Held",
    "batchJobId": "Job",
    "callId": "Call",
}
COLUMNS = ["at", "kind", "balance_delta", "held_delta", "job_id", "dial_id"]

app = typer.Typer(name="credits", help="Credits of an organization.", no_args_is_help=True)


@command(app, examples=["outdial credits show"])
def show(
    api: Api,
    database: Database,
    organization: MaybeOrgId = None,
    page: Page = 1,
    page_size: PageSize = 20,
    *,
    output: Output,
) -> None:
    """Show the credits of the key's organization with its ledger; with ORG, on the database, whether all adds up."""
    if organization is None:
        output.show(api.client.get_credits(page=page, page_size=page_size), _show)
        return
    audit = database.run(lambda store: store.ledger.audit(organization))
    output.model(audit)
    if not audit.exact:
        raise Failure("The entries, the holds and the sums do not agree.")


def _show(console: Console, answer: Answer) -> None:
    rows = {name.capitalize(): f"${answer[name]}" for name in ("balance", "held", "free")}
    console.print(pairs(rows | ({"Free": "unlimited"} if answer["unlimited"] else {})))
    for hold in answer["holds"]:
        console.print(f"  held for {text(hold['name'])}: ${hold['amount']} ({hold['batchJobId']})")
    show_listing(console, ENTRY_COLUMNS, answer["entries"])
    console.print(f"page {answer['page']}, {count(answer['total'], 'entry')}")


@command(app)
def add(
    organization: OrgId,
    topped_up: Annotated[Decimal, typer.Argument(parser=amount, metavar="DOLLARS", show_default=False)],
    database: Database,
    output: Output,
) -> None:
    """Top up."""
    output.model(database.run(lambda store: store.ledger.top_up(organization, topped_up)))


@command(app)
def entries(
    organization: OrgId,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 100,
    *,
    database: Database,
    output: Output,
) -> None:
    """List the latest entries of the ledger, the newest first."""
    output.models(database.run(lambda store: store.ledger.list_entries(organization, limit)), COLUMNS)
