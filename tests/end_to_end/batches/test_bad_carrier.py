"""A carrier that loses answers and callbacks, and sends them late, twice and in any order."""

import os
import signal
import time

import httpx
import pytest

from tests.end_to_end.batch import SHORT, Batch, Numbers, contacts
from tests.end_to_end.batches.conftest import MUTE, SPEED
from tests.end_to_end.live_stack import LiveStack
from tests.waiting import until

SLOW_SPEED = 30
CONTACTS = 300
DOWN_SECONDS = 10


def test_a_misbehaving_carrier_makes_us_dial_nobody_twice(silent: Batch) -> None:
    silent.wait_until_completed(150)

    assert silent.complaints(speed=SPEED) == []


def test_a_call_of_which_no_callback_came_is_asked_for_after_silence(silent: Batch) -> None:
    silent.wait_until_completed(150)

    mute = [contact for contact in silent.contacts() if contact["phoneNumber"].endswith(SHORT)]
    assert [(contact["status"], contact["dials"]) for contact in mute] == [("completed", 1)] * MUTE
    assert all(contact["callDuration"] for contact in mute)


@pytest.mark.soak
def test_a_list_that_lags_and_lost_answers_and_callbacks_make_us_dial_nobody_twice() -> None:
    faults = {"list_lag_seconds": 20, "answer_lost": 0.1, "callback_lost": 0.2}
    with LiveStack.running("--speed", str(SLOW_SPEED), "--workers", "2") as stack:
        httpx.put(f"{stack.ready['carrier']['url']}/simulator/faults", json=faults, trust_env=False).raise_for_status()
        batch = Batch.create(stack, contacts(Numbers().some(CONTACTS)))
        batch.wait_until_completed(1200)
        print(f"{len(batch.dials())} dials, {len(batch.uncertain())} outcomes unknown")

        assert batch.complaints(speed=SLOW_SPEED, unknown=CONTACTS * 2 // 100, unheard=CONTACTS // 10) == []
        assert batch.ledger_complaints() == []


@pytest.mark.soak
def test_outcomes_are_right_though_the_api_was_down_while_calls_ended() -> None:
    with LiveStack.running("--speed", str(SLOW_SPEED)) as stack:
        batch = Batch.create(stack, contacts(Numbers().some(CONTACTS)), maxAttempts=2)
        until(lambda: batch.live() >= 40, 60, every=0.2)
        keep_api_down(stack, DOWN_SECONDS)
        batch.wait_until_completed(300)

        assert batch.complaints(speed=SLOW_SPEED, unheard=CONTACTS // 50) == []
        assert batch.ledger_complaints() == []


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
