"""`outdial credits`: the credits of an organization, on the database."""

from decimal import Decimal
from typing import Annotated

import typer

from cli.command import command
from cli.database import Database
from cli.errors import Failure
from cli.options import OrgId, amount
from cli.output import Output

COLUMNS = ["at", "kind", "balance_delta", "held_delta", "job_id", "dial_id"]

app = typer.Typer(name="credits", help="Credits of an organization.", no_args_is_help=True)


@command(app)
def show(organization: OrgId, database: Database, output: Output) -> None:
    """Show the credits of an organization, and whether every entry adds up to them."""
    audit = database.run(lambda store: store.ledger.audit(organization))
    output.model(audit)
    if not audit.exact:
        raise Failure("The entries, the holds and the sums do not agree.")


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
