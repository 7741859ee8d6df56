"""`python -m carriers.simulator`: start the simulator; see its README."""

import signal
import sys

from pydantic_settings import CliApp

from carriers.simulator.app import build_app
from carriers.simulator.options import Options
from carriers.simulator.server import listen, serve


def main() -> None:
    options = CliApp.run(Options)
    listener = listen(options.host, options.port)
    sys.stdout.write(f"http://{options.host}:{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda *_: None)  # the server shuts down in order and raises it again: exit code 0
    serve(build_app(options), listener)


if __name__ == "__main__":
    main()
