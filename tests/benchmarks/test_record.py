"""What is read from the carrier's record of a run."""

import math

from benchmarks.carrier.record import after, called_twice, ideal_seconds, most_live


def call(to: str, asked: float, ended: float | None) -> dict[str, object]:
    return {"to": to, "asked": asked, "ended": ended}


def test_a_call_that_begins_as_another_ends_is_not_up_with_it() -> None:
    assert most_live([call("a", 0, 2), call("b", 2, 4), call("c", 4, None)]) == 1


def test_calls_that_never_ended_are_up() -> None:
    assert most_live([call("a", 0, None), call("b", 1, None), call("c", 2, 3)]) == 3
    assert most_live([]) == 0


def test_a_number_that_was_dialed_twice_is_found() -> None:
    assert called_twice([call("a", 0, 1), call("b", 0, 1), call("a", 5, 6)]) == 1
    assert called_twice([call("a", 0, 1), call("b", 0, 1)]) == 0


def test_the_last_wave_lasts_as_long_as_a_full_one() -> None:
    assert [ideal_seconds(count, 2, 50) for count in (0, 1, 50, 51, 500)] == [0, 2, 2, 4, 20]


def test_after_a_kill_the_first_dial_and_the_longest_silence_are_told() -> None:
    calls = [call("a", 0, 5), call("b", 9, 10), call("c", 12, 20), call("d", 19, 21)]
    assert after(calls, 10.5, 1) == {
        "live_at_kill": 0,
        "first_dial": 1.5,
        "first_dial_when_free": 1.5,
        "longest_gap": 7,
    }
    busy = after(calls, 3, 1)
    assert (busy["live_at_kill"], busy["first_dial"], busy["first_dial_when_free"]) == (1, 6, 4)
    assert after(calls, 3, 2)["first_dial_when_free"] == 6


def test_where_no_dial_followed_the_silence_has_no_end() -> None:
    assert after([call("a", 0, 30)], 10, 1) == {
        "live_at_kill": 1,
        "first_dial": math.inf,
        "first_dial_when_free": math.inf,
        "longest_gap": math.inf,
    }
