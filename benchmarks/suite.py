"""What is measured in which order: rounds of cases, shuffled by a seed, so that no figure always has the quiet hour."""

import contextlib
import logging
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.carrier.process import Carrier
from benchmarks.meter import wait_for_calm
from benchmarks.outdial import Outdial
from benchmarks.processes import Processes
from benchmarks.scale import Scale

log = logging.getLogger(__name__)

Result = dict[str, Any]
Round = dict[str, Result]


@dataclass
class Bench:
    """Where a case runs: its scale, and what it may start."""

    scale: Scale
    _shared: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _outdial: Outdial | None = None

    @contextlib.contextmanager
    def outdial(self, seconds: float, environment: Mapping[str, str] | None = None) -> Iterator[Outdial]:
        """A stack whose calls last so long; where all is shared the one of before, unless it has settings."""
        if self.scale.shared and environment is None:
            if self._outdial is None:
                self._outdial = self._shared.enter_context(_fresh(seconds, None))
            self._outdial.carrier.begin(seconds)
            yield self._outdial
            return
        with _fresh(seconds, environment) as outdial:
            yield outdial

    def close(self) -> None:
        self._shared.close()


@contextlib.contextmanager
def _fresh(seconds: float, environment: Mapping[str, str] | None) -> Iterator[Outdial]:
    with processes() as running, Outdial.running(Carrier(running, seconds), environment) as outdial:
        yield outdial


@contextlib.contextmanager
def processes() -> Iterator[Processes]:
    """In a folder that PostgreSQL's user can reach, and that goes away."""
    folder = Path(tempfile.mkdtemp(prefix="outdial-benchmark-"))
    folder.chmod(0o711)
    try:
        with Processes.running(folder) as running:
            yield running
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Case:
    """One measurement: its result's keys are its own. `rounds`: in so many at most."""

    name: str
    run: Callable[[Bench], Result]
    rounds: int = 99
    in_small: bool = True


@dataclass(frozen=True)
class Figure:
    """Cases, and what they come to: `read` makes the readings of one round, keyed by the targets' names.

    It is given what was measured in that round, and leaves out what lacks its comparison.
    """

    name: str
    title: str
    cases: tuple[Case, ...]
    read: Callable[[Round], dict[str, float]]


def run(figures: Sequence[Figure], scale: Scale, seed: int, keep: Callable[[Sequence[Round]], None]) -> None:
    """All cases of these figures in each round, each once; one that fails is left out, and its error is logged.

    `keep` is told all rounds so far after each measurement.
    """
    order = random.Random(seed)
    rounds: list[Round] = []
    cases = list({case.name: case for figure in figures for case in figure.cases}.values())
    bench = Bench(scale)
    with contextlib.closing(bench):
        for number in range(1, scale.rounds + 1):
            this = [case for case in cases if case.rounds >= number and (case.in_small or not scale.shared)]
            if not scale.shared:
                order.shuffle(this)
            rounds.append({})
            for case in this:
                result = _measure(case, bench, number)
                if result is not None:
                    rounds[-1][case.name] = result
                keep(rounds)


def _measure(case: Case, bench: Bench, number: int) -> Result | None:
    busy = None if bench.scale.shared else wait_for_calm()
    began = time.monotonic()
    try:
        result = case.run(bench)
    except Exception:
        log.exception("round %d, %s", number, case.name)
        return None
    took = time.monotonic() - began
    log.info("round %d, %s: %.0f s", number, case.name, took)
    return {**result, "busy_before": busy, "took": round(took, 1)}


def readings(figures: Sequence[Figure], rounds: Sequence[Round]) -> dict[str, list[float]]:
    """By the name of the target, one value a round in which it could be read."""
    found: dict[str, list[float]] = {}
    for one in rounds:
        for figure in figures:
            for name, value in figure.read(one).items():
                found.setdefault(name, []).append(value)
    return found
