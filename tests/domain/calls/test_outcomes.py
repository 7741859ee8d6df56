"""From the carrier's report to the outcome: the table of the design, line by line."""

import pytest

from domain.calls.models import AnsweredBy, CallReport, CallState, Ending, HangUpReason, OnMachine, Outcome
from domain.calls.outcomes import determine_outcome, explain_outcome


def ended(
    sip: int | None = None,
    reason: str | None = None,
    *,
    ending: Ending = Ending.FAILED,
    rang: bool = False,
    answered: bool = False,
    hung_up: HangUpReason | None = None,
) -> Outcome:
    report = CallReport(call_id="c1", state=CallState.ENDED, ending=ending, sip_code=sip, sip_reason=reason)
    return determine_outcome(report, rang=rang, answered=answered, hung_up=hung_up)


@pytest.mark.parametrize(
    ("codes", "outcome", "charged"),
    [
        ([486, 600], Outcome.BUSY, True),
        ([480, 487], Outcome.NO_ANSWER, True),
        ([404, 410, 484, 485, 604], Outcome.INVALID_NUMBER, True),
        ([603], Outcome.DECLINED, True),
        ([608], Outcome.BLOCKED, True),
        ([607], Outcome.UNWANTED, True),
        ([401, 402, 403, 407, 488], Outcome.ACCOUNT_REJECTED, False),
        ([408, 500, 502, 503, 504, 580, 999, None], Outcome.CARRIER_ERROR, False),
    ],
)
def test_every_code_has_its_outcome(codes: list[int | None], outcome: Outcome, charged: bool) -> None:
    assert {ended(code) for code in codes} == {outcome}
    assert outcome.charged is charged


def test_408_after_ringing_is_nobody_answering() -> None:
    assert ended(408, rang=True) is Outcome.NO_ANSWER


@pytest.mark.parametrize(
    ("phrase", "outcome"),
    [
        ("Network Blocked", Outcome.BLOCKED),
        ("network blocked", Outcome.BLOCKED),
        ("SIP 603 Network Blocked (v1.0)", Outcome.BLOCKED),
        ("Decline", Outcome.DECLINED),
    ],
)
def test_603_network_blocked_is_the_caller_id(phrase: str, outcome: Outcome) -> None:
    assert ended(603, phrase) is outcome


def test_an_answered_call_is_answered_whatever_ended_it() -> None:
    assert ended(ending=Ending.COMPLETED) is Outcome.ANSWERED
    assert ended(503, answered=True) is Outcome.ANSWERED
    assert {ended(answered=True, hung_up=reason) for reason in HangUpReason} == {Outcome.ANSWERED}


def test_a_call_we_ended_while_it_rang_timed_out() -> None:
    assert ended(487, ending=Ending.CANCELED, rang=True, hung_up=HangUpReason.RING_TIMER) is Outcome.TIMEOUT


def test_a_call_called_off_with_its_job_was_nobodys_attempt() -> None:
    assert ended(487, ending=Ending.CANCELED, rang=True, hung_up=HangUpReason.CALLED_OFF) is Outcome.CALLED_OFF
    assert not Outcome.CALLED_OFF.charged


@pytest.mark.parametrize(
    ("ending", "outcome"),
    [
        (Ending.BUSY, Outcome.BUSY),
        (Ending.NO_ANSWER, Outcome.NO_ANSWER),
        (Ending.CANCELED, Outcome.NO_ANSWER),
        (Ending.FAILED, Outcome.CARRIER_ERROR),
    ],
)
def test_without_a_code_the_carriers_ending_counts(ending: Ending, outcome: Outcome) -> None:
    assert ended(ending=ending) is outcome


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome is not Outcome.ANSWERED])
def test_every_outcome_but_an_answer_has_a_sentence(outcome: Outcome) -> None:
    assert (explain_outcome(outcome) or "").endswith(".")
    assert "outcome is unknown" in (explain_outcome(Outcome.UNKNOWN) or "")
    assert "declined" in (explain_outcome(Outcome.DECLINED) or "")


def test_an_answer_needs_no_sentence_unless_we_ended_the_call() -> None:
    assert explain_outcome(Outcome.ANSWERED) is None
    assert explain_outcome(Outcome.ANSWERED, HangUpReason.CALLED_OFF) is None
    assert explain_outcome(Outcome.ANSWERED, HangUpReason.MAX_CALL_DURATION) == "Maximum call duration reached."
    assert explain_outcome(Outcome.ANSWERED, HangUpReason.MACHINE) == "Ended by us: a machine answered."


@pytest.mark.parametrize("answered_by", [*AnsweredBy, None])
def test_only_a_machine_is_hung_up_on_and_only_if_the_job_says_so(answered_by: AnsweredBy | None) -> None:
    ends = HangUpReason.MACHINE if answered_by is AnsweredBy.MACHINE else None
    assert OnMachine.HANG_UP.decide_hang_up(answered_by) is ends
    assert OnMachine.TALK.decide_hang_up(answered_by) is None


def test_the_state_of_a_call_only_moves_forward() -> None:
    assert [state.rank for state in CallState] == [0, 1, 2, 3, 4]
