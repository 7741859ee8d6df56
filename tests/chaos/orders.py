"""What operators order while everything fails, and what they were answered.

Only an answer is a promise: where none came nothing is expected, and the order is given again or taken back later.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import httpx

from tests.chaos.population import Created, Population, late_job
from tests.end_to_end.live_stack import LiveStack
from tests.invariants import Order

MIN_PAUSE_SECONDS, MAX_PAUSE_SECONDS = 0.5, 5.0
MIN_REST_SECONDS, MAX_REST_SECONDS = 1.0, 5.0
ANSWER_WITHIN_SECONDS = 60.0
HEARD_WITHIN_SECONDS = 180.0
LISTED_AT_ONCE = 3
WEIGHTS = {"pause": 6, "stop": 2, "do_not_call": 4}


@dataclass
class Operators:
    """Gives orders in a thread of its own until it is told to end; `given` are those that were answered."""

    stack: LiveStack
    population: Population
    seed: int
    given: list[Order] = field(default_factory=list)
    unanswered: int = 0
    _ending: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._chance = Random(f"{self.seed}:orders")
        self._thread = threading.Thread(target=self._run, name="operators")
        self._error: Exception | None = None

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Give no more orders. Raises what went wrong."""
        self._ending.set()
        self._thread.join()
        if self._error is not None:
            raise self._error

    def cancel(self, job: Created, *, hang_up: bool = False) -> bool:
        """Whether it was answered, also where it was said before."""
        path, organization = f"/batch/jobs/{job.id}/cancel", job.sort.organization
        answered = self._post(organization, path, {"hangUp": hang_up})
        if answered is None:
            return False
        answer, at = answered
        if answer.status_code == 200:
            self._promise("cancel", at, answer, jobs=frozenset({job.id}))
        return answer.status_code in {200, 400}

    def resume_all(self) -> None:
        """Take back whatever holds a job up, answered or not."""
        for organization in self.population.keys:
            self._take_back(organization, "/organization/resume", self._jobs_of(organization))
        for job in self.population.jobs:
            self._take_back(job.sort.organization, f"/batch/jobs/{job.id}/resume", frozenset({job.id}))

    def _run(self) -> None:
        try:
            while not self._ending.wait(self._chance.uniform(MIN_REST_SECONDS, MAX_REST_SECONDS)):
                what = self._chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
                steps: dict[str, Callable[[], None]] = {
                    "pause": self._pause,
                    "stop": self._stop,
                    "do_not_call": self._list,
                }
                steps[what]()
        except Exception as error:
            self._error = error

    def _pause(self) -> None:
        job = self._chance.choice(self.population.jobs)
        organization, path = job.sort.organization, f"/batch/jobs/{job.id}"
        self._hold("pause", organization, f"{path}/pause", f"{path}/resume", frozenset({job.id}))

    def _stop(self) -> None:
        organization = self._chance.choice(list(self.population.keys))
        jobs = self._jobs_of(organization)
        self._hold("stop", organization, "/organization/stop", "/organization/resume", jobs)

    def _create(self, organization: str) -> Created | None:
        """A job, asked for again with the same key until it is answered; None where all numbers are used."""
        if not self.population.spare:
            return None
        sort, numbers, body = late_job(self.population, organization)
        key, deadline = str(self._chance.random()), time.monotonic() + HEARD_WITHIN_SECONDS
        answered = None
        while answered is None and time.monotonic() < deadline:
            answered = self._post(organization, "/batch/create", body, {"Idempotency-Key": key})
        assert answered is not None, "create was not answered"
        created = Created(sort, answered[0].json()["batchJobId"], tuple(numbers), None)
        self.population.jobs.append(created)
        return created

    def _hold(self, what: str, organization: str, path: str, back: str, jobs: frozenset[str]) -> None:
        """For a while; a job that is created while all are stopped is held, too."""
        seconds = self._chance.uniform(MIN_PAUSE_SECONDS, MAX_PAUSE_SECONDS)
        answered = self._post(organization, path, {})
        if answered is not None and answered[0].status_code == 200:
            self._promise(what, answered[1], answered[0], jobs=jobs)
            if what == "stop" and (late := self._create(organization)) is not None:
                jobs |= {late.id}
                self.given.append(Order("stop, then created", answered[1], frozenset({late.id})))
        time.sleep(seconds)
        self._take_back(organization, back, jobs)

    def _list(self) -> None:
        job = self._chance.choice(self.population.jobs)
        numbers = self._chance.sample(job.numbers, min(LISTED_AT_ONCE, len(job.numbers)))
        answered = self._post(job.sort.organization, "/do-not-call", {"numbers": numbers})
        if answered is not None and answered[0].status_code == 200:
            jobs = self._jobs_of(job.sort.organization)
            self._promise("do-not-call", answered[1], answered[0], jobs=jobs, numbers=frozenset(numbers))

    def _promise(self, what: str, at: float, answer: httpx.Response, **whom: frozenset[str]) -> None:
        not_stopped = answer.json()["callsNotStopped"]
        with self._lock:
            self.given.append(Order(what, at, **whom, not_stopped=not_stopped))

    def _take_back(self, organization: str, path: str, jobs: frozenset[str]) -> None:
        """From the moment at which it is asked for nothing is promised any more, whether or not it was heard."""
        with self._lock:
            self.given = [part for one in self.given for part in _without(one, jobs, time.time())]
        deadline = time.monotonic() + HEARD_WITHIN_SECONDS
        while self._post(organization, path, {}) is None and time.monotonic() < deadline:
            time.sleep(1)

    def _post(
        self, organization: str, path: str, body: dict[str, Any], headers: dict[str, str] | None = None
    ) -> tuple[httpx.Response, float] | None:
        """The answer and when it was here; None where none came, or one that promises nothing."""
        try:
            with self.stack.http(self.population.keys[organization]) as client:
                answer = client.post(path, json=body, headers=headers, timeout=ANSWER_WITHIN_SECONDS)
                at = time.time()
        except httpx.HTTPError:
            self.unanswered += 1
            return None
        if answer.status_code >= 500:
            self.unanswered += 1
            return None
        assert answer.status_code in {200, 400}, f"{path}: {answer.status_code} {answer.text}"
        return answer, at

    def _jobs_of(self, organization: str) -> frozenset[str]:
        return frozenset(job.id for job in self.population.jobs if job.sort.organization == organization)


def _without(order: Order, jobs: frozenset[str], moment: float) -> list[Order]:
    """What is left of an order that is taken back for some jobs: it ends for these, and holds for the others."""
    if order.what in {"cancel", "do-not-call"} or not order.jobs & jobs or order.until <= moment:
        return [order]
    ended = replace(order, jobs=order.jobs & jobs, until=moment)
    others = order.jobs - jobs
    return [ended, replace(order, jobs=others)] if others else [ended]
