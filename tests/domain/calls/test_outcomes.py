"""From the carrier's report to the outcome: the table of the design, line by line."""

from typing import Any

import pytest

from domain.calls.models import (
    AgentContact,
    AnsweredBy,
    CallReport,
    CallState,
    EndedBy,
    Ending,
    HangUpReason,
    MachineKind,
    OnMachine,
    Outcome,
)
from domain.calls.outcome_table import OUTCOMES, FaultOf, Redial
from domain.calls.outcomes import (
    AnswerEvidence,
    classify_answer,
    determine_ended_by,
    determine_outcome,
    explain_outcome,
)


def ended(
    sip: int | None = None,
    reason: str | None = None,
    *,
    ending: Ending = Ending.FAILED,
    rang: bool | None = False,
    answered: bool = False,
    hung_up: HangUpReason | None = None,
    seconds: int | None = None,
) -> Outcome:
    report = CallReport(
        call_id="c1",
        state=CallState.ENDED,
        ending=ending,
        sip_code=sip,
        sip_reason=reason,
        duration_seconds=seconds,
    )
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
        ([401, 402, 403, 407, 488], Outcome.DESTINATION_REJECTED, False),
        ([408, 500, 502, 503, 504, 580, 999, None], Outcome.CARRIER_ERROR, False),
    ],
)
def test_every_code_has_its_outcome(codes: list[int | None], outcome: Outcome, charged: bool) -> None:
    assert {ended(code, rang=True) for code in codes if code not in {403, 408}} <= {outcome}
    assert {ended(code, rang=None) for code in codes} == {outcome}
    assert OUTCOMES[outcome].charged is charged


@pytest.mark.parametrize("code", [480, 487, 603])
def test_what_only_a_person_can_say_counts_only_where_it_rang(code: int) -> None:
    assert ended(code, rang=False) is Outcome.NEVER_RANG
    assert not OUTCOMES[Outcome.NEVER_RANG].charged
    assert OUTCOMES[ended(code, rang=True)].fault_of is FaultOf.PERSON


@pytest.mark.parametrize("ending", [Ending.CANCELED, Ending.NO_ANSWER])
def test_without_a_code_too(ending: Ending) -> None:
    assert ended(ending=ending, rang=False) is Outcome.NEVER_RANG
    assert ended(ending=ending, rang=True) is Outcome.NO_ANSWER


def test_a_busy_line_never_rings_and_is_an_attempt_all_the_same() -> None:
    assert ended(486, rang=False) is Outcome.BUSY
    assert OUTCOMES[Outcome.BUSY].charged


def test_after_ringing_408_is_nobody_answering_and_403_a_call_that_was_declined() -> None:
    assert ended(408, rang=True) is Outcome.NO_ANSWER
    assert ended(403, rang=True) is Outcome.DECLINED


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
    assert ended(603, phrase, rang=True) is outcome


def test_an_answered_call_is_answered_whatever_ended_it() -> None:
    assert ended(ending=Ending.COMPLETED) is Outcome.ANSWERED
    assert ended(503, answered=True) is Outcome.ANSWERED
    assert {ended(answered=True, hung_up=reason) for reason in HangUpReason} == {Outcome.ANSWERED}


def test_a_call_we_ended_while_it_rang_timed_out() -> None:
    assert ended(487, ending=Ending.CANCELED, rang=True, hung_up=HangUpReason.RING_TIMER) is Outcome.TIMEOUT


@pytest.mark.parametrize("hung_up", [HangUpReason.RING_TIMER, HangUpReason.MAX_CALL_DURATION])
@pytest.mark.parametrize("ending", [Ending.COMPLETED, Ending.CANCELED])
def test_a_ringing_call_that_we_ended_is_no_conversation_whatever_the_carrier_calls_it(
    hung_up: HangUpReason, ending: Ending
) -> None:
    assert ended(ending=ending, rang=True, hung_up=hung_up, seconds=0) is Outcome.TIMEOUT
    assert ended(ending=ending, rang=False, hung_up=hung_up) is Outcome.CARRIER_ERROR


def test_a_call_that_lasted_was_answered_though_the_answer_was_not_seen() -> None:
    assert ended(ending=Ending.COMPLETED, hung_up=HangUpReason.RING_TIMER, seconds=4) is Outcome.ANSWERED
    assert ended(ending=Ending.COMPLETED, hung_up=HangUpReason.CALLED_OFF) is Outcome.CALLED_OFF


def test_a_call_called_off_with_its_job_was_nobodys_attempt() -> None:
    assert ended(487, ending=Ending.CANCELED, rang=True, hung_up=HangUpReason.CALLED_OFF) is Outcome.CALLED_OFF
    assert not OUTCOMES[Outcome.CALLED_OFF].charged


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
    assert ended(ending=ending, rang=None) is outcome


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


# --- what an answer was ----------------------------------------------------------------------------------------------

FAX, SCREENING = MachineKind.FAX, MachineKind.SCREENING
UNREACHABLE, SILENT = AgentContact.UNREACHABLE, AgentContact.SILENT
MACHINE, HUMAN = AnsweredBy.MACHINE, AnsweredBy.HUMAN


@pytest.mark.parametrize(
    ("evidence", "outcome"),
    [
        (AnswerEvidence(), Outcome.ANSWERED),
        (AnswerEvidence(answered_by=MACHINE), Outcome.ANSWERED),
        (AnswerEvidence(answered_by=MACHINE, machine=FAX), Outcome.FAX),
        (AnswerEvidence(machine=FAX, agent=UNREACHABLE), Outcome.FAX),
        (AnswerEvidence(answered_by=MACHINE, machine=SCREENING), Outcome.SCREENED),
        (AnswerEvidence(answered_by=HUMAN, agent=UNREACHABLE), Outcome.AGENT_UNREACHABLE),
        (AnswerEvidence(agent=AgentContact.CONNECTED, talk_seconds=60), Outcome.ANSWERED),
        (AnswerEvidence(answered_by=HUMAN, agent=SILENT, talk_seconds=10), Outcome.NO_SPEECH),
        (AnswerEvidence(answered_by=HUMAN, agent=SILENT, talk_seconds=9), Outcome.ANSWERED),
        (AnswerEvidence(answered_by=MACHINE, agent=SILENT, talk_seconds=60), Outcome.ANSWERED),
    ],
)
def test_an_answer_is_told_apart_by_who_was_there(evidence: AnswerEvidence, outcome: Outcome) -> None:
    assert classify_answer(evidence) is outcome
    assert outcome.connected


def test_what_came_further_is_believed_in_whatever_order_it_is_reported() -> None:
    connected = AgentContact.CONNECTED
    assert UNREACHABLE.further(connected) is connected.further(UNREACHABLE) is connected
    assert UNREACHABLE.further(None) is UNREACHABLE


@pytest.mark.parametrize(
    ("report", "outcome", "hung_up", "ended_by"),
    [
        ({"ending": Ending.FAILED, "sip_code": 486}, Outcome.BUSY, None, EndedBy.CALLEE),
        ({"ending": Ending.FAILED, "sip_code": 503}, Outcome.CARRIER_ERROR, None, EndedBy.CARRIER),
        ({"ending": Ending.FAILED, "sip_code": 404}, Outcome.INVALID_NUMBER, None, EndedBy.CARRIER),
        ({"ending": Ending.NO_ANSWER, "sip_code": 487}, Outcome.NO_ANSWER, None, EndedBy.US),
        ({"ending": Ending.NO_ANSWER, "sip_code": 480}, Outcome.NO_ANSWER, None, EndedBy.UNKNOWN),
        ({"ending": Ending.FAILED, "sip_code": 603}, Outcome.NEVER_RANG, None, EndedBy.UNKNOWN),
        ({"ending": Ending.COMPLETED}, Outcome.ANSWERED, None, EndedBy.UNKNOWN),
        ({"ending": Ending.COMPLETED}, Outcome.ANSWERED, HangUpReason.MACHINE, EndedBy.US),
        ({"ending": Ending.COMPLETED, "ended_by": EndedBy.CALLEE}, Outcome.ANSWERED, None, EndedBy.CALLEE),
    ],
)
def test_who_ended_a_call_is_said_only_where_it_can_be_told(
    report: dict[str, Any], outcome: Outcome, hung_up: HangUpReason | None, ended_by: EndedBy
) -> None:
    ended = CallReport(call_id="c1", state=CallState.ENDED, **report)
    assert determine_ended_by(ended, outcome, hung_up) is ended_by


# --- the table -------------------------------------------------------------------------------------------------------


def test_every_outcome_is_in_the_table() -> None:
    assert set(OUTCOMES) == set(Outcome)


@pytest.mark.parametrize("outcome", list(Outcome))
def test_what_is_retried_without_charge_is_not_charged_and_lies_with_no_person(outcome: Outcome) -> None:
    rule = OUTCOMES[outcome]
    assert rule.charged is not (rule.retried is Redial.UNCHARGED)
    assert rule.charged or rule.fault_of is not FaultOf.PERSON
    assert (rule.setting is not None) is (rule.retried is Redial.POLICY)
    assert rule.status.final
    assert rule.meaning.endswith(".")
