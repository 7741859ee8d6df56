"""What a live call holds of a worker's memory."""

import time
from typing import Any

from benchmarks.meter import Meter, rss_of
from benchmarks.outdial import Outdial
from benchmarks.processes import until
from benchmarks.suite import Bench, Case

CALL_SECONDS = 3600  # longer than this takes
LIVE = 2000
BASE = 200  # what the worker needs once for all calls is there
LINES_OF_ONE = 1000  # the most that an organization may have
SLOTS = str(2 * LIVE + 400)
UP_SECONDS = 240
REST_SECONDS = 5
WATCHED_SECONDS = 15


def run(bench: Bench) -> dict[str, Any]:
    """From 200 live calls to 2,000 of two organizations: bytes of the one worker for each of them."""
    with bench.outdial(CALL_SECONDS, environment={"OUTDIAL_CALL_SLOTS": SLOTS}) as outdial:
        outdial.limit(LINES_OF_ONE)
        outdial.create(outdial.take_numbers(BASE), concurrentCallLimit=LINES_OF_ONE)
        base = _memory_at(outdial, BASE)
        began = time.monotonic()
        outdial.create(outdial.take_numbers(LINES_OF_ONE - BASE), concurrentCallLimit=LINES_OF_ONE)
        _other_organization(outdial)
        most = _memory_at(outdial, LIVE)
        seconds, live = time.monotonic() - began - REST_SECONDS, outdial.carrier.live()
        at_rest = _cpu_at_rest(outdial)
    return {
        **{"bytes": (most - base) / (live - BASE), "live": live, "seconds": seconds},
        **{"worker_mib": most / 2**20, "percent_at_rest": at_rest},
    }


def _other_organization(outdial: Outdial) -> None:
    other = outdial.stack.ready["otherOrganization"]
    key, number = other["ownerKey"], other["phoneNumberId"]
    outdial.ask("PATCH", "/organization", key, json={"concurrentCallLimit": LINES_OF_ONE})
    outdial.ask("PATCH", f"/phone-numbers/{number}", key, json={"callsPerSecond": 1000})
    contacts = [{"phone": one} for one in outdial.take_numbers(LINES_OF_ONE)]
    wanted = {"name": "Benchmark", "fromPhoneNumberId": number, "concurrentCallLimit": LINES_OF_ONE}
    outdial.ask("POST", "/batch/create", key, json={**wanted, "contacts": contacts}, timeout=60)


def _memory_at(outdial: Outdial, live: int) -> int:
    """Bytes of the worker once so many calls are up. Raises TimeoutError."""
    until(lambda: outdial.carrier.live() >= live, UP_SECONDS, every=0.5)
    time.sleep(REST_SECONDS)
    return rss_of(outdial.kinds()["worker"])


def _cpu_at_rest(outdial: Outdial) -> float:
    """Percent of a core that live calls take, while nothing happens to them."""
    meter = Meter(outdial.kinds())
    time.sleep(WATCHED_SECONDS)
    spent = meter.read()
    return 100 * spent.total / spent.seconds


MEMORY = Case("2,000 live calls", run, in_small=False)
