"""The HTTP server: uvicorn, whose connections can be dropped without an answer."""

import socket
from collections.abc import MutableMapping
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

GRACE_SECONDS = 1  # for requests that hang, when the process is asked to end
KEEP_ALIVE_SECONDS = 75  # longer than clients keep an idle connection, so that none is reused as it closes
_TRANSPORT = "outdial.transport"


class DroppingProtocol(HttpToolsProtocol):
    """Shows the application its connection."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope[_TRANSPORT] = self.transport  # type: ignore[literal-required]


def drop_connection(scope: MutableMapping[str, Any]) -> None:
    """Cut the connection of a request: its client sees no answer, not even a broken one."""
    scope[_TRANSPORT].abort()


def listen(host: str, port: int) -> socket.socket:
    """Bind first: the port is known then, also for 0."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(1024)  # connections wait from now on until we serve
    return listener


def serve(app: Any, listener: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT."""
    config = uvicorn.Config(
        app,
        http=DroppingProtocol,
        ws="none",
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        server_header=False,
    )
    uvicorn.Server(config).run(sockets=[listener])
