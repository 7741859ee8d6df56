"""`outdial profile`: addresses and keys by name, in a file that only its owner can read."""

from typing import Annotated

import typer
from outdial_client import Profile, Profiles

from cli.command import command
from cli.output import Output

COLUMNS = {"name": "Name", "url": "URL", "key": "Key", "current": "Current"}

app = typer.Typer(name="profile", help="Addresses and keys by name; `up` writes one, `local`.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(metavar="NAME", show_default=False)]


def save(name: str, profile: Profile, *, use: bool) -> Profiles:
    """Add or replace a profile. It becomes the current one where `use` says so, or there is none."""
    saved = Profiles.read().saved(name, profile, use=use)
    saved.write()
    return saved


@command(app, "list")
def list_profiles(output: Output) -> None:
    """List the profiles; of keys the first letters only."""
    known = Profiles.read()
    rows = [
        {"name": name, "url": one.url, "key": f"{one.key[:6]}…", "current": name == known.current}
        for name, one in sorted(known.profiles.items())
    ]
    output.table(COLUMNS, rows)


@command(app, "set")
def set_profile(
    name: Name,
    url: Annotated[str, typer.Option(help="Where the API answers.", show_default=False)],
    key: Annotated[
        str, typer.Option(prompt="API key", hide_input=True, help="Asked for unless given.", show_default=False)
    ],
    caller: Annotated[
        str | None, typer.Option("--from", help="The number, or its id, that calls where a command names none.")
    ] = None,
    use: Annotated[bool, typer.Option("--use", help="Make it the current one.")] = False,
    *,
    output: Output,
) -> None:
    """Add a profile, or change it."""
    saved = save(name, Profile(url=url.rstrip("/"), key=key.strip(), caller=caller), use=use)
    output.message({"message": f"{name} is saved. The current profile is {saved.current}."})


@command(app)
def use(name: Name, output: Output) -> None:
    """Make a profile the one that commands use unless they name another."""
    known = Profiles.read()
    known.find(name)
    known.model_copy(update={"current": name}).write()
    output.message({"message": f"The current profile is {name}."})


@command(app)
def remove(name: Name, output: Output) -> None:
    """Forget a profile; its key stays valid."""
    known = Profiles.read()
    known.find(name)
    kept = {other: one for other, one in known.profiles.items() if other != name}
    Profiles(current=None if known.current == name else known.current, profiles=kept).write()
    output.message({"message": f"{name} is forgotten."})
