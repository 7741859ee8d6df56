"""`outdial key`: the API keys of an organization, on the database."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console

from cli.command import command
from cli.database import Database
from cli.options import OrgId
from cli.output import Output
from cli.render import text
from domain.statuses import Role

COLUMNS = ["id", "name", "role", "created_at", "last_used_at", "expires_at", "revoked_at"]

app = typer.Typer(name="key", help="Keys of an organization.", no_args_is_help=True)


@command(app)
def create(
    organization: OrgId,
    role: Annotated[Role, typer.Option(help="Owners and admins change things, members read.")] = Role.OWNER,
    name: Annotated[str, typer.Option(help="What it is for.")] = "command line",
    days: Annotated[int | None, typer.Option(min=1, max=36500, help="Until it expires.", show_default="never")] = None,
    *,
    database: Database,
    output: Output,
) -> None:
    """Issue a key. It is shown this once."""
    expires_at = None if days is None else datetime.now(UTC) + timedelta(days=days)
    output.model(database.run(lambda store: store.api_keys.create(organization, role, name, expires_at=expires_at)))


@command(app, "list")
def list_keys(organization: OrgId, database: Database, output: Output) -> None:
    """List the keys of an organization, never what they are."""
    output.models(database.run(lambda store: store.api_keys.list_all(organization)), COLUMNS)


@command(app)
def revoke(
    organization: OrgId,
    key_id: Annotated[str, typer.Argument(metavar="KEY_ID", show_default=False)],
    database: Database,
) -> None:
    """Make a key nobody's, from now on."""
    database.run(lambda store: store.api_keys.revoke(organization, key_id))
    Console().print(f"{text(key_id)} is revoked.")
