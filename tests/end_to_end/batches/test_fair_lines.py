"""Four jobs of one organization on twenty lines, and one of another, judged by what the simulator saw."""

import heapq
import time
from collections.abc import Iterable
from dataclasses import dataclass

import pytest
from temporalio.client import Client

from carriers.simulator.scenarios import OUT_OF_ORDER, scenario_for
from tests.end_to_end import judge
from tests.end_to_end.batch import Batch, Numbers, contacts
from tests.end_to_end.live_stack import LiveStack
from tests.invariants import most_live
from tests.waiting import until
from workflows.names import lines_workflow_id

SPEED = 10
SEED = 7
LINES = 20
OWN_LIMITS = (5, 10, 20, 50)
CONTACTS = (45, 60, 65, 90)  # the job with the fewest lines is done first: then others can use its lines
OTHER_LINES = 5
OTHER_CONTACTS = 40
FAIR_SHARE = LINES / len(OWN_LIMITS)
MAX_EVENTS = 700
MORE_EVENTS = 1.1  # by chance, not by contacts
LONGER = 1.1  # than the greedy schedule
CALLS = {"maxAttempts": 1, "maxCallSeconds": 120, "ringSeconds": 30}  # no retries, no call of minutes


@dataclass
class Round:
    """All jobs once, and what they cost the workflow that shares out the lines."""

    jobs: list[Batch]
    other: Batch
    events: int

    @property
    def dials(self) -> list[list[judge.Dial]]:
        return [job.dials() for job in self.jobs]


@pytest.mark.soak
@pytest.mark.timeout(600)
async def test_four_jobs_share_twenty_lines_and_cost_the_same_whatever_their_size() -> None:
    numbers = Numbers()
    with LiveStack.running("--speed", str(SPEED), "--seed", str(SEED)) as stack:
        with stack.http() as client:
            client.patch("/organization", json={"concurrentCallLimit": LINES}).raise_for_status()
        once = await _round(stack, numbers, 1)
        twice = await _round(stack, numbers, 2)
        found = [_complaints(once), _complaints(twice)]

    print(f"{once.events} events, {twice.events} for twice as many contacts")
    assert found == [[], []]
    assert once.events < MAX_EVENTS
    assert twice.events <= once.events * MORE_EVENTS


async def _round(stack: LiveStack, numbers: Numbers, times: int) -> Round:
    before = await _events(stack)
    other = _other_job(stack, _people(numbers, OTHER_CONTACTS * times))
    jobs = []
    for limit, count in zip(OWN_LIMITS, CONTACTS, strict=True):
        called = _people(numbers, count * times)
        jobs.append(Batch.create(stack, called, name=f"On {limit}", concurrentCallLimit=limit, **CALLS))
        time.sleep(0.5)
    for job in jobs:
        job.wait_until_completed(600)
    until(lambda: other.open_contacts() == 0, 600, every=0.5)
    return Round(jobs, other, await _events(stack) - before)


def _people(numbers: Numbers, count: int) -> list[dict[str, object]]:
    """Whose calls do not die on the way: they would be placed again later, when all others are done."""
    some = numbers.some(2 * count)
    return contacts(
        [number for number in some if scenario_for(SEED, number, 1).sip_code != OUT_OF_ORDER.sip_code][:count]
    )


def _other_job(stack: LiveStack, called: list[dict[str, object]]) -> Batch:
    """Of the other organization."""
    other = stack.ready["otherOrganization"]
    fields = {"fromPhoneNumberId": other["phoneNumberId"], "name": "Elsewhere", **CALLS}
    return Batch.create(stack, called, key=other["ownerKey"], **fields)


async def _events(stack: LiveStack) -> int:
    """Of all runs of the workflow that shares out the first organization's lines."""
    temporal, organization = stack.ready["temporal"], stack.ready["api"]["organizationId"]
    client = await Client.connect(temporal["address"], namespace=temporal["namespace"])
    total = 0
    async for run in client.list_workflows(f'WorkflowId = "{lines_workflow_id(organization)}"'):
        history = await client.get_workflow_handle(run.id, run_id=run.run_id).fetch_history()
        total += len(history.events)
    return total


def _complaints(one: Round) -> list[str]:
    by_job = one.dials
    everything = [dial for dials in by_job for dial in dials]
    found = [f"{most} calls live on {LINES} lines" for most in [most_live(everything)] if most > LINES]
    for limit, dials in zip([*OWN_LIMITS, OTHER_LINES], [*by_job, one.other.dials()], strict=True):
        most = most_live(dials)
        found += [f"{most} calls live of a job with {limit}"] if most > limit else []
    found += _about_shares(by_job)
    taken = _span(everything)
    greedy = _greedy(everything, LINES)
    print(f"{len(everything)} calls took {taken:.1f} s, greedily {greedy:.1f} s")
    return found + ([f"{taken:.1f} s, greedily {greedy:.1f} s"] if taken > LONGER * greedy else [])


def _about_shares(by_job: list[list[judge.Dial]]) -> list[str]:
    """While all of them have contacts waiting: from the last one's first dial to the first one's last dial."""
    begin = max(dials[0]["askedAt"] for dials in by_job)
    end = min(dials[-1]["askedAt"] for dials in by_job)
    means = [_mean_live(dials, begin, end) for dials in by_job]
    print(f"in {end - begin:.1f} s a mean of {[round(mean, 2) for mean in means]} calls was live")
    return [f"{mean:.2f} calls live" for mean in means if abs(mean - FAIR_SHARE) > 0.5]


def _mean_live(dials: Iterable[judge.Dial], begin: float, end: float) -> float:
    seconds = sum(max(0.0, min(dial["endedAt"], end) - max(dial["askedAt"], begin)) for dial in dials)
    return seconds / (end - begin)


def _span(dials: list[judge.Dial]) -> float:
    return float(max(dial["endedAt"] for dial in dials) - min(dial["askedAt"] for dial in dials))


def _greedy(dials: list[judge.Dial], lines: int) -> float:
    """How long the same calls take where each begins, in the same order, as soon as a line is free."""
    free_at = [0.0] * lines
    for dial in sorted(dials, key=lambda dial: dial["askedAt"]):
        heapq.heappush(free_at, heapq.heappop(free_at) + dial["endedAt"] - dial["askedAt"])
    return max(free_at)
