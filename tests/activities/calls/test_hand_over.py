"""A run that closes receives no ending: the next one asks for it."""

import asyncio
import time

from temporalio.testing import ActivityEnvironment

from activities.calls.hand_over import HOLD_SECONDS, ClosingRun, HandOverActivities, HandOvers
from domain.calls.models import CallState
from store.db.listen import Notices
from store.workers import Workers
from tests.activities.calling import Calling, Run
from tests.fakes.carrier import TALKS_ON
from tests.waiting import eventually

OTHER_RUN = "another-run"


def closes(calling: Calling, run_id: str) -> None:
    """This process hears that a run closes."""
    calling.hand_overs.begin(run_id)


async def on_the_phone(calling: Calling) -> Run:
    calling.carrier.usually(TALKS_ON)
    run = calling.start()
    await calling.until_dial(lambda dial: dial.state is CallState.ANSWERED)
    return run


async def test_an_ending_waits_while_its_run_closes(calling: Calling) -> None:
    run = await on_the_phone(calling)
    closes(calling, run.workflow_run_id)
    await calling.carrier.end_all()
    await calling.until_dial(lambda dial: dial.ended_at is not None)
    await asyncio.sleep(0.2)

    assert not run.over
    await run.lose(not_found=True)


async def test_an_ending_of_another_run_does_not_wait(calling: Calling) -> None:
    closes(calling, OTHER_RUN)

    began = time.monotonic()
    await calling.call()

    assert time.monotonic() - began < HOLD_SECONDS / 2


async def test_an_ending_is_told_at_last_where_its_run_did_not_close(calling: Calling) -> None:
    run = await on_the_phone(calling)
    closes(calling, run.workflow_run_id)
    await calling.carrier.end_all()

    async with asyncio.timeout(HOLD_SECONDS * 2):
        ended = await run.ended()

    assert ended.outcome is not None


async def test_all_workers_hold_back_what_they_have_to_tell(calling: Calling, database_url: str) -> None:
    here, there = HandOvers(), HandOvers()
    first, second = Workers(database_url), Workers(database_url)
    async with first.joined(Notices(database_url), here.begin), second.joined(Notices(database_url), there.begin):
        await eventually(lambda: _are_present(first, 2))
        closing = HandOverActivities(here, first)
        await ActivityEnvironment().run(closing.hold_endings, ClosingRun(run_id="a-run"))

        assert here.is_closing("a-run")
        assert there.is_closing("a-run")
        assert not there.is_closing(OTHER_RUN)


async def _are_present(asked: Workers, count: int) -> bool:
    return len(await asked.list_present()) == count
