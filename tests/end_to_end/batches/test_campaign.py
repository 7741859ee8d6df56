"""A campaign of three jobs: one pause, one file of results, and everybody called as often as a job would."""

import time

from tests.end_to_end.batch import Numbers
from tests.end_to_end.campaign import RunningCampaign, dialed, lines
from tests.end_to_end.live_stack import LiveStack
from tests.waiting import until

CONTACTS = 230
WITHIN_SECONDS = 90  # other jobs of the stack may have lines


def test_a_campaign_calls_everybody_under_one_id(stack: LiveStack, numbers: Numbers) -> None:
    called = numbers.some(CONTACTS)
    campaign = RunningCampaign.create(stack, concurrentCallLimit=50, maxAttempts=1)
    assert campaign.send(lines([*called, called[0]]))["totalContacts"] == CONTACTS
    assert len(campaign.order("start")["batchJobIds"]) == 2

    until(lambda: len(campaign.dials(called)) > 40, WITHIN_SECONDS, every=0.1)
    paused = campaign.order("pause")
    answered_at = time.time()
    assert paused["callsNotStopped"] == 0
    time.sleep(1)
    before = campaign.dials(called)
    assert [dial for dial in before if dial["askedAt"] > answered_at] == []
    assert len(before) < CONTACTS
    campaign.order("resume")

    detail = campaign.wait_until_ended(WITHIN_SECONDS)
    assert (detail["status"], detail["contactsProcessed"], detail["jobsBegun"]) == ("completed", CONTACTS, 3)
    assert [job["totalContacts"] for job in detail["batchJobs"]] == [100, 100, 30]
    results = campaign.results()
    assert [row["phone"] for row in results] == called
    of_carrier = dialed(campaign.dials(called))
    assert {row["phone"]: int(row["dials"]) for row in results} == {one: of_carrier[one] for one in called}
    assert max(int(row["attemptCount"]) for row in results) == 1
    assert sum(detail["statusBreakdown"].values()) == CONTACTS
