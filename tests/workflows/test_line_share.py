"""Which lines a job requests, and when: never more often than anybody needs."""

from datetime import UTC, datetime, timedelta

from domain.jobs.line_shares import LinesShare
from workflows.line_share import LineShare, LineShareState, LinesPace, LinesRequest

NOW = datetime(2027, 1, 31, 9, tzinfo=UTC)
FIVE_SECONDS = timedelta(seconds=5)
LATER = NOW + FIVE_SECONDS
MOST = 10


def request(lines: int, priority: int = 5, most: int = MOST) -> LinesRequest:
    return LinesRequest(lines=lines, priority=priority, most=most)


def answered(lines: int, wanted: int = 8, stamp: int = 1, *, sent: int | None = None) -> LineShare:
    """A job that asked for lines and was answered."""
    share = LineShare(LineShareState(), LinesPace())
    share.sent(request(wanted if sent is None else sent), NOW)
    share.receive(LinesShare(lines=lines, wanted=wanted, stamp=stamp))
    return share


def test_who_begins_to_want_lines_says_so_at_once() -> None:
    share = LineShare(LineShareState(), LinesPace())
    assert share.must_send(request(1), NOW)

    share.sent(request(1), NOW)
    share.sent(request(0), NOW)

    assert share.must_send(request(1), NOW)


def test_who_never_wanted_any_says_nothing() -> None:
    assert not LineShare(LineShareState(), LinesPace()).must_send(request(0), NOW)


def test_what_changes_nobodys_share_is_not_said() -> None:
    share = answered(lines=3)

    assert not share.must_send(request(9), LATER)
    assert not share.must_send(request(4), LATER)
    assert not share.must_send(request(3), LATER)
    assert share.wake_at(request(4), NOW) is None


def test_lines_held_in_vain_are_given_back_five_seconds_after_the_last_word() -> None:
    share = answered(lines=3)

    assert not share.must_send(request(2), NOW)
    assert share.wake_at(request(2), NOW) == LATER
    assert share.must_send(request(2), LATER)


def test_whose_calls_run_out_gives_its_lines_back() -> None:
    assert answered(lines=8).must_send(request(3), LATER)


def test_who_has_all_it_asked_for_says_that_it_could_use_more() -> None:
    share = answered(lines=8)

    assert share.must_send(request(9), LATER)
    assert not share.must_send(request(8), LATER)


def test_who_wants_none_any_more_says_so_whatever_its_share() -> None:
    assert answered(lines=0).must_send(request(0), LATER)


def test_a_new_priority_is_said_at_once() -> None:
    assert answered(lines=3).must_send(request(8, priority=9), NOW)
    assert not answered(lines=0, wanted=1, sent=0).must_send(request(0), NOW)


def test_a_new_limit_is_said_at_once_where_it_changes_anything() -> None:
    share = LineShare(LineShareState(), LinesPace())
    share.sent(request(8, most=8), NOW)
    share.receive(LinesShare(lines=8, wanted=8, stamp=1))

    assert share.must_send(request(9, most=9), NOW)
    assert share.must_send(request(7, most=7), NOW)
    assert not share.must_send(request(8, most=9), NOW)


def test_a_job_that_is_paused_gives_its_lines_back_at_once() -> None:
    assert answered(lines=3).must_send(request(0, most=0), NOW)


def test_an_old_answer_is_for_other_times() -> None:
    share = answered(lines=8)
    share.sent(request(0), LATER)
    share.sent(request(5), LATER + FIVE_SECONDS)

    assert share.lines(MOST, LATER + FIVE_SECONDS) == 0
    assert share.wake_at(request(5), LATER + FIVE_SECONDS) == LATER + 2 * FIVE_SECONDS
    assert share.lines(MOST, LATER + 2 * FIVE_SECONDS) == MOST


def test_of_two_answers_the_one_with_the_higher_stamp_counts() -> None:
    share = answered(lines=3, stamp=7)
    share.receive(LinesShare(lines=5, wanted=8, stamp=6))

    assert share.lines(MOST, NOW) == 3


def test_what_was_heard_wrong_is_said_again() -> None:
    share = answered(lines=2, wanted=2, sent=8)

    assert share.must_send(request(8), LATER)


def test_who_is_asked_answers_even_that_it_wants_none() -> None:
    share = LineShare(LineShareState(), LinesPace())
    share.repeat()

    assert share.must_send(request(0), NOW)
    share.sent(request(0), NOW)
    assert not share.must_send(request(0), LATER)


def test_who_wants_none_holds_none() -> None:
    share = answered(lines=3)
    share.sent(request(0), LATER)

    assert share.lines(MOST, LATER) == 0


def test_who_is_asked_keeps_its_share_meanwhile() -> None:
    share = answered(lines=3)
    share.repeat()

    assert share.must_send(request(8), NOW)
    share.sent(request(8), NOW)
    assert share.lines(MOST, NOW) == 3


def test_the_next_run_knows_all_that_this_one_does() -> None:
    share = answered(lines=3, stamp=7)

    carried = share.state.model_dump_json(by_alias=True)
    assert LineShareState.model_validate_json(carried) == share.state
