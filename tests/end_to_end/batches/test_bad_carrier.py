"""A carrier that loses answers and callbacks, and sends them late, twice and in any order."""

from tests.end_to_end.batch import Batch
from tests.end_to_end.batches.conftest import SPEED
from tests.end_to_end.numbers import SHORT


def test_a_misbehaving_carrier_makes_us_dial_nobody_twice(silent: Batch) -> None:
    silent.wait_until_completed(150)

    assert silent.complaints(speed=SPEED) == []


def test_a_call_of_which_no_callback_came_is_asked_for_after_silence(silent: Batch) -> None:
    silent.wait_until_completed(150)

    mute = [contact for contact in silent.contacts() if contact["phoneNumber"].endswith(SHORT)]
    assert [(contact["status"], contact["dials"]) for contact in mute] == [("completed", 1)] * 5
    assert all(contact["callDuration"] for contact in mute)
