"""The dispatcher's decisions, without Temporal."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calls.dispatch import DueContact, JobPage, NotNow, NotNowReason
from domain.jobs.line_shares import LinesShare
from domain.statuses import ContactStatus, JobStatus
from workflows.dispatch_state import MAX_AHEAD_CALL_SECONDS, RECHECK_INTERVAL, DispatchState, WaitingFor
from workflows.line_share import LineShareState, LinesRequest

NOW = datetime(2027, 1, 31, 9, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)


def due(n: int, *, live: bool = False) -> DueContact:
    return DueContact(contact_id=f"contact_{n}", row=n, ends_in="…01", dial=1, attempt=1, live=live)


def page(
    *contacts: DueContact,
    status: JobStatus = JobStatus.RUNNING,
    lines: int = 3,
    next_due_at: datetime | None = None,
    held: NotNow | None = None,
    more: bool = False,
    **fields: object,
) -> JobPage:
    return JobPage(
        status=status,
        status_reason=None,
        scheduled_start_time=None,
        lines=lines,
        counts={ContactStatus.PENDING: len(contacts)},
        due=list(contacts),
        next_due_at=next_due_at,
        held=held,
        more=more,
        **fields,
    )


def a_state(*contacts: DueContact, share: int | None = 50, **fields: object) -> DispatchState:
    """`share`: what the job was told, None: it was not."""
    state = DispatchState()
    if share is not None:
        state.share.sent(LinesRequest(lines=50, most=50), NOW)
        state.share.receive(LinesShare(lines=share, wanted=50, stamp=1))
    state.take(page(*contacts, **fields), NOW)  # type: ignore[arg-type]
    return state


def called(state: DispatchState, now: datetime = NOW) -> list[int]:
    return [contact.row for contact in state.next_calls(now)]


def test_as_many_are_called_as_lines_are_free() -> None:
    state = a_state(*map(due, range(5)))

    assert called(state) == [0, 1, 2]
    assert called(state) == []
    later = NOW + timedelta(seconds=MAX_AHEAD_CALL_SECONDS + 1)  # so long a call lets none go ahead of its line
    state.ended("contact_1", None, later)
    assert called(state, later) == [3]


def test_live_calls_are_followed_whatever_the_lines_and_the_status() -> None:
    state = a_state(*(due(n, live=True) for n in range(5)), due(5), lines=2, status=JobStatus.PAUSED)

    assert called(state) == [0, 1, 2, 3, 4]


def test_who_is_in_flight_is_not_called_again() -> None:
    state = a_state(due(0), due(1))
    called(state)

    state.take(page(due(0, live=True), due(1), due(2)), NOW)

    assert called(state) == [2]


def test_who_is_twice_on_a_page_is_called_once() -> None:
    """The page is two reads: somebody's call can begin, or end, between them."""
    state = a_state(due(0, live=True), due(0))

    assert called(state) == [0]


@pytest.mark.parametrize("status", [status for status in JobStatus if status is not JobStatus.RUNNING])
def test_nobody_is_called_while_the_job_does_not_run(status: JobStatus) -> None:
    state = a_state(due(0), status=status)

    assert called(state) == []
    assert state.wake_at(NOW) == NOW + RECHECK_INTERVAL


def test_nobody_is_called_before_a_hold_is_over() -> None:
    held = NotNow(reason=NotNowReason.CREDITS, seconds=30)
    state = a_state(due(0), held=held)

    assert called(state) == []
    assert state.wake_at(NOW) == NOW + timedelta(seconds=30)
    assert state.waiting_for(NOW) == WaitingFor(reason="credits", until=NOW + timedelta(seconds=30))
    assert called(state, NOW + timedelta(seconds=30)) == [0]


def test_a_job_that_found_no_line_keeps_its_request_for_lines() -> None:
    """Its share is not to go to others, who would find none either."""
    state = a_state(due(0), due(1), lines=2)
    called(state)
    state.ended("contact_0", None, NOW)

    state.hold(NotNow(reason=NotNowReason.LINE, seconds=5), NOW)

    assert called(state) == []
    assert state.lines_wanted(NOW) == 1
    assert state.wake_at(NOW) == NOW + timedelta(seconds=5)
    assert state.waiting_for(NOW) == WaitingFor(reason="lines", until=NOW + timedelta(seconds=5))
    state.hold(NotNow(reason=NotNowReason.CREDITS, seconds=5), NOW)
    assert state.lines_wanted(NOW) == 0


def test_a_claim_that_says_no_holds_everybody_for_a_second_at_least() -> None:
    state = a_state(due(0), due(1), lines=1)
    called(state)

    state.ended("contact_0", None, NOW)
    state.hold(NotNow(reason=NotNowReason.GATE), NOW)

    assert called(state) == []
    assert called(state, NOW + timedelta(seconds=1)) == [1]


def test_a_hold_that_a_page_told_is_over_when_the_next_page_knows_none() -> None:
    state = a_state(due(0), held=NotNow(reason=NotNowReason.CREDITS, seconds=30))

    state.take(page(due(0)), NOW)

    assert called(state) == [0]


def test_a_hold_that_a_claim_told_stands_whatever_a_page_says() -> None:
    state = a_state(due(0))
    state.hold(NotNow(reason=NotNowReason.CREDITS, seconds=30), NOW)

    state.take(page(due(0)), NOW)

    assert called(state) == []
    assert state.waiting_for(NOW) == WaitingFor(reason="credits", until=NOW + timedelta(seconds=30))


@pytest.mark.parametrize("reason", [reason for reason in NotNowReason if reason.is_gate])
def test_a_gate_that_a_person_opened_is_open_with_the_next_page(reason: NotNowReason) -> None:
    state = a_state(due(0))
    opens = NOW + timedelta(minutes=5)
    state.hold(NotNow(reason=reason, until=opens, seconds=30, detail="Refused."), NOW)
    assert state.waiting_for(NOW) == WaitingFor(reason=reason, until=opens, detail="Refused.")
    assert state.wake_at(NOW) == NOW + timedelta(seconds=30)  # earlier than it opens by itself

    state.take(page(due(0)), NOW)

    assert called(state) == [0]


@pytest.mark.parametrize("reason", [reason for reason in NotNowReason if reason.concerns_one_contact])
def test_what_holds_one_contact_holds_nobody_else(reason: NotNowReason) -> None:
    state = a_state(due(0), due(1), lines=1)
    called(state)

    state.ended("contact_0", None, NOW)
    state.hold(NotNow(reason=reason), NOW)

    assert called(state) == [1]


def test_more_are_asked_for_when_the_page_was_full_and_lines_are_free() -> None:
    state = a_state(due(0), lines=2, more=True)
    assert not state.wants_page(NOW)

    called(state)

    assert state.wants_page(NOW)


def test_more_are_not_asked_for_while_all_lines_are_busy() -> None:
    state = a_state(due(0), lines=1, more=True)
    called(state)

    assert not state.wants_page(NOW)
    assert state.wake_at(NOW) is None


def test_nobody_is_known_once_all_who_were_due_are_called_and_nobody_will_be() -> None:
    state = a_state(due(0))
    assert not state.nobody_known
    called(state)
    assert not state.nobody_known
    state.ended("contact_0", None, NOW)
    assert state.nobody_known


@pytest.mark.parametrize("fields", [{"status": JobStatus.PAUSED}, {"more": True}, {"next_due_at": LATER}])
def test_somebody_may_be_left_where_a_job_does_not_run_or_its_page_told_of_others(fields: dict[str, object]) -> None:
    assert a_state().nobody_known
    assert not a_state(**fields).nobody_known  # type: ignore[arg-type]


def test_the_next_due_time_is_waited_for() -> None:
    state = a_state(next_due_at=LATER)

    assert not state.wants_page(NOW)
    assert state.wake_at(NOW) == LATER
    assert state.waiting_for(NOW) == WaitingFor(reason="retry", until=LATER)
    assert state.wants_page(LATER)


def test_a_retry_that_comes_first_is_waited_for_first() -> None:
    state = a_state(due(0), next_due_at=LATER)
    called(state)

    state.ended("contact_0", NOW + timedelta(minutes=1), NOW)

    assert state.wake_at(NOW) == NOW + timedelta(minutes=1)


def test_lines_wanted_are_those_in_use_and_those_it_could_use() -> None:
    state = a_state(*map(due, range(2)), lines=5)
    assert state.lines_wanted(NOW) == 2
    called(state)
    assert state.lines_wanted(NOW) == 2
    assert a_state(*map(due, range(9)), lines=5).lines_wanted(NOW) == 5
    assert a_state(due(0), lines=5, more=True).lines_wanted(NOW) == 5


@pytest.mark.parametrize(
    "fields",
    [
        {"status": JobStatus.PAUSED},
        {"held": NotNow(reason=NotNowReason.CREDITS, seconds=30)},
        {"end_time": NOW},
    ],
)
def test_a_job_that_may_not_call_wants_no_lines(fields: dict[str, object]) -> None:
    assert a_state(due(0), **fields).lines_wanted(NOW) == 0


def test_a_share_is_kept() -> None:
    state = a_state(*map(due, range(5)), share=2, lines=5)

    assert called(state) == [0, 1]
    assert state.lines_wanted(NOW) == 5
    assert state.waiting_for(NOW) is None


def test_a_share_does_not_exceed_the_limits() -> None:
    assert called(a_state(*map(due, range(5)), share=5, lines=2)) == [0, 1]


def test_without_a_share_nobody_is_called_for_five_seconds_then_the_limits_hold() -> None:
    state = a_state(*map(due, range(5)), share=None)
    state.share.sent(state.lines_request(NOW), NOW)

    assert called(state) == []
    assert state.waiting_for(NOW) == WaitingFor(reason="lines")
    assert state.share.wake_at(state.lines_request(NOW), NOW) == NOW + timedelta(seconds=5)
    assert called(state, NOW + timedelta(seconds=5)) == [0, 1, 2]


def test_a_job_whose_turn_it_is_not_waits_for_lines() -> None:
    state = a_state(due(0), share=0)

    assert called(state) == []
    assert state.waiting_for(NOW) == WaitingFor(reason="lines")


def test_more_are_asked_for_while_others_have_the_lines() -> None:
    """Or a job whose share is none would never know that it wants one."""
    assert a_state(share=0, next_due_at=NOW).wants_page(NOW)


def test_a_window_that_opens_is_waited_for() -> None:
    state = a_state(next_due_at=LATER, next_due_reason=NotNowReason.WINDOW)

    assert state.waiting_for(NOW) == WaitingFor(reason="window", until=LATER)


def test_a_retry_that_comes_before_a_window_opens_is_a_retry() -> None:
    state = a_state(due(0), next_due_at=LATER, next_due_reason=NotNowReason.WINDOW)
    called(state)
    state.ended("contact_0", NOW + timedelta(minutes=1), NOW)

    assert state.waiting_for(NOW) == WaitingFor(reason="retry", until=NOW + timedelta(minutes=1))


def test_contacts_without_a_zone_are_waited_for_without_end() -> None:
    state = a_state(contacts_without_zone=2)

    assert state.waiting_for(NOW) == WaitingFor(reason="timezone")
    assert state.wake_at(NOW) is None


def test_nobody_is_called_after_the_end_time() -> None:
    state = a_state(*map(due, range(5)), lines=1, end_time=LATER)

    assert called(state) == [0]
    assert state.wake_at(NOW) == LATER
    state.ended("contact_0", None, NOW)
    assert not state.is_late(NOW)
    assert state.is_late(LATER)
    assert called(state, LATER) == []


def test_what_only_a_person_can_change_is_looked_at_now_and_then() -> None:
    state = a_state(due(0), held=NotNow(reason=NotNowReason.MAX_COST))

    assert called(state) == []
    assert state.wake_at(NOW) == NOW + RECHECK_INTERVAL


@given(
    st.lists(st.booleans(), max_size=30), st.integers(0, 5), st.lists(st.integers(0, 29), max_size=40), st.booleans()
)
def test_never_more_calls_than_lines_and_those_ahead_and_nobody_twice(
    live: list[bool], lines: int, endings: list[int], again: bool
) -> None:
    contacts = [due(n, live=is_live) for n, is_live in enumerate(sorted(live, reverse=True))]
    state = a_state(*contacts, lines=lines)
    everybody: list[int] = []
    for ending in (None, *endings):
        if ending is not None and f"contact_{ending}" in state.in_flight:
            state.ended(f"contact_{ending}", None, NOW)
        everybody += called(state)
        not_live = [contact for contact in state.in_flight.values() if not contact.live]
        assert len(not_live) <= (lines and lines + max(1, lines // 2))
        if again:
            done = set(everybody) - {contact.row for contact in state.in_flight.values()}
            state.take(page(*(contact for contact in contacts if contact.row not in done), lines=lines), NOW)
    assert len(everybody) == len(set(everybody))


# --- calls that are with a worker before a line is free


@pytest.mark.parametrize(
    ("seconds", "ahead"),
    [
        (0, 10),  # half of the lines at most
        (2, 10),
        (4, 5),  # as many as end within a second
        (20, 1),
        (55, 1),
        (61, 0),  # a line is free for a moment, which is little of so long a call
    ],
)
def test_as_many_calls_go_ahead_as_end_within_a_second(seconds: float, ahead: int) -> None:
    state = a_state(*map(due, range(100)), lines=20)
    assert len(called(state)) == 20  # how long calls take is not known

    now = NOW + timedelta(seconds=seconds)
    state.ended("contact_0", None, now)

    assert len(called(state, now)) == 1 + ahead
    assert state.count_live(now) == 20


def test_what_was_not_called_tells_nothing_of_how_long_calls_take() -> None:
    state = a_state(*map(due, range(100)), lines=20)
    called(state)

    state.ended("contact_0", None, NOW, called=False)

    assert len(called(state)) == 1


def test_the_next_run_knows_how_long_calls_take() -> None:
    state = DispatchState(call_seconds=2.0)
    state.share.sent(LinesRequest(lines=50, most=50), NOW)
    state.share.receive(LinesShare(lines=50, wanted=50, stamp=1))
    assert state.call_limit(NOW) == 50  # before it has read a page
    state.take(page(*map(due, range(100)), lines=20), NOW)

    assert len(called(state)) == 30
    assert state.call_limit(NOW) == 20


def test_a_call_that_waited_for_a_line_of_its_job_in_vain_holds_nobody() -> None:
    state = a_state(*map(due, range(3)), lines=2)
    called(state)

    state.ended("contact_0", None, NOW, called=False)
    state.hold(NotNow(reason=NotNowReason.OWN_LINES, seconds=5), NOW)

    assert called(state) == [2]


def a_state_with_calls_ahead(lines: int) -> DispatchState:
    """Of six contacts as many are called as there are lines, and one more."""
    state = a_state(*map(due, range(6)), lines=lines)
    called(state)
    state.ended("contact_0", None, NOW + timedelta(seconds=20))
    called(state)
    return state


def test_a_share_that_became_larger_is_told_once_where_a_call_waits_with_the_smaller_one() -> None:
    state = a_state_with_calls_ahead(lines=2)
    assert state.share_to_tell(NOW) is None

    state.take(page(lines=3), NOW)

    assert state.share_to_tell(NOW) == 3
    assert state.share_to_tell(NOW) is None


def test_nothing_is_told_where_all_calls_have_lines_or_the_share_became_smaller() -> None:
    state = a_state(*map(due, range(2)), lines=2)
    called(state)
    state.take(page(lines=3), NOW)
    assert state.share_to_tell(NOW) is None

    state = a_state_with_calls_ahead(lines=2)
    state.take(page(lines=1), NOW)
    assert state.share_to_tell(NOW) is None


def test_nothing_is_told_while_a_share_grows_and_all_calls_have_lines() -> None:
    state = a_state(*map(due, range(20)), lines=2)
    for lines in (2, 5, 9):
        state.take(page(*map(due, range(20)), lines=lines), NOW)
        called(state)
        assert state.share_to_tell(NOW) is None


def test_a_call_that_is_handed_out_with_a_larger_share_does_not_hide_one_that_waits_with_a_smaller() -> None:
    state = a_state_with_calls_ahead(lines=2)
    state.take(page(due(6), lines=3), NOW)
    assert called(state) == [6]

    assert state.share_to_tell(NOW) == 3


def test_the_next_run_tells_what_the_one_before_did_not() -> None:
    state = DispatchState(LineShareState(requested=LinesRequest(lines=3, most=3), requested_at=NOW, share=1, stamp=1))
    state.in_flight = {each.contact_id: each for each in map(due, range(2))}
    state.take(page(lines=3), NOW)

    state.share.receive(LinesShare(lines=2, wanted=2, stamp=2))

    assert state.share_to_tell(NOW) == 2
