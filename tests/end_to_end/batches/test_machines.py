"""On the whole stack: what becomes of calls that a machine answers is the job's rule."""

from tests.end_to_end.batch import MAX_TALK, TALKS, VOICEMAIL, Batch, Numbers, contacts
from tests.end_to_end.live_stack import LiveStack
from tests.waiting import until

PATIENCE = 20


def test_a_machine_is_hung_up_on_and_a_person_is_not(stack: LiveStack, numbers: Numbers) -> None:
    machines, [person] = numbers.scripted(VOICEMAIL, 2), numbers.scripted(TALKS, 1)
    batch = Batch.create(stack, contacts([*machines, person]), onMachine="hangUp", maxCallSeconds=MAX_TALK)

    # The longest call is more than a minute in this stack: only a hang-up ends one in seconds.
    until(lambda: batch.detail()["statusBreakdown"]["completed"] == 2, PATIENCE, every=0.1)
    assert batch.live() == 1
    batch.order("cancel", hangUp=True)
    until(lambda: batch.live() == 0, PATIENCE, every=0.1)

    told = {contact["phoneNumber"]: contact for contact in batch.contacts()}
    for number in machines:
        hung_up = told[number]
        assert (hung_up["status"], hung_up["answeredBy"], hung_up["dials"]) == ("completed", "machine", 1)
        assert hung_up["failureReason"] == "Ended by us: a machine answered."
        assert 0 < hung_up["callDuration"] < MAX_TALK
    assert len(batch.dials()) == 3
