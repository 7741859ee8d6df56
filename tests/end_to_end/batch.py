"""A running job on a live stack: what is asked of it, and whom it calls."""

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import islice
from typing import Any, Self

import httpx
import psycopg

from tests import invariants
from tests.end_to_end import judge
from tests.end_to_end.live_stack import LiveStack
from tests.invariants import Job, Order, Run, read_carrier_record
from tests.waiting import until

MIN_LIVE_CALLS = 20  # at every kill
BACK_WITHIN_SECONDS = 120
HOLDS = ("pause", "cancel")  # orders after whose answer no call of the job starts
ENDED = ("completed", "cancelled", "failed")
MAX_TALK = 14_400  # the largest maxCallSeconds
TALKS = "07"  # answers, and talks until it is hung up
SHORT = "00"  # answers, and talks for two seconds
VOICEMAIL = "09"  # a machine answers, and records until it is hung up
RATE = Decimal("0.0175")  # dollars a minute, of the pipeline agent
PREMIUM = "+1900"  # refused


class Numbers:
    """Numbers set aside for fiction, each handed out once, so that the jobs of one stack do not meet."""

    def __init__(self) -> None:
        ordinary = [number for number in judge.fiction(30_000) if not number.startswith(PREMIUM)]
        self._ordinary = iter(ordinary)
        areas = sorted({number[:-2] for number in ordinary})
        self._areas = {script: iter(areas) for script in (TALKS, SHORT, VOICEMAIL)}

    def some(self, count: int) -> list[str]:
        """Whose calls go as the seed says."""
        return list(islice(self._ordinary, count))

    def scripted(self, script: str, count: int) -> list[str]:
        """Whose calls go as their last two digits say."""
        return [f"{area}{script}" for area in islice(self._areas[script], count)]


def contacts(numbers: list[str], **fields: object) -> list[dict[str, Any]]:
    """As a request has them."""
    return [{"phone": number, "name": "Customer", **fields} for number in numbers]


@dataclass
class Batch:
    """One job on a live stack, watched through the database: the API is among what is killed."""

    stack: LiveStack
    job_id: str
    numbers: frozenset[str]
    kills: list[str] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)

    @classmethod
    def create(cls, stack: LiveStack, called: list[dict[str, Any]], key: str | None = None, **fields: object) -> Self:
        """`key` of the organization, the first one's owner's where none is given."""
        job = {
            "name": "Spring campaign",
            "fromPhoneNumberId": stack.ready["phoneNumbers"]["pipeline"],
            "contacts": called,
            "concurrentCallLimit": 50,
            **fields,
        }
        with stack.http(key=key) as client:
            answer = client.post("/batch/create", json=job)
        assert answer.status_code == 200, answer.text
        return cls(stack, answer.json()["batchJobId"], frozenset(contact["phone"] for contact in called))

    def dials(self) -> list[judge.Dial]:
        """Of this job's numbers, by the carrier itself, in the order in which they were asked for."""
        dials = [dial for dial in self.stack.report()["dials"] if dial["to"] in self.numbers]
        return sorted(dials, key=lambda dial: dial["askedAt"])

    def live(self) -> int:
        """Calls that the carrier holds now, by the carrier itself."""
        return sum(1 for dial in self.dials() if dial["endedAt"] is None)

    def detail(self) -> dict[str, Any]:
        with self.stack.http() as client:
            return client.get(f"/batch/jobs/{self.job_id}").raise_for_status().json()

    def status(self) -> str:
        return self.detail()["status"]

    def contacts(self) -> list[dict[str, Any]]:
        with self.stack.http() as client:
            return judge.contacts_of(client, self.job_id)

    def uncertain(self) -> list[dict[str, Any]]:
        """Contacts whose outcome is unknown."""
        return [contact for contact in self.contacts() if "unknown" in (contact["failureReason"] or "")]

    def open_contacts(self) -> int:
        with psycopg.connect(self.stack.ready["database"]["url"]) as connection:
            row = connection.execute(
                "SELECT count(*) FROM contacts WHERE job_id = %s AND status IN ('pending', 'queued', 'dialing')",
                (self.job_id,),
            ).fetchone()
        assert row is not None
        return int(row[0])

    def order(self, what: str, **body: object) -> tuple[dict[str, Any], float]:
        """Say cancel, pause or resume; the answer, and when it was here (seconds since the epoch)."""
        asked_at = time.time()
        with self.stack.http() as client:
            answer = client.post(f"/batch/jobs/{self.job_id}/{what}", json=body)
            answered_at = time.time()
        assert answer.status_code == 200, answer.text
        self._note(what, answer.json(), asked_at if what == "resume" else answered_at)
        return answer.json(), answered_at

    def hang_up(self) -> None:
        """End what is still on the phone, if anything is."""
        with self.stack.http() as client:
            answer = client.post(f"/batch/jobs/{self.job_id}/cancel", json={"hangUp": True})
        assert answer.status_code == 200 or answer.json()["code"] == "job_not_cancellable", answer.text

    def talkers_hang_up(self) -> None:
        """End the calls of those who talk for ever, at the carrier: as if they had enough."""
        calls = judge.calls_path(self.stack.ready)
        with judge.carrier_http(self.stack.ready) as client:
            talking = client.get(f"{calls}.json", params={"Status": "in-progress", "PageSize": 1000})
            for call in talking.raise_for_status().json()["calls"]:
                if call["to"].endswith(TALKS):
                    client.post(f"{calls}/{call['sid']}.json", data={"Status": "completed"}).raise_for_status()

    def kill(self, part: str, number: int = 0) -> float:
        """Kill a part (kill -9) with at least 20 calls live, and wait until it was started again; when it died."""
        try:
            until(lambda: self.live() >= MIN_LIVE_CALLS, BACK_WITHIN_SECONDS, every=0.2)
        except AssertionError as error:
            raise AssertionError(
                f"{self.live()} calls live, {self.open_contacts()} contacts open after {self.kills}"
            ) from error
        until(lambda: answers(lambda: self.open_contacts() > 0), BACK_WITHIN_SECONDS, every=0.2)
        old = self.stack.kill(part, number, signal.SIGKILL)
        died_at = time.time()
        self.kills.append(part)
        self.stack.wait_until_replaced(part, old, BACK_WITHIN_SECONDS, number)
        return died_at

    def wait_until_completed(self, seconds: float) -> None:
        try:
            until(lambda: answers(lambda: self.status() == "completed"), seconds, every=0.5)
        except AssertionError as error:
            detail = self.detail()
            stands = [detail.get(name) for name in ("status", "statusReason", "waitingFor", "statusBreakdown")]
            raise AssertionError(f"{error}: {stands}, {self.live()} calls live") from error

    def wait_until_talkers_are_done(self, seconds: float) -> None:
        """Hang up for whoever talks for ever, also those who were called a moment ago, until nobody else is to be."""

        def done() -> bool:
            self.talkers_hang_up()
            return self.open_contacts() == 0

        until(lambda: answers(done), seconds, every=1)

    def wait_until_nobody_is_on_the_phone(self, seconds: float) -> None:
        """Return when the job has ended, and its last call too, by our own database."""

        def over() -> bool:
            return answers(lambda: self.status() in ENDED and self.open_contacts() == 0)

        until(over, seconds, every=0.3)

    def complaints(self, *, speed: float, **allowed: int) -> list[str]:
        """Everything wrong with the finished job, by the carrier's record: every invariant, and what `judge` adds."""
        detail, contacts = self.detail(), self.contacts()
        job = Job(self.job_id, "", detail["concurrentCallLimit"], RATE, detail, tuple(contacts))
        record = read_carrier_record(self.stack.data_dir / "carrier.db")
        dials = tuple(dial for dial in record if dial["to"] in self.numbers)
        verdicts = invariants.judge(Run(dials, (job,), (), tuple(self.orders)))
        found = [f"{breach}: {verdict.name}" for verdict in verdicts for breach in verdict.breaches]
        found += judge.complaints(self.dials(), contacts, speed=speed, **allowed)
        if len(contacts) != len(self.numbers):
            found.append(f"of {len(self.numbers)} contacts there are {len(contacts)}")
        return found

    def _note(self, what: str, answer: dict[str, Any], at: float) -> None:
        """What was promised from then on, or is promised no longer."""
        if what == "resume":
            self.orders = [replace(order, until=min(order.until, at)) for order in self.orders]
        elif what in HOLDS:
            self.orders.append(Order(what, at, frozenset({self.job_id}), not_stopped=answer["callsNotStopped"]))

    def ledger_complaints(self) -> list[str]:
        """Whether the money adds up, once no job of the organization is open."""
        ready = self.stack.ready
        return judge.ledger_complaints(ready["database"]["url"], ready["api"]["organizationId"])


def answers(question: Callable[[], bool]) -> bool:
    """The answer, once the database or the API is up again; False until then."""
    try:
        return question()
    except (psycopg.OperationalError, httpx.HTTPError, KeyError):
        return False


def live_at(dials: list[judge.Dial], moment: float) -> int:
    """Calls that the carrier held at an instant."""
    return sum(1 for dial in dials if dial["askedAt"] <= moment and (dial["endedAt"] or 1e12) > moment)
