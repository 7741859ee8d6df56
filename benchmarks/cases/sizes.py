"""What calls cost at four sizes: two of them make the model of `benchmarks.sizing`, which the others check."""

import time
from dataclasses import dataclass
from typing import Any

import psycopg

from benchmarks.cases.calls import APPLICATION
from benchmarks.meter import Meter
from benchmarks.outdial import Outdial
from benchmarks.scale import LINES
from benchmarks.sizing import Costs, cpu_by_length
from benchmarks.suite import Bench, Case

END_SECONDS = 60
SETTLE_SECONDS = 2.0  # until PostgreSQL has told its transactions
IDLE_SECONDS = 15
LOOK_SECONDS = 0.5


@dataclass(frozen=True)
class Size:
    """Jobs of 50 lines each that run side by side."""

    jobs: int
    contacts: int  # of each
    seconds: float

    @property
    def calls(self) -> int:
        return self.jobs * self.contacts


WARM_UP = Size(1, 200, 0.5)
SHORT, LONG = Size(1, 400, 2), Size(1, 150, 20)
FEW_LINES, MANY_LINES = Size(1, 250, 5), Size(4, 150, 10)
_COUNTERS = """
    SELECT xact_commit + xact_rollback, pg_current_wal_lsn() - '0/0'::pg_lsn, pg_database_size(current_database())
    FROM pg_stat_database WHERE datname = current_database()"""
_OPEN = "SELECT count(*) FROM batch_jobs WHERE id = ANY(%s) AND status <> 'completed'"


def run(bench: Bench) -> dict[str, Any]:
    """CPU ms a call as measured ÷ as the model has it, at the two sizes that it was not made of."""
    with bench.outdial(0, environment={}) as outdial:
        outdial.limit(LINES * MANY_LINES.jobs)
        _measure(outdial, WARM_UP, 0)
        idle = _idle(outdial)
        short, long = _measure(outdial, SHORT, idle), _measure(outdial, LONG, idle)
        cpu_ms, a_second = cpu_by_length(short["cpu"], SHORT.seconds, long["cpu"], LONG.seconds)
        stored = {name: short[name] for name in ("transactions", "log_bytes", "stored_bytes")}
        costs = Costs(cpu_ms=cpu_ms, cpu_ms_a_second=a_second, events=0, **stored)
        few, many = _measure(outdial, FEW_LINES, idle), _measure(outdial, MANY_LINES, idle)
    return {
        "few": few["cpu"] / costs.cpu_of(FEW_LINES.seconds),
        "many": many["cpu"] / costs.cpu_of(MANY_LINES.seconds),
        **{"cpu_ms": cpu_ms, "cpu_ms_a_second": a_second, "idle_ms_a_second": idle, **stored},
        **{"cpu_2": short["cpu"], "cpu_20": long["cpu"], "cpu_few": few["cpu"], "cpu_many": many["cpu"]},
    }


def _idle(outdial: Outdial) -> float:
    """CPU ms a second of a stack that has nothing to do: no call's cost."""
    meter = Meter(outdial.kinds())
    time.sleep(IDLE_SECONDS)
    spent = meter.read()
    return spent.total * 1000 / spent.seconds


def _measure(outdial: Outdial, size: Size, idle: float) -> dict[str, float]:
    outdial.carrier.begin(size.seconds)
    numbers = outdial.take_numbers(size.calls)
    with psycopg.connect(outdial.database, autocommit=True, application_name=APPLICATION) as connection:
        meter, before = Meter(outdial.kinds()), _counters(connection)
        jobs = [outdial.create(numbers[job :: size.jobs]) for job in range(size.jobs)]
        looks = _wait_until_completed(connection, jobs, size.contacts * size.seconds / LINES * 2 + END_SECONDS)
        spent = meter.read()
        time.sleep(SETTLE_SECONDS)
        found = [now - then for now, then in zip(_counters(connection), before, strict=True)]
    return {
        "cpu": (spent.total * 1000 - idle * spent.seconds) / size.calls,
        "transactions": (found[0] - looks) / size.calls,
        "log_bytes": found[1] / size.calls,
        "stored_bytes": found[2] / size.calls,
    }


def _wait_until_completed(connection: psycopg.Connection[Any], jobs: list[str], seconds: float) -> int:
    """How often it was asked. Raises TimeoutError."""
    deadline, looks = time.monotonic() + seconds, 0
    while time.monotonic() < deadline:
        looks += 1
        row = connection.execute(_OPEN, [jobs]).fetchone()
        if row == (0,):
            return looks
        time.sleep(LOOK_SECONDS)
    raise TimeoutError(f"{len(jobs)} jobs within {seconds:.0f} s")


def _counters(connection: psycopg.Connection[Any]) -> tuple[float, float, float]:
    row = connection.execute(_COUNTERS).fetchone()
    assert row is not None
    return float(row[0]), float(row[1]), float(row[2])


SIZES = Case("sizes", run, rounds=1, in_small=False)
