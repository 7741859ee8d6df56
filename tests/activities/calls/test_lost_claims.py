"""The database does not say whether a dial was claimed: it was not asked for, and that is known."""

from pathlib import Path

import pytest

from activities.calls.call import CallActivities
from domain.calls.dispatch import ClaimUnanswered
from domain.calls.models import Outcome
from domain.statuses import ContactStatus
from store.calls.claim import Claims
from store.calls.dials import Dials
from store.db.engine import create_engine
from tests.activities.calling import Calling
from tests.activities.conftest import PUBLIC_URL
from tests.store.severed import Severed


async def test_a_dial_whose_claim_got_no_answer_is_not_of_unknown_outcome(
    calling: Calling, database_url: str, tmp_path: Path
) -> None:
    async with Severed(database_url, tmp_path).running() as way:
        database = create_engine(way.url, 4)
        dials = Dials(database)
        usual = calling.calls
        calling.calls = CallActivities(Claims(database), dials, calling.watch, calling.carriers, PUBLIC_URL)
        way.loses_commits = True
        lost = calling.start()
        await calling.until_dial(lambda dial: way.lost > 0)
        way.loses_commits = False
        with pytest.raises(ClaimUnanswered):
            await lost.result()
        await database.dispose()
    calling.calls = usual

    again = await calling.call(attempt=2)

    assert (again.outcome, again.status) == (Outcome.HELD_BACK, ContactStatus.QUEUED)
    assert calling.carrier.asked == []
    assert (await calling.call(dial=2)).outcome is Outcome.ANSWERED
    assert len(calling.carrier.asked) == 1
