"""Each process of a deployment is restarted in turn, asked to and killed, while a job calls."""

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import psycopg
import pytest

from tests.chaos.record import Finals
from tests.deploy.deployment import Deployment
from tests.end_to_end import histories, judge
from tests.end_to_end.batch import ENDED, RATE, Batch, contacts
from tests.invariants import Dial, Job, Organization, Run, carrier_cost, is_uncertain, read_carrier_record
from tests.invariants import judge as judge_run
from tests.tools import need
from tests.waiting import until

CONTACTS = 5_000
LINES = 50
SPEED = 15.0
SETTLE_SECONDS = 6.0  # between two restarts: what each one costs is told apart
BEFORE_SECONDS = 4.0  # of which the lines idle are what is lost without any restart
FINISH_SECONDS = 600.0
PARTS = ("api-1", "api-2", "worker-1", "worker-2", "worker-3", "nginx", "postgres", "temporal", "simulator")
HOWS = (signal.SIGTERM, signal.SIGKILL)


@dataclass(frozen=True)
class Restart:
    """One part ended and well again; seconds since the epoch."""

    part: str
    how: signal.Signals
    at: float
    well_at: float

    @property
    def name(self) -> str:
        return f"{self.part}, {self.how.name}"


@pytest.mark.soak
@pytest.mark.timeout(1500)
def test_each_process_restarted_in_turn_loses_nobody_and_calls_nobody_twice() -> None:
    need("nginx", "nginx-light")
    with Deployment.running(speed=SPEED, limit=LINES) as deployment:
        called = contacts(judge.fiction(CONTACTS))
        batch = Batch.create(deployment, called, concurrentCallLimit=LINES, maxAttempts=2, circuitBreaker=False)
        began, finals = time.time(), Finals()
        restarts = [_restart(deployment, part, how, finals) for how in HOWS for part in PARTS]
        open_then = batch.open_contacts()
        until(lambda: _is_over(batch, finals), FINISH_SECONDS, every=1)
        run = _collect(deployment, batch, finals)
        print(*_lines(run, restarts, open_then, time.time() - began), sep="\n")
        verdicts = judge_run(run)
    assert [breach for verdict in verdicts for breach in verdict.breaches] == []
    assert len(run.jobs[0].contacts) == CONTACTS
    assert open_then > 0, "the job was over before its parts were restarted"


def _restart(deployment: Deployment, part: str, how: signal.Signals, finals: Finals) -> Restart:
    time.sleep(SETTLE_SECONDS)
    finals.look(deployment.ready["database"]["url"])
    at = time.time()
    deployment.restart(part, how)
    return Restart(part, how, at, time.time())


def _is_over(batch: Batch, finals: Finals) -> bool:
    finals.look(batch.stack.ready["database"]["url"])
    try:
        ended = batch.status() in ENDED
    except (httpx.HTTPError, KeyError):
        return False
    with psycopg.connect(batch.stack.ready["database"]["url"]) as connection:
        row = connection.execute("SELECT count(*) FROM dials WHERE ended_at IS NULL").fetchone()
    return ended and row == (0,)


def _collect(deployment: Deployment, batch: Batch, finals: Finals) -> Run:
    owner, url = deployment.ready["api"]["organizationId"], deployment.ready["database"]["url"]
    complaints = tuple(judge.ledger_complaints(url, owner))
    texts = {f"log {file.name}": file.read_text(errors="replace") for file in deployment.data_dir.glob("logs/*")}
    texts["log nginx"] = (deployment.data_dir / "nginx/error.log").read_text()
    runs = asyncio.run(histories.runs(deployment))
    texts |= {f"history {one.workflow_id} {one.run_id}": one.text for one in runs}
    return Run(
        dials=read_carrier_record(deployment.data_dir / "carrier.db"),
        jobs=(Job(batch.job_id, owner, LINES, RATE, batch.detail(), tuple(batch.contacts())),),
        organizations=(Organization(owner, LINES, judge.captured(url, owner), complaints),),
        finals=tuple(finals.seen),
        texts=texts,
    )


def _lines(run: Run, restarts: list[Restart], open_then: int, seconds: float) -> Iterator[str]:
    """What the run came to, for whoever reads it."""
    (job,), (organization,) = run.jobs, run.organizations
    statuses = dict(Counter(contact["status"] for contact in job.contacts))
    yield f"\n{len(job.contacts)} contacts, {len(run.dials)} dials in {seconds:.0f} s: {statuses}"
    yield f"{sum(map(is_uncertain, job.contacts))} outcomes unknown, {open_then} contacts open after the last restart"
    yield f"charged {organization.captured}, by the carrier {carrier_cost(run, organization.id)}"
    for verdict in judge_run(run):
        yield f"{len(verdict.breaches)} {verdict.name}"
    ends = [*(restart.at for restart in restarts[1:]), restarts[-1].well_at + SETTLE_SECONDS]
    for restart, end in zip(restarts, ends, strict=True):
        lost = _idle(run.dials, restart.at, end) - (end - restart.at) * _usual(run.dials, restart.at)
        well, watched = restart.well_at - restart.at, end - restart.at
        yield f"{restart.name}: well after {well:.1f} s; {max(lost, 0):.0f} line-seconds lost in {watched:.0f} s"


def _usual(dials: tuple[Dial, ...], before: float) -> float:
    """Lines that idle just before, on average."""
    return _idle(dials, before - BEFORE_SECONDS, before) / BEFORE_SECONDS


def _idle(dials: tuple[Dial, ...], begin: float, end: float) -> float:
    """Line-seconds without a call between two moments, by the carrier."""
    spans = ((max(dial["askedAt"], begin), min(dial["endedAt"] or end, end)) for dial in dials)
    return LINES * (end - begin) - sum(max(0.0, over - asked) for asked, over in spans)
