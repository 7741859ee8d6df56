"""`outdial up`: the whole of Outdial on one machine, in the foreground."""

import asyncio
import logging
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from outdial_client import AccessError, Profile
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.errors import Failure
from cli.profiles import save
from stack.errors import PackageMissing, StackError
from stack.options import Options
from stack.ready_file import Ready

if TYPE_CHECKING:
    from stack import local_stack

app = typer.Typer()

DEFAULTS = Options()
Port = Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")]


@app.command()
def up(
    *,
    data_dir: Annotated[Path, typer.Option(help="Where everything is kept.")] = DEFAULTS.data_dir,
    ready_file: Annotated[
        Path | None, typer.Option(help="Written as JSON when all answers: addresses, keys, pids.")
    ] = None,
    api_port: Port = DEFAULTS.api_port,
    temporal_port: Port = DEFAULTS.temporal_port,
    ui_port: Port = DEFAULTS.ui_port,
    carrier_port: Port = DEFAULTS.carrier_port,
    metrics_port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65000, help="Serve the API's metrics here, the workers' on the next ports; 0 takes free ones."
        ),
    ] = DEFAULTS.metrics_port,
    carrier_url: Annotated[
        str | None, typer.Option(help="By which the workers reach the carrier; else the simulator's own.")
    ] = None,
    speed: Annotated[
        float, typer.Option(min=0.01, help="Divides what happens on the telephone and between calls.")
    ] = DEFAULTS.speed,
    seed: Annotated[int, typer.Option(help="Of the simulator's outcomes.")] = DEFAULTS.seed,
    workers: Annotated[int, typer.Option(min=1, help="Worker processes.")] = DEFAULTS.workers,
    profile: Annotated[
        str, typer.Option(help="Written for the command line: address and owner's key; empty: none.")
    ] = "local",
    agent: Annotated[
        bool, typer.Option(help="An example agent answers, so that calls are conversations with a transcript.")
    ] = True,
    codec: Annotated[
        bool,
        typer.Option(
            "--codec", help="From now on Temporal keeps what it is told encrypted; its web UI can decrypt it."
        ),
    ] = DEFAULTS.codec,
    rebind: Annotated[
        bool, typer.Option("--rebind", help="Temporal's file is gone for good: start the open jobs anew in a new one.")
    ] = DEFAULTS.rebind,
) -> None:
    """Run PostgreSQL, Temporal, the carrier simulator, the API and the workers until Ctrl-C."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    options = Options(
        data_dir=data_dir,
        ready_file=ready_file,
        api_port=api_port,
        temporal_port=temporal_port,
        ui_port=ui_port,
        carrier_port=carrier_port,
        metrics_port=metrics_port,
        carrier_url=carrier_url,
        speed=speed,
        seed=seed,
        workers=workers,
        agent=agent,
        codec=codec,
        rebind=rebind,
    )
    run(options, partial(run_forever, profile=profile))


async def run_forever(ready: Ready, profile: str = "") -> None:
    """Print the addresses, write the profile, and wait for a signal."""
    console = Console()
    announce(console, ready)
    if profile:
        _save_profile(console, ready, profile)
    await asyncio.Event().wait()


def run(options: Options, session: "local_stack.Session" = run_forever) -> None:
    """Run the stack in the foreground for as long as the session takes. Raises Failure."""
    try:
        from stack import local_stack  # noqa: PLC0415 - half a second of imports that no other command needs
    except ModuleNotFoundError as missing:
        raise Failure(str(PackageMissing(str(missing.name)))) from missing
    console = Console()
    console.print("Starting PostgreSQL, Temporal, the simulator, the API and the worker …")
    try:
        asyncio.run(local_stack.up(options, session))
    except StackError as error:
        raise Failure(str(error)) from error
    console.print("All parts have ended.")


def _save_profile(console: Console, ready: Ready, name: str) -> None:
    """So that the next command needs no key. Where it cannot be written the stack runs all the same."""
    try:
        local = Profile(url=ready.api.url, key=ready.api.owner_key, caller=ready.phone_numbers.pipeline)
        saved = save(name, local, use=False)
    except AccessError as error:
        console.print(f"[yellow]{escape(str(error))}[/]")
        return
    which = "" if saved.current == name else f" --profile {name}"
    console.print(f"In another terminal: outdial submit samples/contacts.csv --watch{which}", soft_wrap=True)


def announce(console: Console, ready: Ready) -> None:
    """Print the addresses, ids and keys; the ready file has PostgreSQL's password."""
    from sqlalchemy.engine import make_url  # noqa: PLC0415 - no other command needs it

    clicked = {"Console": ready.console.url, "Sign in, once": ready.console.sign_in}
    if ready.codec:
        clicked["Codec server"] = ready.codec.endpoint
    for name, address in clicked.items():
        console.print(f"[bold]{name:19}[/]  {address}", soft_wrap=True, highlight=False)  # whole, to be clicked
    table = Table(box=None, show_header=False, pad_edge=False)
    rows = {
        "API": ready.api.url,
        "API docs": f"{ready.api.url}/docs",
        "Temporal web UI": ready.temporal.ui,
        "Temporal": f"{ready.temporal.address} (namespace {ready.temporal.namespace})",
        "PostgreSQL": make_url(ready.database.url).render_as_string(hide_password=True),
        "Carrier (simulator)": ready.carrier.url,
        "Organization": ready.api.organization_id,
        "Owner's key": ready.api.owner_key,
        "Number to call from": ready.phone_numbers.pipeline,
    }
    for name, value in rows.items():
        table.add_row(f"[bold]{name}[/]", value)
    console.print(table, soft_wrap=True)
    console.print("Ready. Ctrl-C ends all of it.")
