"""A call from the claim to its end, when nothing of ours fails."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from carriers import (
    CallerRefused,
    Carrier,
    CarrierBusy,
    CarrierRefused,
    CarrierUnreachable,
    NotPlaced,
    NotSetUp,
    NumberRefused,
    TooLate,
)
from domain.calls.dispatch import NotNowReason
from domain.calls.models import CallReport, CallState, Ending, Outcome, PlacedCall
from domain.calls.recovery import FoundDial
from domain.statuses import ContactStatus
from store.calls import watcher
from store.calls.found_calls import FoundCallsStore
from store.jobs.lifecycle import JobLifecycle
from store.recovery import Recovery
from tests.activities.calling import Calling
from tests.fakes.carrier import (
    ANSWERS,
    BUSY,
    CARRIER_ERROR,
    NAME,
    NO_ANSWER,
    NO_SUCH_NUMBER,
    TALKS_ON,
    EventDelivery,
    FakeCarrier,
    Script,
)
from tests.waiting import eventually


def test_the_fake_is_a_carrier() -> None:
    assert isinstance(FakeCarrier(), Carrier)


@pytest.mark.parametrize(
    ("script", "status", "outcome"),
    [
        (ANSWERS, ContactStatus.COMPLETED, Outcome.ANSWERED),
        (BUSY, ContactStatus.QUEUED, Outcome.BUSY),
        (NO_ANSWER, ContactStatus.QUEUED, Outcome.NO_ANSWER),
        (NO_SUCH_NUMBER, ContactStatus.INVALID_NUMBER, Outcome.INVALID_NUMBER),
        (CARRIER_ERROR, ContactStatus.QUEUED, Outcome.CARRIER_ERROR),
    ],
)
async def test_what_the_line_says_is_a_value(
    calling: Calling, script: Script, status: ContactStatus, outcome: Outcome
) -> None:
    calling.carrier.script(calling.number, script)

    ended = await calling.call()

    assert (ended.status, ended.outcome) == (status, outcome)
    assert (ended.due_at is not None) == (status is ContactStatus.QUEUED)


@pytest.mark.parametrize(
    ("refusal", "status", "outcome"),
    [
        (TooLate("Held back."), ContactStatus.QUEUED, Outcome.HELD_BACK),
        (NotPlaced("Not now."), ContactStatus.QUEUED, Outcome.NOT_PLACED),
        (CarrierBusy("Too many."), ContactStatus.QUEUED, Outcome.NOT_PLACED),
        (CarrierUnreachable("Nobody there."), ContactStatus.QUEUED, Outcome.UNREACHABLE),
        (CallerRefused("Not this caller id."), ContactStatus.QUEUED, Outcome.CALLER_REJECTED),
        (NotSetUp("No settings."), ContactStatus.QUEUED, Outcome.NOT_SET_UP),
        (NumberRefused("Not this one."), ContactStatus.INVALID_NUMBER, Outcome.INVALID_NUMBER),
        (CarrierRefused("Not this account."), ContactStatus.QUEUED, Outcome.ACCOUNT_REJECTED),
    ],
)
async def test_what_was_not_placed_is_a_value_too(
    calling: Calling, refusal: Exception, status: ContactStatus, outcome: Outcome
) -> None:
    calling.carrier.script(calling.number, Script(refusal=refusal))

    ended = await calling.call()

    assert (ended.status, ended.outcome) == (status, outcome)
    assert not calling.carrier.calls


@pytest.mark.parametrize("events", [EventDelivery.DOUBLED, EventDelivery.REVERSED, EventDelivery.BEFORE_THE_ANSWER])
async def test_events_may_come_twice_in_any_order_and_early(calling: Calling, events: EventDelivery) -> None:
    calling.carrier.script(calling.number, ANSWERS.but(events=events))

    ended = await calling.call()

    assert ended.status is ContactStatus.COMPLETED
    assert len(calling.carrier.calls) == 1


async def test_the_carrier_gets_the_dials_key_the_persons_data_and_where_to_report(calling: Calling) -> None:
    await calling.call()

    (call,) = calling.carrier.calls
    assert call.order.key == f"{calling.contact_ids[0]}:1"
    dial_id = (await calling.dial()).id
    assert call.order.parameters == {
        "outdial_call_id": dial_id,
        "outdial_api": "http://127.0.0.1:8000",
        "outdial_call_token": f"token of {dial_id}",
        "name": "Person 2",
    }
    assert call.callback_url == f"http://127.0.0.1:8000/carriers/twilio/events?dial={calling.contact_ids[0]}%3A1"


@pytest.fixture
def reads_all_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what a call's follower need not act on no notice comes: it is seen where all are read."""
    monkeypatch.setattr(watcher, "READ_ALL_SECONDS", 0.1)


async def test_heartbeats_show_how_far_the_call_is(reads_all_often: None, calling: Calling) -> None:
    calling.carrier.script(calling.number, ANSWERS.but(answer_after=0.2, ends_after=1.0))

    run = calling.start()
    await run.result()

    assert run.states.index("asked") < run.states.index("answered")


async def test_a_short_call_sends_no_heartbeat(calling: Calling, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    calling.carrier.script(calling.number, ANSWERS.but(ends_after=0.2))

    run = calling.start()
    await run.result()

    assert run.heartbeats == []


async def test_a_closed_gate_is_said_and_nobody_is_called(calling: Calling) -> None:
    await JobLifecycle(calling.engine).pause(calling.given.id, calling.job_id)

    ended = await calling.call()

    assert ended.held is not None
    assert ended.held.reason is NotNowReason.GATE
    assert not calling.carrier.asked


async def test_a_line_is_waited_for_with_heartbeats_and_nothing_claimed(calling: Calling) -> None:
    await calling.change("UPDATE organizations SET concurrent_call_limit = 1")
    calling.carrier.usually(TALKS_ON)
    first = calling.start(0)
    await eventually(lambda: len(calling.carrier.calls) == 1)

    second = calling.start(1)
    await eventually(lambda: len(second.heartbeats) > 4)
    assert await calling.dials.get(calling.contact_ids[1], 1) is None
    await calling.carrier.end_all()
    await first.result()
    await eventually(lambda: len(calling.carrier.live) == 1)
    await calling.carrier.end_all()

    assert (await second.result()).status is ContactStatus.COMPLETED
    assert calling.carrier.most_live == 1
    assert set(second.states[:4]) == {"waiting"}


async def test_calls_from_one_number_keep_its_pace(calling: Calling) -> None:
    await calling.change("UPDATE phone_numbers SET calls_per_second = 4")

    for run in [calling.start(contact) for contact in range(3)]:
        await run.result()

    placed = sorted(call.placed_at for call in calling.carrier.calls)
    assert all((late - early).total_seconds() > 0.2 for early, late in pairwise(placed))


async def test_a_call_of_another_future_is_neither_placed_nor_found_before_the_carriers_were_asked(
    calling: Calling,
) -> None:
    """Temporal is newer than a restored database: its activities know of dials that have no row."""
    await Recovery(calling.engine).mark(datetime.now(UTC) - timedelta(hours=1))

    first = await calling.call(attempt=2)
    second = await calling.call(dial=2, attempt=2)

    assert first.held is not None
    assert first.held.reason is NotNowReason.ACCOUNT
    assert second.held is not None
    assert second.held.reason is NotNowReason.CONTACT
    assert calling.carrier.asked == []


async def test_a_call_of_another_future_that_was_found_is_followed_by_who_knew_of_it(calling: Calling) -> None:
    number = calling.given.number.number
    report = CallReport(call_id="CA-found", state=CallState.ENDED, ending=Ending.COMPLETED, duration_seconds=60)
    call = PlacedCall(to=calling.number, from_=number, asked_at=datetime.now(UTC), report=report)
    found = FoundDial(call=call, contact_id=calling.contact_ids[0], dial=1, is_new=True)
    assert await FoundCallsStore(calling.engine).add(NAME, found)

    ended = await calling.call(attempt=2)

    assert (ended.status, ended.outcome) == (ContactStatus.COMPLETED, Outcome.ANSWERED)
    assert calling.carrier.asked == []
