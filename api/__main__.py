"""`python -m api`: the API process, on uvicorn.

The app is named, not imported: uvicorn imports it when it starts. Nothing of it is imported before the settings are
checked: its framework reads some of OpenTelemetry's, and raises what is no sentence.
"""

import asyncio
import logging
import socket
import sys
from types import FrameType

import uvicorn

from startup import CannotStart, check_api, check_port, exit_with, limit_stop, load_settings, set_up_telemetry, settle
from telemetry.logging import configure_logging
from workflows.process_end import run_to_end

STARTUP_FAILURE = 3  # as uvicorn's own command ends
GRACE_SECONDS = 25  # longer than a cancel may wait for the last request to the carrier


class Server(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        settle()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        limit_stop()
        super().handle_exit(sig, frame)


def main() -> None:
    configure_logging(logging.getLevelName(logging.INFO))  # before the settings are known
    try:
        settings = load_settings()
        configure_logging(settings.log_level, settings.log_format)
        check_port(settings)
        set_up_telemetry(settings, "api")
        asyncio.run(check_api(settings))
    except CannotStart as reasons:
        exit_with(reasons)
    from api.http.server import raise_file_limit, server_config  # noqa: PLC0415  see above

    raise_file_limit()
    config = server_config(
        "api.app:app",
        host=settings.api_host,
        port=settings.api_port,
        factory=True,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = Server(config)
    server.run()
    if not server.started:
        sys.exit(STARTUP_FAILURE)


if __name__ == "__main__":
    run_to_end(main)
