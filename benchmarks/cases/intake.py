"""Lists of 10,000 as files, one after another and twenty at once, beside what reading their numbers takes alone."""

import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import httpx
import phonenumbers
import psutil

from benchmarks.cases.asking import asking
from benchmarks.contacts import csv, fiction
from benchmarks.meter import Meter, rss_of
from benchmarks.outdial import Outdial
from benchmarks.quantiles import quantile
from benchmarks.suite import Bench, Case

ROWS = 10_000
AT_ONCE = 20
TIMEOUT_SECONDS = 300
MAX_TRIES = 100  # of an upload that is asked to come again later
BUSY = (429, 503)


def one_after_another(bench: Bench) -> dict[str, Any]:
    numbers = list(islice(fiction(), ROWS))
    with bench.outdial(2) as outdial, outdial.client(TIMEOUT_SECONDS) as client:
        runs = [_upload_watched(outdial, client, numbers) for _ in range(bench.scale.uploads)]
    delays = [delay for run in runs for delay in run["healthz"]]
    return {
        "seconds": statistics.median(run["seconds"] for run in runs),
        "alone": statistics.median(run["alone"] for run in runs),
        "ratio": statistics.median(run["seconds"] / run["alone"] for run in runs),
        "cpu": statistics.median(run["cpu"] for run in runs),
        "healthz_p50": quantile(delays, 0.5),
        "healthz_p99": quantile(delays, 0.99),
        "healthz_max": max(delays),
    }


def _upload_watched(outdial: Outdial, client: httpx.Client, numbers: Sequence[str]) -> dict[str, Any]:
    text, meter = csv(numbers), Meter({kind: outdial.kinds()[kind] for kind in ("api", "postgres")})
    with asking(f"{outdial.stack.ready['api']['url']}/healthz") as healthz:
        began = time.perf_counter()
        job, _ = upload(client, outdial.caller, text)
        seconds = time.perf_counter() - began
        cpu = meter.read().total
    client.post(f"/batch/jobs/{job}/cancel").raise_for_status()
    before = time.process_time()
    by_itself = alone(numbers)
    own = time.process_time() - before
    return {"seconds": seconds, "cpu": cpu / own, "alone": by_itself, "healthz": healthz}


def upload(client: httpx.Client, caller: str, text: str) -> tuple[str, int]:
    """Create a job of a file for tomorrow; its id, and how often it had to be tried. Raises httpx.HTTPStatusError."""
    fields = {"name": "Intake", "fromPhoneNumberId": caller, "scheduledStartTime": tomorrow(), "timezone": "UTC"}
    tries = 1
    while True:
        answer = client.post("/batch/create", files={"file": ("list.csv", text, "text/csv")}, data=fields)
        if answer.status_code not in BUSY or tries == MAX_TRIES:
            return answer.raise_for_status().json()["batchJobId"], tries
        tries += 1
        time.sleep(float(answer.headers.get("retry-after", "1")))


def tomorrow() -> str:
    """A start that no run reaches, in UTC."""
    return (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%S")


def alone(numbers: Sequence[str]) -> float:
    """Seconds in which `phonenumbers` reads and judges each number once, on this machine as it is now."""
    began = time.perf_counter()
    for number in numbers:
        phonenumbers.is_valid_number(phonenumbers.parse(number))
    return time.perf_counter() - began


def at_once(bench: Bench) -> dict[str, Any]:
    """Each file with numbers of its own order; the API's largest memory is looked at twice a second."""
    numbers = list(islice(fiction(), ROWS))
    texts = [csv(numbers[shift:] + numbers[:shift]) for shift in range(0, AT_ONCE * 100, 100)]
    with bench.outdial(2, environment={}) as outdial, outdial.client(TIMEOUT_SECONDS) as client:
        quiet, _ = _timed(lambda: upload(client, outdial.caller, texts[0]))
        api = outdial.kinds()["api"][0]
        before, most = rss_of([api]), 0
        with asking(f"{outdial.stack.ready['api']['url']}/healthz") as healthz, ThreadPoolExecutor(AT_ONCE) as pool:
            began = time.perf_counter()
            waiting = [pool.submit(upload, client, outdial.caller, text) for text in texts]
            while not all(future.done() for future in waiting):
                most = max(most, _family_rss(api))
                time.sleep(0.5)
            seconds = time.perf_counter() - began
            tries = [future.result()[1] for future in waiting]
    return {
        "seconds": seconds,
        "one": quiet,
        "ratio": seconds / (quiet * AT_ONCE / min(psutil.cpu_count() or 1, AT_ONCE)),
        "tries": sum(tries),
        "healthz_p50": quantile(healthz, 0.5),
        "healthz_p99": quantile(healthz, 0.99),
        "healthz_max": max(healthz),
        "memory_mib": (most - before) / 2**20,
    }


def _timed(work: Any) -> tuple[float, Any]:
    began = time.perf_counter()
    done = work()
    return time.perf_counter() - began, done


def _family_rss(pid: int) -> int:
    process = psutil.Process(pid)
    return rss_of([pid]) + sum(child.memory_info().rss for child in process.children(recursive=True))


INTAKE = Case("10,000 rows", one_after_another)
UPLOADS = Case("20 × 10,000 rows at once", at_once, in_small=False)
