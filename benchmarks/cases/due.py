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
CREATED_WITHIN_SECONDS = 240  # all jobs: then they are due
CREATING = 8  # at once
BESIDES = 300  # contacts of the other job,
EVERY_SECONDS = 0.1  # due one after another from the second on in which the jobs are
FOLLOWED_SECONDS = 120


def run(bench: Bench) -> dict[str, Any]:
    """Seconds from the due time to the first dial of the last job; lateness in ms of the other job's dials."""
    with bench.outdial(CALL_SECONDS, environment={}) as outdial:
        callers = asyncio.run(_organizations(outdial))
        due = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=CREATED_WITHIN_SECONDS)
        first = _create_jobs(outdial, callers, due)
        lead = (due - datetime.now(UTC)).total_seconds()
        besides = _create_the_other(outdial, due)
        wanted = {*first, *besides}

        def all_dialed() -> bool:
            return time.time() > due.timestamp() and wanted <= {call["to"] for call in outdial.carrier.calls()}

        with contextlib.suppress(TimeoutError):  # then not all were: infinity
            until(all_dialed, max(0.0, lead) + FOLLOWED_SECONDS, every=1)
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


def _create_jobs(outdial: Outdial, callers: Sequence[Given], due: datetime) -> list[str]:
    """The number that each job calls."""
    numbers = outdial.take_numbers(JOBS)

    def create(row: int) -> None:
        caller = callers[row % ORGANIZATIONS]
        job = {"name": f"Job {row}", "fromPhoneNumberId": caller.number.id, "contacts": [{"phone": numbers[row]}]}
        when = {"scheduledStartTime": due.strftime("%Y-%m-%dT%H:%M:%S"), "timezone": "UTC"}
        outdial.ask("POST", "/batch/create", caller.owner.key, json={**job, **when}, timeout=60)

    with ThreadPoolExecutor(CREATING) as pool:
        list(pool.map(create, range(JOBS)))
    return numbers


def _create_the_other(outdial: Outdial, due: datetime) -> dict[str, datetime]:
    """When each of its contacts is due, by number."""
    times = [due + timedelta(seconds=EVERY_SECONDS * row) for row in range(BESIDES)]
    numbers = outdial.take_numbers(BESIDES)
    contacts = [{"phone": number, "at": at.isoformat()} for number, at in zip(numbers, times, strict=True)]
    wanted = {"name": "Other", "fromPhoneNumberId": outdial.caller, "contacts": contacts, "notBeforeColumn": "at"}
    outdial.ask("POST", "/batch/create", json={**wanted, "concurrentCallLimit": 50})
    return dict(zip(numbers, times, strict=True))


DUE = Case("1,000 jobs due at once", run, in_small=False)
