"""Addresses and keys by name, in a file that only its owner can read. The command line writes and reads the same."""

import json
import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from outdial_client.errors import AccessError, NotConfigured

PRIVATE = 0o600


class Profile(BaseModel):
    """Where an API answers, and a key of it. `caller`: the number that calls where nothing names one."""

    model_config = ConfigDict(frozen=True)

    url: str
    key: str = Field(repr=False)
    caller: str | None = None


class Profiles(BaseModel):
    """All of them; `current`: which is used where none is named."""

    model_config = ConfigDict(frozen=True)

    current: str | None = None
    profiles: dict[str, Profile] = Field(default_factory=dict)

    @classmethod
    def path(cls) -> Path:
        """OUTDIAL_PROFILES, else below the user's configuration."""
        home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
        return Path(os.environ.get("OUTDIAL_PROFILES") or Path(home) / "outdial" / "profiles.json")

    @classmethod
    def read(cls) -> "Profiles":
        """None of them where there is no file. Raises AccessError where it is there and cannot be read."""
        try:
            return cls.model_validate_json(cls.path().read_bytes())
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError):
            raise AccessError(f"The profiles in {cls.path()} cannot be read.") from None

    def find(self, name: str | None) -> Profile | None:
        """The one of this name, or the current one. Raises NotConfigured for a name that is not there."""
        if name is None:
            return self.profiles.get(self.current or "")
        if name not in self.profiles:
            known = ", ".join(sorted(self.profiles)) or "none"
            raise NotConfigured(f"There is no profile {name}. There are: {known}.")
        return self.profiles[name]

    def write(self) -> None:
        """Replace the file whole; nobody else can read it at any instant. Raises AccessError."""
        path = self.path()
        unfinished = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE), "w") as file:
                json.dump(self.model_dump(), file, indent=2)
            unfinished.replace(path)
        except OSError as error:
            unfinished.unlink(missing_ok=True)
            raise AccessError(f"The profiles in {path} cannot be written: {error.strerror}.") from None

    def saved(self, name: str, profile: Profile, *, use: bool) -> "Profiles":
        """With one more or another; it becomes the current one where `use` says so, or there is none."""
        current = name if use or self.current is None else self.current
        return Profiles(current=current, profiles={**self.profiles, name: profile})
