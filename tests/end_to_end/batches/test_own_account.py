"""A number that has an account of its own at the carrier calls through it, events and all."""

from typing import Any

from tests.end_to_end.batch import SHORT, Batch, Numbers, contacts
from tests.end_to_end.live_stack import LiveStack
from tests.waiting import until


def number_with(stack: LiveStack, number: str, settings: dict[str, str]) -> str:
    """A new number of the demo organization with these settings, and the pipeline agent; its id."""
    with stack.http() as client:
        pipeline = client.get(f"/phone-numbers/{stack.ready['phoneNumbers']['pipeline']}").json()
        sent: dict[str, Any] = {
            "number": number,
            "outboundAgentId": pipeline["outboundAgentId"],
            "callsPerSecond": 10,
            "carrierSettings": settings,
        }
        answer = client.post("/phone-numbers", json=sent)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


def test_calls_go_through_the_account_of_their_number_once_it_is_right(stack: LiveStack, numbers: Numbers) -> None:
    account = {"accountSid": stack.ready["carrier"]["accountSid"], "authToken": "mistyped"}
    phone_id = number_with(stack, "+12025550161", account)
    batch = Batch.create(stack, contacts(numbers.scripted(SHORT, 3)), fromPhoneNumberId=phone_id)
    until(lambda: batch.status() == "paused", 30, every=0.2)
    assert "carrier refused the account" in batch.detail()["statusReason"]
    assert batch.dials() == []

    account["authToken"] = stack.ready["carrier"]["authToken"]
    with stack.http() as client:
        mended = client.patch(f"/phone-numbers/{phone_id}", json={"carrierSettings": account})
    assert mended.status_code == 200, mended.text
    batch.order("resume")
    until(lambda: batch.status() == "completed", 60, every=0.2)

    assert {contact["status"] for contact in batch.contacts()} == {"completed"}
    assert [dial["from"] for dial in batch.dials()] == ["+12025550161"] * 3
