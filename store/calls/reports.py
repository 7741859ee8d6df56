"""What a carrier's report means for its dial, by all that was reported before: decided without the database."""

from domain.calls.models import AnsweredBy, CallReport, CallState, Outcome
from domain.calls.outcomes import AnswerEvidence, classify_answer, determine_ended_by, determine_outcome
from store.calls.dial_result import DialResult
from store.calls.dial_rows import DialRow


def result_of(dial: DialRow, report: CallReport) -> DialResult:
    """How a dial ended by the carrier's last report, and by all that was reported before."""
    answered = dial.answered_at is not None
    rang = True if answered or dial.ringing_at is not None else report.rang
    outcome = determine_outcome(report, rang=rang, answered=answered, hung_up=dial.hang_up_reason)
    evidence = merge_evidence(dial, report)
    if outcome is Outcome.ANSWERED:
        outcome = classify_answer(evidence)
    return DialResult(
        outcome=outcome,
        sip_code=report.sip_code,
        call_seconds=report.duration_seconds if outcome.connected else None,
        answered_by=report.answered_by,
        final=dial.outcome is Outcome.UNKNOWN,
        rang=True if outcome.connected else rang,
        ended_by=determine_ended_by(report, outcome, dial.hang_up_reason),
        sip_reason=report.sip_reason,
        carrier_code=report.carrier_code,
        machine=evidence.machine,
        agent=evidence.agent,
    )


def corrected_result(dial: DialRow, report: CallReport) -> DialResult | None:
    """How a dial that is over ended, with what a late report adds; None where that can be nothing."""
    if dial.outcome is not None and dial.outcome.connected:
        evidence = merge_evidence(dial, report).model_copy(update={"talk_seconds": dial.call_seconds})
        if (evidence.answered_by, evidence.machine, evidence.agent) == (dial.answered_by, dial.machine, dial.agent):
            return None
        return DialResult(
            outcome=classify_answer(evidence),
            call_seconds=dial.call_seconds,
            answered_by=evidence.answered_by,
            machine=evidence.machine,
            agent=evidence.agent,
            carrier_code=report.carrier_code,
        )
    adds_code = report.sip_code is not None and dial.sip_code is None
    adds_ring = report.rang is not None and dial.rang is None
    if report.state is not CallState.ENDED or dial.call_id is None or not (adds_code or adds_ring):
        return None
    known = {"sip_code": report.sip_code or dial.sip_code, "rang": dial.rang if report.rang is None else report.rang}
    return result_of(dial, report.model_copy(update=known))


def merge_evidence(dial: DialRow, report: CallReport) -> AnswerEvidence:
    """Of who answered the first word counts, of the agent the furthest it came."""
    return AnswerEvidence(
        answered_by=report.answered_by if dial.answered_by in {None, AnsweredBy.UNKNOWN} else dial.answered_by,
        machine=dial.machine or report.machine,
        agent=dial.agent if report.agent is None else report.agent.further(dial.agent),
        talk_seconds=report.duration_seconds,
    )


def is_second_call(dial: DialRow, report: CallReport) -> bool:
    """A live call beside the dial's own; or one of a dial that was thought never placed, and may be redialed."""
    if dial.call_id is not None:
        return dial.call_id != report.call_id
    over = dial.ended_at is not None and dial.outcome is not Outcome.UNKNOWN
    return over and report.state is not CallState.ENDED


def is_move(dial: DialRow, report: CallReport) -> bool:
    """Whether a report that does not end the call says anything new of a dial that is open."""
    evidence = merge_evidence(dial, report)
    has_news = (evidence.answered_by, evidence.machine, evidence.agent) != (dial.answered_by, dial.machine, dial.agent)
    return report.state.rank > dial.state.rank or (report.state is dial.state and has_news)
