"""What is learned of a call after its end corrects its outcome, and what followed for its contact.

Carriers report who answered in a request of its own, which may be overtaken by the end; an agent knows later still. A
correction never moves money: what was answered stays answered, and is paid by the carrier's seconds.
"""

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.calls.circuit_breaker import TRIPPING_OUTCOMES
from domain.calls.models import AnsweredBy, EndedBy, Outcome
from domain.calls.outcome_table import OUTCOMES
from domain.statuses import ContactStatus
from store.calls.dial_result import DIAL_FACTS, DialResult, contact_values, count_attempts, next_step
from store.calls.outcome import apply_side_effects
from store.contacts.transitions import correct_attempts, correct_outcome, note_who_answered
from store.webhooks.events import queue_contact_event, withdraw_contact_event

_CORRECT_DIAL = text("""
    UPDATE dials SET outcome = :outcome, answered_by = :answered_by, machine = :machine, agent = :agent, rang = :rang,
           ended_by = CASE WHEN :ended_by = 'unknown' THEN ended_by ELSE :ended_by END,
           sip_code = coalesce(:sip_code, sip_code), sip_reason = coalesce(:sip_reason, sip_reason),
           carrier_code = coalesce(:carrier_code, carrier_code)
    WHERE id = :dial
""")


async def correct(connection: AsyncConnection, dial_id: str, result: DialResult, speed: float) -> bool:
    """Correct an ended dial, whose organization and row the caller has locked; False where nothing is new.

    The contact follows where nothing else has happened to it since: it may be due again, or final after all.
    """
    facts = (await connection.execute(DIAL_FACTS, {"dial": dial_id})).mappings().one()
    before = Outcome(facts["outcome"])
    if before is Outcome.UNKNOWN or before.connected is not result.outcome.connected or not _is_new(facts, result):
        return False
    await _correct_dial(connection, facts, result)
    await withdraw_contact_event(connection, facts["contact_id"])
    told = await _correct_contact(connection, facts, result, speed)
    if not told:
        await queue_contact_event(connection, facts["contact_id"])
    if result.outcome is not before and (result.outcome in TRIPPING_OUTCOMES or result.outcome is Outcome.UNWANTED):
        await apply_side_effects(connection, facts, result)
    return True


def _is_new(facts: RowMapping, result: DialResult) -> bool:
    said = ("outcome", "machine", "agent", "rang", "sip_code", "carrier_code")
    new = any(getattr(result, name) not in {None, facts[name]} for name in said)
    return new or result.answered_by not in {None, AnsweredBy.UNKNOWN, facts["answered_by"]}


async def _correct_dial(connection: AsyncConnection, facts: RowMapping, result: DialResult) -> None:
    values = {
        "dial": facts["id"],
        "outcome": result.outcome,
        "answered_by": result.answered_by or facts["answered_by"],
        "machine": result.machine,
        "agent": result.agent,
        "rang": facts["rang"] if result.rang is None else result.rang,
        "ended_by": result.ended_by or EndedBy.UNKNOWN,
        "sip_code": result.sip_code,
        "sip_reason": result.sip_reason,
        "carrier_code": result.carrier_code,
    }
    await connection.execute(_CORRECT_DIAL, values)


async def _correct_contact(connection: AsyncConnection, facts: RowMapping, result: DialResult, speed: float) -> bool:
    """Whether its status has changed: that is told where it is written."""
    contact_id, status = facts["contact_id"], ContactStatus(facts["contact_status"])
    stands = {ContactStatus.QUEUED, OUTCOMES[Outcome(facts["outcome"])].status}
    if facts["dials"] != facts["number_of_dial"] or status not in stands:
        await correct_attempts(connection, contact_id, count_attempts(facts, result))
        return False
    step = next_step(facts, result, speed)
    if step.status is status and result.outcome == facts["outcome"]:
        await note_who_answered(connection, contact_id, result.answered_by or facts["answered_by"])
        return False
    await correct_outcome(connection, contact_values(facts, result, step, None))
    return step.status is not status
