"""`outdial backup`, `restore` and `recover`, judged by the simulator's own record: nobody twice, the ledger equal."""

import asyncio
import csv
import json
import stat
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import pytest
from temporalio.client import Client, WorkflowExecutionStatus

from carriers.clock import boot_time
from cli.errors import ExitCode
from domain.calls.models import CallReport, CallState
from domain.calls.order import build_call_order, build_callback_url
from startup import CannotStart, check_namespace
from store.billing.ledger import Ledger
from store.calls.claim import Claimed
from store.db.engine import Database, create_engine
from store.recovery import Recovery
from store.temporal_namespace import NamespaceBinding
from tests.builders import Given, a_contact, a_number
from tests.carriers.simulation import ACCOUNT_SID, AUTH_TOKEN, Simulator
from tests.cli.answers import Terminal
from tests.cli.conftest import Run
from tests.databases import Databases
from tests.end_to_end import judge
from tests.serving import beside
from tests.store.calling import Calling, Job, a_caller
from tests.workflows.conftest import temporal_address
from workflows.client import JobWorkflows
from workflows.failures import DATA_CONVERTER
from workflows.names import job_workflow_id

SECRET = "a secret of these tests that is in no backup of theirs"
NOBODY = "http://127.0.0.1:9"
RATE = Decimal("0.0175")
Answer = TypeVar("Answer")


@dataclass
class Installation:
    """What an operator has: a database, a Temporal, a carrier; and hands to call as a worker does."""

    url: str
    temporal: str
    simulator: Simulator
    run: Run
    told: list[str] = field(default_factory=list)

    def on_database(self, do: Callable[[Database], Awaitable[Answer]]) -> Answer:
        async def run() -> Answer:
            engine = create_engine(self.url, pool_size=4)
            try:
                return await do(engine)
            finally:
                await engine.dispose()

        return asyncio.run(run())

    def on_temporal(self, do: Callable[[Client, JobWorkflows], Awaitable[Answer]]) -> Answer:
        async def run() -> Answer:
            client = await Client.connect(self.temporal, data_converter=DATA_CONVERTER)
            return await do(client, JobWorkflows(client))

        return asyncio.run(run())

    def a_job(self, given: Given, *numbers: str, known: bool = True) -> Job:
        """A running job that calls these numbers, with its workflow, which no worker runs. `known`: by Temporal."""

        async def create(engine: Database) -> Job:
            called = [a_contact(row, number) for row, number in enumerate(numbers, 2)]
            job = await Calling(engine).a_job(given, called, max_call_seconds=14_400)
            await job.change(workflow_started_at=datetime.now(UTC))
            return job

        job = self.on_database(create)
        if known:
            self.on_temporal(lambda _, workflows: workflows.start(job.id, given.id, "Spring", None))
        return job

    def calls(self, job: Job, which: int, *, dial: int = 1, ends: bool = True) -> None:
        """Claim a dial, have the carrier place it, and record its end, as a worker does."""

        async def call(engine: Database) -> None:
            calling, carrier = Calling(engine), self.simulator.carrier()
            claimed = await calling.claims.claim(job.given.id, job.id, job.contact_ids[which], dial)
            assert isinstance(claimed, Claimed), claimed
            url = build_callback_url(NOBODY, claimed.account, claimed.key)
            order = build_call_order(claimed, claimed.key, None, NOBODY)
            placed = await carrier.place(order, callback_url=url, send_before=boot_time() + 10)
            await calling.dials.record_placed(claimed, placed)
            while ends:
                report = await carrier.fetch(placed.call_id)
                assert isinstance(report, CallReport)
                if report.state is CallState.ENDED:
                    await calling.dials.record(report, claimed.account, claimed.key)
                    break
                await asyncio.sleep(0.05)
            await carrier.close()

        self.on_database(call)

    def outdial(self, *arguments: str, code: int = ExitCode.OK) -> Any:
        ended = self.run(*arguments, "--database-url", self.url)
        assert ended.code == code, ended
        self.told.append(ended.out + ended.err)
        return json.loads(ended.out) if "--json" in arguments and ended.out else ended.out + ended.err

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url.replace("+psycopg", ""), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def pass_the_lag(self) -> None:
        """As if the time were over by which a carrier's list may lag behind."""
        self.execute("UPDATE carrier_accounts SET restored_at = restored_at - interval '1 hour'")

    def placed(self) -> Counter[str]:
        """How often each number was called, by the carrier itself."""
        return Counter(dial["to"] for dial in self.simulator.report()["dials"])

    def written(self) -> Counter[str]:
        """The same by the database."""
        rows = self.execute("SELECT to_number, count(*) FROM dials WHERE call_id IS NOT NULL GROUP BY 1")
        return Counter(dict(rows))

    def carrier_cost(self) -> Decimal:
        """What the carrier's calls cost, by its own durations."""
        carrier = {"url": self.simulator.url, "accountSid": ACCOUNT_SID, "authToken": AUTH_TOKEN}
        return judge.carrier_cost({"carrier": carrier}, RATE)

    def captured(self) -> Decimal:
        [(sum_,)] = self.execute("SELECT coalesce(-sum(balance_delta), 0) FROM ledger_entries WHERE kind = 'capture'")
        return Decimal(sum_)

    def status(self, job: Job, which: int) -> str:
        [(status,)] = self.execute(f"SELECT status FROM contacts WHERE id = '{job.contact_ids[which]}'")
        return str(status)

    def ledger_is_exact(self, given: Given) -> bool:
        return self.on_database(lambda engine: Ledger(engine).audit(given.id)).exact


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with beside(temporal_address()) as served:
        yield served


@pytest.fixture
def here(
    databases: Databases, address: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Installation]:
    simulator = Simulator(tmp_path / "calls.db", speed=200).start()
    monkeypatch.setenv("TEMPORAL_ADDRESS", address)
    monkeypatch.setenv("OUTDIAL_SECRET", SECRET)
    monkeypatch.setenv("OUTDIAL_TWILIO_ACCOUNT_SID", ACCOUNT_SID)
    monkeypatch.setenv("OUTDIAL_TWILIO_AUTH_TOKEN", AUTH_TOKEN)
    monkeypatch.setenv("OUTDIAL_TWILIO_BASE_URL", simulator.url)
    monkeypatch.setenv("OUTDIAL_SPEED", str(simulator.speed))
    try:
        with databases.lend() as url:
            installation = Installation(url, address, simulator, run)
            installation.outdial("migrate", "--temporal")
            yield installation
    finally:
        simulator.kill()


@contextmanager
def restored(here: Installation, databases: Databases, file: Path) -> Iterator[Installation]:
    """The same installation, on another database, into which the backup was restored."""
    with databases.without_tables() as url:
        after = Installation(url, here.temporal, here.simulator, here.run)
        after.outdial("restore", str(file))
        after.pass_the_lag()
        yield after


def numbers(*digits: str) -> list[str]:
    """Numbers for fiction with these last two digits."""
    return [f"+1{area}55501{each}" for area, each in enumerate(digits, 301)]


def test_calls_made_after_the_backup_are_found_and_not_repeated(
    here: Installation, databases: Databases, tmp_path: Path
) -> None:
    file = tmp_path / "outdial.dump"
    given = here.on_database(a_caller)
    before, called, busy, live, left, lost = numbers("00", "00", "01", "07", "00", "00")
    job = here.a_job(given, before, called, busy, live, left)
    done = here.a_job(given, numbers("02")[0])
    here.calls(job, 0)
    here.outdial("backup", str(file))

    here.calls(job, 1)
    here.calls(job, 2)
    here.calls(job, 3, ends=False)
    unknown = here.a_job(given, lost)
    here.calls(unknown, 0)
    here.on_temporal(lambda _, workflows: workflows.terminate(done.id, "as if it had completed"))

    with restored(here, databases, file) as after:
        assert after.placed() - after.written() == Counter([called, busy, live, lost])
        plan = after.outdial("recover", "--dry-run", "--json")
        assert plan["accounts"][0] | {"since": ""} == {
            "account": "twilio",
            "since": "",
            "known": 1,
            "found": 3,
            "unowned": 1,
            "live": 1,
            "trouble": None,
            "cannot_tell": False,
            "calling_jobs": 0,
            "campaign_contacts": 0,
            "uncertain_contacts": [],
            "numbers": [f"…{lost[-2:]}"],
        }
        assert plan["workflows"]["orphans"] == [unknown.id]
        assert after.written() == Counter([before])
        with pytest.raises(CannotStart, match=r"outdial recover"):
            starts(after)
        assert "`outdial recover`" in after.outdial("migrate", "--temporal", "--rebind", code=ExitCode.USAGE)

        calls = tmp_path / "calls.csv"
        told = after.outdial("recover", "--write-calls", str(calls))

        assert "1 are live" in told
        assert lost not in told
        [row] = csv.DictReader(calls.read_text().splitlines())
        assert (row["number"], row["from"]) == (lost, given.number.number)
        assert stat.S_IMODE(calls.stat().st_mode) == 0o600
        assert after.written() == after.placed()
        assert [after.status(job, which) for which in range(5)] == [
            "completed",
            "completed",
            "queued",
            "dialing",
            "pending",
        ]
        starts(after)
        after.calls(job, 4)
        assert set(after.placed().values()) == {1}
        assert after.captured() == after.carrier_cost()
        assert after.ledger_is_exact(given)
        assert_workflows(after, running=[job, done], ended=[unknown])
        assert "Nothing is to be recovered" in after.outdial("recover")


def test_what_cannot_be_told_is_said_and_called_by_nobody(
    here: Installation, databases: Databases, tmp_path: Path
) -> None:
    file = tmp_path / "outdial.dump"
    given = here.on_database(a_caller)
    number = numbers("01")[0]
    one, two = here.a_job(given, number), here.a_job(given, number)
    here.outdial("backup", str(file))
    here.calls(two, 0)

    with restored(here, databases, file) as after:
        told = after.outdial("recover")

        assert one.contact_ids[0] in told
        assert two.contact_ids[0] in told
        assert "it cannot be told which" in told
        assert sorted(after.status(job, 0) for job in (one, two)) == ["busy", "failed"]
        assert after.written() == after.placed() == Counter([number])


def test_a_carrier_that_does_not_answer_says_nothing_and_the_gate_stays(
    here: Installation, databases: Databases, tmp_path: Path
) -> None:
    file = tmp_path / "outdial.dump"
    given = here.on_database(a_caller)
    job = here.a_job(given, *numbers("00", "00"))
    here.outdial("backup", str(file))
    here.calls(job, 0)
    here.simulator.kill()

    with restored(here, databases, file) as after:
        told = after.outdial("recover", code=ExitCode.FAILED)
        assert "No call starts through twilio yet" in told
        assert after.execute("SELECT count(*) FROM carrier_accounts WHERE unreconciled_since IS NOT NULL") == [(1,)]

        here.simulator.start()
        after.outdial("recover")
        assert after.written() == after.placed()
        assert after.status(job, 0) == "completed"

        after.outdial("recover", "--since", "2026-01-01T00:00", "--dry-run")
        here.simulator.kill()
        after.execute("UPDATE carrier_accounts SET unreconciled_since = now(), restored_at = now() - interval '1 hour'")
        told = after.outdial("recover", "--give-up", "twilio")
        assert "1 job was paused with the reason" in told
        assert after.execute(f"SELECT status FROM batch_jobs WHERE id = '{job.id}'") == [("paused",)]


def test_since_a_moment_finds_what_a_point_in_time_recovery_lost(here: Installation) -> None:
    given = here.on_database(a_caller)
    job = here.a_job(given, *numbers("00", "01"))
    here.execute(f"UPDATE batch_jobs SET created_at = now() - interval '1 day' WHERE id = '{job.id}'")
    moment = datetime.now(UTC)
    here.calls(job, 0)
    here.execute("DELETE FROM ledger_entries WHERE dial_id IS NOT NULL; DELETE FROM dials")
    here.execute(
        "UPDATE contacts SET status = 'pending', dials = 0, attempts = 0, call_id = NULL, completed_at = NULL;"
        "UPDATE batch_jobs SET hold = hold + spent, spent = 0;"
        f"UPDATE organizations SET balance = balance + {here.carrier_cost()}, held = held + {here.carrier_cost()}"
    )
    assert here.ledger_is_exact(given)

    since = f"{moment:%Y-%m-%dT%H:%M:%SZ}"
    assert "1 will be written down" in here.outdial("recover", "--since", since, "--dry-run")
    here.on_database(lambda engine: Recovery(engine).mark(moment))
    here.pass_the_lag()
    told = here.outdial("recover", "--since", since)

    assert "1 was written down" in told
    assert here.written() == here.placed()
    assert here.status(job, 0) == "completed"
    assert here.captured() == here.carrier_cost()
    assert here.ledger_is_exact(given)


def test_jobs_that_an_emptied_temporal_does_not_know_are_said_and_started_anew(here: Installation) -> None:
    given = here.on_database(a_caller)
    here.a_job(given, numbers("00")[0], known=False)

    assert "1 open job that Temporal does not know will be started anew" in here.outdial("recover", "--dry-run")
    assert here.execute("SELECT workflow_started_at IS NULL FROM batch_jobs") == [(False,)]
    here.outdial("recover")
    assert here.execute("SELECT workflow_started_at IS NULL FROM batch_jobs") == [(True,)]


def test_at_a_terminal_nothing_is_done_unasked_and_a_no_is_no_failure_of_temporals(
    here: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.a_job(here.on_database(a_caller), numbers("00")[0], known=False)

    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    refused = here.run("recover", "--database-url", here.url)
    assert (refused.code, "Do this?" in refused.err, "Aborted" in refused.err) == (1, True, True)
    assert here.execute("SELECT workflow_started_at IS NULL FROM batch_jobs") == [(False,)]

    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    here.outdial("recover")
    assert here.execute("SELECT workflow_started_at IS NULL FROM batch_jobs") == [(True,)]


def test_a_temporal_that_is_away_is_said(here: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:9")

    assert "Temporal does not answer" in here.outdial("recover", code=ExitCode.UNAVAILABLE)


def test_a_backup_is_for_its_owner_and_has_no_secret(here: Installation, tmp_path: Path) -> None:
    file = tmp_path / "outdial.dump"
    told = here.outdial("backup", str(file), "--json")

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert datetime.fromisoformat(told["takenAt"]) < datetime.now(UTC)
    assert SECRET.encode() not in file.read_bytes()
    assert "exists already" in here.outdial("backup", str(file), code=ExitCode.FAILED)
    assert "no folder" in here.outdial("backup", str(tmp_path / "none" / "a.dump"), code=ExitCode.FAILED)
    assert [path.name for path in tmp_path.glob("*.partial")] == []


def test_what_is_no_backup_is_not_restored(here: Installation, databases: Databases, tmp_path: Path) -> None:
    file, nonsense, cut = tmp_path / "outdial.dump", tmp_path / "contacts.csv", tmp_path / "cut.dump"
    here.a_job(here.on_database(a_caller), *(a_number(n) for n in range(2_000)))
    here.outdial("backup", str(file))
    nonsense.write_text("phone\n+12025550101\n")
    cut.write_bytes(file.read_bytes()[: file.stat().st_size // 2])

    assert "has tables already" in here.outdial("restore", str(file), code=ExitCode.FAILED)
    with databases.without_tables() as url:
        empty = Installation(url, here.temporal, here.simulator, here.run)
        assert "no dump" in empty.outdial("restore", str(nonsense), code=ExitCode.FAILED)
        assert "cannot be read" in empty.outdial("restore", str(tmp_path / "none"), code=ExitCode.FAILED)
        assert "Nothing was restored" in empty.outdial("restore", str(cut), code=ExitCode.FAILED)
        assert empty.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]
        assert "still to come" in empty.outdial(
            "restore", str(file), "--since", "2099-01-01T00:00", code=ExitCode.FAILED
        )


def test_a_dump_that_pg_dump_made_needs_its_moment(here: Installation, databases: Databases, tmp_path: Path) -> None:
    file = tmp_path / "outdial.dump"
    here.on_database(a_caller)
    here.outdial("backup", str(file))
    with databases.without_tables() as url:
        after = Installation(url, here.temporal, here.simulator, here.run)
        after.outdial("restore", str(file))
        after.execute("DELETE FROM backups; UPDATE carrier_accounts SET unreconciled_since = NULL")
        again = tmp_path / "again.dump"
        from stack.dumps import dump  # noqa: PLC0415

        dump(after.url, again)
    with databases.without_tables() as url:
        after = Installation(url, here.temporal, here.simulator, here.run)
        assert "give --since" in after.outdial("restore", str(again), code=ExitCode.FAILED)
        after.outdial("restore", str(again), "--since", "2026-11-01T00:00")
        [(since,)] = after.execute("SELECT DISTINCT unreconciled_since FROM carrier_accounts")
        assert since == datetime(2026, 11, 1, tzinfo=UTC)


def starts(here: Installation) -> None:
    """What a worker and an API check before they do anything. Raises CannotStart."""

    async def check(engine: Database) -> None:
        client = await Client.connect(here.temporal)
        await check_namespace(NamespaceBinding(engine), JobWorkflows(client), 0)

    here.on_database(check)


def assert_workflows(here: Installation, *, running: list[Job], ended: list[Job]) -> None:
    async def read(client: Client, _: JobWorkflows) -> dict[str, WorkflowExecutionStatus | None]:
        found = {}
        for job in (*running, *ended):
            found[job.id] = (await client.get_workflow_handle(job_workflow_id(job.id)).describe()).status
        return found

    statuses = here.on_temporal(read)
    expected = {job.id: WorkflowExecutionStatus.RUNNING for job in running}
    assert statuses == expected | {job.id: WorkflowExecutionStatus.TERMINATED for job in ended}
