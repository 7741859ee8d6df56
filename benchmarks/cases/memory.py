"""What a live call holds of a worker's memory."""

import contextlib
import time
from typing import Any

from benchmarks.meter import Meter, rss_of
from benchmarks.outdial import CALLS_PER_SECOND, Outdial
from benchmarks.processes import until
from benchmarks.scale import LINES
from benchmarks.suite import Bench, Case

CALL_SECONDS = 3600  # longer than this takes
LIVE = 2000
BASE = 200  # what the worker needs once for all calls is there
LINES_OF_ONE = 1000  # the most that an organization may have, of which a job may have 50
SLOTS = str(2 * LIVE + 400)
UP_SECONDS = 240
REST_SECONDS = 5
WATCHED_SECONDS = 15


def run(bench: Bench) -> dict[str, Any]:
    """From 200 live calls to 2,000 of two organizations: bytes of the one worker for each of them."""
    with bench.outdial(CALL_SECONDS, environment={"OUTDIAL_CALL_SLOTS": SLOTS}) as outdial:
        outdial.limit(LINES_OF_ONE)
        _create_jobs(outdial, BASE)
        few, base = _memory_at(outdial, BASE)
        began = time.monotonic()
        _create_jobs(outdial, LINES_OF_ONE - BASE)
        _create_jobs(outdial, LINES_OF_ONE, *_other_organization(outdial))
        live, most = _memory_at(outdial, LIVE)
        seconds = time.monotonic() - began - REST_SECONDS
        at_rest = _cpu_at_rest(outdial)
    return {
        **{"bytes": (most - base) / (live - few), "live": live, "seconds": seconds},
        **{"worker_mib": most / 2**20, "percent_at_rest": at_rest},
    }


def _create_jobs(outdial: Outdial, contacts: int, key: str | None = None, number: str | None = None) -> None:
    """As many as it takes to call all of them at once."""
    caller = number or outdial.caller
    for _ in range(0, contacts, LINES):
        outdial.create(outdial.take_numbers(LINES), key, fromPhoneNumberId=caller)


def _other_organization(outdial: Outdial) -> tuple[str, str]:
    """Its key and its number, made fit for as many calls."""
    other = outdial.stack.ready["otherOrganization"]
    key, number = other["ownerKey"], other["phoneNumberId"]
    outdial.ask("PATCH", "/organization", key, json={"concurrentCallLimit": LINES_OF_ONE})
    outdial.ask("PATCH", f"/phone-numbers/{number}", key, json={"callsPerSecond": CALLS_PER_SECOND})
    return key, number


def _memory_at(outdial: Outdial, live: int) -> tuple[int, int]:
    """Calls that are up, and bytes of the worker: once there are so many calls, or after a while."""
    with contextlib.suppress(TimeoutError):
        until(lambda: outdial.carrier.live() >= live, UP_SECONDS, every=0.5)
    time.sleep(REST_SECONDS)
    return outdial.carrier.live(), rss_of(outdial.kinds()["worker"])


def _cpu_at_rest(outdial: Outdial) -> float:
    """Percent of a core that live calls take, while nothing happens to them."""
    meter = Meter(outdial.kinds())
    time.sleep(WATCHED_SECONDS)
    spent = meter.read()
    return 100 * spent.total / spent.seconds


MEMORY = Case("2,000 live calls", run, in_small=False)
