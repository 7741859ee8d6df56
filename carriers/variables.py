"""Which environment variables a carrier reads, declared on its factory so that mistyped ones are found; and how."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from carriers import Carrier

NO_VALUE = frozenset({"", "none"})
ATTRIBUTE = "variables"  # of the factory
SWITCH = "`on`, `off`"
OF_ALL_CARRIERS = "OUTDIAL_PLACE_TIMEOUT_SECONDS"

Factory = TypeVar("Factory", bound=Callable[..., Carrier | None])


class WrongVariable(ValueError):
    """A sentence that names the variable."""


@dataclass(frozen=True)
class Variable:
    """One that a carrier reads, as the documents tell of it."""

    name: str
    does: str = ""  # empty: it is described elsewhere
    default: str = ""
    allowed: str = ""


def read_address(environment: Mapping[str, str], name: str) -> str | None:
    """The address of a server; None where there is none. Raises WrongVariable."""
    url = environment.get(name, "")
    if url in NO_VALUE:
        return None
    if not is_address(url):
        raise WrongVariable(f"{name} must be an address that begins with https:// (or http://).")
    return url


def is_address(url: str) -> bool:
    """Whether HTTP requests can be sent there."""
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number
        return False


def read_switch(environment: Mapping[str, str], name: str, *, default: bool) -> bool:
    """`on` or `off`. Raises WrongVariable."""
    value = environment.get(name, "") or ("on" if default else "off")
    if value not in {"on", "off"}:
        raise WrongVariable(f"{name} must be on or off.")
    return value == "on"


def reads(*variables: Variable | str) -> Callable[[Factory], Factory]:
    """Declare all of them, by their whole names, on the factory that an entry point names."""

    def declare(factory: Factory) -> Factory:
        setattr(factory, ATTRIBUTE, tuple(each if isinstance(each, Variable) else Variable(each) for each in variables))
        return factory

    return declare


def declared_variables(factory: Callable[..., Any]) -> frozenset[str] | None:
    """The names that a factory declares; None: nothing, and it may read any."""
    declared: tuple[Variable, ...] | None = getattr(factory, ATTRIBUTE, None)
    return None if declared is None else frozenset(each.name for each in declared)


def described_variables(factory: Callable[..., Any]) -> list[Variable]:
    """Those of which a factory says what they do, in its order."""
    declared: tuple[Variable, ...] = getattr(factory, ATTRIBUTE, ())
    return [each for each in declared if each.does]
