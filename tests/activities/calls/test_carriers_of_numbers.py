"""Which carrier serves a number is the number's setting."""

from carriers import NumberRefused
from carriers.accounts import CarrierAccounts
from domain.calls.models import Outcome
from domain.statuses import ContactStatus
from tests.activities.calling import Calling
from tests.fakes.carrier import FakeCarrier, Script


async def give_the_number(calling: Calling, carrier: str) -> None:
    await calling.change("INSERT INTO carrier_accounts (id) VALUES (:carrier)", carrier=carrier)
    await calling.change("UPDATE phone_numbers SET carrier_account_id = :carrier", carrier=carrier)


async def test_a_call_goes_through_the_carrier_of_its_number(calling: Calling) -> None:
    tincan = FakeCarrier()
    tincan.usually(Script(refusal=NumberRefused("The carrier refuses this number.")))
    calling.carriers["tincan"] = tincan
    await give_the_number(calling, "tincan")

    ended = await calling.call()

    assert (ended.status, ended.outcome) == (ContactStatus.INVALID_NUMBER, Outcome.INVALID_NUMBER)
    assert [order.to for order in tincan.asked] == [calling.number]
    assert calling.carrier.asked == []
    url = tincan.asked[0].instructions_url
    assert url is not None
    assert "/carriers/tincan/" in url


async def test_a_number_whose_carrier_is_not_set_up_calls_nobody_and_says_so(calling: Calling) -> None:
    async def nothing_of_its_own(_: str) -> None:
        return None

    calling.carriers["tincan"] = CarrierAccounts({}, nothing_of_its_own, {})["tincan"]
    await give_the_number(calling, "tincan")

    ended = await calling.call()

    assert (ended.status, ended.outcome) == (ContactStatus.QUEUED, Outcome.NOT_SET_UP)
    (account,) = await calling.rows("SELECT closed_until, closed_reason FROM carrier_accounts WHERE id = 'tincan'")
    assert account["closed_until"] is not None
    assert account["closed_reason"] == "The carrier is not set up where the call was to be placed."
