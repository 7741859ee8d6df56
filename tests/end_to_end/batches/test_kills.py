"""Four workers, two APIs, Temporal and PostgreSQL die under one job."""

from decimal import Decimal

import pytest

from tests.end_to_end import judge
from tests.end_to_end.batch import Batch, answers, first_dial_after
from tests.end_to_end.live_stack import LiveStack, until
from tests.end_to_end.numbers import contacts

SPEED = 30
CONTACTS = 1_500
MAX_UNKNOWN = CONTACTS * 2 // 100
KILLS = ("workers", "api", "workers", "temporal", "workers", "postgres", "api", "workers")
FLOWING_AGAIN_SECONDS = 20
ANSWERING_WITHIN_SECONDS = 30  # the API, which died a moment ago
RATE = Decimal("0.0175")  # dollars a minute, of the pipeline agent


@pytest.mark.soak
def test_eight_kills_call_nobody_twice_and_the_ledger_is_exact() -> None:
    called = contacts(judge.fiction(CONTACTS))
    with LiveStack.running("--speed", str(SPEED)) as stack:
        batch = Batch.create(stack, called)
        died_at = [(part, batch.kill(part)) for part in KILLS]
        until(lambda: answers(lambda: batch.status() == "running"), ANSWERING_WITHIN_SECONDS)
        batch.wait_until_completed(900)
        wrong = batch.complaints(speed=SPEED, unknown=MAX_UNKNOWN, unheard=MAX_UNKNOWN) + batch.ledger_complaints()
        report, ready = stack.report(), stack.ready
        uncertain = [c for c in batch.contacts() if "unknown" in (c["failureReason"] or "")]
        captured, cost = (
            judge.captured(ready["database"]["url"], ready["api"]["organizationId"]),
            judge.carrier_cost(ready, RATE),
        )

    pauses = [(part, round(first_dial_after(report, at), 1)) for part, at in died_at]
    print(f"{len(report['dials'])} dials, {len(uncertain)} outcomes unknown; dialed again after {pauses}")
    print(f"captured {captured}, by the carrier's list {cost}")
    assert wrong == []
    assert captured == cost
    assert [pause for pause in pauses if pause[0] == "workers" and pause[1] > FLOWING_AGAIN_SECONDS] == []
