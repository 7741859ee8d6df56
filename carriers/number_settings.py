"""What single numbers may set at a carrier instead of what the service sets: declared where the carrier is made."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar, runtime_checkable

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from carriers import Carrier

DECLARED = "number_settings"


class NumberSettings(BaseModel):
    """The base of such settings: `accountSid` in a request is `account_sid` here; unknown names are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, alias_generator=to_camel)


@runtime_checkable
class ForNumbers(Carrier, Protocol):
    """A carrier that serves numbers with settings of their own over the connections and the stream that it has."""

    def with_settings(self, settings: Mapping[str, Any]) -> Carrier:
        """The same carrier for such a number. Raises CarrierRefused where the settings are none for it."""
        ...


Factory = TypeVar("Factory", bound=Callable[..., Carrier | None])


def numbers_may_set(settings: type[NumberSettings]) -> Callable[[Factory], Factory]:
    """Declare it on the factory that an entry point names."""

    def declare(factory: Factory) -> Factory:
        setattr(factory, DECLARED, settings)
        return factory

    return declare


def declared_by(factory: Callable[..., Any]) -> type[NumberSettings] | None:
    """What a factory declares; None: its carrier has no settings of single numbers."""
    declared: type[NumberSettings] | None = getattr(factory, DECLARED, None)
    return declared
