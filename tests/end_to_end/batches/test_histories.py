"""What Temporal keeps of all workflows is short, and discreet."""

import pytest

from tests.end_to_end import histories
from tests.end_to_end.batch import Batch, Numbers, contacts
from tests.end_to_end.batches.conftest import SPEED
from tests.end_to_end.live_stack import LiveStack

CONTACTS = 10_000
SECRETS = ["Quagmire", "quokka", "petName"]


async def test_no_workflow_of_a_stack_tells_a_number_a_name_or_a_custom_value(stack: LiveStack, silent: Batch) -> None:
    silent.wait_until_completed(150)

    assert histories.complaints(await histories.runs(stack), silent.numbers, SECRETS) == []


@pytest.mark.soak
async def test_ten_thousand_contacts_are_called_once_in_short_and_discreet_runs(numbers: Numbers) -> None:
    called = contacts(numbers.some(CONTACTS))
    for row, contact in enumerate(called):
        contact |= {"name": f"Zebulon Quagmire {row}", "petName": f"quokka {row}"}
    with LiveStack.running("--speed", str(SPEED)) as stack:
        batch = Batch.create(stack, called)
        batch.wait_until_completed(1500)
        wrong = batch.complaints(speed=SPEED) + batch.ledger_complaints()
        runs = await histories.runs(stack)
        dials = batch.dials()

    seconds = dials[-1]["endedAt"] - dials[0]["askedAt"]
    print(f"{len(dials)} dials in {seconds:.0f} s: {len(dials) / seconds:.1f} a second")
    print(f"{len(runs)} runs, the longest of {max(run.events for run in runs)} events")
    assert wrong == []
    assert histories.complaints(runs, batch.numbers, SECRETS) == []
    assert [run.workflow_id for run in runs if run.timeouts] == []
