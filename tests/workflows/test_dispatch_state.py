"""The dispatcher's decisions, without Temporal."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calls.dispatch import DueContact, JobPage, NotNow, NotNowReason
from domain.jobs.line_shares import LinesShare
from domain.statuses import ContactStatus, JobStatus
from workflows.dispatch_state import LOOK_AGAIN, DispatchState, WaitingFor
from workflows.line_share import Want

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


def a_lineup(*contacts: DueContact, share: int | None = 50, **fields: object) -> DispatchState:
    """`share`: what the job was told, None: it was not."""
    lineup = DispatchState()
    if share is not None:
        lineup.share.said(Want(lines=50, most=50), NOW)
        lineup.share.hear(LinesShare(lines=share, wanted=50, stamp=1))
    lineup.take(page(*contacts, **fields), NOW)  # type: ignore[arg-type]
    return lineup


def called(lineup: DispatchState, now: datetime = NOW) -> list[int]:
    return [contact.row for contact in lineup.next_calls(now)]


def test_as_many_are_called_as_lines_are_free() -> None:
    lineup = a_lineup(*map(due, range(5)))

    assert called(lineup) == [0, 1, 2]
    assert called(lineup) == []
    lineup.ended("contact_1", None)
    assert called(lineup) == [3]


def test_live_calls_are_followed_whatever_the_lines_and_the_status() -> None:
    lineup = a_lineup(*(due(n, live=True) for n in range(5)), due(5), lines=2, status=JobStatus.PAUSED)

    assert called(lineup) == [0, 1, 2, 3, 4]


def test_who_is_in_flight_is_not_called_again() -> None:
    lineup = a_lineup(due(0), due(1))
    called(lineup)

    lineup.take(page(due(0, live=True), due(1), due(2)), NOW)

    assert called(lineup) == [2]


def test_who_is_twice_on_a_page_is_called_once() -> None:
    """The page is two reads: somebody's call can begin, or end, between them."""
    lineup = a_lineup(due(0, live=True), due(0))

    assert called(lineup) == [0]


@pytest.mark.parametrize("status", [status for status in JobStatus if status is not JobStatus.RUNNING])
def test_nobody_is_called_while_the_job_does_not_run(status: JobStatus) -> None:
    lineup = a_lineup(due(0), status=status)

    assert called(lineup) == []
    assert lineup.wake_at(NOW) == NOW + LOOK_AGAIN


def test_nobody_is_called_before_a_hold_is_over() -> None:
    held = NotNow(reason=NotNowReason.CREDITS, seconds=30)
    lineup = a_lineup(due(0), held=held)

    assert called(lineup) == []
    assert lineup.wake_at(NOW) == NOW + timedelta(seconds=30)
    assert lineup.waiting_for(NOW) == WaitingFor(reason="credits", until=NOW + timedelta(seconds=30))
    assert called(lineup, NOW + timedelta(seconds=30)) == [0]


def test_a_claim_that_says_no_holds_everybody_for_a_second_at_least() -> None:
    lineup = a_lineup(due(0), due(1), lines=1)
    called(lineup)

    lineup.ended("contact_0", None)
    lineup.hold(NotNow(reason=NotNowReason.GATE), NOW)

    assert called(lineup) == []
    assert called(lineup, NOW + timedelta(seconds=1)) == [1]


def test_a_hold_that_a_page_told_is_over_when_the_next_page_knows_none() -> None:
    lineup = a_lineup(due(0), held=NotNow(reason=NotNowReason.CREDITS, seconds=30))

    lineup.take(page(due(0)), NOW)

    assert called(lineup) == [0]


def test_a_hold_that_a_claim_told_stands_whatever_a_page_says() -> None:
    lineup = a_lineup(due(0))
    lineup.hold(NotNow(reason=NotNowReason.ACCOUNT, seconds=30), NOW)

    lineup.take(page(due(0)), NOW)

    assert called(lineup) == []
    assert lineup.waiting_for(NOW) == WaitingFor(reason="account", until=NOW + timedelta(seconds=30))


@pytest.mark.parametrize("reason", [reason for reason in NotNowReason if reason.concerns_one_contact])
def test_what_holds_one_contact_holds_nobody_else(reason: NotNowReason) -> None:
    lineup = a_lineup(due(0), due(1), lines=1)
    called(lineup)

    lineup.ended("contact_0", None)
    lineup.hold(NotNow(reason=reason), NOW)

    assert called(lineup) == [1]


def test_more_are_asked_for_when_the_page_was_full_and_lines_are_free() -> None:
    lineup = a_lineup(due(0), lines=2, more=True)
    assert not lineup.wants_more(NOW)

    called(lineup)

    assert lineup.wants_more(NOW)


def test_more_are_not_asked_for_while_all_lines_are_busy() -> None:
    lineup = a_lineup(due(0), lines=1, more=True)
    called(lineup)

    assert not lineup.wants_more(NOW)
    assert lineup.wake_at(NOW) is None


def test_the_next_due_time_is_waited_for() -> None:
    lineup = a_lineup(next_due_at=LATER)

    assert not lineup.wants_more(NOW)
    assert lineup.wake_at(NOW) == LATER
    assert lineup.waiting_for(NOW) == WaitingFor(reason="retry", until=LATER)
    assert lineup.wants_more(LATER)


def test_a_retry_that_comes_first_is_waited_for_first() -> None:
    lineup = a_lineup(due(0), next_due_at=LATER)
    called(lineup)

    lineup.ended("contact_0", NOW + timedelta(minutes=1))

    assert lineup.wake_at(NOW) == NOW + timedelta(minutes=1)


def test_lines_wanted_are_those_in_use_and_those_it_could_use() -> None:
    lineup = a_lineup(*map(due, range(2)), lines=5)
    assert lineup.lines_wanted(NOW) == 2
    called(lineup)
    assert lineup.lines_wanted(NOW) == 2
    assert a_lineup(*map(due, range(9)), lines=5).lines_wanted(NOW) == 5
    assert a_lineup(due(0), lines=5, more=True).lines_wanted(NOW) == 5


@pytest.mark.parametrize(
    "fields",
    [
        {"status": JobStatus.PAUSED},
        {"held": NotNow(reason=NotNowReason.CREDITS, seconds=30)},
        {"end_time": NOW},
    ],
)
def test_a_job_that_may_not_call_wants_no_lines(fields: dict[str, object]) -> None:
    assert a_lineup(due(0), **fields).lines_wanted(NOW) == 0


def test_a_share_is_kept() -> None:
    lineup = a_lineup(*map(due, range(5)), share=2, lines=5)

    assert called(lineup) == [0, 1]
    assert lineup.lines_wanted(NOW) == 5
    assert lineup.waiting_for(NOW) is None


def test_a_share_does_not_exceed_the_limits() -> None:
    assert called(a_lineup(*map(due, range(5)), share=5, lines=2)) == [0, 1]


def test_without_a_share_nobody_is_called_for_five_seconds_then_the_limits_hold() -> None:
    lineup = a_lineup(*map(due, range(5)), share=None)
    lineup.share.said(lineup.want(NOW), NOW)

    assert called(lineup) == []
    assert lineup.waiting_for(NOW) == WaitingFor(reason="lines")
    assert lineup.speak_at(NOW) == NOW + timedelta(seconds=5)
    assert called(lineup, NOW + timedelta(seconds=5)) == [0, 1, 2]


def test_a_job_whose_turn_it_is_not_waits_for_lines() -> None:
    lineup = a_lineup(due(0), share=0)

    assert called(lineup) == []
    assert lineup.waiting_for(NOW) == WaitingFor(reason="lines")


def test_more_are_asked_for_while_others_have_the_lines() -> None:
    """Or a job whose share is none would never know that it wants one."""
    assert a_lineup(share=0, next_due_at=NOW).wants_more(NOW)


def test_a_window_that_opens_is_waited_for() -> None:
    lineup = a_lineup(next_due_at=LATER, next_due_reason=NotNowReason.WINDOW)

    assert lineup.waiting_for(NOW) == WaitingFor(reason="window", until=LATER)


def test_a_retry_that_comes_before_a_window_opens_is_a_retry() -> None:
    lineup = a_lineup(due(0), next_due_at=LATER, next_due_reason=NotNowReason.WINDOW)
    called(lineup)
    lineup.ended("contact_0", NOW + timedelta(minutes=1))

    assert lineup.waiting_for(NOW) == WaitingFor(reason="retry", until=NOW + timedelta(minutes=1))


def test_contacts_without_a_zone_are_waited_for_without_end() -> None:
    lineup = a_lineup(contacts_without_zone=2)

    assert lineup.waiting_for(NOW) == WaitingFor(reason="timezone")
    assert lineup.wake_at(NOW) is None


def test_nobody_is_called_after_the_end_time() -> None:
    lineup = a_lineup(*map(due, range(5)), lines=1, end_time=LATER)

    assert called(lineup) == [0]
    assert lineup.wake_at(NOW) == LATER
    lineup.ended("contact_0", None)
    assert not lineup.is_late(NOW)
    assert lineup.is_late(LATER)
    assert called(lineup, LATER) == []


def test_what_only_a_person_can_change_is_looked_at_now_and_then() -> None:
    lineup = a_lineup(due(0), held=NotNow(reason=NotNowReason.MAX_COST))

    assert called(lineup) == []
    assert lineup.wake_at(NOW) == NOW + LOOK_AGAIN


@given(
    st.lists(st.booleans(), max_size=30), st.integers(0, 5), st.lists(st.integers(0, 29), max_size=40), st.booleans()
)
def test_never_more_lines_than_allowed_and_nobody_twice(
    live: list[bool], lines: int, endings: list[int], again: bool
) -> None:
    contacts = [due(n, live=is_live) for n, is_live in enumerate(sorted(live, reverse=True))]
    lineup = a_lineup(*contacts, lines=lines)
    everybody: list[int] = []
    for ending in (None, *endings):
        if ending is not None and f"contact_{ending}" in lineup.in_flight:
            lineup.ended(f"contact_{ending}", None)
        everybody += called(lineup)
        not_live = [contact for contact in lineup.in_flight.values() if not contact.live]
        assert len(not_live) <= lines
        if again:
            done = set(everybody) - {contact.row for contact in lineup.in_flight.values()}
            lineup.take(page(*(contact for contact in contacts if contact.row not in done), lines=lines), NOW)
    assert len(everybody) == len(set(everybody))
