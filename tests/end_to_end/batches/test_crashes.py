"""Nobody is called twice, whatever dies. The carrier's record is the judge."""

from concurrent.futures import Future

import pytest

from tests.end_to_end import judge
from tests.end_to_end.batch import RATE, Batch, answers, contacts
from tests.end_to_end.batches.conftest import CRASH_SPEED
from tests.end_to_end.live_stack import LiveStack
from tests.waiting import until

KILLED_WITHIN_SECONDS = 400  # five recoveries of about 16 s, beside other tests
COMPLETED_WITHIN_SECONDS = 240
SOAK_SPEED = 30
CONTACTS = 1_500
MAX_UNKNOWN = CONTACTS * 2 // 100
KILLS = ("workers", "api", "workers", "temporal", "workers", "postgres", "api", "workers")
FLOWING_AGAIN_SECONDS = 20
ANSWERING_WITHIN_SECONDS = 30  # the API, which died a moment ago


@pytest.mark.timeout(KILLED_WITHIN_SECONDS + COMPLETED_WITHIN_SECONDS + 90)
def test_five_kills_call_nobody_twice_and_lose_nobody(crashed: Future[Batch]) -> None:
    batch = crashed.result(KILLED_WITHIN_SECONDS)
    batch.wait_until_talkers_are_done(COMPLETED_WITHIN_SECONDS)
    batch.wait_until_completed(60)

    assert batch.kills == ["workers", "postgres", "api", "temporal", "workers"]
    assert batch.complaints(speed=CRASH_SPEED, unknown=6, unheard=6) == []
    assert batch.ledger_complaints() == []
    unknown = {contact["phoneNumber"] for contact in batch.uncertain()}
    assert {dial["to"] for dial in batch.dials()} | unknown == batch.numbers


@pytest.mark.soak
def test_eight_kills_call_nobody_twice_and_the_ledger_is_exact() -> None:
    with LiveStack.running("--speed", str(SOAK_SPEED)) as stack:
        batch = Batch.create(stack, contacts(judge.fiction(CONTACTS)))
        died_at = [(part, batch.kill(part)) for part in KILLS]
        until(lambda: answers(lambda: batch.status() == "running"), ANSWERING_WITHIN_SECONDS)
        batch.wait_until_completed(900)
        wrong = batch.complaints(speed=SOAK_SPEED, unknown=MAX_UNKNOWN, unheard=MAX_UNKNOWN) + batch.ledger_complaints()
        dials, uncertain, ready = batch.dials(), batch.uncertain(), stack.ready
        captured = judge.captured(ready["database"]["url"], ready["api"]["organizationId"])
        cost = judge.carrier_cost(ready, RATE)

    pauses = [(part, next(dial["askedAt"] for dial in dials if dial["askedAt"] > at) - at) for part, at in died_at]
    told = [(part, round(pause, 1)) for part, pause in pauses]
    print(f"{len(dials)} dials, {len(uncertain)} outcomes unknown; dialed again after {told}")
    print(f"captured {captured}, by the carrier's list {cost}")
    assert wrong == []
    assert captured == cost
    assert [pause for pause in pauses if pause[0] == "workers" and pause[1] > FLOWING_AGAIN_SECONDS] == []
