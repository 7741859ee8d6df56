"""What a carrier's list has is every call that was asked for: an answer that does not come is no empty list."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from carriers import CannotTell, CarrierAway, CarrierError, CarrierRefused, list_calls
from carriers.accounts import CarrierAccounts
from carriers.simulator.call_store import CallStore
from carriers.simulator.calls import Call
from carriers.twilio import Twilio
from domain.calls.models import CallState
from tests.carriers.simulation import CALLER, Simulator, closing
from tests.fakes.carrier import FakeCarrier

PAGES, CALLS_A_MINUTE = 2_500, 60


def written_calls(database: Path, count: int) -> float:
    """Fill the simulator's database with calls that are over, one a second until now; when the first one was."""
    store, now = CallStore(database), time.time()
    for number in range(count):
        at = now - (count - number)
        store.add(
            Call(
                sid=f"CA{number:032x}",
                to=f"+1202555{number:04}",
                from_=CALLER,
                key=None,
                dial=1,
                status_callback=None,
                events=frozenset(),
                amd_callback=None,
                detects=False,
                timeout=30,
                time_limit=60,
                never_ends=False,
                asked_at=at,
                dial_at=at,
                status="busy",
                initiated_at=at,
                ended_at=at + 0.5,
                sip_code=486,
                told=True,
            )
        )
    store.close()
    return now - count


async def test_all_pages_are_read_and_no_call_of_before(tmp_path: Path) -> None:
    first = written_calls(tmp_path / "calls.db", PAGES)
    simulator = Simulator(tmp_path / "calls.db").start()
    try:
        async with closing(simulator.carrier()) as carrier:
            everything = await carrier.list_calls({CALLER, "+12025550188"}, datetime.fromtimestamp(first - 60, UTC))
            lately = await carrier.list_calls({CALLER}, datetime.now(UTC) - timedelta(minutes=1))
            of_nobody = await carrier.list_calls({"+12025550188"}, datetime.fromtimestamp(0, UTC))
    finally:
        simulator.kill()

    assert not isinstance(everything, CannotTell)
    assert len({call.report.call_id for call in everything}) == PAGES
    assert [call.asked_at for call in everything] == sorted(call.asked_at for call in everything)
    assert {(call.from_, call.report.state) for call in everything} == {(CALLER, CallState.ENDED)}
    assert not isinstance(lately, CannotTell)
    assert 0 < len(lately) <= CALLS_A_MINUTE
    assert of_nobody == []


async def test_no_answer_is_not_an_empty_list(own_simulator: Simulator) -> None:
    async with closing(own_simulator.start().carrier()) as carrier:
        own_simulator.set_faults(account_refused=401)
        with pytest.raises(CarrierError):
            await carrier.list_calls({CALLER}, datetime.now(UTC))
        own_simulator.kill()
        with pytest.raises(CarrierAway):
            await carrier.list_calls({CALLER}, datetime.now(UTC))


async def test_a_carrier_that_lists_nothing_cannot_tell_and_one_that_is_not_set_up_refuses() -> None:
    since = datetime.now(UTC)

    async def nothing(_: str) -> None:
        return None

    accounts = CarrierAccounts({}, nothing, {})
    assert isinstance(await list_calls(FakeCarrier(), {CALLER}, since), CannotTell)
    for account in ("twilio", "nobody"):
        with pytest.raises(CarrierRefused):
            await list_calls(accounts[account], {CALLER}, since)


async def test_an_account_of_a_number_lists_by_its_own_settings(own_simulator: Simulator) -> None:
    own_simulator.start()

    async def settings(_: str) -> dict[str, str]:
        return {}

    def build(_: object) -> Twilio:
        return own_simulator.carrier()

    accounts = CarrierAccounts({}, settings, {"twilio": build})
    assert await list_calls(accounts["twilio_1"], {CALLER}, datetime.now(UTC)) == []
    await accounts.close()
