"""`python -m api`: the API process, on uvicorn.

The app is named, not imported: processes that read contact files import this module again.
"""

import uvicorn

from api.http.logging import configure_logging
from settings import Settings

GRACE_SECONDS = 25  # longer than a cancel may wait for the last request to the carrier


def main() -> None:
    settings = Settings()
    configure_logging(settings.log_level)
    uvicorn.run(
        "api.app:app",
        factory=True,
        host=settings.api_host,
        port=settings.api_port,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


if __name__ == "__main__":
    main()
