"""A stream that one process holds for all that place calls."""

from collections.abc import Awaitable, Callable
from typing import Protocol, runtime_checkable

from carriers import Streaming

Stands = Callable[[], Awaitable[bool]]


@runtime_checkable
class SharedStreaming(Streaming, Protocol):
    """A carrier that tells its events to one connection only: whoever connects next takes it over."""

    @property
    def stands(self) -> bool:
        """Whether this process holds a connection now."""
        ...

    def trust(self, elsewhere: Stands) -> None:
        """Another process may hold the connection: `elsewhere` tells whether it stands, and calls may be placed."""
        ...
