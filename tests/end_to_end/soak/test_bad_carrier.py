"""A carrier whose list lags, that loses answers and callbacks; and an API that is down while calls end."""

import os
import signal
import time

import httpx
import pytest

from tests.end_to_end.batch import Batch
from tests.end_to_end.live_stack import LiveStack, until
from tests.end_to_end.numbers import Numbers, contacts

SPEED = 30
CONTACTS = 300
DOWN_SECONDS = 10
pytestmark = pytest.mark.soak


def test_a_list_that_lags_and_lost_answers_and_callbacks_make_us_dial_nobody_twice() -> None:
    faults = {"list_lag_seconds": 20, "answer_lost": 0.1, "callback_lost": 0.2}
    with LiveStack.running("--speed", str(SPEED), "--workers", "2") as stack:
        put_faults(stack, faults)
        batch = Batch.create(stack, contacts(Numbers().some(CONTACTS)))
        batch.wait_until_completed(1200)
        uncertain = [c for c in batch.contacts() if "unknown" in (c["failureReason"] or "")]
        print(f"{len(batch.dials())} dials, {len(uncertain)} outcomes unknown")

        assert batch.complaints(speed=SPEED, unknown=CONTACTS * 2 // 100, unheard=CONTACTS // 10) == []
        assert batch.ledger_complaints() == []


def test_outcomes_are_right_though_the_api_was_down_while_calls_ended() -> None:
    with LiveStack.running("--speed", str(SPEED)) as stack:
        batch = Batch.create(stack, contacts(Numbers().some(CONTACTS)), maxAttempts=2)
        until(lambda: batch.live() >= 40, 60, every=0.2)
        keep_api_down(stack, DOWN_SECONDS)
        batch.wait_until_completed(300)

        assert batch.complaints(speed=SPEED, unheard=CONTACTS // 50) == []
        assert batch.ledger_complaints() == []


def put_faults(stack: LiveStack, faults: dict[str, float]) -> None:
    url = f"{stack.ready['carrier']['url']}/simulator/faults"
    httpx.put(url, json=faults, trust_env=False).raise_for_status()


def keep_api_down(stack: LiveStack, seconds: float) -> None:
    """Kill it as often as it comes up."""
    until_at = time.monotonic() + seconds
    killed = 0
    while time.monotonic() < until_at:
        pid = stack.pid("api")
        if pid != killed:
            os.kill(pid, signal.SIGKILL)
            killed = pid
        time.sleep(0.05)
