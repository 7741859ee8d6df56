"""Workers and APIs are exchanged one by one while a job calls: each ends in time, no call with it, no line waits."""

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import psutil
import pytest

from tests.deploy.deployment import Deployment
from tests.end_to_end.batch import TALKS, Batch, Numbers, contacts
from tests.end_to_end.batches.test_webhooks import subscribe
from tests.invariants import Dial, read_carrier_record
from tests.receiving import Receiver, never
from tests.serving import beside
from tests.tools import need
from tests.waiting import until

CONTACTS = 1_200
LINES = 15
TALKERS = 3  # lines of their own: on the phone before the first restart, and after the last one
SPEED = 6.0
USUAL_SECONDS = 20.0  # without any restart
SETTLE_SECONDS = 6.0
STANDSTILL_SECONDS = 2.0  # until a call is placed whose id cannot be written down
MAX_EXIT_SECONDS = 30.0
MAX_LOST_SECONDS = 1.0  # of a line, beyond what it usually waits for its next call
ROOM = 3.0  # for a busy machine
ALLOWED = {"unknown": LINES, "unheard": LINES, "unsent": LINES}  # of calls that nobody could write down for 30 s
PARTS = ("worker-1", "worker-2", "worker-3", "api-1", "api-2")


@dataclass(frozen=True)
class Restart:
    """Seconds since the epoch: told to end, ended, well again; `until`: when the next one was told."""

    part: str
    told_at: float
    ended_at: float
    well_at: float
    until: float


@pytest.mark.soak
@pytest.mark.timeout(1500)
def test_processes_exchanged_one_by_one_end_in_time_and_hold_no_line_up() -> None:
    """A receiver of webhooks that never answers, and a stream that never ends, are what they wait for at the most."""
    need("nginx", "nginx-light")
    numbers = Numbers()
    with beside(Receiver.listening()) as receiver, Deployment.running(speed=SPEED, limit=LINES + TALKERS) as deployment:
        receiver.answering = never
        subscribe(deployment, receiver)
        talking = Batch.create(deployment, contacts(numbers.scripted(TALKS, TALKERS)), maxCallSeconds=14_400)
        until(lambda: talking.live() == TALKERS, 60, every=0.2)
        batch = Batch.create(
            deployment, contacts(numbers.some(CONTACTS)), concurrentCallLimit=LINES, circuitBreaker=False
        )
        until(lambda: batch.live() == LINES, 120, every=0.2)
        time.sleep(SETTLE_SECONDS)
        with _reading(deployment, batch):
            began_at = time.time()
            time.sleep(USUAL_SECONDS)
            restarts = [_restart(deployment, part) for part in PARTS]
        frozen = _end_while_the_database_stands_still(deployment, ("worker-2", "api-2"))
        assert talking.live() == TALKERS
        assert batch.open_contacts() > LINES, "the job was nearly over before the last restart"
        for each in (batch, talking):
            each.hang_up()
            each.wait_until_nobody_is_on_the_phone(120)
        dials = tuple(dial for dial in read_carrier_record(deployment.data_dir / "carrier.db"))
        complaints = [
            *batch.complaints(speed=SPEED, **ALLOWED),
            *talking.complaints(speed=SPEED),
            *batch.ledger_complaints(),
        ]

    ours = [dial for dial in dials if dial["to"] in batch.numbers]
    usual = _longest_wait(ours, began_at, restarts[0].told_at)
    print(f"\nusually a line waits {usual:.2f} s at the longest")
    lost = {each.part: _longest_wait(ours, each.told_at, each.until) - usual for each in restarts}
    for restart in restarts:
        took, live, line = restart.ended_at - restart.told_at, _live_at(dials, restart.told_at), lost[restart.part]
        print(f"{restart.part}: ended after {took:.1f} s of {live} live calls; a line lost {max(line, 0):.2f} s")
    print(f"while the database stood still they ended after {frozen}")
    assert complaints == []
    assert [part for part, seconds in frozen.items() if seconds > MAX_EXIT_SECONDS] == []
    assert [each.part for each in restarts if each.ended_at - each.told_at > MAX_EXIT_SECONDS] == []
    assert [part for part, seconds in lost.items() if seconds > ROOM * MAX_LOST_SECONDS] == []
    restarted = restarts[-1].until
    cut = [dial for dial in dials if dial["outcome"] == "canceled" and dial["endedAt"] < restarted]
    assert cut == []


def _restart(deployment: Deployment, name: str) -> Restart:
    part = deployment.parts[name]
    told_at = time.time()
    part.end(signal.SIGTERM)
    ended_at = time.time()
    part.start()
    part.wait_until_well()
    well_at = time.time()
    time.sleep(SETTLE_SECONDS)
    return Restart(name, told_at, ended_at, well_at, time.time())


def _end_while_the_database_stands_still(deployment: Deployment, names: tuple[str, ...]) -> dict[str, float]:
    """By process, how many seconds it took to end though it could write nothing down; then all works again."""
    server = psutil.Process(deployment.parts["postgres"].process.pid)
    stopped = [server, *server.children(recursive=True)]
    for process in stopped:
        process.suspend()
    try:
        time.sleep(STANDSTILL_SECONDS)
        told_at, took = time.time(), {}
        for name in names:
            deployment.parts[name].process.send_signal(signal.SIGTERM)
        for name in names:
            deployment.parts[name].end()
            took[name] = round(time.time() - told_at, 1)
    finally:
        for process in stopped:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()
    for name in names:
        deployment.parts[name].start()
        deployment.parts[name].wait_until_well()
    return took


def _longest_wait(dials: list[Dial], begin: float, end: float) -> float:
    """The longest that a line waited for a call that began, or was to begin, within these moments.

    By the carrier's record: whoever calls next takes the line that is free for the longest.
    """
    free = sorted(dial["endedAt"] for dial in dials if dial["endedAt"] is not None)
    longest, at = 0.0, 0
    for dial in sorted(dials, key=lambda dial: dial["askedAt"])[LINES:]:
        if dial["askedAt"] > end:
            break
        if dial["askedAt"] >= begin:
            longest = max(longest, dial["askedAt"] - free[at])
        at += 1
    idle = [end - ended_at for ended_at in free[at : at + 1] if ended_at < end]
    return max([longest, *idle])


def _live_at(dials: tuple[Dial, ...], moment: float) -> int:
    return sum(1 for dial in dials if dial["askedAt"] <= moment < (dial["endedAt"] or moment + 1))


@contextmanager
def _reading(deployment: Deployment, batch: Batch) -> Iterator[None]:
    """Somebody follows the job's events, and comes again when the connection ends."""
    over = threading.Event()

    def read() -> None:
        while not over.is_set():
            try:
                with deployment.http() as client, client.stream("GET", f"/batch/jobs/{batch.job_id}/events") as answer:
                    for _ in answer.iter_lines():
                        if over.is_set():
                            return
            except httpx.HTTPError:
                time.sleep(0.2)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        yield
    finally:
        over.set()
        reader.join(30)
