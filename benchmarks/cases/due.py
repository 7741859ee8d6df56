"""A thousand jobs of twenty organizations due in the same second, beside a job whose contacts fall due one by one."""

import asyncio
import contextlib
import math
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from benchmarks.outdial import Outdial
from benchmarks.processes import until
from benchmarks.quantiles import quantile
from benchmarks.suite import Bench, Case
from store.db.engine import create_engine
from tests.builders import Given, an_organization

JOBS, ORGANIZATIONS = 1000, 20
CALL_SECONDS = 2
TRIED = 40  # jobs that are created to see how long that takes
CREATING = 8  # at once
SPARE = 1.5  # times as long as was tried, before all are due,
SPARE_SECONDS = 15  # and so much for the other job
BESIDES = 300  # contacts of the other job,
EVERY_SECONDS = 0.1  # due one after another from the second on in which the jobs are
FOLLOWED_SECONDS = 240
LOOK_SECONDS = 5  # at the record, which takes the carrier a while to tell


def run(bench: Bench) -> dict[str, Any]:
    """Seconds from the due time to the first dial of the last job; lateness in ms of the other job's dials."""
    with bench.outdial(CALL_SECONDS, environment={}) as outdial:
        callers = asyncio.run(_organizations(outdial))
        due = _far_enough(outdial, callers)
        first = _create_jobs(outdial, callers, due, JOBS)
        besides = _create_the_other(outdial, due)
        lead = (due - datetime.now(UTC)).total_seconds()
        if lead < 0:
            raise TimeoutError(f"the jobs were created {-lead:.0f} s after they were due")
        wanted = {*first, *besides}

        def all_dialed() -> bool:
            return time.time() > due.timestamp() and wanted <= {call["to"] for call in outdial.carrier.calls()}

        with contextlib.suppress(TimeoutError):  # then not all were: infinity
            until(all_dialed, lead + FOLLOWED_SECONDS, every=LOOK_SECONDS)
        asked = {call["to"]: call["asked"] for call in reversed(outdial.carrier.calls())}
    waits = [asked.get(number, math.inf) - due.timestamp() for number in first]
    late = [1000 * (asked.get(number, math.inf) - at.timestamp()) for number, at in besides.items()]
    return {
        "created_before": lead,
        "first_dials": max(waits),
        "first_dials_p50": quantile(waits, 0.5),
        "lateness_p50": quantile(late, 0.5),
        "lateness_p99": quantile(late, 0.99),
        "early": sum(1 for wait in waits if wait < 0),
        "not_dialed": len(wanted - asked.keys()),
    }


async def _organizations(outdial: Outdial) -> list[Given]:
    engine = create_engine(outdial.database.replace("postgresql://", "postgresql+psycopg://"), 2)
    try:
        return [
            await an_organization(engine, name=f"Organization {number}", credits=Decimal(1000))
            for number in range(ORGANIZATIONS)
        ]
    finally:
        await engine.dispose()


def _far_enough(outdial: Outdial, callers: Sequence[Given]) -> datetime:
    """A whole second by which all jobs will have been created."""
    began = time.monotonic()
    _create_jobs(outdial, callers, datetime.now(UTC) + timedelta(days=1), TRIED)
    lead = SPARE * (time.monotonic() - began) / TRIED * JOBS + SPARE_SECONDS
    return datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=math.ceil(lead))


def _create_jobs(outdial: Outdial, callers: Sequence[Given], due: datetime, count: int) -> list[str]:
    """The number that each job calls."""
    numbers = outdial.take_numbers(count)

    def create(row: int) -> None:
        caller = callers[row % ORGANIZATIONS]
        job = {"name": f"Job {row}", "fromPhoneNumberId": caller.number.id, "contacts": [{"phone": numbers[row]}]}
        when = {"scheduledStartTime": due.strftime("%Y-%m-%dT%H:%M:%S"), "timezone": "UTC"}
        outdial.ask("POST", "/batch/create", caller.owner.key, json={**job, **when}, timeout=60)

    with ThreadPoolExecutor(CREATING) as pool:
        list(pool.map(create, range(count)))
    return numbers


def _create_the_other(outdial: Outdial, due: datetime) -> dict[str, datetime]:
    """When each of its contacts is due, by number."""
    times = [due + timedelta(seconds=EVERY_SECONDS * row) for row in range(BESIDES)]
    numbers = outdial.take_numbers(BESIDES)
    contacts = [{"phone": number, "at": at.isoformat()} for number, at in zip(numbers, times, strict=True)]
    wanted = {"name": "Other", "fromPhoneNumberId": outdial.caller, "contacts": contacts, "notBeforeColumn": "at"}
    outdial.ask("POST", "/batch/create", json={**wanted, "concurrentCallLimit": 50})
    return dict(zip(numbers, times, strict=True))


DUE = Case("1,000 jobs due at once", run, rounds=1, in_small=False)
