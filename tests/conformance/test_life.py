"""A call's life: placed, told in order, ended as its far end says, hung up by us."""

import pytest

from carriers import BadSignature, Push
from domain.calls.models import CallState, Ending, HangUpReason, Outcome
from domain.calls.outcomes import determine_outcome
from tests.conformance.bed import LATE_SECONDS, LONG_CALL_SECONDS, LONG_RING_SECONDS
from tests.conformance.line import Line

SCRIPTED: dict[str, tuple[Outcome, int]] = {
    "00": (Outcome.ANSWERED, 200),
    "01": (Outcome.BUSY, 486),
    "02": (Outcome.NO_ANSWER, 487),
    "03": (Outcome.CARRIER_ERROR, 503),
    "04": (Outcome.INVALID_NUMBER, 404),
    "05": (Outcome.DECLINED, 603),
    "06": (Outcome.NO_ANSWER, 480),
    "07": (Outcome.ANSWERED, 200),
    "08": (Outcome.BLOCKED, 608),
    "14": (Outcome.NEVER_RANG, 603),
    "15": (Outcome.NEVER_RANG, 480),
    "22": (Outcome.DESTINATION_REJECTED, 403),
}
RINGING = frozenset({"00", "02", "05", "06", "07"})


@pytest.mark.parametrize("digits", SCRIPTED)
async def test_each_scripted_call_is_placed_once_told_in_order_and_ends_as_its_digits_say(
    line: Line, digits: str
) -> None:
    outcome, sip_code = SCRIPTED[digits]
    order = line.order(digits)

    placed = await line.place(order)
    ended = await line.hear(placed.call_id, CallState.ENDED)

    told = line.heard(placed.call_id)
    states = {report.state for report in told}
    ranks = [report.state.rank for report in told if report.sequence is not None or report.answered_by is None]
    assert ranks == sorted(ranks)
    assert {report.key for report in told} <= {order.key, None}
    assert ended.rang is (digits in RINGING)
    assert determine_outcome(ended, rang=ended.rang, answered=False, hung_up=None) is outcome
    assert ended.sip_code == sip_code
    if outcome is Outcome.ANSWERED:
        assert {CallState.RINGING, CallState.ANSWERED} <= states
        assert ended.ending is Ending.COMPLETED
        talk = {"00": 2, "07": line.bed.talk_seconds}[digits]
        assert ended.duration_seconds is None or -1 <= ended.duration_seconds - talk <= LATE_SECONDS
        assert ended.duration_seconds is not None or digits != "07"
    assert await line.attempts(order, 1) == 1


@pytest.mark.parametrize(("digits", "state"), [("02", CallState.RINGING), ("07", CallState.ANSWERED)])
async def test_a_live_call_can_be_hung_up_and_again(line: Line, digits: str, state: CallState) -> None:
    order = line.order(digits, ring_seconds=LONG_RING_SECONDS, max_call_seconds=LONG_CALL_SECONDS)
    placed = await line.place(order)
    await line.hear(placed.call_id, state)

    await line.carrier.hang_up(placed.call_id)
    ended = await line.hear(placed.call_id, CallState.ENDED)
    await line.carrier.hang_up(placed.call_id)

    answered = state is CallState.ANSWERED
    outcome = determine_outcome(ended, rang=True, answered=answered, hung_up=HangUpReason.CALLED_OFF)
    assert outcome is (Outcome.ANSWERED if answered else Outcome.CALLED_OFF)
    assert await line.attempts(order, 1) == 1


async def test_an_event_that_somebody_forged_is_refused(line: Line) -> None:
    if line.carrier.traits.push is not Push.CALLBACK:
        pytest.skip("This carrier posts no events.")
    placed = await line.place(line.order("01"))
    await line.hear(placed.call_id, CallState.ENDED)
    event = next(event for event in line.events if placed.call_id.encode() in event.body)

    with pytest.raises(BadSignature):
        line.carrier.read_event(event.model_copy(update={"body": event.body + b"&More=1"}))
    with pytest.raises(BadSignature):
        line.carrier.read_event(event.model_copy(update={"headers": {}}))


async def test_it_is_well(line: Line) -> None:
    health = await line.carrier.health()

    assert health.ok, health.detail
    assert [finding for finding in health.findings if not finding.ok] == []
