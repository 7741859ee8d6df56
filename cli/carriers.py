"""`outdial carrier`: which carriers there are, and whether one is set up. No calls are placed."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from cli.command import command
from cli.configuration import read_settings
from cli.database import Database, database_failures
from cli.errors import ExitCode, Failure
from cli.gates import close_gate, open_gate
from cli.output import Output
from domain.calls.gates import GateScope

if TYPE_CHECKING:
    from carriers import Carrier, Finding

AccountId = Annotated[
    str,
    typer.Argument(metavar="NAME", help="The carrier, or a number's own account.", show_default=False),
]

app = typer.Typer(name="carrier", help="Carriers: the ways to the telephone network.", no_args_is_help=True)


@command(app, "list")
def list_carriers(output: Output) -> None:
    """List the carriers that are installed, and which of them are set up."""
    from carriers.registry import installed  # noqa: PLC0415  its adapters are imported only when they are asked for

    rows = [{"name": name, "setUp": _open(name) is not None} for name in installed()]
    output.table({"name": "Name", "setUp": "Set up"}, rows)


@command(app)
def check(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="As `outdial carrier list` shows it.", show_default=False)
    ],
    numbers: Annotated[
        bool,
        typer.Option("--numbers", help="Also look at each number's own settings there, in OUTDIAL_DATABASE_URL."),
    ] = False,
    *,
    output: Output,
) -> None:
    """Look at a carrier's account, trunk, stream and callback address. Nobody is called."""
    carrier = _open(name)
    if carrier is None:
        raise Failure(f"Nothing is set for the carrier {name}: docs/carriers.md lists what it reads.")
    with database_failures():
        findings = asyncio.run(_check(carrier, numbers=numbers))
    output.table(
        {"what": "What", "ok": "OK", "detail": "Detail"}, [finding.model_dump(mode="json") for finding in findings]
    )
    wrong = [finding.what for finding in findings if not finding.ok]
    if wrong:
        raise Failure(f"Not in order: {', '.join(wrong)}.")


@command(app)
def gates(database: Database, output: Output) -> None:
    """List what keeps calls from starting: stopped organizations, closed accounts and numbers, why, until when."""
    closed = database.run(lambda store: store.closed_gates.list_all())
    output.models(closed, ("scope", "id", "organization_id", "reason", "by", "since", "until"))


@command(app)
def close(account: AccountId, database: Database, output: Output) -> None:
    """Let no call start through an account, of any organization; live ones go on. Waits for requests on their way."""
    output.message({"message": close_gate(database, GateScope.ACCOUNT, account)})


@command(app, "open")
def open_account(account: AccountId, database: Database, output: Output) -> None:
    """Let calls start through an account, whatever closed it. Jobs go on within half a minute."""
    output.message({"message": open_gate(database, GateScope.ACCOUNT, account)})


def _open(name: str) -> "Carrier | None":
    from carriers.registry import UnknownCarrierError, WrongSettings, open_carrier  # noqa: PLC0415  as above

    try:
        return open_carrier(name, read_settings().environment())
    except (UnknownCarrierError, WrongSettings) as error:
        raise Failure(str(error), ExitCode.USAGE) from None
    except ValueError as error:
        raise Failure(f"A setting of the carrier {name} cannot be read: {error}") from None


async def _check(carrier: "Carrier", *, numbers: bool) -> "list[Finding]":
    from carriers.checking import check as check_carrier  # noqa: PLC0415  as above

    try:
        findings = await check_carrier(carrier, read_settings().public_url)
        return [*findings, *(await _check_numbers(carrier) if numbers else [])]
    finally:
        await carrier.close()


async def _check_numbers(carrier: "Carrier") -> "list[Finding]":
    """One finding for each number that has settings of its own at the carrier."""
    from carriers.accounts import CarrierAccounts  # noqa: PLC0415  as above
    from carriers.registry import builders  # noqa: PLC0415
    from store.db.vault import Vault  # noqa: PLC0415
    from store.organizations.carrier_credentials import CarrierCredentials  # noqa: PLC0415

    settings = read_settings()
    async with Database().engine() as engine:
        credentials = CarrierCredentials(engine, Vault.from_setting(settings.secret.get_secret_value()))
        accounts = CarrierAccounts({carrier.name: carrier}, credentials.read_settings, builders(settings.environment()))
        found = await credentials.list_accounts(carrier.name)
        return [await _check_number(number, accounts[account]) for number, account in found]


async def _check_number(number: str, carrier: "Carrier") -> "Finding":
    from carriers import Finding  # noqa: PLC0415  as above

    try:
        health = await carrier.health()
    finally:
        await carrier.close()
    return Finding(what=f"number {number}", ok=health.ok, detail=health.detail)
