"""What is learned of a call after its end corrects its outcome, and what followed for its contact.

Carriers report who answered in a request of its own, which may be overtaken by the end; an agent knows later still. A
correction never moves money: what was answered stays answered, and is paid by the carrier's seconds.
"""

from domain.calls.circuit_breaker import TRIPPING_OUTCOMES
from domain.calls.models import AnsweredBy, EndedBy, Outcome
from domain.calls.outcome_table import OUTCOMES
from domain.statuses import ContactStatus
from store.calls.dial_result import DialFacts, DialResult, contact_values, count_attempts, next_step
from store.calls.outcome import apply_side_effects
from store.contacts.transitions import correct_attempts, correct_outcome, note_who_answered
from store.db.pool import Connection
from store.webhooks.events import queue_contact_event, withdraw_contact_event

_CORRECT_DIAL = """
    UPDATE dials SET outcome = %(outcome)s, answered_by = %(answered_by)s, machine = %(machine)s,
           agent = %(agent)s, rang = %(rang)s,
           ended_by = CASE WHEN %(ended_by)s = 'unknown' THEN ended_by ELSE %(ended_by)s END,
           sip_code = coalesce(%(sip_code)s, sip_code), sip_reason = coalesce(%(sip_reason)s, sip_reason),
           carrier_code = coalesce(%(carrier_code)s, carrier_code)
    WHERE id = %(dial)s
"""


async def correct(connection: Connection, facts: DialFacts, result: DialResult, speed: float) -> bool:
    """Correct an ended dial, whose organization and row the caller has locked; False where nothing is new.

    The contact follows where nothing else has happened to it since: it may be due again, or final after all.
    """
    before = facts.outcome
    if (
        before in {None, Outcome.UNKNOWN}
        or before.connected is not result.outcome.connected
        or not _is_new(facts, result)
    ):
        return False
    await _correct_dial(connection, facts, result)
    await withdraw_contact_event(connection, facts.contact_id)
    told = await _correct_contact(connection, facts, result, speed)
    if not told:
        await queue_contact_event(connection, facts.contact_id)
    if result.outcome is not before and (result.outcome in TRIPPING_OUTCOMES or result.outcome is Outcome.UNWANTED):
        await apply_side_effects(connection, facts, result)
    return True


def _is_new(facts: DialFacts, result: DialResult) -> bool:
    said = ("outcome", "machine", "agent", "rang", "sip_code", "carrier_code")
    new = any(getattr(result, name) not in {None, getattr(facts, name)} for name in said)
    return new or result.answered_by not in {None, AnsweredBy.UNKNOWN, facts.answered_by}


async def _correct_dial(connection: Connection, facts: DialFacts, result: DialResult) -> None:
    values = {
        "dial": facts.id,
        "outcome": result.outcome,
        "answered_by": result.answered_by or facts.answered_by,
        "machine": result.machine,
        "agent": result.agent,
        "rang": facts.rang if result.rang is None else result.rang,
        "ended_by": result.ended_by or EndedBy.UNKNOWN,
        "sip_code": result.sip_code,
        "sip_reason": result.sip_reason,
        "carrier_code": result.carrier_code,
    }
    await connection.run(_CORRECT_DIAL, values)


async def _correct_contact(connection: Connection, facts: DialFacts, result: DialResult, speed: float) -> bool:
    """Whether its status has changed: that is told where it is written."""
    contact_id, status = facts.contact_id, facts.contact_status
    stands = {ContactStatus.QUEUED, *(OUTCOMES[each].status for each in (facts.outcome,) if each is not None)}
    if facts.dials != facts.number_of_dial or status not in stands:
        await correct_attempts(connection, contact_id, count_attempts(facts, result))
        return False
    step = next_step(facts, result, speed)
    if step.status is status and result.outcome == facts.outcome:
        await note_who_answered(connection, contact_id, result.answered_by or facts.answered_by)
        return False
    await correct_outcome(connection, contact_values(facts, result, step, None))
    return step.status is not status
