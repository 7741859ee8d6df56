"""A backup and its restoration, as docs/operations.md says: the job goes on, and nobody is called twice."""

from pathlib import Path

import pytest

from tests.deploy.deployment import Deployment
from tests.deploy.postgres_programs import run
from tests.end_to_end import judge
from tests.end_to_end.batch import Batch, contacts
from tests.tools import need
from tests.waiting import until

SPEED = 60.0
CONTACTS = 300
OURS = ("api-1", "worker-1")


@pytest.mark.soak
@pytest.mark.timeout(400)
def test_a_job_goes_on_in_a_restored_database(tmp_path: Path) -> None:
    need("nginx", "nginx-light")
    with Deployment.running(apis=1, workers=1, speed=SPEED, limit=20) as deployment:
        called = contacts(judge.fiction(CONTACTS))
        batch = Batch.create(deployment, called, concurrentCallLimit=20, maxAttempts=1, circuitBreaker=False)
        until(lambda: batch.open_contacts() < CONTACTS * 2 // 3, 120, every=0.5)
        for name in reversed(OURS):
            deployment.parts[name].end()
        left = batch.open_contacts()
        assert left > 0

        url, file = deployment.ready["database"]["url"], str(tmp_path / "outdial.dump")
        run("pg_dump", "--format=custom", f"--file={file}", f"--dbname={url}")
        server = url.rpartition("/")[0]
        run("dropdb", f"--maintenance-db={server}/postgres", "outdial")
        run("createdb", f"--maintenance-db={server}/postgres", "outdial")
        run("pg_restore", "--exit-on-error", "--single-transaction", f"--dbname={url}", file)

        for name in OURS:
            deployment.parts[name].start()
            deployment.parts[name].wait_until_well()
        batch.wait_until_completed(200)
        print(f"{left} of {CONTACTS} contacts were called after the restoration")
        assert batch.complaints(speed=SPEED, unknown=20, unheard=20) == []
        assert batch.ledger_complaints() == []
