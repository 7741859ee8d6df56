"""From a carrier's report to the dial's outcome. Codes: RFC 3261 §21, RFC 8197 (607), RFC 8688 (608)."""

from domain.calls.models import CallReport, Ending, HangUpReason, Outcome

SIP_OUTCOMES: dict[int, Outcome] = {
    401: Outcome.ACCOUNT_REJECTED,
    402: Outcome.ACCOUNT_REJECTED,
    403: Outcome.ACCOUNT_REJECTED,
    404: Outcome.INVALID_NUMBER,
    407: Outcome.ACCOUNT_REJECTED,
    408: Outcome.CARRIER_ERROR,  # without ringing; after ringing it is NO_ANSWER, see `_classify_sip_code`
    410: Outcome.INVALID_NUMBER,
    480: Outcome.NO_ANSWER,
    484: Outcome.INVALID_NUMBER,
    485: Outcome.INVALID_NUMBER,
    486: Outcome.BUSY,
    487: Outcome.NO_ANSWER,
    488: Outcome.ACCOUNT_REJECTED,
    600: Outcome.BUSY,
    603: Outcome.DECLINED,
    604: Outcome.INVALID_NUMBER,
    607: Outcome.UNWANTED,
    608: Outcome.BLOCKED,
}
NETWORK_BLOCKED = "network blocked"  # how US carriers phrase a 603 that an analytics engine sent (FCC 22-37)

EXPLANATIONS: dict[Outcome, str] = {
    Outcome.BUSY: "The line was busy.",
    Outcome.NO_ANSWER: "Nobody answered.",
    Outcome.TIMEOUT: "It rang past its time without a final answer; we hung up.",
    Outcome.INVALID_NUMBER: "The number does not exist or cannot be reached.",
    Outcome.DECLINED: "The call was declined.",
    Outcome.BLOCKED: "The network blocked the caller id.",
    Outcome.UNWANTED: "The person called objects to such calls.",
    Outcome.CARRIER_ERROR: "The carrier could not put the call through.",
    Outcome.ACCOUNT_REJECTED: "The carrier refused the account or its configuration.",
    Outcome.CALLED_OFF: "We hung up before anyone answered.",
    Outcome.UNKNOWN: "The outcome is unknown: the carrier could not say whether the call took place.",
}

HANG_UP_EXPLANATIONS: dict[HangUpReason, str] = {  # of calls that were answered
    HangUpReason.MAX_CALL_DURATION: "Maximum call duration reached.",
    HangUpReason.MACHINE: "Ended by us: a machine answered.",
}


def determine_outcome(report: CallReport, *, rang: bool, answered: bool, hung_up: HangUpReason | None) -> Outcome:
    """Determine the outcome of an ended call.

    `rang` and `answered` say whether the dial was ever seen in that state; `hung_up` why we ended it, if we did.
    """
    if answered or report.ending is Ending.COMPLETED:
        return Outcome.ANSWERED
    if hung_up is HangUpReason.CALLED_OFF:
        return Outcome.CALLED_OFF
    if hung_up is HangUpReason.RING_TIMER:
        return Outcome.TIMEOUT if rang else Outcome.CARRIER_ERROR  # still queued at the carrier: nobody's phone rang
    if report.sip_code is not None:
        return _classify_sip_code(report.sip_code, report.sip_reason, rang=rang)
    return _classify_ending(report.ending)


def _classify_sip_code(code: int, reason: str | None, *, rang: bool) -> Outcome:
    if code == 408 and rang:
        return Outcome.NO_ANSWER
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


def explain_outcome(outcome: Outcome, ended_by_us: HangUpReason | None = None) -> str | None:
    """The contact's `failureReason`, for people. `ended_by_us`: why an answered call did not go on."""
    if outcome is Outcome.ANSWERED:
        return None if ended_by_us is None else HANG_UP_EXPLANATIONS.get(ended_by_us)
    return EXPLANATIONS[outcome]
