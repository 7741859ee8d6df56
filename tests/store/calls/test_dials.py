"""A carrier's reports of a call, in whatever order and however often it arrives."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from itertools import permutations

import pytest
import sqlalchemy as sa

from domain.calls.dispatch import NotNowReason
from domain.calls.models import AnsweredBy, CallState, Ending, HangUpReason, Outcome, Recorded
from domain.statuses import ContactStatus
from store.leases import StreamLeases
from store.organizations.phone_numbers import TWILIO
from store.tables import carrier_accounts, carrier_events, dials
from tests.builders import contacts as some_contacts
from tests.store.calling import Call, Calling, a_caller, ago

ORDERS = list(permutations([CallState.QUEUED, CallState.RINGING, CallState.ANSWERED, CallState.ENDED]))


async def test_an_event_moves_the_dial_and_names_the_call(shared: Calling) -> None:
    _, call = await shared.a_call()

    assert await call.reports(CallState.QUEUED) is Recorded.MOVED
    assert await call.rings() is Recorded.MOVED

    row, contact = await call.row(), await call.contact()
    assert (row.state, row.call_id) == ("ringing", call.call_id)
    assert row.ringing_at is not None
    assert row.answered_at is None
    assert contact.call_id == call.call_id


async def test_states_only_move_forward_whatever_the_order(shared: Calling) -> None:
    job = await shared.a_job(await a_caller(shared.engine, credits=None), len(ORDERS))

    for which, order in enumerate(ORDERS):
        call = await job.call(which)
        furthest = CallState.ASKED
        for state in order:
            forward = state.rank > furthest.rank
            assert await _report(call, state) is (Recorded.MOVED if forward else Recorded.NOTHING), order
            furthest = state if forward else furthest
            assert (await call.row()).state == furthest, order

    contacts_then = [await job.contact(which) for which in range(len(ORDERS))]
    assert {(contact.status, contact.attempts, contact.call_seconds) for contact in contacts_then} == {
        ("completed", 1, 60)
    }


async def test_events_that_arrive_together_end_in_the_same_place(shared: Calling) -> None:
    """The API takes them in parallel, doubled; none may fail, none may count twice."""
    job = await shared.a_job(await a_caller(shared.engine), 30)
    calls = [await job.call(which) for which in range(30)]

    recorded = await asyncio.gather(*(_report(call, state) for call in calls for state in ORDERS[0] * 2))

    assert set(recorded) <= {Recorded.MOVED, Recorded.NOTHING}
    assert {(await call.row()).state for call in calls} == {"ended"}
    assert {((await call.contact()).status, (await call.contact()).attempts) for call in calls} == {("completed", 1)}
    audit = await job.audit()
    assert audit.exact
    assert 1000 - audit.balance == 30 * (await calls[0].row()).cost


@pytest.mark.parametrize("state", [CallState.QUEUED, CallState.RINGING, CallState.ANSWERED, CallState.ENDED])
async def test_a_doubled_event_changes_nothing(calling: Calling, state: CallState) -> None:
    _, call = await calling.a_call()
    await _report(call, state)
    before = (await call.row(), await call.contact(), await calling.rows())

    assert await _report(call, state) is Recorded.NOTHING
    assert (await call.row(), await call.contact(), await calling.rows()) == before


async def test_every_event_is_stored_once(shared: Calling) -> None:
    _, call = await shared.a_call()
    for _ in range(3):
        await call.rings()
        await call.is_busy()

    assert await shared.count(carrier_events, carrier_events.c.dial_id == await call.id()) == 2


@pytest.mark.parametrize("key", ["contact_none:1", "contact_none:x", "nonsense", "", ":", ":1", "a:" + "9" * 40])
async def test_an_event_of_an_unknown_dial_belongs_to_nobody(shared: Calling, key: str) -> None:
    assert await shared.report(CallState.RINGING, call_id="CA-none", key=key) is Recorded.NO_SUCH_DIAL


async def test_an_event_of_another_dial_number_or_account_belongs_to_nobody(shared: Calling) -> None:
    _, call = await shared.a_call()
    await call.rings()

    recorded = [
        await shared.report(CallState.ANSWERED, call_id=call.call_id, key=f"{call.contact_id}:2"),
        await call.reports(CallState.ANSWERED, account="another"),
        await shared.report(CallState.ANSWERED, call_id=call.call_id, account="another"),
    ]

    assert recorded == [Recorded.NO_SUCH_DIAL] * 3
    assert (await call.row()).state == "ringing"


@pytest.mark.parametrize(("trunk", "recorded"), [("PJSIP/{number}@a", Recorded.MOVED), (None, Recorded.NO_SUCH_DIAL)])
async def test_an_account_speaks_for_calls_over_its_trunks_only(
    shared: Calling, trunk: str | None, recorded: Recorded
) -> None:
    _, call = await shared.a_call()
    number = {"id": f"acme_{call.contact_id}", "carrier": "acme", "settings": "sealed", "trunk": trunk}
    async with shared.engine.begin() as connection:
        await connection.execute(sa.insert(carrier_accounts).values(number))
    await shared.change(dials, dials.c.contact_id == call.contact_id, carrier_account_id=number["id"])

    assert await call.reports(CallState.RINGING, account="acme") is recorded


async def test_a_carriers_one_stream_is_asked_for_calls_of_all_its_accounts(shared: Calling) -> None:
    _, call = await shared.a_call()
    await shared.change(dials, dials.c.contact_id == call.contact_id, carrier_account_id=f"{TWILIO}_1")

    assert await call.reports(CallState.RINGING, account=f"{TWILIO}_2") is Recorded.NO_SUCH_DIAL
    assert await call.reports(CallState.RINGING, account=f"{TWILIO}_1") is Recorded.MOVED

    row = await call.row()
    leases = StreamLeases(shared.engine, shared.engine.url.render_as_string(hide_password=False))
    assert row.state == "ringing"
    assert row.id in await leases.list_open_dials(TWILIO)
    assert row.id not in await leases.list_open_dials("another")


async def test_without_a_key_the_calls_id_finds_the_dial(shared: Calling) -> None:
    _, call = await shared.a_call()
    await call.rings()

    assert await shared.report(CallState.ANSWERED, call_id=call.call_id) is Recorded.MOVED
    assert (await call.row()).state == "answered"


async def test_a_second_call_for_one_dial_is_reported_and_changes_nothing(calling: Calling) -> None:
    _, call = await calling.a_call()
    await call.rings()
    before = (await call.row(), await call.contact(), await calling.rows())

    for state in (CallState.QUEUED, CallState.ANSWERED, CallState.ENDED):
        assert await call.reports(state, call_id="CA-second", ending=Ending.COMPLETED) is Recorded.SECOND_CALL

    assert (await call.row(), await call.contact(), await calling.rows()) == before
    await call.is_busy()
    assert await call.reports(CallState.RINGING, call_id="CA-second") is Recorded.SECOND_CALL


async def test_of_two_calls_reported_at_once_one_is_the_second(shared: Calling) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 10)
    calls = [await job.call(which) for which in range(10)]

    recorded = await asyncio.gather(
        *(
            asyncio.gather(
                call.reports(CallState.QUEUED, call_id=f"{call.call_id}-a"),
                call.reports(CallState.RINGING, call_id=f"{call.call_id}-b"),
            )
            for call in calls
        )
    )

    assert [sorted(pair) for pair in recorded] == [[Recorded.MOVED, Recorded.SECOND_CALL]] * 10
    for call in calls:
        assert (await call.row()).call_id == (await call.contact()).call_id


@pytest.mark.parametrize("state", [CallState.RINGING, CallState.ENDED])
async def test_a_call_belongs_to_the_first_dial_that_holds_it(shared: Calling, state: CallState) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 2)
    first, second = await job.call(0), await job.call(1)
    await first.rings()
    before = (await second.row(), await second.contact())

    assert await second.reports(state, call_id=first.call_id, ending=Ending.BUSY) is Recorded.NO_SUCH_DIAL

    assert (await second.row(), await second.contact()) == before
    assert (await first.row()).call_id == first.call_id
    assert (await job.audit()).exact


async def test_a_final_report_may_come_before_any_other_and_nothing_after_it_changes_a_thing(shared: Calling) -> None:
    _, call = await shared.a_call()

    assert await call.is_busy() is Recorded.MOVED

    before = row, contact = await call.row(), await call.contact()
    assert (row.state, row.call_id, row.outcome, row.sip_code) == ("ended", call.call_id, "busy", 486)
    assert (contact.call_id, contact.answered_by) == (call.call_id, None)
    for late in (call.rings(), call.answers(), call.completes()):
        assert await late is Recorded.NOTHING
    assert (await call.row(), await call.contact()) == before


async def test_the_first_of_two_final_reports_counts(shared: Calling) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 8)
    calls = [await job.call(which) for which in range(8)]

    recorded = await asyncio.gather(
        *(asyncio.gather(call.completes(seconds=60), call.completes(seconds=90)) for call in calls)
    )

    assert [sorted(pair) for pair in recorded] == [[Recorded.MOVED, Recorded.NOTHING]] * 8
    assert {(await call.contact()).attempts for call in calls} == {1}
    assert (await job.audit()).exact


async def test_a_completed_call_was_answered_though_nobody_reported_it(shared: Calling) -> None:
    _, call = await shared.a_call()
    await call.rings()

    await call.completes(seconds=42)

    contact = await call.contact()
    assert (contact.status, contact.call_seconds, contact.answered_by) == ("completed", 42, "unknown")
    assert (await call.row()).outcome == "answered"


async def test_an_answered_call_is_completed_however_it_ended(shared: Calling) -> None:
    _, call = await shared.a_call()
    await call.answers()

    await call.ends(Ending.FAILED, sip=500, duration_seconds=9)

    contact = await call.contact()
    assert (contact.status, contact.error_code, contact.call_seconds) == ("completed", None, 9)


# --- who answered


async def test_who_answered_may_be_reported_after_the_answer(shared: Calling) -> None:
    _, call = await shared.a_call()
    await call.answers()

    assert await call.answers(by=AnsweredBy.MACHINE) is Recorded.MOVED
    assert await call.answers(by=AnsweredBy.MACHINE) is Recorded.NOTHING
    assert await call.answers() is Recorded.NOTHING
    await call.completes()

    assert (await call.row()).answered_by == (await call.contact()).answered_by == "machine"


async def test_who_answered_may_be_reported_before_the_answer_or_at_the_end(shared: Calling) -> None:
    job, early = await shared.a_call(2)
    late = await job.call(1)
    await early.answers(by=AnsweredBy.HUMAN)
    await early.answers()
    await early.completes()
    await late.completes(by=AnsweredBy.HUMAN)

    assert [(await call.contact()).answered_by for call in (early, late)] == ["human", "human"]


# --- unknown


async def test_a_dial_given_up_is_unknown_and_final_and_giving_up_is_idempotent(shared: Calling) -> None:
    job, call = await shared.a_call()

    await call.is_given_up()

    before = row, contact = await call.row(), await call.contact()
    assert (row.state, row.outcome, row.cost) == ("ended", "unknown", 0)
    assert (contact.status, contact.attempts) == ("failed", 1)
    assert contact.failure_reason.startswith("The outcome is unknown")
    assert await job.is_held(dial=2) is NotNowReason.CONTACT
    await call.is_given_up()
    assert (await call.row(), await call.contact()) == before


async def test_what_has_ended_is_not_given_up(shared: Calling) -> None:
    _, call = await shared.a_call()
    await call.completes()
    before = (await call.row(), await call.contact())

    await call.is_given_up()

    assert (await call.row(), await call.contact()) == before


@pytest.mark.parametrize("state", [CallState.QUEUED, CallState.RINGING, CallState.ANSWERED])
async def test_evidence_of_a_live_call_reopens_an_unknown_dial(shared: Calling, state: CallState) -> None:
    job, call = await shared.a_call()
    await call.is_given_up()

    assert await call.reports(state) is Recorded.MOVED

    now, contact = await call.now(), await call.contact()
    assert (now.state, now.call_id, now.ended_at) == (state, call.call_id, None)
    assert (contact.status, contact.completed_at, contact.dials) == ("dialing", None, 1)
    assert await job.live() == 1
    assert not await shared.lifecycle.complete(job.given.id, job.id)


@pytest.mark.parametrize("reopened", [False, True])
async def test_a_call_once_unknown_costs_what_it_lasted_and_counts_once(shared: Calling, reopened: bool) -> None:
    job, call = await shared.a_call()
    await call.is_given_up()
    assert (await job.audit()).balance == 1000
    if reopened:
        await call.answers()

    assert await call.completes(seconds=60) is Recorded.MOVED
    assert await call.completes(seconds=60) is Recorded.NOTHING

    contact, audit = await call.contact(), await job.audit()
    assert (contact.status, contact.attempts, contact.call_seconds) == ("completed", 1, 60)
    assert contact.failure_reason is None
    assert 1000 - audit.balance == (await call.row()).cost == Decimal("0.0175")
    assert audit.exact


@pytest.mark.parametrize(
    ("ending", "sip", "status"),
    [(Ending.BUSY, 486, "busy"), (Ending.NO_ANSWER, 480, "no_answer"), (Ending.FAILED, 503, "carrier_error")],
)
@pytest.mark.parametrize("reopened", [False, True])
async def test_a_contact_once_unknown_is_not_called_again(
    shared: Calling, reopened: bool, ending: Ending, sip: int, status: str
) -> None:
    job, call = await shared.a_call()
    await call.is_given_up()
    if reopened:
        await call.rings()

    assert await call.ends(ending, sip) is Recorded.MOVED

    contact = await call.contact()
    charged = 0 if sip == 503 else 1
    assert (contact.status, contact.attempts, contact.error_code) == (status, charged, str(sip))
    assert contact.next_retry_at is None
    assert contact.completed_at is not None
    assert await job.is_held(dial=2) is NotNowReason.CONTACT


async def test_an_unknown_call_of_a_settled_job_is_paid_from_the_balance(shared: Calling) -> None:
    job, call = await shared.a_call()
    await call.is_given_up()
    await shared.lifecycle.complete(job.given.id, job.id)

    await call.answers()
    await call.completes(seconds=60)

    audit = await job.audit()
    assert (1000 - audit.balance, audit.held) == (Decimal("0.0175"), Decimal(0))
    assert audit.exact
    assert (await job.row()).status == "completed"


async def test_a_reopened_dial_takes_a_line_until_it_is_given_up_again(shared: Calling) -> None:
    job = await shared.a_job(await a_caller(shared.engine, limit=1), 2)
    call = await job.call()
    await call.is_given_up()
    await call.rings()
    assert await job.is_held(1) is NotNowReason.LINE

    await call.is_given_up()

    contact = await call.contact()
    assert (contact.status, contact.attempts) == ("failed", 1)
    assert await job.live() == 0


async def test_an_unknown_dial_stays_closed_while_another_job_calls_its_number(shared: Calling) -> None:
    given = await a_caller(shared.engine)
    first, second = [await shared.a_job(given, 1) for _ in range(2)]
    call = await first.call()
    await call.is_given_up()
    other = await second.call()

    assert await call.answers() is Recorded.NOTHING

    assert ((await call.now()).outcome, (await call.contact()).status) == (Outcome.UNKNOWN, "failed")
    assert (await other.now()).ended_at is None
    assert await call.completes(seconds=60) is Recorded.MOVED
    assert ((await call.now()).outcome, (await call.contact()).status) == (Outcome.ANSWERED, "completed")
    assert (await first.audit()).exact


# --- not placed


async def test_nothing_is_not_placed_once_its_call_has_an_id(shared: Calling) -> None:
    _, call = await shared.a_call()
    await call.reports(CallState.QUEUED)

    await call.is_not_placed()

    assert (await call.row()).ended_at is None


async def test_a_call_that_is_named_while_it_is_called_not_placed_lives(shared: Calling) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 20)
    calls = [await job.call(which) for which in range(20)]

    await asyncio.gather(*(speak for call in calls for speak in (call.rings(), call.is_not_placed())))

    for call in calls:
        row = await call.row()
        assert (row.call_id is None) == (row.ended_at is not None)


async def test_not_placed_reported_twice_counts_once(shared: Calling) -> None:
    _, call = await shared.a_call()

    await call.is_not_placed()
    await call.is_not_placed()

    assert (await call.contact()).troubles == 1
    assert await call.rings() is Recorded.SECOND_CALL  # live after all: to be hung up
    assert (await call.row()).outcome == "trouble"


async def test_ends_of_dials_that_never_were_change_nothing(calling: Calling) -> None:
    before = await calling.rows()

    await calling.dials.mark_not_placed("call_none", Outcome.CARRIER_ERROR)
    await calling.dials.give_up("call_none")
    await calling.dials.request_hang_up("call_none", HangUpReason.RING_TIMER)

    assert await calling.rows() == before
    assert await calling.dials.get("contact_none", 1) is None
    assert await calling.dials.get_many(["call_none"]) == []


# --- reading


async def test_the_first_reason_to_hang_up_stays(shared: Calling) -> None:
    _, call = await shared.a_call()
    await call.rings()

    for reason in (HangUpReason.RING_TIMER, HangUpReason.MAX_CALL_DURATION):
        await shared.dials.request_hang_up(await call.id(), reason)

    assert (await call.now()).hang_up_reason is HangUpReason.RING_TIMER


async def test_a_dial_has_its_age_by_the_databases_clock(shared: Calling) -> None:
    _, call = await shared.a_call(ring_seconds=20, max_call_seconds=100)
    await call.rings()
    await call.answers()
    await call.change(asked_at=ago(seconds=30), ringing_at=ago(seconds=20), answered_at=ago(seconds=10))

    now, row = await call.now(), await call.row()

    assert now.age_seconds == pytest.approx(30, abs=5)
    assert now.state_seconds == pytest.approx(10, abs=5)
    assert (now.ring_seconds, now.max_call_seconds) == (20, 100)
    assert (now.contact_status, now.to, now.from_) == (ContactStatus.DIALING, row.to_number, row.from_number)


async def test_a_search_passes_over_the_calls_that_dials_hold(shared: Calling) -> None:
    given = await a_caller(shared.engine)
    jobs = [await shared.a_job(given, some_contacts(1)) for _ in range(3)]
    old, held = await jobs[0].call(), jobs[1].call_of()
    await old.completes()
    await old.change(asked_at=ago(days=1))
    await (await jobs[1].call()).completes()
    now = await (await jobs[2].call()).now()

    found = await shared.dials.find_call_ids("twilio", now.to, now.from_, now.asked_at - timedelta(minutes=1))

    assert found == {held.call_id}


async def _report(call: Call, state: CallState) -> Recorded:
    return await (call.completes(seconds=60) if state is CallState.ENDED else call.reports(state))
