"""How many dials a second PostgreSQL can claim for 1, 20 and 200 organizations; two client processes ask at once.

`python -m benchmarks.cases.claims URL FILE` is one of them: it waits for a line, claims what the file lists, and prints
how many it got in how many seconds.
"""

import asyncio
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.processes import ROOT, Processes
from benchmarks.servers import start_postgres
from benchmarks.suite import Bench, Case, processes
from store.calls.claim import Claimed, Claims
from store.db.engine import create_engine, migrate
from tests.builders import contacts
from tests.store.calling import Calling, a_caller

ORGANIZATIONS = (1, 20, 200)
CLIENTS = 2
AT_ONCE = 25  # claims that a client waits for
POOL = 10  # connections of a client, as a worker's by default
CLAIMS = 12_000  # more than fit into the time
SECONDS = 8.0
LINES = 1000
END_SECONDS = 0.1
# As if each call ended at once, without any of the work of an ending: what is measured is the claim.
END_ALL = "UPDATE dials SET ended_at = clock_timestamp() WHERE ended_at IS NULL"
Todo = list[tuple[str, str, str]]  # organization, job, contact


def claims_a_second(organizations: int) -> Any:
    def run(bench: Bench) -> dict[str, Any]:
        with processes() as running:
            _, database = start_postgres(running)
            url = database.replace("postgresql://", "postgresql+psycopg://")
            migrate(url)
            todo = asyncio.run(prepare(url, organizations))
            told = [json.loads(text) for text in _claim(running, database, url, todo)]
        return {
            "rate": sum(each["claimed"] / each["seconds"] for each in told),
            "claimed": sum(each["claimed"] for each in told),
            "held": sum(each["held"] for each in told),
            "client_cpu": sum(each["cpu"] for each in told) * 1000 / sum(each["claimed"] for each in told),
        }

    return run


async def prepare(url: str, organizations: int) -> Todo:
    """A running job for each organization; its contacts in the order in which they are claimed: everybody in turn."""
    engine = create_engine(url, POOL)
    calling, each, jobs = Calling(engine), CLAIMS // organizations, []
    for number in range(organizations):
        given = await a_caller(engine, limit=LINES, credits=Decimal(100_000))
        called = contacts(each, start=number * each)
        jobs.append(await calling.a_job(given, called, concurrent_call_limit=LINES))
    await engine.dispose()
    return [(job.given.id, job.id, job.contact_ids[row]) for row in range(each) for job in jobs]


def _claim(running: Processes, database: str, url: str, todo: Todo) -> Iterator[str]:
    clients = []
    for number in range(CLIENTS):
        file = running.folder / f"claims-{number}.json"
        file.write_text(json.dumps(todo[number::CLIENTS]))
        argv = [sys.executable, "-m", "benchmarks.cases.claims", url, str(file)]
        clients.append(subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
    ended = threading.Event()
    ending = threading.Thread(target=_end_calls, args=(database, ended))
    try:
        for client in clients:
            assert client.stdout is not None
            client.stdout.readline()
        ending.start()
        for client in clients:
            assert client.stdin is not None
            client.stdin.write("\n")
            client.stdin.flush()
        yield from [client.communicate(timeout=SECONDS * 5)[0] for client in clients]
    finally:
        ended.set()
        for client in clients:
            client.kill()
            client.wait()
        ending.join()


def _end_calls(database: str, ended: threading.Event) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        while not ended.wait(END_SECONDS):
            connection.execute(END_ALL)


async def client(url: str, todo: Todo) -> None:
    engine = create_engine(url, POOL)
    claims, left, got = Claims(engine), iter(todo), {"claimed": 0, "held": 0}
    await claims.claim(*next(left), 1)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    began, cpu = time.monotonic(), time.process_time()

    async def lane() -> None:
        for organization, job, contact in left:
            claimed = await claims.claim(organization, job, contact, 1)
            got["claimed" if isinstance(claimed, Claimed) else "held"] += 1
            if time.monotonic() - began > SECONDS:
                return

    await asyncio.gather(*(lane() for _ in range(AT_ONCE)))
    print(json.dumps({**got, "seconds": time.monotonic() - began, "cpu": time.process_time() - cpu}), flush=True)
    await engine.dispose()


CASES = tuple(
    Case(f"claims, {count} organization{'s' if count > 1 else ''}", claims_a_second(count), in_small=False)
    for count in ORGANIZATIONS
)

if __name__ == "__main__":
    asyncio.run(client(sys.argv[1], json.loads(Path(sys.argv[2]).read_text())))
