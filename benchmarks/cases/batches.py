"""Jobs of Outdial and of the peers."""

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from benchmarks.carrier.process import Carrier
from benchmarks.cases.calls import Calls, Subject, measure
from benchmarks.meter import Meter
from benchmarks.outdial import Outdial
from benchmarks.peers.environment import install
from benchmarks.peers.peer import KINDS, Peer
from benchmarks.processes import ROOT
from benchmarks.suite import Bench, Case, processes

END_SECONDS = 60  # until a job whose last contact is final is completed
SETTLE_SECONDS = 5  # Outdial's own: nothing comes back later than its reconciler
CRASH_TIMEOUT = 300


def no_length(bench: Bench) -> dict[str, Any]:
    """Activities that do nothing, then calls that end at once, on the same Temporal; each has run before."""
    with bench.outdial(0) as outdial:
        limit = noop(outdial, bench.scale.activities)
        result = _measure_warm(outdial, bench, Calls(bench.scale.no_length, 0))
    return {**result, "limit": limit}


def warm_up(subject: Subject, contacts: int, seconds: float) -> None:
    """Calls of no length, so that connections are open and code is loaded; those to come last so long."""
    subject.carrier.begin(0)
    measure(subject, Calls(contacts, 0))
    subject.carrier.begin(seconds)


def noop(outdial: Outdial, count: int) -> dict[str, float]:
    """Activities a second, and CPU ms each of their worker and of Temporal."""
    temporal = outdial.stack.ready["temporal"]["address"]
    meter = Meter({"temporal": outdial.kinds()["temporal"]})
    argv = [sys.executable, "-m", "benchmarks.noop", temporal, str(count)]
    told = json.loads(subprocess.run(argv, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
    cpu = told["cpu"] + meter.read().total * count / (count + NOOP_WARM_UP)
    return {"rate": count / told["seconds"], "cpu": cpu * 1000 / count}


NOOP_WARM_UP = 50  # activities before, as benchmarks.noop runs them


def two_seconds(bench: Bench) -> dict[str, Any]:
    return _outdial(bench, Calls(bench.scale.two_seconds, 2))


def twenty_seconds(bench: Bench) -> dict[str, Any]:
    return _outdial(bench, Calls(bench.scale.twenty_seconds, 20))


def crash(seconds: float) -> Callable[[Bench], dict[str, Any]]:
    """The only worker is killed half-way."""

    def run(bench: Bench) -> dict[str, Any]:
        contacts = bench.scale.two_seconds if seconds == 2 else bench.scale.twenty_seconds
        return _outdial(bench, Calls(contacts, seconds, kill=True, settle=SETTLE_SECONDS, timeout=CRASH_TIMEOUT))

    return run


def _outdial(bench: Bench, calls: Calls) -> dict[str, Any]:
    with bench.outdial(calls.seconds) as outdial:
        return _measure_warm(outdial, bench, calls)


def _measure_warm(outdial: Outdial, bench: Bench, calls: Calls) -> dict[str, Any]:
    """Whose jobs are over before and after."""
    warm_up(outdial, bench.scale.warm_up, calls.seconds)
    outdial.wait_until_completed(END_SECONDS)
    result = measure(outdial, calls)
    outdial.wait_until_completed(END_SECONDS)
    return result


def peer(name: str, seconds: float, *, kill: bool = False) -> Callable[[Bench], dict[str, Any]]:
    def run(bench: Bench) -> dict[str, Any]:
        install()
        contacts = bench.scale.two_seconds if seconds else bench.scale.no_length
        settle = KINDS[name].settle if kill else 0.0
        with processes() as running:
            subject = Peer(name, running, Carrier(running, seconds))
            warm_up(subject, bench.scale.warm_up, seconds)
            return measure(subject, Calls(contacts, seconds, kill, settle))

    return run


NO_LENGTH = Case("Outdial, no length", no_length)
TWO_SECONDS = Case("Outdial, 2 s", two_seconds)
TWENTY_SECONDS = Case("Outdial, 20 s", twenty_seconds)
CRASH_2 = Case("Outdial, 2 s, killed", crash(2))
CRASH_20 = Case("Outdial, 20 s, killed", crash(20), in_small=False)
PEERS_NO_LENGTH = tuple(Case(f"{kind.title}, no length", peer(name, 0), in_small=False) for name, kind in KINDS.items())
PEERS_TWO_SECONDS = tuple(Case(f"{kind.title}, 2 s", peer(name, 2), in_small=False) for name, kind in KINDS.items())
PEERS_CRASH = tuple(
    Case(f"{kind.title}, 2 s, killed", peer(name, 2, kill=True), rounds=1, in_small=False)
    for name, kind in KINDS.items()
)
