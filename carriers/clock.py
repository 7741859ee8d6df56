"""A clock that goes on while the machine sleeps: by it is judged whether a request may still be made."""

import time

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # outside Linux CLOCK_MONOTONIC counts sleep too


def boot_time() -> float:
    """Seconds since some instant, those of a suspended machine included, whoever sets the clock.

    `time.monotonic()` stands still during suspend: what had to be sent within five seconds was sent after the night.
    """
    return time.clock_gettime(_CLOCK)
