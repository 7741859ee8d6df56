"""A running job, and the parts of its stack killed under it."""

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

import httpx
import psycopg

from tests import judge
from tests.live import LiveStack, until

LEAST_LIVE = 20  # calls, at every kill
BACK_WITHIN_SECONDS = 60


@dataclass
class Batch:
    """One job on a live stack, watched through the database: the API is among what is killed."""

    stack: LiveStack
    job_id: str
    kills: list[str] = field(default_factory=list)

    @classmethod
    def create(cls, stack: LiveStack, contacts: list[dict[str, Any]], **fields: object) -> Self:
        with stack.http() as client:
            answer = client.post(
                "/batch/create",
                json={
                    "name": "Spring campaign",
                    "fromPhoneNumberId": stack.ready["phoneNumbers"]["pipeline"],
                    "contacts": contacts,
                    "concurrentCallLimit": 50,
                    **fields,
                },
            )
        assert answer.status_code == 200, answer.text
        return cls(stack, answer.json()["batchJobId"])

    def live(self) -> int:
        """Calls that the carrier holds now, by the carrier itself."""
        return sum(1 for dial in self.stack.report()["dials"] if dial["endedAt"] is None)

    def status(self) -> str:
        with self.stack.http() as client:
            return client.get(f"/batch/jobs/{self.job_id}").json()["status"]

    def kill(self, part: str, number: int = 0) -> float:
        """Kill a part (kill -9) with at least 20 calls live, and wait until it was started again; when it died."""
        until(lambda: self.live() >= LEAST_LIVE, BACK_WITHIN_SECONDS)
        until(lambda: answers(lambda: self.open_contacts() > 0), BACK_WITHIN_SECONDS)
        old = self.stack.kill(part, number, signal.SIGKILL)
        died_at = time.time()
        self.kills.append(part)
        self.stack.wait_until_replaced(part, old, BACK_WITHIN_SECONDS, number)
        return died_at

    def open_contacts(self) -> int:
        with psycopg.connect(self.stack.ready["database"]["url"]) as connection:
            row = connection.execute(
                "SELECT count(*) FROM contacts WHERE job_id = %s AND status IN ('pending', 'queued', 'dialing')",
                (self.job_id,),
            ).fetchone()
        assert row is not None
        return int(row[0])

    def wait_until_completed(self, seconds: float) -> None:
        def completed() -> bool:
            time.sleep(0.5)
            return answers(lambda: self.status() == "completed")

        until(completed, seconds)

    def complaints(self, *, speed: float, unknown: int = 0) -> list[str]:
        """Everything wrong with the finished job, by the carrier's record."""
        with self.stack.http() as client:
            contacts = judge.contacts_of(client, self.job_id)
        ready = self.stack.ready
        return judge.complaints(
            self.stack.report(), contacts, lines=50, speed=speed, unknown=unknown
        ) + judge.ledger_complaints(ready["database"]["url"], ready["api"]["organizationId"])


def answers(question: Callable[[], bool]) -> bool:
    """The answer, once the database or the API is up again; False until then."""
    try:
        return question()
    except (psycopg.OperationalError, httpx.HTTPError, KeyError):
        return False


def first_dial_after(report: dict[str, Any], moment: float) -> float:
    """Seconds until somebody was dialled again."""
    return min(dial["askedAt"] for dial in report["dials"] if dial["askedAt"] > moment) - moment
