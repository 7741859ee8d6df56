"""When a job pauses itself."""

import pytest

from domain.calls.circuit_breaker import TRIPPING_OUTCOMES, count_destinations_once, find_pause_reason
from domain.calls.models import Outcome

TROUBLE, BLOCKED, ANSWERED, NO_ANSWER = Outcome.CARRIER_ERROR, Outcome.BLOCKED, Outcome.ANSWERED, Outcome.NO_ANSWER


def test_half_of_the_calls_dying_on_the_way_pauses_the_job() -> None:
    assert find_pause_reason([TROUBLE] * 10 + [ANSWERED] * 10) == (
        "The circuit breaker paused the job: 10 of its last 20 calls died on the way: ask the carrier, then resume."
    )
    assert find_pause_reason([TROUBLE] * 9 + [ANSWERED] * 11) is None


def test_three_of_ten_calls_blocked_pause_the_job() -> None:
    assert find_pause_reason([BLOCKED] * 15 + [NO_ANSWER] * 35) == (
        "The circuit breaker paused the job: 15 of its last 50 calls were blocked by the network: "
        "the caller id may be marked as spam, then resume."
    )
    assert find_pause_reason([BLOCKED] * 14 + [NO_ANSWER] * 36) is None


@pytest.mark.parametrize("outcome", [TROUBLE, BLOCKED])
def test_fewer_than_twenty_calls_tell_nothing(outcome: Outcome) -> None:
    assert find_pause_reason([outcome] * 19) is None
    assert find_pause_reason([outcome] * 20) is not None


def test_one_destination_counts_once_however_often_it_is_called() -> None:
    often = [("c1", TROUBLE)] * 12 + [(f"c{n}", ANSWERED) for n in range(8)]
    assert count_destinations_once(often) == [TROUBLE] + [ANSWERED] * 8
    assert find_pause_reason(count_destinations_once([(f"c{n}", TROUBLE) for n in range(20)])) is not None


def test_an_agent_that_is_not_there_counts_each_time() -> None:
    often = [(f"c{n % 7}", Outcome.AGENT_UNREACHABLE) for n in range(20)]
    assert find_pause_reason(count_destinations_once(often)) is not None


def test_people_who_do_not_answer_are_no_reason_to_pause() -> None:
    assert (
        find_pause_reason([Outcome.BUSY, NO_ANSWER, Outcome.TIMEOUT, Outcome.INVALID_NUMBER, Outcome.DECLINED] * 10)
        is None
    )


def test_a_job_without_calls_goes_on() -> None:
    assert find_pause_reason([]) is None


def test_agents_that_are_not_there_pause_the_job_before_everybody_has_answered_to_silence() -> None:
    answered, gone = [Outcome.ANSWERED] * 14, [Outcome.AGENT_UNREACHABLE] * 3 + [Outcome.NO_SPEECH] * 3
    assert "had no agent" in (find_pause_reason([*answered, *gone]) or "")
    assert find_pause_reason([*answered, Outcome.ANSWERED, *gone[1:]]) is None
    assert {Outcome.AGENT_UNREACHABLE, Outcome.NO_SPEECH} <= TRIPPING_OUTCOMES
