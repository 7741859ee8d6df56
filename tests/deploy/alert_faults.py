"""What is done to a deployment so that an alert fires: each fault for real, for as long as its block runs."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from domain.calls.silence import SILENT_CALLS
from tests.deploy.deployment import CALLS_PER_SECOND, Deployment
from tests.end_to_end import judge
from tests.end_to_end.batch import ENDED, MAX_TALK, SHORT, TALKS, Batch, contacts
from tests.waiting import meanwhile, until

CALL_SLOTS = 10  # of the deployment's only worker
OUT_OF_ORDER, BLOCKED = "03", "08"  # see carriers/simulator/scenarios.py
FORGED = {"CallSid": "CA1", "CallStatus": "completed"}
GROWN_BYTES, GROWING_SECONDS = 200_000_000, 8.0
MANY_CONNECTIONS = 160
CREDITS = "0.15"  # dollars: four calls of two minutes are expected, and they last for five


@dataclass
class Scene:
    """A deployment, and whom nobody has called there yet."""

    deployment: Deployment
    areas: dict[str, int] = field(default_factory=dict)

    def scripted(self, script: str, count: int) -> list[dict[str, Any]]:
        """Contacts whose calls go as the last two digits say, each handed out once."""
        numbers = sorted({number[:-2] for number in judge.fiction(30_000) if not number.startswith("+1900")})
        begin = self.areas.get(script, 0)
        self.areas[script] = begin + count
        assert self.areas[script] <= len(numbers), f"there are only {len(numbers)} such numbers"
        return contacts([f"{area}{script}" for area in numbers[begin : begin + count]])

    def query(self, statement: str) -> None:
        with psycopg.connect(self.deployment.ready["database"]["url"], autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[arg-type]

    @contextlib.contextmanager
    def calling(self, called: list[dict[str, Any]], key: str | None = None, **fields: object) -> Iterator[Batch]:
        """A job that is cancelled at the end, its calls hung up."""
        fields = {"concurrentCallLimit": 20, "maxAttempts": 1, "circuitBreaker": False, **fields}
        batch = Batch.create(self.deployment, called, key, **fields)
        try:
            yield batch
        finally:
            with self.deployment.http(key) as client:
                client.post(f"/batch/jobs/{batch.job_id}/cancel", json={"hangUp": True})
                path = f"/batch/jobs/{batch.job_id}"
                until(lambda: client.get(path).json().get("status") in ENDED, 60, every=0.2)

    @contextlib.contextmanager
    def faulty_carrier(self, **faults: object) -> Iterator[None]:
        url = f"{self.deployment.carrier_url}/simulator/faults"
        httpx.put(url, json=faults, trust_env=False).raise_for_status()
        try:
            yield
        finally:
            httpx.put(url, json={}, trust_env=False).raise_for_status()

    @contextlib.contextmanager
    def stopped(self, *names: str, how: signal.Signals = signal.SIGKILL) -> Iterator[None]:
        """Parts that are killed, and started again at the end."""
        for name in names:
            self.deployment.parts[name].end(how)
        try:
            yield
        finally:
            for name in names:
                self.deployment.parts[name].start()
                self.deployment.parts[name].wait_until_well()


@contextlib.contextmanager
def no_worker(scene: Scene) -> Iterator[None]:
    """The only one ends: one job was calling, and one is about to start.

    It is told to, and records what it is placing: a call that nobody knows to have ended is taken for progress.
    """
    soon = (datetime.now(UTC) + timedelta(seconds=8)).isoformat()
    with (
        scene.calling(scene.scripted(SHORT, 1), scheduledStartTime=soon),
        scene.calling(scene.scripted(SHORT, 100), concurrentCallLimit=1) as batch,
    ):
        until(lambda: batch.status() == "running", 30, every=0.1)
        with scene.stopped("worker-1", how=signal.SIGTERM):
            yield


@contextlib.contextmanager
def no_database(scene: Scene) -> Iterator[None]:
    """People go on asking the API."""
    with scene.deployment.http() as client, scene.stopped("postgres"):

        def ask() -> None:
            with contextlib.suppress(httpx.HTTPError):
                client.get("/batch/jobs")

        with meanwhile(ask, every=0.2):
            yield


@contextlib.contextmanager
def forged_events(scene: Scene) -> Iterator[None]:
    with scene.deployment.http() as client:

        def forge() -> None:
            answer = client.post("/carriers/twilio/events", data=FORGED, headers={"X-Twilio-Signature": "mine"})
            assert answer.status_code == 403

        with meanwhile(forge, every=0.1):
            yield


@contextlib.contextmanager
def second_call(scene: Scene) -> Iterator[None]:
    """The carrier reports a call under the key of another that is live, and signs it."""
    with scene.calling(scene.scripted(TALKS, 1)) as batch, scene.deployment.http() as client:
        until(batch.live, 30, every=0.1)
        until(lambda: batch.dials()[0]["answeredAt"] is not None, 30, every=0.1)
        path = f"/carriers/twilio/events?dial={batch.dials()[0]['key']}"
        event = {"CallSid": f"CA{'2' * 32}", "CallStatus": "in-progress", "SequenceNumber": "2"}
        ready = scene.deployment.ready
        signer = RequestValidator(ready["carrier"]["authToken"])
        signature = signer.compute_signature(f"{ready['api']['url']}{path}", event)
        answer = client.post(path, data=event, headers={"X-Twilio-Signature": signature})
        assert answer.status_code == 204, answer.text
        yield


@contextlib.contextmanager
def network_down(scene: Scene) -> Iterator[None]:
    """Behind the carrier: it takes calls, and cannot put them through."""
    with scene.calling(scene.scripted(OUT_OF_ORDER, 100)):
        yield


@contextlib.contextmanager
def no_agents(scene: Scene) -> Iterator[None]:
    """Nobody listens at the agent's address."""
    deployment, organization = scene.deployment, scene.deployment.ready["api"]["organizationId"]
    nobody = f"ws://127.0.0.1:{next(deployment.ports)}/"
    agent = deployment.outdial("agent", "create", organization, "Away", nobody, "--json")
    pace = ("--calls-per-second", str(CALLS_PER_SECOND))
    made = ("number", "create", organization, "+12025550198", "--agent", agent["id"], *pace, "--json")
    number = deployment.outdial(*made)
    with scene.calling(scene.scripted(TALKS, 60), fromPhoneNumberId=number["id"]):
        yield


@contextlib.contextmanager
def blocked_number(scene: Scene) -> Iterator[None]:
    with scene.calling(scene.scripted(BLOCKED, 100)):
        yield


@contextlib.contextmanager
def refusing_carrier(scene: Scene) -> Iterator[None]:
    """It answers every request to place a call with 503."""
    with scene.faulty_carrier(unavailable=1.0), scene.calling(scene.scripted(SHORT, 20)):
        yield


@contextlib.contextmanager
def unheard_carrier(scene: Scene) -> Iterator[None]:
    """Calls go through, and no event of them reaches the API; one that does ends it."""
    with scene.faulty_carrier(callback_lost=1.0), scene.calling(scene.scripted(SHORT, SILENT_CALLS + 2)):
        yield
    with scene.calling(scene.scripted(SHORT, 1)) as batch:
        batch.wait_until_completed(60)


@contextlib.contextmanager
def no_credits(scene: Scene) -> Iterator[None]:
    """Calls last longer than a job was expected to, and what is left does not cover the next."""
    run = scene.deployment.outdial
    organization = run("org", "create", "Poor Ltd", "--limit", "5", "--credits", CREDITS, "--json")["id"]
    run("org", "change", organization, "--countries", "*", "--json")
    agent = run("agent", "create", organization, "Front desk", "ws://127.0.0.1:9/", "--json")
    number = run("number", "create", organization, "+12025550197", "--agent", agent["id"], "--json")
    key = run("key", "create", organization, "--role", "owner", "--json")["key"]
    lasts = {"maxCallSeconds": 300, "concurrentCallLimit": 1}
    with scene.calling(scene.scripted(TALKS, 4), key, fromPhoneNumberId=number["id"], **lasts):
        yield


@contextlib.contextmanager
def deaf_receiver(scene: Scene) -> Iterator[None]:
    """Nobody listens where a webhook is to be delivered."""
    url = f"http://127.0.0.1:{next(scene.deployment.ports)}/"
    with scene.deployment.http() as client:
        made = client.post("/webhooks", json={"url": url, "events": ["contact.finished"]})
        assert made.is_success, made.text
        with scene.calling(scene.scripted(SHORT, 1)):
            yield
        client.delete(f"/webhooks/{made.json()['id']}").raise_for_status()


@contextlib.contextmanager
def busy_processor(scene: Scene) -> Iterator[None]:
    """The worker gets a tenth of it: it is stopped for most of every second."""
    pid = scene.deployment.parts["worker-1"].process.pid

    def hold_up() -> None:
        os.kill(pid, signal.SIGSTOP)
        time.sleep(0.9)
        os.kill(pid, signal.SIGCONT)

    with meanwhile(hold_up, every=0.1):
        yield


@contextlib.contextmanager
def taken_connections(scene: Scene) -> Iterator[None]:
    with contextlib.ExitStack() as taken:
        for _ in range(MANY_CONNECTIONS):
            taken.enter_context(psycopg.connect(scene.deployment.ready["database"]["url"]))
        yield


@contextlib.contextmanager
def forgotten_transaction(scene: Scene) -> Iterator[None]:
    with psycopg.connect(scene.deployment.ready["database"]["url"]) as connection:
        connection.execute("SELECT count(*) FROM contacts")
        yield


@contextlib.contextmanager
def full_worker(scene: Scene) -> Iterator[None]:
    """People talk for hours, and there are more of them than the worker has slots."""
    with scene.calling(scene.scripted(TALKS, 2 * CALL_SLOTS), maxCallSeconds=MAX_TALK):
        yield


@contextlib.contextmanager
def growing_database(scene: Scene) -> Iterator[None]:
    scene.query("CREATE TABLE IF NOT EXISTS ballast (filling text)")
    steps = 20
    for _ in range(steps):
        rows = GROWN_BYTES // steps // 1_000
        scene.query(f"INSERT INTO ballast SELECT repeat('x', 960) FROM generate_series(1, {rows})")
        time.sleep(GROWING_SECONDS / steps)
    try:
        yield
    finally:
        scene.query("DROP TABLE ballast")


@dataclass(frozen=True)
class Fault:
    """`done`: the fault, from its beginning to its end; `alerts`: what fires by it; `not_these`: what would mislead."""

    name: str
    done: Callable[[Scene], AbstractContextManager[None]]
    alerts: frozenset[str]
    not_these: frozenset[str]


def _fault(name: str, done: Callable[[Scene], AbstractContextManager[None]], alerts: str, not_these: str = "") -> Fault:
    def named(words: str) -> frozenset[str]:
        return frozenset(f"Outdial{word}" for word in words.split())

    return Fault(name, done, named(alerts), named(not_these))


FAULTS = (
    _fault("growing database", growing_database, "DatabaseGrows"),  # the first: it looks back for a long time
    _fault("long transaction", forgotten_transaction, "LongTransaction"),
    _fault("connections taken", taken_connections, "ConnectionsShort"),
    _fault("forged events", forged_events, "CallbacksRefused"),
    _fault("second call", second_call, "SecondCall CriticalLog"),
    _fault("network down", network_down, "CarrierDown"),
    _fault("no agents", no_agents, "AgentsAway", "CarrierDown"),
    _fault("blocked number", blocked_number, "NumberBlocked", "CarrierDown"),
    _fault("refusing carrier", refusing_carrier, "GateClosed"),
    _fault("no credits", no_credits, "CreditsOut"),
    _fault("full worker", full_worker, "SlotsFull"),
    _fault("busy processor", busy_processor, "LoopLate"),
    _fault("deaf receiver", deaf_receiver, "WebhooksLate"),
    _fault("unheard carrier", unheard_carrier, "CallbacksMissing CriticalLog"),
    _fault("api killed", lambda scene: scene.stopped("api-1"), "NoApi Down"),
    _fault("temporal killed", lambda scene: scene.stopped("temporal"), "TemporalAway", "NoWorkers"),
    _fault("no database", no_database, "DatabaseAway NothingKnown DatabaseSlow ApiErrors", "TemporalAway JobStuck"),
    _fault("no worker", no_worker, "Down NoWorkers StartOverdue JobStuck"),
)
