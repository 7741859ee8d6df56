"""`outdial profile`: addresses and keys by name, in a file that only its owner can read."""

import json
import os
from pathlib import Path
from typing import Annotated

import typer
from pydantic import Field

from cli.command import command
from cli.errors import ExitCode, Failure
from cli.output import Output
from domain.model import Model

COLUMNS = {"name": "Name", "url": "URL", "key": "Key", "current": "Current"}
PRIVATE = 0o600

app = typer.Typer(name="profile", help="Addresses and keys by name; `up` writes one, `local`.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(metavar="NAME", show_default=False)]


class Profile(Model):
    """Where an API answers, and a key of it. `caller`: the number that calls where a command names none."""

    url: str
    key: str
    caller: str | None = None


class Profiles(Model):
    """All of them; `current`: which is used where a command names none."""

    current: str | None = None
    profiles: dict[str, Profile] = Field(default_factory=dict)

    @classmethod
    def path(cls) -> Path:
        """OUTDIAL_PROFILES, else below the user's configuration."""
        home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
        return Path(os.environ.get("OUTDIAL_PROFILES") or Path(home) / "outdial" / "profiles.json")

    @classmethod
    def read(cls) -> "Profiles":
        """Raises Failure where the file is there and cannot be read."""
        try:
            return cls.model_validate_json(cls.path().read_bytes())
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError):
            raise Failure(f"The profiles in {cls.path()} cannot be read.") from None

    def find(self, name: str | None) -> Profile | None:
        """The one of this name, or the current one. Raises Failure for a name that is not there."""
        if name is None:
            return self.profiles.get(self.current or "")
        if name not in self.profiles:
            known = ", ".join(sorted(self.profiles)) or "none"
            raise Failure(f"There is no profile {name}. There are: {known}.", ExitCode.USAGE)
        return self.profiles[name]

    def write(self) -> None:
        """Replace the file whole; nobody else can read it at any instant. Raises Failure."""
        path = self.path()
        unfinished = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE), "w") as file:
                json.dump(self.model_dump(), file, indent=2)
            unfinished.replace(path)
        except OSError as error:
            unfinished.unlink(missing_ok=True)
            raise Failure(f"The profiles in {path} cannot be written: {error.strerror}.") from None


def save(name: str, profile: Profile, *, use: bool) -> Profiles:
    """Add or replace a profile. It becomes the current one where `use` says so, or there is none."""
    known = Profiles.read()
    current = name if use or known.current is None else known.current
    saved = Profiles(current=current, profiles={**known.profiles, name: profile})
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
