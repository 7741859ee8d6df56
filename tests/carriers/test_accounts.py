"""Accounts of single numbers: their calls go through their own settings, as they are at that moment."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from carriers import BadSignature, CannotTell, Carrier, CarrierAway, CarrierRefused, EventRequest, NotPlaced
from carriers.accounts import CarrierAccounts
from carriers.clock import boot_time
from carriers.twilio import Twilio
from carriers.unconfigured import UnconfiguredCarrier
from tests.carriers.simulation import ACCOUNT_SID, AUTH_TOKEN, Simulator, an_order, number_ending
from tests.carriers.test_finding import a_search

URL = "https://calls.example.test/carriers/twilio_own/events?dial=contact_1:1"
OWN = {"accountSid": ACCOUNT_SID, "authToken": AUTH_TOKEN}
STRANGE = {"accountSid": "AC" + "0" * 32, "authToken": "strange"}


@dataclass
class Kept:
    """The settings of accounts, as the database has them; with `away` it does not answer."""

    by_account: dict[str, dict[str, str]] = field(default_factory=dict)
    away: bool = False

    async def settings(self, account: str) -> Mapping[str, Any] | None:
        if self.away:
            raise ConnectionError
        return self.by_account.get(account)


@pytest.fixture
def kept() -> Kept:
    return Kept({"twilio_own": OWN, "twilio_strange": STRANGE})


@pytest.fixture
async def accounts(simulator: Simulator, kept: Kept) -> AsyncIterator[CarrierAccounts]:
    """The shared account is one that the simulator does not know."""

    def twilio(settings: Mapping[str, Any]) -> Carrier:
        return Twilio(settings["accountSid"], settings["authToken"], base_url=simulator.url, place_timeout_seconds=5)

    accounts = CarrierAccounts({"twilio": twilio(STRANGE)}, kept.settings, {"twilio": twilio})
    yield accounts
    await accounts.close()


async def place(carrier: Carrier) -> str:
    order = an_order(number_ending("07"))
    url = f"http://127.0.0.1:9/carriers/twilio_own/events?dial={order.key}"
    return (await carrier.place(order, callback_url=url, send_before=boot_time() + 5)).call_id


async def test_a_number_calls_through_its_own_account(accounts: CarrierAccounts) -> None:
    own = accounts["twilio_own"]
    assert isinstance(own, Carrier)
    assert (own.name, own.traits) == ("twilio", Twilio.traits)
    call_id = await place(own)
    fetched = await own.fetch(call_id)
    assert getattr(fetched, "call_id", None) == call_id
    assert await own.find(a_search(an_order(number_ending("07")))) == CannotTell()
    await own.hang_up(call_id)
    assert (await own.health()).ok
    for refused in ("twilio", "twilio_strange"):
        with pytest.raises(CarrierRefused):
            await place(accounts[refused])


async def test_changed_settings_hold_for_the_next_request(accounts: CarrierAccounts, kept: Kept) -> None:
    own = accounts["twilio_own"]
    await place(own)
    kept.by_account["twilio_own"] = STRANGE
    with pytest.raises(CarrierRefused):
        await place(own)
    kept.by_account["twilio_own"] = OWN
    await place(own)


async def test_an_account_without_settings_is_for_a_person_to_fix(accounts: CarrierAccounts, kept: Kept) -> None:
    del kept.by_account["twilio_own"]
    with pytest.raises(CarrierRefused, match="send them again"):
        await place(accounts["twilio_own"])


async def test_where_settings_cannot_be_looked_up_nothing_was_placed(accounts: CarrierAccounts, kept: Kept) -> None:
    kept.away = True
    own = accounts["twilio_own"]
    with pytest.raises(NotPlaced):
        await place(own)
    for question in (own.fetch("CA1"), own.hang_up("CA1")):
        with pytest.raises(CarrierAway):
            await question
    assert not (await own.health()).ok


async def test_events_are_checked_with_the_accounts_own_token(accounts: CarrierAccounts) -> None:
    opened = await accounts.resolve("twilio_own")
    assert opened is not None
    for token, fits in ((AUTH_TOKEN, True), ("strange", False)):
        form = {"CallSid": "CA1", "CallStatus": "ringing"}
        signature = RequestValidator(token).compute_signature(URL, form)
        event = EventRequest(url=URL, headers={"x-twilio-signature": signature}, body=urlencode(form).encode())
        if fits:
            assert opened.read_event(event).call_id == "CA1"
        else:
            with pytest.raises(BadSignature):
                opened.read_event(event)


@pytest.mark.parametrize("account", ["", "pigeon", "pigeon_1", "twilio_none", "_", "twilio_"])
async def test_an_account_that_never_was_is_none(accounts: CarrierAccounts, account: str) -> None:
    assert await accounts.resolve(account) is None
    assert list(accounts) == ["twilio"]


class Sharing(UnconfiguredCarrier):
    """A carrier that serves numbers with settings of their own itself."""

    def with_settings(self, settings: Mapping[str, Any]) -> Carrier:
        return UnconfiguredCarrier(f"{self.name} by {settings['trunk']}")


async def test_a_carrier_that_serves_such_numbers_itself_is_asked_to(kept: Kept) -> None:
    kept.by_account["pigeon_own"] = {"trunk": "the roof"}
    accounts = CarrierAccounts({"pigeon": Sharing("pigeon")}, kept.settings, {})

    opened = await accounts.resolve("pigeon_own")

    assert opened is not None
    assert opened.name == "pigeon by the roof"
