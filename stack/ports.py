"""Ports of the services: a given one is checked, 0 takes a free one."""

import random
import socket
from pathlib import Path

from stack.errors import PortTaken

LOOPBACK = "127.0.0.1"
MIN_FREE_PORT = 15_000
# From there on the kernel takes ports for outgoing connections: a service that is restarted would find its own port
# taken by a client of another service, or that client connected to itself.
EPHEMERAL_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
FIRST_EPHEMERAL_PORT = 32_768
MAX_TRIES = 200


def choose_port(port: int, flag: str) -> int:
    """The port itself, or a free one for 0. Raises PortTaken."""
    if port == 0:
        return free_port()
    if not is_free(port):
        raise PortTaken(port, flag)
    return port


def free_port() -> int:
    """A port that nothing listens on, outside the kernel's range for outgoing connections."""
    candidates = range(MIN_FREE_PORT, max(_first_ephemeral_port(), MIN_FREE_PORT + 1000))
    for port in random.sample(candidates, MAX_TRIES):
        if is_free(port):
            return port
    raise OSError("no free port found on 127.0.0.1")


def is_free(port: int) -> bool:
    """Whether a server could listen on it now; connections of a former server do not count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def _first_ephemeral_port() -> int:
    try:
        return int(EPHEMERAL_RANGE.read_text().split()[0])
    except OSError:
        return FIRST_EPHEMERAL_PORT
