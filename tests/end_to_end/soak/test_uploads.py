"""Twenty lists of 10,000 at once: all are taken, in bounded memory, and nobody else waits for them."""

import contextlib
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

import httpx
import psutil
import pytest

from benchmarks.cases.asking import asking
from benchmarks.cases.intake import upload
from benchmarks.contacts import csv, fiction
from benchmarks.quantiles import quantile
from tests.end_to_end.live_stack import LiveStack
from tests.memory import anonymous, family_mib

ROWS, AT_ONCE = 10_000, 20
UPLOAD_SECONDS = 120
MAX_MIB = 200  # of the API and its readers, more than before; 20 files of 0.4 MB are 8
MAX_MIB_AFTERWARDS = 80  # of the API, once they are stored
MAX_HEALTHZ_P99_MS, MAX_HEALTHZ_MS = 200, 1_000  # on a machine with other work; a quiet one: `make bench`
MAX_OTHERS_SECONDS = 15.0  # for another organization's list, while the 20 are read and stored


@pytest.mark.soak
def test_twenty_lists_at_once_are_taken_and_hold_up_nobody() -> None:
    numbers = list(islice(fiction(), ROWS))
    texts = [csv(numbers[shift:] + numbers[:shift]) for shift in range(0, AT_ONCE * 100, 100)]
    with LiveStack.running() as stack, _unlimited(stack) as client, _unlimited(stack, other=True) as others:
        api, caller = psutil.Process(stack.pid("api")), stack.ready["phoneNumbers"]["pipeline"]
        upload(client, caller, texts[0])  # whatever is loaded for the first one
        before, own = family_mib(api), anonymous(api)
        with asking(f"{stack.ready['api']['url']}/healthz") as healthz, ThreadPoolExecutor(AT_ONCE) as pool:
            sent = [pool.submit(upload, client, caller, text) for text in texts]
            began = time.monotonic()
            upload(others, stack.ready["otherOrganization"]["phoneNumberId"], texts[0])
            others_seconds = time.monotonic() - began
            most = _most_until_done(api, sent)
        jobs = [future.result()[0] for future in sent]
        afterwards = (anonymous(api) - own) / 2**20
        print(f"{most - before:.0f} MiB more, afterwards {afterwards:.0f}; another's list: {others_seconds:.1f} s")
        print(f"healthz p99 {quantile(healthz, 0.99):.0f} ms, slowest {max(healthz):.0f} ms")
        stored = [client.get(f"/batch/jobs/{job}?contactsPageSize=1").raise_for_status().json() for job in jobs]

    assert [job["contactsTotal"] for job in stored] == [ROWS] * AT_ONCE
    assert most - before <= MAX_MIB
    assert afterwards <= MAX_MIB_AFTERWARDS
    assert quantile(healthz, 0.99) <= MAX_HEALTHZ_P99_MS
    assert max(healthz) <= MAX_HEALTHZ_MS
    assert others_seconds <= MAX_OTHERS_SECONDS


@contextlib.contextmanager
def _unlimited(stack: LiveStack, *, other: bool = False) -> Iterator[httpx.Client]:
    """A client of the demo organization, or of the other one, with credits for all that is sent."""
    organization = stack.ready["otherOrganization" if other else "api"]
    with stack.http(stack.platform_key) as platform:
        top_up = {"organizationId": organization["organizationId"], "amount": "100000.00"}
        platform.post("/organization/credits", json=top_up).raise_for_status()
    with stack.http(organization["ownerKey"]) as client:
        client.timeout = httpx.Timeout(UPLOAD_SECONDS)
        yield client


def _most_until_done(api: psutil.Process, sent: list[Future[tuple[str, int]]]) -> float:
    most = 0.0
    while not all(future.done() for future in sent):
        most = max(most, family_mib(api))
        time.sleep(0.2)
    return most
