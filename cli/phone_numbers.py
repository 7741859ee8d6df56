"""`outdial number`: the numbers that an organization calls from; all but `list` on the database."""

from decimal import Decimal
from typing import Annotated

import typer
from rich.console import Console

from carriers.registry import installed
from cli.client import Api
from cli.command import command
from cli.database import Database
from cli.gates import close_gate, open_gate
from cli.options import MaybeOrgId, OrgId, Page, PageSize, amount
from cli.output import Output
from cli.render import text
from domain.audit import OPERATOR
from domain.calls.gates import GateScope
from domain.phone.numbers import PhoneProblem, read_phone

COLUMNS = ["id", "number", "label", "carrier_account_id", "calls_per_second", "agent"]
API_COLUMNS = {
    "id": "Number's id",
    "number": "Number",
    "label": "Label",
    "outboundAgentId": "Agent",
    "callsPerSecond": "Calls a second",
    "carrier": "Carrier",
}
GRANT_COLUMNS = ["id", "carrier", "kind", "name", "granted_at"]
PhoneId = Annotated[str, typer.Argument(metavar="PHONE_ID", show_default=False)]

app = typer.Typer(name="number", help="Numbers that an organization calls from.", no_args_is_help=True)


def _e164(written: str) -> str:
    read = read_phone(written)
    if isinstance(read, PhoneProblem):
        raise typer.BadParameter(f"The number {read.reason}. It must look like +12025550101.")
    return read


def _pacing(value: Decimal) -> Decimal:
    if not value:
        raise typer.BadParameter("--calls-per-second must be more than 0.")
    return value


def _installed(name: str) -> str:
    if name not in installed():
        raise typer.BadParameter(f"--carrier must be one of {', '.join(installed())}.")
    return name


@command(app)
def create(
    organization: OrgId,
    phone: Annotated[str, typer.Argument(parser=_e164, metavar="NUMBER", help="+12025550101", show_default=False)],
    agent_id: Annotated[str | None, typer.Option("--agent", help="Its outbound agent, agent_….")] = None,
    label: Annotated[str | None, typer.Option()] = None,
    calls_per_second: Annotated[
        Decimal, typer.Option(parser=amount, callback=_pacing, metavar="N", help="Its pacing.")
    ] = Decimal(1),
    carrier: Annotated[
        str, typer.Option(callback=_installed, help="Through which its calls go: see `outdial carrier list`.")
    ] = "twilio",
    *,
    database: Database,
    output: Output,
) -> None:
    """Add a number to call from, and grant it to the organization at the carrier."""
    output.model(
        database.run(
            lambda store: store.phone_numbers.create(
                organization,
                phone,
                agent_id=agent_id,
                label=label,
                calls_per_second=calls_per_second,
                carrier_account_id=carrier,
                granted_by=OPERATOR,
            )
        )
    )


@command(app, "list", examples=["outdial number list"])
def list_numbers(
    api: Api,
    database: Database,
    organization: MaybeOrgId = None,
    page: Page = 1,
    page_size: PageSize = 100,
    *,
    output: Output,
) -> None:
    """List the numbers to call from: with a key those of its organization, with ORG on the database."""
    if organization is None:
        answer = api.client.list_phone_numbers(page=page, page_size=page_size)
        output.page(answer, "phoneNumbers", API_COLUMNS, "number")
        return
    output.models(database.run(lambda store: store.phone_numbers.list_all(organization)), COLUMNS)


@command(app)
def assign(
    organization: OrgId,
    phone_id: PhoneId,
    agent_id: Annotated[str | None, typer.Argument(metavar="[AGENT_ID]", help="None: no calls from it.")] = None,
    *,
    database: Database,
    output: Output,
) -> None:
    """Say which agent holds the calls from a number."""
    output.model(database.run(lambda store: store.phone_numbers.assign_agent(organization, phone_id, agent_id)))


@command(app)
def close(phone_id: PhoneId, database: Database, output: Output) -> None:
    """Let no call start from a number; live ones go on. Waits for requests on their way."""
    output.message({"message": close_gate(database, GateScope.NUMBER, phone_id)})


@command(app, "open")
def open_number(phone_id: PhoneId, database: Database, output: Output) -> None:
    """Let calls start from a number, whatever closed it. Jobs go on within half a minute."""
    output.message({"message": open_gate(database, GateScope.NUMBER, phone_id)})


@command(app)
def remove(organization: OrgId, phone_id: PhoneId, database: Database) -> None:
    """Remove a number; refused while an open job calls from it."""
    database.run(lambda store: store.phone_numbers.remove(organization, phone_id))
    Console().print(f"{text(phone_id)} is removed.")


@command(app, "grant")
def grant_resource(
    organization: OrgId,
    phone: Annotated[
        str | None, typer.Argument(parser=_e164, metavar="[NUMBER]", help="+12025550101", show_default=False)
    ] = None,
    trunk: Annotated[
        str | None, typer.Option(help="A trunk instead: 'PJSIP/{number}@trunk2'.", show_default=False)
    ] = None,
    carrier: Annotated[str, typer.Option(callback=_installed, help="Whose account is meant.")] = "twilio",
    *,
    database: Database,
    output: Output,
) -> None:
    """Let an organization add a number, or use a trunk, of the service's own account at a carrier."""
    from store.organizations.carrier_grants import Resource  # noqa: PLC0415  half a second of imports

    if (phone is None) == (trunk is None):
        raise typer.BadParameter("Say a number or --trunk.")
    resource = Resource.of_trunk(carrier, trunk) if trunk is not None else Resource.of_number(carrier, phone or "")
    output.model(database.run(lambda store: store.grants.create(organization, resource, by=OPERATOR)))


@command(app, "grants")
def list_grants(organization: OrgId, database: Database, output: Output) -> None:
    """List the numbers and trunks that an organization may use on the service's accounts."""
    output.models(database.run(lambda store: store.grants.list_all(organization)), GRANT_COLUMNS)


@command(app)
def revoke(
    organization: OrgId,
    grant_id: Annotated[str, typer.Argument(metavar="GRANT_ID", help="From `grants`.", show_default=False)],
    database: Database,
) -> None:
    """Take a number or trunk back; refused while an open job calls with it."""
    database.run(lambda store: store.grants.revoke(organization, grant_id, by=OPERATOR))
    Console().print(f"{text(grant_id)} is revoked.")
