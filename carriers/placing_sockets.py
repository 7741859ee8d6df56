"""Sockets of clients that place calls: what we have given up must not arrive later.

TCP sends bytes that were not acknowledged again and again, for minutes, also after our time-out and after the socket is
closed. Two options bound that. TCP_USER_TIMEOUT (RFC 5482; tcp(7), Linux) has the kernel drop a connection whose bytes
are not acknowledged in time, whatever has become of the process. SO_LINGER of 0 s drops them the moment the socket is
closed: at our own time-out, and when the process dies.
"""

import socket
import struct
from typing import Any

SocketOption = tuple[int, int, int] | tuple[int, int, bytes]

_DROP_ON_CLOSE = struct.pack("ii", 1, 0)
_USER_TIMEOUT: int | None = getattr(socket, "TCP_USER_TIMEOUT", None)  # other systems have none that is as strict


def socket_options(timeout_seconds: float) -> list[SocketOption]:
    """The options of a connection over which requests are made that may take `timeout_seconds`."""
    options: list[SocketOption] = [(socket.SOL_SOCKET, socket.SO_LINGER, _DROP_ON_CLOSE)]
    if _USER_TIMEOUT is not None:
        options.append((socket.IPPROTO_TCP, _USER_TIMEOUT, max(1, round(timeout_seconds * 1000))))
    return options


def open_socket(address: tuple[Any, ...], timeout_seconds: float) -> socket.socket:
    """A socket for an address as `getaddrinfo` lists it (family, type, protocol, …), with these options."""
    family, kind, protocol, *_ = address
    opened = socket.socket(family=family, type=kind, proto=protocol)
    for level, name, value in socket_options(timeout_seconds):
        opened.setsockopt(level, name, value)
    return opened
