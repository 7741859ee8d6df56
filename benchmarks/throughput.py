"""What a dial costs: dials a second, and the CPU of each process, as multiples of a bare Temporal activity."""

import argparse
import asyncio
import contextlib
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import psutil
from temporalio.client import Client
from temporalio.worker import Worker

from benchmarks.bare import Bare, nothing
from tests.end_to_end import judge
from tests.end_to_end.batch import Batch, contacts
from tests.end_to_end.live_stack import LiveStack

SPEED = 500
LINES = 50
BARE_ACTIVITIES = 1000  # a run of about 6,000 events
QUEUE = "benchmark"
MAX_SECONDS = 1800


@dataclass
class Spent:
    """CPU seconds by process, and how long it took."""

    seconds: float = 0.0
    cpu: dict[str, float] = field(default_factory=dict)

    @property
    def total(self) -> float:
        return sum(self.cpu.values())


@contextlib.contextmanager
def spending(processes: Mapping[str, int]) -> Iterator[Spent]:
    """Measure the CPU of processes (pids by name) and their children while the block runs."""
    spent, began = Spent(), time.monotonic()
    before = {name: _cpu(pid) for name, pid in processes.items()}
    yield spent
    spent.seconds = time.monotonic() - began
    spent.cpu = {name: _cpu(pid) - before[name] for name, pid in processes.items()}


def _cpu(pid: int) -> float:
    process, total = psutil.Process(pid), 0.0
    for one in [process, *process.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            times = one.cpu_times()
            total += times.user + times.system
    own = process.cpu_times()
    return total + own.children_user + own.children_system


async def bare(stack: LiveStack) -> Spent:
    """The yardstick, on the stack's server; its worker is this process."""
    temporal = stack.ready["temporal"]
    client = await Client.connect(temporal["address"], namespace=temporal["namespace"])
    worker = Worker(
        client,
        task_queue=QUEUE,
        workflows=[Bare],
        activities=[nothing],
        max_concurrent_activities=LINES,
        disable_eager_activity_execution=True,
    )
    async with worker:
        with spending({"temporal": stack.pid("temporal"), "worker": os.getpid()}) as spent:
            await client.execute_workflow(
                Bare.run, args=[BARE_ACTIVITIES, LINES], id=f"bare-{time.time()}", task_queue=QUEUE
            )
    return spent


def call(stack: LiveStack, count: int) -> tuple[Spent, int]:
    """A job of so many contacts; what it spent, and how many dials that took."""
    pids = stack.ready["pids"]
    processes = {name: pids[name] for name in ("temporal", "postgres", "api", "carrier")}
    with spending({**processes, "worker": pids["workers"][0]}) as spent:
        batch = Batch.create(stack, contacts(judge.fiction(count)))
        batch.wait_until_completed(MAX_SECONDS)
    return spent, len(batch.dials())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contacts", type=int, default=1000)
    options = parser.parse_args()
    with LiveStack.running("--speed", str(SPEED)) as stack:
        yardstick = asyncio.run(bare(stack))
        job, dials = call(stack, options.contacts)
    one = yardstick.total / BARE_ACTIVITIES
    print(f"a bare activity: {BARE_ACTIVITIES / yardstick.seconds:.0f} a second, {one * 1000:.2f} ms of CPU")
    print(f"{dials} dials of {options.contacts} contacts: {dials / job.seconds:.1f} a second")
    for name, cpu in {**job.cpu, "all": job.total, "all but the carrier": job.total - job.cpu["carrier"]}.items():
        print(f"{name:>20} {cpu / dials * 1000:6.2f} ms of CPU a dial = {cpu / dials / one:5.2f} bare activities")


if __name__ == "__main__":
    main()
