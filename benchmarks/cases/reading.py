"""The API's list and detail with few and with many jobs in the database."""

import time
from typing import Any

import httpx

from benchmarks.cases.calls import Calls, measure
from benchmarks.cases.copies import copy_job
from benchmarks.quantiles import quantile
from benchmarks.suite import Bench, Case

FEW, PAGE = 10, 100
CONTACTS = 20  # of each job
WARM_UP = 10
END_SECONDS = 60


def run(bench: Bench) -> dict[str, Any]:
    """On a stack of its own, whose only job is copied; `list_flat` compares lists that are equally long."""
    many = bench.scale.many_jobs
    with bench.outdial(0, environment={}) as outdial, outdial.client() as client:
        measure(outdial, Calls(CONTACTS, 0))
        outdial.wait_until_completed(END_SECONDS)
        found, have = {}, 1
        for jobs in (FEW, PAGE, many):
            copy_job(outdial.database, outdial.job, have, jobs - 1)
            have = jobs
            found[jobs] = {
                name: times(client, path, bench.scale.requests)
                for name, path in {
                    "list": f"/batch/jobs?pageSize={PAGE}",
                    "last_page": f"/batch/jobs?pageSize={PAGE}&page={max(1, jobs // PAGE)}",
                    "search": f"/batch/jobs?pageSize={PAGE}&search=Bench",
                    "detail": f"/batch/jobs/{outdial.job}",
                }.items()
            }
    return {
        "list": found[many]["list"]["p50"] / found[FEW]["list"]["p50"],
        "list_flat": found[many]["list"]["p50"] / found[PAGE]["list"]["p50"],
        "detail_p99": found[many]["detail"]["p99"],
        "ms": {str(jobs): times for jobs, times in found.items()},
    }


def times(client: httpx.Client, path: str, requests: int) -> dict[str, float]:
    """Milliseconds of an answer: median and p99."""
    found = []
    for number in range(-WARM_UP, requests):
        began = time.perf_counter()
        client.get(path).raise_for_status()
        if number >= 0:
            found.append((time.perf_counter() - began) * 1000)
    return {"p50": quantile(found, 0.5), "p99": quantile(found, 0.99)}


READING = Case("list and detail", run)
