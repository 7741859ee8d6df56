"""The archive of calls from the command line, on a database."""

import asyncio
import json

from cli.errors import ExitCode
from store.db.engine import create_engine
from tests.cli.conftest import Run
from tests.databases import Databases
from tests.store.archiving import an_old_job, archive, rows
from tests.store.calling import Calling


async def _an_archived_job(url: str) -> tuple[int, int]:
    engine = create_engine(url, pool_size=4)
    calling = Calling(engine)
    job = await an_old_job(calling)
    await archive(calling, job)
    found = await rows(calling, job)
    await engine.dispose()
    return found


def test_months_are_listed_and_dropped_with_a_word_of_what_stays(run: Run, databases: Databases) -> None:
    with databases.lend() as url:
        assert asyncio.run(_an_archived_job(url)) == (0, 4)
        at = ("--database-url", url)

        listed = json.loads(run("archive", "list", "--json", *at).out.splitlines()[0])
        dropped = run("archive", "drop", "--before", "2026-02", "--yes", *at)
        again = run("archive", "drop", "--before", "2026-02", "--yes", *at)

        assert "2026-01" in json.dumps(listed)
        assert "What stays: jobs, contacts with their final status, the ledger" in dropped.err
        assert "2 calls of 1 month (2026-01) were dropped." in dropped.out
        assert "no month before" in again.out
        left = run("archive", "list", *at).out
        assert "2026-02" in left
        assert "2026-01" not in left


def test_a_month_that_is_none_is_refused(run: Run) -> None:
    assert run("archive", "drop", "--before", "january").code == ExitCode.USAGE
