"""What only Asterisk's adapter is asked for: trunks that cannot be dialed, and those of single numbers."""

import pytest

from carriers import CarrierRefused, NotPlaced
from carriers.asterisk import Asterisk
from carriers.clock import boot_time
from carriers.number_settings import SupportsNumberSettings
from domain.calls.models import CallReport, CallState
from tests.conformance.beds.asterisk import AsteriskBed
from tests.conformance.line import Line

NOT_HERE = "PJSIP/{number}@nowhere"
OFFLINE = "PJSIP/{number}@asleep"  # in the lab's pjsip.conf: nobody ever registers there


@pytest.fixture
async def bed(line: Line) -> AsteriskBed:
    assert isinstance(line.bed, AsteriskBed)
    return line.bed


async def _place(line: Line, carrier: Asterisk, digits: str = "01") -> CallReport:
    return await carrier.place(line.order(digits), callback_url="", send_before=boot_time() + 15)


@pytest.mark.parametrize(("trunk", "error"), [(NOT_HERE, CarrierRefused), (OFFLINE, NotPlaced)])
async def test_a_trunk_that_is_not_there_is_for_a_person_to_mend_one_that_is_away_is_tried_again(
    line: Line, bed: AsteriskBed, trunk: str, error: type[Exception]
) -> None:
    carrier = bed.open(trunk=trunk)
    carrier.share_stream(_stands)
    try:
        with pytest.raises(error) as raised:
            await _place(line, carrier)
        assert type(raised.value) is not NotPlaced  # it says more: there was no channel
        assert [finding.what for finding in (await carrier.health()).findings if not finding.ok] == ["trunk"]
    finally:
        await carrier.close()


async def test_a_number_calls_over_its_own_trunk_and_is_heard_on_the_one_stream(line: Line, bed: AsteriskBed) -> None:
    shared = line.carrier
    assert isinstance(shared, SupportsNumberSettings)
    own = shared.with_settings({"trunk": "PJSIP/{number}@second"})
    assert isinstance(own, Asterisk)

    placed = await _place(line, own, "00")
    await line.hear(placed.call_id, CallState.ANSWERED)
    live = await bed.calls_over("second")
    fetched = await own.fetch(placed.call_id)
    ended = await line.hear(placed.call_id, CallState.ENDED)

    assert live == [placed.call_id]
    assert isinstance(fetched, CallReport)
    assert ended.sip_code == 200
    assert (await own.health()).ok


@pytest.mark.usefixtures("bed")
async def test_what_a_number_gives_back_is_its_own_only(line: Line) -> None:
    shared = line.carrier
    assert isinstance(shared, SupportsNumberSettings)
    own = shared.with_settings({"trunk": NOT_HERE})

    with pytest.raises(CarrierRefused):
        await own.place(line.order("01"), callback_url="", send_before=boot_time() + 15)
    await own.close()

    placed = await line.place(line.order("01"))
    assert (await line.hear(placed.call_id, CallState.ENDED)).sip_code == 486


async def _stands() -> bool:
    return True
