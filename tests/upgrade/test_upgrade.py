"""Jobs that the version before began end on this one: its processes are exchanged one by one, in mid-call."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

import psycopg
import pytest

from store.db.engine import migrations
from tests.chaos.record import Finals
from tests.deploy.deployment import Deployment, Version
from tests.end_to_end import histories, judge
from tests.end_to_end.batch import RATE, TALKS, Batch, Numbers, answers, contacts, live_at
from tests.invariants import Job, Organization, Run, read_carrier_record
from tests.invariants import judge as judge_run
from tests.tools import need
from tests.upgrade.previous import check_out, find_ref
from tests.waiting import until

SPEED = 6.0
LINES = 30
CALLING_LINES = 12
CONTACTS = 250
TALKERS = 4  # on the phone from before the migration until the last process is exchanged
BUSY = "01"
STARTS_IN = timedelta(seconds=75)  # while processes are exchanged, or soon after
BESIDE_SECONDS = 5.0  # the old version on the new schema, before the first process is exchanged
FINISH_SECONDS = 900.0
BROKEN = ("FAILED_CAUSE_NON_DETERMINISTIC_ERROR", "FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE")  # in histories
OURS = ("api-1", "api-2", "worker-1", "worker-2")


@dataclass
class Jobs:
    """One in each state that an upgrade may meet."""

    calling: Batch
    talking: Batch
    paused: Batch
    retrying: Batch
    scheduled: Batch
    finals: Finals = field(default_factory=Finals)

    @classmethod
    def begin(cls, deployment: Deployment) -> Self:
        """The last one waits for its retry: the upgrade must begin within its delay."""
        numbers = Numbers()
        busy = [f"{number[:-2]}{BUSY}" for number in numbers.scripted(TALKS, 5)]
        calling = _create(deployment, numbers.some(CONTACTS), CALLING_LINES)
        talking = _create(deployment, numbers.scripted(TALKS, TALKERS), TALKERS, maxCallSeconds=14_400)
        paused = _create(deployment, numbers.some(30), 3)
        until(lambda: talking.live() == TALKERS and calling.live() > CALLING_LINES / 2, 120, every=0.5)
        until(lambda: len(paused.dials()) > 3, 120, every=0.5)
        paused.order("pause")
        start_at = (datetime.now(UTC) + STARTS_IN).isoformat()
        scheduled = _create(deployment, numbers.some(20), 5, scheduledStartTime=start_at)
        retrying = _create(deployment, busy, 5)
        until(lambda: [dial["outcome"] for dial in retrying.dials()] == ["busy"] * len(busy), 120, every=0.5)
        return cls(calling, talking, paused, retrying, scheduled)

    def all(self) -> Iterator[Batch]:
        yield from (self.calling, self.talking, self.paused, self.retrying, self.scheduled)

    def end(self, deployment: Deployment) -> None:
        """Those who talk hang up, the paused job goes on, and everybody is called."""
        self.talking.talkers_hang_up()
        self.paused.order("resume")
        until(lambda: answers(lambda: self._are_over(deployment)), FINISH_SECONDS, every=1)

    def _are_over(self, deployment: Deployment) -> bool:
        self.finals.look(deployment.ready["database"]["url"])
        return all(batch.status() == "completed" and batch.open_contacts() == 0 for batch in self.all())


@pytest.mark.soak
@pytest.mark.timeout(2400)
def test_jobs_of_the_version_before_end_on_this_one_with_nobody_lost_or_called_twice(tmp_path: Path) -> None:
    need("nginx", "nginx-light")
    ref = find_ref()
    before = check_out(ref, tmp_path)
    with Deployment.running(apis=2, workers=2, speed=SPEED, limit=LINES, version=before) as deployment:
        schema = _schema(deployment)
        jobs = Jobs.begin(deployment)

        deployment.install(Version())
        migrated_at = time.time()
        deployment.outdial("migrate", "--temporal")
        assert _schema(deployment) == migrations().get_current_head()
        time.sleep(BESIDE_SECONDS)
        exchanged_at = {name: _exchange(deployment, name) for name in OURS}
        done_at, open_then = time.time(), jobs.calling.open_contacts()

        jobs.end(deployment)
        run = _collect(deployment, jobs)
        verdicts, dials = judge_run(run), run.dials
        print(f"\n{ref}, schema {schema}, to {_schema(deployment)}; {len(dials)} dials, {open_then} contacts left then")
        print(f"{live_at(list(dials), migrated_at)} calls live at the migration", exchanged_at)

    assert [breach for verdict in verdicts for breach in verdict.breaches] == []
    assert [name for name, text in run.texts.items() if any(cause in text for cause in BROKEN)] == []
    assert open_then > 0, "the job was over before the last process was exchanged"
    beside = [dial for dial in dials if migrated_at < dial["askedAt"] < exchanged_at["api-1"]]
    assert beside, "the version before placed no call on the new schema"
    _across(jobs, dials, migrated_at, done_at)


def _create(deployment: Deployment, called: list[str], lines: int, **fields: object) -> Batch:
    fields = {"circuitBreaker": False, "maxAttempts": 2, "concurrentCallLimit": lines, **fields}
    return Batch.create(deployment, contacts(called), **fields)


def _across(jobs: Jobs, dials: tuple[judge.Dial, ...], migrated_at: float, done_at: float) -> None:
    """What began before, and went on after."""
    talks = [dial for dial in dials if dial["to"] in jobs.talking.numbers]
    assert [dial["outcome"] for dial in talks] == ["completed"] * TALKERS
    assert all(dial["askedAt"] < migrated_at and dial["endedAt"] > done_at for dial in talks)
    retried = [dial["askedAt"] for dial in dials if dial["to"] in jobs.retrying.numbers]
    assert len(retried) == 2 * len(jobs.retrying.numbers)
    assert sum(at > migrated_at for at in retried) == len(jobs.retrying.numbers)
    held = [dial for dial in dials if dial["to"] in jobs.paused.numbers]
    assert min(dial["askedAt"] for dial in held) < migrated_at
    assert max(dial["askedAt"] for dial in held) > done_at
    assert all(dial["askedAt"] > migrated_at for dial in dials if dial["to"] in jobs.scheduled.numbers)


def _exchange(deployment: Deployment, name: str) -> float:
    """End a process of the version before and start it as one of this; when it was told to end."""
    told_at = time.time()
    deployment.restart(name)
    return told_at


def _schema(deployment: Deployment) -> str | None:
    with psycopg.connect(deployment.ready["database"]["url"]) as connection:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return row and row[0]


def _collect(deployment: Deployment, jobs: Jobs) -> Run:
    owner, url = deployment.ready["api"]["organizationId"], deployment.ready["database"]["url"]
    texts = {f"log {file.name}": file.read_text(errors="replace") for file in deployment.data_dir.glob("logs/*")}
    texts |= {f"history {one.workflow_id} {one.run_id}": one.text for one in asyncio.run(histories.runs(deployment))}
    told = [(batch, batch.detail()) for batch in jobs.all()]
    return Run(
        dials=read_carrier_record(deployment.data_dir / "carrier.db"),
        jobs=tuple(
            Job(batch.job_id, owner, detail["concurrentCallLimit"], RATE, detail, tuple(batch.contacts()))
            for batch, detail in told
        ),
        organizations=(
            Organization(owner, LINES, judge.captured(url, owner), tuple(judge.ledger_complaints(url, owner))),
        ),
        orders=tuple(jobs.paused.orders),
        finals=tuple(jobs.finals.seen),
        texts=texts,
    )
