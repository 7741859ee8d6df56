"""A database that forgot calls, as docs/operations.md says: nobody is called twice, nobody lost, the ledger exact.

Real processes, a job in mid-call, and the carrier's own record as the judge.
"""

import contextlib
import shutil
import signal
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from stack.postgres import Postgres
from stack.postgres_files import SystemUser
from tests.deploy.deployment import Deployment, Part
from tests.deploy.postgres_programs import run
from tests.end_to_end import judge
from tests.end_to_end.batch import RATE, Batch, contacts
from tests.tools import need
from tests.waiting import until

SPEED = 20.0
LINES = 20
CONTACTS = 150
LOST = 20  # contacts of a job that was created after the backup
OURS = ("api-1", "worker-1")
LAG = ("--list-lag", "2")
REPLICATION = "host replication all 127.0.0.1/32 scram-sha-256\n"


def a_deployment() -> contextlib.AbstractContextManager[Deployment]:
    return Deployment.running(apis=1, workers=1, speed=SPEED, limit=LINES)


def a_batch(deployment: Deployment, called: list[str]) -> Batch:
    return Batch.create(deployment, contacts(called), concurrentCallLimit=LINES, maxAttempts=1, circuitBreaker=False)


def stop_ours(deployment: Deployment, how: signal.Signals) -> None:
    for name in reversed(OURS):
        deployment.parts[name].end(how)


def start_ours(deployment: Deployment) -> None:
    for name in OURS:
        deployment.parts[name].start()
    for name in OURS:
        deployment.parts[name].wait_until_well()


def refuses_to_start(deployment: Deployment, name: str) -> bool:
    part = deployment.parts[name]
    part.start()
    return part.process.wait(60) == 2 and "outdial recover" in part.log.read_text()


def written(deployment: Deployment) -> Counter[str]:
    """How often each number was called, by the database."""
    query = "SELECT to_number, count(*) FROM dials WHERE call_id IS NOT NULL GROUP BY 1"
    with psycopg.connect(deployment.ready["database"]["url"]) as connection:
        return Counter(dict(connection.execute(query).fetchall()))


def assert_recovered(deployment: Deployment, batch: Batch) -> None:
    """Every call that the carrier took is written down once, and nobody was called again."""
    url, organization = deployment.ready["database"]["url"], deployment.ready["api"]["organizationId"]
    assert written(deployment) == Counter(dial["to"] for dial in deployment.report()["dials"])
    assert batch.complaints(speed=SPEED, unknown=LINES, unheard=LINES) == []
    assert judge.ledger_complaints(url, organization) == []
    assert judge.captured(url, organization) == judge.carrier_cost(deployment.ready, RATE)


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("temporal", ["is newer than the database", "was emptied too"])
def test_a_database_of_before_learns_from_the_carrier_whom_it_called(tmp_path: Path, temporal: str) -> None:
    need("nginx", "nginx-light")
    with a_deployment() as deployment:
        numbers = judge.fiction(CONTACTS + LOST)
        batch = a_batch(deployment, numbers[:CONTACTS])
        until(lambda: batch.open_contacts() < CONTACTS - 5, 120, every=0.2)
        file = tmp_path / "outdial.dump"
        deployment.outdial("backup", str(file))
        lost = a_batch(deployment, numbers[CONTACTS:])
        until(lambda: batch.open_contacts() < CONTACTS // 3 and lost.dials(), 180, every=0.2)
        stop_ours(deployment, signal.SIGKILL)

        server = deployment.ready["database"]["url"].rpartition("/")[0]
        run("dropdb", "--force", f"--maintenance-db={server}/postgres", "outdial")
        run("createdb", f"--maintenance-db={server}/postgres", "outdial")
        deployment.outdial("restore", str(file))
        forgotten = len(deployment.report()["dials"]) - written(deployment).total()
        assert forgotten > LINES
        assert all(refuses_to_start(deployment, name) for name in OURS)
        flags = []
        if temporal == "was emptied too":
            deployment.parts["temporal"].end()
            for file_ in deployment.temporal.database_file.parent.glob("temporal.db*"):
                file_.unlink()
            deployment.parts["temporal"].start()
            deployment.parts["temporal"].wait_until_well()
            flags = ["--rebind", "--create-namespace"]
        deployment.outdial("recover", *flags, *LAG, "--json")

        start_ours(deployment)
        batch.wait_until_completed(400)
        until(lambda: lost.live() == 0, 120, every=0.5)
        deployment.outdial("recover", "--json")
        print(f"{forgotten} calls of {CONTACTS} contacts were forgotten, {len(lost.dials())} of a job that is gone")
        assert_recovered(deployment, batch)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_a_point_in_time_recovery_learns_from_the_carrier_whom_it_called(tmp_path: Path) -> None:
    need("nginx", "nginx-light")
    with a_deployment() as deployment:
        home = deployment.data_dir.parent
        archive, base = owned(home / "archive"), owned(home / "base")
        archive_log(deployment, archive)
        connection = f"--dbname={deployment.ready['database']['url']}"
        run("pg_basebackup", f"--pgdata={base}", "--checkpoint=fast", connection, as_owner=True)

        batch = a_batch(deployment, judge.fiction(CONTACTS))
        until(lambda: batch.open_contacts() < CONTACTS * 9 // 10, 120, every=0.2)
        moment, at_moment = datetime.now(UTC), len(batch.dials())
        until(lambda: batch.open_contacts() < CONTACTS // 2, 180, every=0.2)
        stop_ours(deployment, signal.SIGKILL)
        forgotten = len(batch.dials()) - at_moment
        assert forgotten > LINES
        deployment.parts["postgres"].end()  # what it has written is in the archive then

        elsewhere = recovered_server(deployment, archive, base, moment)
        elsewhere.start()
        elsewhere.wait_until_well()
        url = elsewhere_url(deployment, elsewhere)
        since = f"{moment:%Y-%m-%dT%H:%M:%SZ}"
        deployment.outdial("recover", "--since", since, "--database-url", url, *LAG, "--json")
        elsewhere.end()
        deployment.postgres = replace(deployment.postgres, data_dir=base)
        deployment.parts["postgres"] = Part(deployment.postgres.program(), deployment.parts["postgres"].log)
        deployment.parts["postgres"].start()
        deployment.parts["postgres"].wait_until_well()

        start_ours(deployment)
        batch.wait_until_completed(400)
        print(f"{forgotten} calls of {CONTACTS} contacts were forgotten")
        assert_recovered(deployment, batch)


def owned(folder: Path) -> Path:
    """A new folder of the user who runs PostgreSQL."""
    folder.mkdir(mode=0o700)
    user = SystemUser.needed()
    if user:
        shutil.chown(folder, user.name, user.name)
        folder.parent.chmod(0o755)
    return folder


def archive_log(deployment: Deployment, archive: Path) -> None:
    """As docs/operations.md says: PostgreSQL archives its log, and lets a base backup be taken."""
    copy = f"test ! -f {archive}/%f && cp %p {archive}/%f.part && mv {archive}/%f.part {archive}/%f"
    with psycopg.connect(deployment.ready["database"]["url"], autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET archive_mode = on")
        connection.execute(f"ALTER SYSTEM SET archive_command = '{copy}'".encode())
    with (deployment.postgres.data_dir / "pg_hba.conf").open("a") as rules:
        rules.write(REPLICATION)
    deployment.restart("postgres")


def recovered_server(deployment: Deployment, archive: Path, base: Path, moment: datetime) -> Part:
    """The base backup, to be recovered until a moment, on a port at which no process of ours looks."""
    with (base / "postgresql.auto.conf").open("a") as settings:
        settings.write(f"restore_command = 'cp {archive}/%f %p'\n")
        settings.write(f"recovery_target_time = '{moment:%Y-%m-%d %H:%M:%S.%f+00}'\n")
        settings.write("recovery_target_action = 'promote'\narchive_mode = off\n")
    (base / "recovery.signal").touch()
    server = Postgres(base, next(deployment.ports), deployment.postgres.password)
    return Part(server.program(), deployment.data_dir / "logs" / "recovered.log")


def elsewhere_url(deployment: Deployment, elsewhere: Part) -> str:
    port = elsewhere.program.argv[elsewhere.program.argv.index("-p") + 1]
    return deployment.ready["database"]["url"].replace(f":{deployment.postgres.port}/", f":{port}/")
