"""Outdial as a benchmark uses it: `outdial up` at speed 1, its workers on the lean carrier."""

import contextlib
import json
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Self

import httpx
import psycopg

from benchmarks.carrier.process import Carrier
from benchmarks.contacts import fiction
from benchmarks.processes import until
from benchmarks.scale import LINES
from tests.end_to_end.live_stack import LiveStack

REPLACED_SECONDS = 30
CALLS_PER_SECOND = 1000  # the most that a number may be set to
CREDITS = "100000.00"  # dollars
CREATE_SECONDS = 120
OPEN = "('pending', 'queued', 'dialing')"


@dataclass
class Outdial:
    """A running stack with one worker. `pace` is never the limit."""

    stack: LiveStack
    carrier: Carrier
    job: str = ""  # the last one
    _numbers: Iterator[str] = field(default_factory=fiction)

    @classmethod
    @contextlib.contextmanager
    def running(cls, carrier: Carrier, environment: Mapping[str, str] | None = None) -> Iterator[Self]:
        flags = ("--speed", "1", "--carrier-url", carrier.url)
        with LiveStack.running(*flags, environment=environment) as stack:
            outdial = cls(stack, carrier)
            outdial.ask("PATCH", f"/phone-numbers/{outdial.caller}", json={"callsPerSecond": CALLS_PER_SECOND})
            outdial.limit(LINES)
            for organization in (stack.ready["api"], stack.ready["otherOrganization"]):
                outdial.top_up(organization["organizationId"])
            yield outdial

    @property
    def caller(self) -> str:
        """The number that calls."""
        number: str = self.stack.ready["phoneNumbers"]["pipeline"]
        return number

    @property
    def database(self) -> str:
        url: str = self.stack.ready["database"]["url"]
        return url

    def kinds(self) -> dict[str, list[int]]:
        """The pids of what works, by kind; the stack's own simulator does nothing."""
        pids = self.stack.ready["pids"]
        return {"worker": pids["workers"], **{kind: [pids[kind]] for kind in ("api", "temporal", "postgres")}}

    def take_numbers(self, count: int) -> list[str]:
        """That no job of this stack has called."""
        return list(islice(self._numbers, count))

    def ask(self, method: str, path: str, key: str | None = None, **options: Any) -> Any:
        """The answer's JSON. Raises RuntimeError with what the API says against it."""
        with self.stack.http(key) as client:
            answer = client.request(method, path, **options)
        if answer.is_error:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer.json()

    def limit(self, lines: int) -> None:
        self.ask("PATCH", "/organization", json={"concurrentCallLimit": lines})

    def top_up(self, organization_id: str) -> None:
        """So that credits are never the limit."""
        key = json.loads((self.stack.data_dir / "secrets.json").read_text())["platformKey"]
        self.ask("POST", "/organization/credits", key, json={"organizationId": organization_id, "amount": CREDITS})

    def create(self, numbers: Sequence[str], key: str | None = None, **fields: Any) -> str:
        """A job that calls these; its id. `key` of another organization, with a number of its own."""
        contacts = [{"phone": number, "name": "Customer"} for number in numbers]
        usual = {"name": "Benchmark", "fromPhoneNumberId": self.caller, "concurrentCallLimit": LINES}
        job = {**usual, "contacts": contacts, **fields}
        created = self.ask("POST", "/batch/create", key, json=job, timeout=CREATE_SECONDS)
        self.job = created["batchJobId"]
        return self.job

    def submit(self, numbers: Sequence[str]) -> float:
        """Create a job; when it was begun, in seconds since the epoch."""
        began = time.time()
        self.create(numbers)
        return began

    def submitter_cpu(self) -> float:
        """Nothing but HTTP."""
        return 0.0

    def finished(self, connection: psycopg.Connection[Any]) -> tuple[int, float | None]:
        """How many contacts of the job are final, and when the last one was, by the database."""
        row = connection.execute(
            "SELECT count(*), extract(epoch FROM max(completed_at))::float FROM contacts"
            f" WHERE job_id = %s AND status NOT IN {OPEN}".encode(),
            [self.job],
        ).fetchone()
        assert row is not None
        return row[0], row[1]

    def kill_worker(self) -> None:
        self._killed = self.stack.kill("workers", how=signal.SIGKILL)

    def restart_worker(self) -> list[int]:
        """The supervisor has begun to; the pids of the new one."""
        self.stack.wait_until_replaced("workers", self._killed, REPLACED_SECONDS)
        return self.kinds()["worker"]

    def wait_until_completed(self, seconds: float) -> None:
        until(lambda: self.ask("GET", f"/batch/jobs/{self.job}")["status"] == "completed", seconds, every=0.2)

    def client(self, timeout: float = 30) -> httpx.Client:
        """Of the API, with the owner's key; close it."""
        client = self.stack.http()
        client.timeout = httpx.Timeout(timeout)
        return client
