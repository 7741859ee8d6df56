"""A job longer than one run of its workflow: complete, judged by the carrier, and discreet."""

from tests.end_to_end import histories
from tests.end_to_end.batch import Batch
from tests.end_to_end.batches.conftest import SPEED
from tests.end_to_end.live_stack import LiveStack
from tests.end_to_end.numbers import Numbers, contacts
from workflows.names import job_workflow_id

SECRETS = ["Quagmire", "quokka", "petName"]


async def test_runs_stay_short_and_tell_no_number_name_or_custom_value(stack: LiveStack, numbers: Numbers) -> None:
    called = contacts(numbers.some(320))
    for row, contact in enumerate(called):
        contact |= {"name": f"Zebulon Quagmire {row}", "petName": f"quokka {row}"}
    batch = Batch.create(stack, called)
    batch.wait_until_completed(120)
    assert batch.complaints(speed=SPEED) == []

    runs = await histories.runs(stack)
    of_the_job = [run for run in runs if run.workflow_id == job_workflow_id(batch.job_id)]
    assert len(of_the_job) > 1
    assert sum(run.timeouts for run in of_the_job) == 0
    assert histories.complaints(runs, batch.numbers, SECRETS) == []
