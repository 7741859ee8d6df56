"""Settings of single numbers, which replace the service's: declared on the factory that builds the carrier."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar, runtime_checkable

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from carriers import Carrier

ATTRIBUTE = "number_settings"  # of the factory


class NumberSettings(BaseModel):
    """The base of such settings: `accountSid` in a request is `account_sid` here; unknown names are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, alias_generator=to_camel)

    @property
    def shared_trunk(self) -> str | None:
        """The trunk that they name on the service's account, which an operator must grant.

        None: they are credentials of an account of one's own."""
        return None


@runtime_checkable
class SupportsNumberSettings(Carrier, Protocol):
    """A carrier that serves numbers with settings of their own over the connections and the stream that it has."""

    def with_settings(self, settings: Mapping[str, Any]) -> Carrier:
        """The same carrier for such a number. Raises CarrierRefused where the settings do not fit."""
        ...


Factory = TypeVar("Factory", bound=Callable[..., Carrier | None])


def numbers_may_set(settings: type[NumberSettings]) -> Callable[[Factory], Factory]:
    """Declare it on the factory that an entry point names."""

    def declare(factory: Factory) -> Factory:
        setattr(factory, ATTRIBUTE, settings)
        return factory

    return declare


def declared_settings(factory: Callable[..., Any]) -> type[NumberSettings] | None:
    """What a factory declares; None: its carrier has no settings of single numbers."""
    declared: type[NumberSettings] | None = getattr(factory, ATTRIBUTE, None)
    return declared
