"""A job from its submission to its last contact: how fast, for how much CPU, how well its lines are used."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import psycopg

from benchmarks.carrier.process import Carrier
from benchmarks.carrier.record import after, called_twice, ideal_seconds, most_live
from benchmarks.meter import Meter, Spent
from benchmarks.scale import LINES

APPLICATION = "benchmark"  # how our connections call themselves
LOOK_SECONDS = 0.2  # how often the database is asked
SHORT_SECONDS = 10  # a call below that is short
KILL_AFTER_SECONDS = {True: 1.0, False: 5.0}  # short or not: half-way through, in the middle of a wave


class Subject(Protocol):
    """Outdial or a peer."""

    carrier: Carrier

    @property
    def database(self) -> str: ...
    def kinds(self) -> dict[str, list[int]]: ...
    def take_numbers(self, count: int) -> list[str]: ...
    def submit(self, numbers: Sequence[str]) -> float: ...
    def submitter_cpu(self) -> float: ...
    def finished(self, connection: psycopg.Connection[Any]) -> tuple[int, float | None]: ...
    def kill_worker(self) -> None: ...
    def restart_worker(self) -> list[int]: ...


@dataclass(frozen=True)
class Calls:
    """So many contacts, each called for so long. `settle`: seconds in which a lost job may come back, after a kill."""

    contacts: int
    seconds: float
    kill: bool = False
    settle: float = 0.0
    timeout: float = 240.0


def measure(subject: Subject, calls: Calls) -> dict[str, Any]:
    """Run them; times in seconds, CPU in ms a contact.

    Raises TimeoutError; where the worker is killed, what is not done then is lost.
    """
    numbers, meter, carrier_cpu = subject.take_numbers(calls.contacts), Meter(subject.kinds()), subject.carrier.cpu()
    with psycopg.connect(subject.database, autocommit=True, application_name=APPLICATION) as connection:
        began = subject.submit(numbers)
        killed = _follow(subject, calls, connection, meter, began)
        spent = meter.read(besides=subject.carrier.cpu() - carrier_cpu)
        done, last = subject.finished(connection)
    if done < calls.contacts and not calls.kill:
        raise TimeoutError(f"{done} of {calls.contacts} contacts within {calls.timeout:.0f} s")
    time.sleep(calls.settle)
    spent.cpu["submitter"] = subject.submitter_cpu()
    makespan = (last or time.time()) - began
    record = [call for call in subject.carrier.calls() if call["to"] in set(numbers)]
    told: dict[str, Any] = {
        **{"contacts": calls.contacts, "done": done, "makespan": makespan, "rate": done / makespan},
        **{"dials": len(record), "twice": called_twice(record), "peak": most_live(record)},
        **_cpu(spent, max(1, done)),
    }
    if calls.seconds:
        told["lines"] = ideal_seconds(calls.contacts, calls.seconds, LINES) / makespan
    if killed is not None:
        told |= after(record, killed, LINES) | {"lost": calls.contacts - done, "over": max(0, told["peak"] - LINES)}
    return told


def _cpu(spent: Spent, contacts: int) -> dict[str, Any]:
    by_kind = {kind: seconds * 1000 / contacts for kind, seconds in spent.cpu.items()}
    return {"cpu": sum(by_kind.values()), "cpu_by_kind": by_kind, "others": spent.others}


def _follow(
    subject: Subject, calls: Calls, connection: psycopg.Connection[Any], meter: Meter, began: float
) -> float | None:
    """Wait for the end, kill the worker on the way where that is wanted; when it was killed."""
    kill_at = killed = None
    short = calls.seconds < SHORT_SECONDS
    while time.time() - began < calls.timeout:
        done, _ = subject.finished(connection)
        if done >= calls.contacts:
            break
        if calls.kill and kill_at is None and done >= (calls.contacts / 2 if short else LINES):
            kill_at = time.time() + KILL_AFTER_SECONDS[short]
        if kill_at is not None and killed is None and time.time() >= kill_at:
            meter.about_to_end("worker")
            subject.kill_worker()
            killed = time.time()
            meter.replaced("worker", subject.restart_worker())
        time.sleep(LOOK_SECONDS)
    return killed
