"""From a carrier's report to the dial's outcome. Codes: RFC 3261 §21, RFC 8197 (607), RFC 8688 (608).

A code is read with its circumstances. 480, 487 and 603 speak for a person only where a telephone rang: a network
answers with the same codes for one that is switched off, and analytics that block a caller id send 603.
"""

from domain.calls.models import (
    AgentContact,
    AnsweredBy,
    CallReport,
    EndedBy,
    Ending,
    HangUpReason,
    MachineKind,
    Outcome,
)
from domain.calls.outcome_table import OUTCOMES
from domain.model import Model

SIP_OUTCOMES: dict[int, Outcome] = {
    # By whom cannot be told: the carrier, a trunk behind it, or the far end (RFC 3261 §16.7 passes it on), and networks
    # say 403 for ISUP's "call rejected" and for barred calls (RFC 3398 §7.2.4.1). Many of them: `domain.calls.gates`.
    401: Outcome.DESTINATION_REJECTED,
    402: Outcome.DESTINATION_REJECTED,
    403: Outcome.DESTINATION_REJECTED,  # after ringing it is DECLINED
    404: Outcome.INVALID_NUMBER,
    407: Outcome.DESTINATION_REJECTED,
    408: Outcome.CARRIER_ERROR,  # after ringing it is NO_ANSWER
    410: Outcome.INVALID_NUMBER,
    480: Outcome.NO_ANSWER,
    484: Outcome.INVALID_NUMBER,
    485: Outcome.INVALID_NUMBER,
    486: Outcome.BUSY,
    487: Outcome.NO_ANSWER,
    488: Outcome.DESTINATION_REJECTED,
    600: Outcome.BUSY,
    603: Outcome.DECLINED,
    604: Outcome.INVALID_NUMBER,
    607: Outcome.UNWANTED,
    608: Outcome.BLOCKED,
}
_AFTER_RINGING = {403: Outcome.DECLINED, 408: Outcome.NO_ANSWER}
NETWORK_BLOCKED = "network blocked"  # how US carriers phrase a 603 that an analytics engine sent (FCC 22-37)
PERSONAL = frozenset({Outcome.NO_ANSWER, Outcome.DECLINED})  # what only a telephone that rang can say
MIN_SILENT_SECONDS = 10  # an agent that waits for a hello has had it by then; a shorter call may just have been cut

HANG_UP_EXPLANATIONS: dict[HangUpReason, str] = {  # of calls that were answered
    HangUpReason.MAX_CALL_DURATION: "Maximum call duration reached.",
    HangUpReason.MACHINE: "Ended by us: a machine answered.",
}
_ENDED_BY_REQUEST = frozenset({Ending.COMPLETED, Ending.CANCELED})
_CALLEES = frozenset({Outcome.BUSY, Outcome.DECLINED, Outcome.UNWANTED})
_CARRIERS = frozenset({Outcome.CARRIER_ERROR, Outcome.BLOCKED, Outcome.INVALID_NUMBER})


class AnswerEvidence(Model):
    """What is known of who and what an answered call was between."""

    answered_by: AnsweredBy | None = None
    machine: MachineKind | None = None
    agent: AgentContact | None = None
    talk_seconds: int | None = None  # by the carrier's clock


def determine_outcome(
    report: CallReport, *, rang: bool | None, answered: bool, hung_up: HangUpReason | None
) -> Outcome:
    """Determine the outcome of an ended call; ANSWERED may be told apart further by `classify_answer`.

    `rang` and `answered` say whether the dial was ever seen in that state, `rang` None that it cannot be told;
    `hung_up` why we ended it, if we did.
    """
    if answered or (report.ending is Ending.COMPLETED and not _ended_unanswered(report, hung_up)):
        return Outcome.ANSWERED
    if hung_up is HangUpReason.CALLED_OFF or (hung_up is HangUpReason.WITHDRAWN and _was_called_off(report)):
        return Outcome.CALLED_OFF
    if hung_up is HangUpReason.RING_TIMER or (hung_up is not None and report.ending in _ENDED_BY_REQUEST):
        return Outcome.TIMEOUT if rang else Outcome.CARRIER_ERROR  # still queued at the carrier: nobody's phone rang
    found = _classify(report, rang=rang)
    return Outcome.NEVER_RANG if found in PERSONAL and rang is False else found


def _was_called_off(report: CallReport) -> bool:
    """Whether a withdrawn call ended by that, and not by the other side's own answer in the same moment."""
    return report.ending in _ENDED_BY_REQUEST or report.ending is Ending.NO_ANSWER


def classify_answer(evidence: AnswerEvidence) -> Outcome:
    """What an answered call was. That a machine answered is no silence of the agent: it may choose to say nothing."""
    if evidence.machine is MachineKind.FAX:
        return Outcome.FAX
    if evidence.machine is MachineKind.SCREENING:
        return Outcome.SCREENED
    if evidence.agent is AgentContact.UNREACHABLE:
        return Outcome.AGENT_UNREACHABLE
    silent = evidence.agent is AgentContact.SILENT and (evidence.talk_seconds or 0) >= MIN_SILENT_SECONDS
    if silent and evidence.answered_by is not AnsweredBy.MACHINE:
        return Outcome.NO_SPEECH
    return Outcome.ANSWERED


def determine_ended_by(report: CallReport, outcome: Outcome, hung_up: HangUpReason | None) -> EndedBy:
    """Who ended a call: by the carrier's own word, else by our request, else by what its end means."""
    if report.ended_by is not None:
        return report.ended_by
    if hung_up is not None:
        return EndedBy.US
    if outcome in _CALLEES:
        return EndedBy.CALLEE
    if outcome is Outcome.NO_ANSWER and report.sip_code == 487:
        return EndedBy.US  # the ring time that was sent with the order ran out
    return EndedBy.CARRIER if outcome in _CARRIERS else EndedBy.UNKNOWN


def explain_outcome(outcome: Outcome, ended_by_us: HangUpReason | None = None) -> str | None:
    """The contact's `failureReason`, for people. `ended_by_us`: why an answered call did not go on."""
    if outcome is Outcome.ANSWERED:
        return None if ended_by_us is None else HANG_UP_EXPLANATIONS.get(ended_by_us)
    return OUTCOMES[outcome].meaning


def _ended_unanswered(report: CallReport, hung_up: HangUpReason | None) -> bool:
    """A call that never was seen answered, that we ended, and that took no time: some carriers call it completed."""
    return hung_up is not None and not report.duration_seconds


def _classify(report: CallReport, *, rang: bool | None) -> Outcome:
    if report.sip_code is not None:
        return _classify_sip_code(report.sip_code, report.sip_reason, rang=rang)
    return _classify_ending(report.ending)


def _classify_sip_code(code: int, reason: str | None, *, rang: bool | None) -> Outcome:
    if rang and code in _AFTER_RINGING:
        return _AFTER_RINGING[code]
    if code == 603 and reason is not None and NETWORK_BLOCKED in reason.lower():
        return Outcome.BLOCKED
    return SIP_OUTCOMES.get(code, Outcome.CARRIER_ERROR)


def _classify_ending(ending: Ending | None) -> Outcome:
    match ending:
        case Ending.BUSY:
            return Outcome.BUSY
        case Ending.NO_ANSWER | Ending.CANCELED:
            return Outcome.NO_ANSWER
        case _:
            return Outcome.CARRIER_ERROR
