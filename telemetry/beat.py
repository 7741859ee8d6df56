"""Whether a process's event loop still turns: `python -m telemetry.beat http://127.0.0.1:9464/metrics`, a health check.

Metrics are served by a thread of their own, which answers also where the loop stands still.
"""

import re
import sys
import time
import urllib.request

PATIENCE_SECONDS = 5.0
BETWEEN_SECONDS = 0.5
ANSWER_SECONDS = 3.0
TURNS = re.compile(r"^outdial_event_loop_lag_seconds_count (\S+)$", re.MULTILINE)


def find_fault(url: str, patience: float = PATIENCE_SECONDS) -> str | None:
    """What is wrong with the process that serves its metrics there; None where its loop turns within seconds."""
    deadline = time.monotonic() + patience
    try:
        first = _read_turns(url)
        while first is not None and time.monotonic() < deadline:
            time.sleep(BETWEEN_SECONDS)
            if _read_turns(url) != first:
                return None
    except OSError as error:
        return f"{url} cannot be read ({type(error).__name__})"
    return f"the event loop has not turned for {patience:.0f} s"


def _read_turns(url: str) -> str | None:
    """None before the first turn."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(url, timeout=ANSWER_SECONDS) as answer:
        found = TURNS.search(answer.read().decode())
    return found and found[1]


if __name__ == "__main__":
    sys.exit(find_fault(sys.argv[1]))
