"""Which carriers there are: installed packages name them by the entry-point group `outdial.carriers`.

Each entry is a factory: it takes the environment, reads its own variables (`OUTDIAL_<NAME>_…`) and returns the
carrier, or None where it has no settings. The entry's name is the carrier's: its id in the database, in the
callback's path and in `carrier` of a number.
"""

import logging
import re
from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from pydantic import ValidationError

from carriers import Carrier, NotSetUp
from carriers.number_settings import NumberSettings, declared_settings
from carriers.variables import WrongVariable, declared_variables

logger = logging.getLogger(__name__)

_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")  # accountSid: account, Sid
GROUP = "outdial.carriers"

Environment = Mapping[str, str]
Factory = Callable[[Environment], Carrier | None]


class UnknownCarrierError(Exception):
    """No installed package has a carrier of that name, or its entry returns something else."""


class WrongSettings(ValueError):
    """A carrier's factory cannot make anything of its settings. `sentences`: one for each that is wrong."""

    def __init__(self, *sentences: str) -> None:
        super().__init__(" ".join(sentences))
        self.sentences = sentences


def installed() -> list[str]:
    """The names of all carriers that could be set up, sorted."""
    return sorted(_entries())


def set_up(environment: Environment) -> dict[str, Carrier]:
    """All carriers that have settings, by name.

    Raises UnknownCarrierError for an entry that returns no carrier, WrongSettings.
    """
    opened = {name: open_carrier(name, environment) for name in installed()}
    carriers = {name: carrier for name, carrier in opened.items() if carrier is not None}
    if not carriers:
        logger.warning("No carrier is set up, of those installed: %s. No call can be placed.", list(opened) or "none")
    return carriers


def open_carrier(name: str, environment: Environment) -> Carrier | None:
    """One carrier; None where it has no settings. Raises UnknownCarrierError, WrongSettings."""
    entry = _entries().get(name)
    if entry is None:
        known = ", ".join(installed()) or "none"
        raise UnknownCarrierError(f"There is no carrier {name!r} here; installed are: {known}.")
    factory: Factory = _load(entry)
    carrier = _make(name, factory, environment)
    if carrier is not None and (not isinstance(carrier, Carrier) or carrier.name != name):
        raise UnknownCarrierError(f"What {entry.value} returns is not the carrier {name!r}.")
    return carrier


def number_settings(name: str) -> type[NumberSettings] | None:
    """What single numbers may set at a carrier; None: nothing, or there is no such carrier here."""
    entry = _entries().get(name)
    return None if entry is None else declared_settings(_load(entry))


def settings_of_numbers() -> dict[str, type[NumberSettings]]:
    """By carrier, for those that have some."""
    every = {name: number_settings(name) for name in installed()}
    return {name: settings for name, settings in every.items() if settings is not None}


def variables() -> frozenset[str]:
    """The environment variables that installed carriers declare to read."""
    declared = [declared_variables(_load(entry)) or frozenset() for entry in _entries().values()]
    return frozenset().union(*declared)


def undeclared_prefixes() -> tuple[str, ...]:
    """How the variables of those begin that do not declare what they read."""
    entries = _entries().items()
    return tuple(f"OUTDIAL_{name.upper()}_" for name, entry in entries if declared_variables(_load(entry)) is None)


def builders(environment: Environment) -> dict[str, Callable[[Mapping[str, Any]], Carrier]]:
    """By carrier, what builds one from an account's own settings."""
    return {name: partial(with_own_settings, name, environment) for name in installed()}


def with_own_settings(name: str, environment: Environment, settings: Mapping[str, Any]) -> Carrier:
    """A carrier with an account of its own: `accountSid` replaces `OUTDIAL_<NAME>_ACCOUNT_SID`.

    Raises UnknownCarrierError; NotSetUp where these settings are not enough.
    """
    own = {f"OUTDIAL_{name.upper()}_{_WORD_START.sub('_', key).upper()}": str(value) for key, value in settings.items()}
    carrier = open_carrier(name, {**environment, **own})
    if carrier is None:
        raise NotSetUp("The settings of this number's carrier account are not enough to set it up.")
    return carrier


def find_wrong_settings(environment: Environment) -> list[str]:
    """A sentence for each setting of a carrier that keeps it from being set up, and for each that cannot be."""
    found: list[str] = []
    for name in installed():
        try:
            open_carrier(name, environment)
        except WrongSettings as wrong:
            found += wrong.sentences
        except UnknownCarrierError as error:
            found.append(str(error))
    return found


def _make(name: str, factory: Factory, environment: Environment) -> Carrier | None:
    try:
        return factory(environment)
    except WrongVariable as error:
        raise WrongSettings(str(error)) from error
    except ValidationError as error:
        prefix = f"OUTDIAL_{name.upper()}_"
        lines = [(".".join(map(str, each["loc"])).upper(), each["msg"]) for each in error.errors(include_input=False)]
        raise WrongSettings(*(f"{prefix}{field}: {message}." for field, message in lines)) from None
    except ValueError as error:
        raise WrongSettings(
            f"The settings OUTDIAL_{name.upper()}_… of the carrier {name!r} are wrong: {error}"
        ) from error


def _load(entry: EntryPoint) -> Any:
    """Raises UnknownCarrierError where the package is broken."""
    try:
        return entry.load()
    except (ImportError, AttributeError) as error:
        raise UnknownCarrierError(f"The carrier {entry.name!r} ({entry.value}) cannot be loaded: {error}.") from error


def _entries() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}
