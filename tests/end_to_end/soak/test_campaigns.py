"""Campaigns at their size: a million rows in constant memory, a hundred thousand called as a job of ten thousand is.

`SOAK_CONTACTS` calls fewer, in jobs of a tenth: the ratios hold at any size.
"""

import contextlib
import os
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice, pairwise
from typing import Self

import phonenumbers
import psutil
import pytest

from benchmarks.meter import cpu_of
from tests.end_to_end.batch import Batch, contacts
from tests.end_to_end.campaign import RunningCampaign, dialed, lines
from tests.end_to_end.live_stack import LiveStack
from tests.end_to_end.soak.fixed_work import FixedWork
from tests.memory import family_mib
from tests.waiting import meanwhile, until

ROWS = 1_000_000
ROWS_SECONDS = 5_400  # on a machine with other work
CALLED = int(os.environ.get("SOAK_CONTACTS", "100000"))
OF_A_JOB = CALLED // 10
CALLED_SECONDS = 14_400
SPEED = "2000"
MAX_RATIO = 1.1  # of CPU a contact, beside the job's, both in pieces of fixed work
MAX_GROWTH_MIB = 60  # of any process, between the first tenth of a run, or job, and its end
SAMPLE_SECONDS = 1.0
PREMIUM = 900


def unassigned() -> Iterator[str]:
    """Numbers of +1 NXX 555, of which nobody has one: three million."""
    for area in range(201, 990):
        if area != PREMIUM and phonenumbers.is_valid_number(phonenumbers.parse(f"+1{area}5550110")):
            yield from (f"+1{area}555{line:04}" for line in range(10_000))


class Memory:
    """MiB of each part of a stack, once a second; without PostgreSQL's shared buffers, which fill once."""

    def __init__(self, stack: LiveStack) -> None:
        self._stack = stack
        self.samples: dict[str, list[float]] = defaultdict(list)

    @classmethod
    @contextlib.contextmanager
    def watched(cls, stack: LiveStack) -> Iterator["Memory"]:
        memory = cls(stack)
        with meanwhile(memory._take_samples, SAMPLE_SECONDS):
            yield memory

    def _take_samples(self) -> None:
        for part, pid in parts_of(self._stack).items():
            with contextlib.suppress(psutil.Error):
                self.samples[part].append(family_mib(psutil.Process(pid), shared=part != "postgres"))

    def growth(self) -> dict[str, tuple[float, float, float]]:
        """Of each part the most in the first tenth, in the last tenth, and ever."""
        return {part: _growth(taken) for part, taken in self.samples.items()}


def parts_of(stack: LiveStack) -> dict[str, int]:
    pids = stack.ready["pids"]
    named = {part: pid for part, pid in pids.items() if part != "workers"}
    return named | {f"worker-{number}": pid for number, pid in enumerate(pids["workers"], start=1)}


def _growth(taken: list[float]) -> tuple[float, float, float]:
    return _most(taken[: _tenth(taken)]), _most(taken[-_tenth(taken) :]), _most(taken)


def _tenth(taken: list[float]) -> int:
    return max(1, len(taken) // 10)


def _most(taken: list[float]) -> float:
    return max(taken, default=0.0)


def cpu_seconds(stack: LiveStack) -> Counter[str]:
    """Of each part and its descendants, those that have ended too, where their parents still live."""
    return Counter({part: cpu_of([pid]) for part, pid in parts_of(stack).items()})


def said(memory: Memory) -> dict[str, tuple[float, float, float]]:
    growth = memory.growth()
    for part, (first, last, most) in sorted(growth.items()):
        print(f"{part}: {first:.0f} MiB in the first tenth, {last:.0f} in the last, {most:.0f} at most")
    return growth


@pytest.mark.soak
@pytest.mark.timeout(ROWS_SECONDS + 600)
def test_a_million_rows_are_taken_in_constant_memory() -> None:
    with LiveStack.running("--speed", SPEED) as stack:
        campaign = RunningCampaign.create(stack, concurrentCallLimit=50)
        began = time.monotonic()
        with Memory.watched(stack) as memory:
            seen = campaign.send(lines(islice(unassigned(), ROWS)), ROWS_SECONDS)
        seconds = time.monotonic() - began
        print(f"{ROWS:,} rows in {seconds:.0f} s")
        growth = said(memory)
        assert (seen["totalContacts"], seen["jobs"], seen["validation"]["invalidTotal"]) == (ROWS, 100, 0)
        assert {part: last - first for part, (first, last, _) in growth.items() if last - first > MAX_GROWTH_MIB} == {}


@pytest.mark.soak
@pytest.mark.timeout(CALLED_SECONDS + 600)
def test_a_campaign_costs_no_more_than_its_jobs_would_alone() -> None:
    small = {"OUTDIAL_CAMPAIGN_JOB_CONTACTS": str(OF_A_JOB)}
    numbers = list(islice(unassigned(), OF_A_JOB + CALLED))
    alone, called = numbers[:OF_A_JOB], numbers[OF_A_JOB:]
    with LiveStack.running("--speed", SPEED, environment=small) as stack:
        _top_up(stack)
        job = Spent.of(stack, lambda: _call_alone(stack, alone), OF_A_JOB)
        campaign = RunningCampaign.create(stack, concurrentCallLimit=50)
        tenths: list[Counter[str]] = []
        with Memory.watched(stack) as memory:
            whole = Spent.of(stack, lambda: _call_all(campaign, called, tenths), CALLED)
        of_carrier = dialed(campaign.dials(called))  # not watched: the simulator's record of 100,000 calls takes 150 MB
        assert {row["phone"]: int(row["dials"]) for row in campaign.results()} == {
            one: of_carrier[one] for one in called
        }
        ratio = whole.pieces / job.pieces
        print(f"a job of {OF_A_JOB:,}: {job}")
        print(f"a campaign of {CALLED:,}: {whole}; ratio {ratio:.2f}, in ms {whole.ms / job.ms:.2f}")
        for number, (before, after) in enumerate(pairwise(tenths), start=1):
            print(f"  {number}: {_by_part(after - before, OF_A_JOB)}")
        growth = said(memory)
        assert ratio <= MAX_RATIO
        assert {part: last - first for part, (first, last, _) in growth.items() if last - first > MAX_GROWTH_MIB} == {}


@dataclass(frozen=True)
class Spent:
    """By the parts of a stack on so many contacts. `piece`: CPU seconds of a piece of fixed work meanwhile."""

    seconds: float
    cpu: Counter[str]
    contacts: int
    piece: float

    @classmethod
    def of(cls, stack: LiveStack, work: Callable[[], None], contacts: int) -> Self:
        began, before = time.monotonic(), cpu_seconds(stack)
        with FixedWork.watched() as fixed:
            work()
        return cls(time.monotonic() - began, cpu_seconds(stack) - before, contacts, fixed.seconds)

    @property
    def ms(self) -> float:
        """CPU a contact."""
        return self.cpu.total() / self.contacts * 1000

    @property
    def pieces(self) -> float:
        """CPU a contact, in pieces of fixed work."""
        return self.cpu.total() / self.contacts / self.piece

    def __str__(self) -> str:
        piece, cost = f"{self.piece * 1000:.1f} ms", _by_part(self.cpu, self.contacts)
        return f"{self.seconds:.0f} s, CPU a contact {self.pieces:.2f} pieces of work of {piece}: {cost}"


def _by_part(cpu: Counter[str], contacts: int) -> str:
    by_part = ", ".join(f"{part} {seconds / contacts * 1000:.1f}" for part, seconds in sorted(cpu.items()))
    return f"{cpu.total() / contacts * 1000:.1f} ms ({by_part})"


def _call_alone(stack: LiveStack, called: list[str]) -> None:
    batch = Batch.create(stack, contacts(called))
    until(lambda: batch.status() == "completed", CALLED_SECONDS, every=2)


def _call_all(campaign: RunningCampaign, called: list[str], tenths: list[Counter[str]]) -> None:
    """`tenths`: what was spent when it began, and after each tenth."""
    campaign.send(lines(called), ROWS_SECONDS)
    tenths.append(cpu_seconds(campaign.stack))
    campaign.order("start")
    for tenth in range(1, 10):
        until(partial(_has_called, campaign, CALLED * tenth // 10), CALLED_SECONDS, every=5)
        tenths.append(cpu_seconds(campaign.stack))
    detail = campaign.wait_until_ended(CALLED_SECONDS, every=5)
    tenths.append(cpu_seconds(campaign.stack))
    assert (detail["status"], detail["contactsProcessed"], detail["jobsBegun"]) == ("completed", CALLED, 10)
    assert [row["phone"] for row in campaign.results()] == called


def _has_called(campaign: RunningCampaign, contacts: int) -> bool:
    return bool(campaign.detail()["contactsProcessed"] >= contacts)


def _top_up(stack: LiveStack) -> None:
    with stack.http(stack.platform_key) as platform:
        top_up = {"organizationId": stack.ready["api"]["organizationId"], "amount": "100000.00"}
        platform.post("/organization/credits", json=top_up).raise_for_status()
