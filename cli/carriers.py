"""Commands about carriers: which there are, and whether one is set up. Nobody is called."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from cli.database import connected, database_failures, database_url
from cli.errors import ExitCode, Failure
from cli.options import AsJson, print_json
from cli.render import listing
from settings import Settings

if TYPE_CHECKING:
    from carriers import Carrier, Finding

app = typer.Typer()
carrier = typer.Typer(help="Carriers: the ways to the telephone network.", no_args_is_help=True)
app.add_typer(carrier, name="carrier")

Name = Annotated[str, typer.Argument(metavar="NAME", help="As `outdial carrier list` shows it.", show_default=False)]

Numbers = Annotated[
    bool, typer.Option("--numbers", help="Also look at each number's own settings there, in OUTDIAL_DATABASE_URL.")
]


@carrier.command("list")
def list_carriers(as_json: AsJson = False) -> None:
    """List the carriers that are installed, and which of them are set up."""
    from carriers.registry import installed  # noqa: PLC0415  its adapters are imported only when they are asked for

    rows: list[dict[str, object]] = [{"name": name, "set_up": _opened(name) is not None} for name in installed()]
    if as_json:
        print_json(rows)
    else:
        Console().print(listing({"name": "Name", "set_up": "Set up"}, rows))


@carrier.command("check")
def check_carrier(name: Name, numbers: Numbers = False, as_json: AsJson = False) -> None:
    """Look at a carrier's account, trunk, stream and callback address. Nobody is called."""
    opened = _opened(name)
    if opened is None:
        raise Failure(f"Nothing is set for the carrier {name}: docs/carriers.md lists what it reads.")
    with database_failures():
        findings = asyncio.run(_checked(opened, numbers=numbers))
    rows: list[dict[str, object]] = [finding.model_dump(mode="json") for finding in findings]
    if as_json:
        print_json(rows)
    else:
        Console().print(listing({"what": "What", "ok": "OK", "detail": "Detail"}, rows))
    wrong = [finding.what for finding in findings if not finding.ok]
    if wrong:
        raise Failure(f"Not in order: {', '.join(wrong)}.")


def _opened(name: str) -> "Carrier | None":
    from carriers.registry import UnknownCarrierError, open_carrier  # noqa: PLC0415  as above

    try:
        return open_carrier(name, Settings().environment())
    except UnknownCarrierError as error:
        raise Failure(str(error), ExitCode.USAGE) from None
    except ValueError as error:
        raise Failure(f"A setting of the carrier {name} cannot be read: {error}") from None


async def _checked(opened: "Carrier", *, numbers: bool) -> "list[Finding]":
    from carriers.checking import check  # noqa: PLC0415  as above

    try:
        findings = await check(opened, Settings().public_url)
        return [*findings, *(await _numbers(opened) if numbers else [])]
    finally:
        await opened.close()


async def _numbers(opened: "Carrier") -> "list[Finding]":
    """One for each number that has settings of its own at the carrier."""
    from carriers.accounts import CarrierAccounts  # noqa: PLC0415  as above
    from carriers.registry import builders  # noqa: PLC0415
    from store.db.vault import Vault  # noqa: PLC0415
    from store.organizations.carrier_credentials import CarrierCredentials  # noqa: PLC0415

    settings = Settings()
    async with connected(database_url(None)) as engine:
        kept = CarrierCredentials(engine, Vault.of(settings.secret.get_secret_value()))
        accounts = CarrierAccounts({opened.name: opened}, kept.settings, builders(settings.environment()))
        found = await kept.accounts_of_numbers(opened.name)
        return [await _finding(number, accounts[account]) for number, account in found]


async def _finding(number: str, own: "Carrier") -> "Finding":
    from carriers import Finding  # noqa: PLC0415  as above

    try:
        health = await own.health()
    finally:
        await own.close()
    return Finding(what=f"number {number}", ok=health.ok, detail=health.detail)
