"""A stream that one process holds for all processes that place calls."""

from collections.abc import Awaitable, Callable
from typing import Protocol, runtime_checkable

from carriers import Streaming

IsConnected = Callable[[], Awaitable[bool]]


@runtime_checkable
class SharedStreaming(Streaming, Protocol):
    """A carrier that sends its events over one connection only: whoever connects next takes it over."""

    @property
    def is_connected(self) -> bool:
        """Whether this process holds the connection now."""
        ...

    def share_stream(self, is_connected_elsewhere: IsConnected) -> None:
        """Another process may hold the connection: calls may be placed while `is_connected_elsewhere` returns True."""
        ...
