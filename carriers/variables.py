"""Which environment variables a carrier reads: declared on its factory, so that mistyped ones are found."""

from collections.abc import Callable
from typing import Any, TypeVar

from carriers import Carrier

ATTRIBUTE = "variables"  # of the factory

Factory = TypeVar("Factory", bound=Callable[..., Carrier | None])


def reads(*names: str) -> Callable[[Factory], Factory]:
    """Declare all of them, by their whole names, on the factory that an entry point names."""

    def declare(factory: Factory) -> Factory:
        setattr(factory, ATTRIBUTE, frozenset(names))
        return factory

    return declare


def declared_variables(factory: Callable[..., Any]) -> frozenset[str] | None:
    """What a factory declares; None: nothing, and it may read any."""
    declared: frozenset[str] | None = getattr(factory, ATTRIBUTE, None)
    return declared
