"""Commands for operators, on the database: migrate, and who may call from what with how much."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated

import typer
from rich.console import Console

from carriers.registry import installed
from cli.database import DatabaseUrl, database_failures, database_url, on_store
from cli.errors import Failure
from cli.namespace import prepare_namespace
from cli.options import AsJson, amount, print_json
from cli.render import listing, pairs, text
from domain.audit import OPERATOR
from domain.calls.models import Audio
from domain.model import Model
from domain.phone.location import is_country
from domain.phone.numbers import PhoneProblem, read_phone
from domain.statuses import Architecture, Role

app = typer.Typer()
org = typer.Typer(help="Organizations.", no_args_is_help=True)
key = typer.Typer(help="Keys of an organization.", no_args_is_help=True)
agent = typer.Typer(help="Voice agents of an organization.", no_args_is_help=True)
number = typer.Typer(help="Numbers that an organization calls from.", no_args_is_help=True)
credits_ = typer.Typer(help="Credits of an organization.", no_args_is_help=True)
for name, group in {"org": org, "key": key, "agent": agent, "number": number, "credits": credits_}.items():
    app.add_typer(group, name=name)

OrgId = Annotated[str, typer.Argument(metavar="ORG", help="org_…", show_default=False)]
Dollars = Annotated[Decimal, typer.Argument(parser=amount, metavar="DOLLARS", show_default=False)]
CallLimit = Annotated[int, typer.Option("--limit", min=1, max=1000, help="Calls at once.")]


def _say(thing: Model, *, as_json: bool) -> None:
    fields = thing.model_dump(mode="json")
    if as_json:
        print_json(fields)
    else:
        shown = {name: text(_short(value)) for name, value in fields.items()}
        Console().print(pairs(shown), soft_wrap=True)


def _list(things: list[Model], columns: list[str], *, as_json: bool) -> None:
    rows = [thing.model_dump(mode="json") for thing in things]
    if as_json:
        print_json(rows)
        return
    headings = {column: column.replace("_", " ").capitalize() for column in columns}
    Console().print(listing(headings, [{name: _short(row[name]) for name in columns} for row in rows]))


def _short(value: object) -> object:
    """An agent within a number is shown by its name."""
    return f"{value['name']} ({value['id']})" if isinstance(value, dict) else value


@app.command()
def migrate(
    database: DatabaseUrl = None,
    temporal: Annotated[
        bool, typer.Option("--temporal", help="Prepare the namespace too: search attributes (TEMPORAL_ADDRESS …).")
    ] = False,
) -> None:
    """Bring the database to the newest schema."""
    from store.db.engine import migrate as migrate_database  # noqa: PLC0415  half a second of imports

    with database_failures():
        migrate_database(database_url(database))
    Console().print("The database has the newest schema.")
    if temporal:
        prepare_namespace()


@org.command("create")
def create_org(
    name: str,
    limit: CallLimit = 5,
    credits: Annotated[
        Decimal | None, typer.Option(parser=amount, metavar="DOLLARS", help="To begin with; else unlimited.")
    ] = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Create an organization."""
    created = on_store(database, lambda store: store.directory.create_organization(name, limit, credits))
    _say(created, as_json=as_json)


@org.command("list")
def list_orgs(database: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """List all organizations."""
    found = on_store(database, lambda store: store.directory.organizations())
    _list([*found], ["id", "name", "concurrent_call_limit", "credits_unlimited", "balance", "held"], as_json=as_json)


@org.command("limit")
def limit_org(
    organization: OrgId,
    limit: Annotated[int, typer.Argument(min=1, max=1000, metavar="CALLS", show_default=False)],
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Change how many calls an organization may have at once; ends none."""
    changed = on_store(database, lambda store: store.directory.set_concurrent_call_limit(organization, limit))
    _say(changed, as_json=as_json)


@org.command("change")
def change_org(
    organization: OrgId,
    name: Annotated[str | None, typer.Option(help="Another name.", show_default=False)] = None,
    limit: Annotated[int | None, typer.Option(min=1, max=1000, help="Calls at once.", show_default=False)] = None,
    reserved: Annotated[
        int | None, typer.Option(min=0, max=1000, help="Lines kept free for other calls.", show_default=False)
    ] = None,
    countries: Annotated[
        str | None,
        typer.Option(help="Whose numbers may be called: US,CA; * for all; `own` for those of its numbers."),
    ] = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Change what is given. It holds for every call that is dialed from then on, and ends none."""
    from store.organizations.organizations import OrganizationChange  # noqa: PLC0415  half a second of imports

    given = {"name": name, "concurrent_call_limit": limit, "reserved_lines": reserved}
    fields: dict[str, object] = {field: value for field, value in given.items() if value is not None}
    if countries is not None:
        fields["allowed_countries"] = None if countries == "own" else _countries(countries)
    if not fields:
        raise typer.BadParameter("Say what to change: --name, --limit, --reserved or --countries.")
    change = OrganizationChange.model_validate(fields)
    changed = on_store(database, lambda store: store.directory.change_organization(organization, change, by=OPERATOR))
    _say(changed, as_json=as_json)


def _countries(written: str) -> tuple[str, ...]:
    codes = tuple(code.strip().upper() for code in written.split(",") if code.strip())
    wrong = [code for code in codes if not is_country(code)]
    if wrong or not codes:
        raise typer.BadParameter(f"{', '.join(wrong) or 'nothing'} is no ISO 3166 code, such as US.")
    return codes


@key.command("create")
def create_key(
    organization: OrgId,
    role: Annotated[Role, typer.Option(help="Owners and admins change things, members read.")] = Role.OWNER,
    name: Annotated[str, typer.Option(help="What it is for.")] = "command line",
    days: Annotated[int | None, typer.Option(min=1, max=36500, help="Until it expires.", show_default="never")] = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Issue a key. It is shown this once."""
    expires_at = None if days is None else datetime.now(UTC) + timedelta(days=days)
    issued = on_store(
        database, lambda store: store.directory.create_key(organization, role, name, expires_at=expires_at)
    )
    _say(issued, as_json=as_json)


@key.command("list")
def list_keys(organization: OrgId, database: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """List the keys of an organization, never what they are."""
    found = on_store(database, lambda store: store.directory.keys(organization))
    _list([*found], ["id", "name", "role", "created_at", "last_used_at", "expires_at", "revoked_at"], as_json=as_json)


@key.command("revoke")
def revoke_key(
    organization: OrgId,
    key_id: Annotated[str, typer.Argument(metavar="KEY_ID", show_default=False)],
    database: DatabaseUrl = None,
) -> None:
    """Make a key nobody's, from now on."""
    on_store(database, lambda store: store.directory.revoke_key(organization, key_id))
    Console().print(f"{text(key_id)} is revoked.")


@agent.command("create")
def create_agent(
    organization: OrgId,
    name: str,
    audio_url: Annotated[str, typer.Argument(help="Where the call's audio goes.", show_default=False)],
    architecture: Annotated[Architecture, typer.Option(help="How it talks; decides the rate.")] = Architecture.PIPELINE,
    audio: Annotated[Audio, typer.Option(help="What kind of address AUDIO_URL is.")] = Audio.WEBSOCKET,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Add a voice agent that lives elsewhere."""
    created = on_store(
        database, lambda store: store.directory.create_agent(organization, name, architecture, audio, audio_url)
    )
    _say(created, as_json=as_json)


@agent.command("list")
def list_agents(organization: OrgId, database: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """List the agents of an organization."""
    found = on_store(database, lambda store: store.directory.agents(organization))
    _list([*found], ["id", "name", "architecture", "audio", "audio_url"], as_json=as_json)


@agent.command("remove")
def remove_agent(
    organization: OrgId,
    agent_id: Annotated[str, typer.Argument(metavar="AGENT_ID", show_default=False)],
    database: DatabaseUrl = None,
) -> None:
    """Remove an agent; refused while an open job or a number uses it."""
    on_store(database, lambda store: store.directory.remove_agent(organization, agent_id))
    Console().print(f"{text(agent_id)} is removed.")


def _e164(written: str) -> str:
    read = read_phone(written)
    if isinstance(read, PhoneProblem):
        raise typer.BadParameter(f"The number {read.reason}. It must look like +12025550101.")
    return read


@number.command("create")
def create_number(
    organization: OrgId,
    phone: Annotated[str, typer.Argument(parser=_e164, metavar="NUMBER", help="+12025550101", show_default=False)],
    agent_id: Annotated[str | None, typer.Option("--agent", help="Its outbound agent, agent_….")] = None,
    label: Annotated[str | None, typer.Option()] = None,
    calls_per_second: Annotated[Decimal, typer.Option(parser=amount, metavar="N", help="Its pacing.")] = Decimal(1),
    carrier: Annotated[str, typer.Option(help="Through which its calls go: see `outdial carrier list`.")] = "twilio",
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Add a number to call from."""
    if not calls_per_second:
        raise typer.BadParameter("--calls-per-second must be more than 0.")
    if carrier not in installed():
        raise typer.BadParameter(f"--carrier must be one of {', '.join(installed())}.")
    created = on_store(
        database,
        lambda store: store.directory.create_phone_number(
            organization,
            phone,
            agent_id=agent_id,
            label=label,
            calls_per_second=calls_per_second,
            carrier_account_id=carrier,
        ),
    )
    _say(created, as_json=as_json)


@number.command("list")
def list_numbers(organization: OrgId, database: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """List the numbers of an organization."""
    found = on_store(database, lambda store: store.directory.phone_numbers(organization))
    _list([*found], ["id", "number", "label", "carrier_account_id", "calls_per_second", "agent"], as_json=as_json)


@number.command("assign")
def assign_agent(
    organization: OrgId,
    phone_id: Annotated[str, typer.Argument(metavar="PHONE_ID", show_default=False)],
    agent_id: Annotated[str | None, typer.Argument(metavar="[AGENT_ID]", help="None: no calls from it.")] = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Say which agent holds the calls from a number."""
    changed = on_store(database, lambda store: store.directory.assign_agent(organization, phone_id, agent_id))
    _say(changed, as_json=as_json)


@number.command("remove")
def remove_number(
    organization: OrgId,
    phone_id: Annotated[str, typer.Argument(metavar="PHONE_ID", show_default=False)],
    database: DatabaseUrl = None,
) -> None:
    """Remove a number; refused while an open job calls from it."""
    on_store(database, lambda store: store.directory.remove_phone_number(organization, phone_id))
    Console().print(f"{text(phone_id)} is removed.")


@credits_.command("show")
def show_credits(organization: OrgId, database: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """Show the credits of an organization, and whether every entry adds up to them."""
    audit = on_store(database, lambda store: store.ledger.audit(organization))
    _say(audit, as_json=as_json)
    if not audit.exact:
        raise Failure("The entries, the holds and the sums do not agree.")


@credits_.command("add")
def add_credits(organization: OrgId, topped_up: Dollars, database: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """Top up."""
    _say(on_store(database, lambda store: store.ledger.top_up(organization, topped_up)), as_json=as_json)


@credits_.command("entries")
def list_entries(
    organization: OrgId,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 100,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """List the latest entries of the ledger, the newest first."""
    found = on_store(database, lambda store: store.ledger.statement(organization, limit))
    _list([*found], ["at", "kind", "balance_delta", "held_delta", "job_id", "dial_id"], as_json=as_json)
