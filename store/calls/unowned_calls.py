"""A call that is over, and of no job that the database has: its dial looks as that of a job that was deleted."""

from decimal import Decimal

from domain.calls.models import Outcome, PlacedCall
from domain.calls.outcomes import determine_ended_by, determine_outcome
from domain.model import Model
from domain.money import RATES, compute_cost
from domain.phone.identity import list_writings
from domain.statuses import Architecture
from store.billing.ledger import EntryKind, book
from store.db.ids import new_id
from store.db.pool import Connection

_OWNER = """
    SELECT p.organization_id, a.architecture FROM phone_numbers p LEFT JOIN agents a ON a.id = p.outbound_agent_id
    WHERE p.carrier_account_id = %(account)s AND p.number = ANY(%(numbers)s)
    ORDER BY p.removed_at DESC NULLS FIRST LIMIT 1
"""
_UNOWNED = """
    INSERT INTO dials (id, contact_id, number_of_dial, job_id, organization_id, carrier_account_id, from_number,
                       to_number, state, call_id, asked_at, ended_at, outcome, sip_code, call_seconds, answered_by,
                       cost, rang, ended_by)
    VALUES (%(dial)s, %(contact)s, 1, %(job)s, %(organization)s, %(account)s, %(from_number)s, %(to_number)s, 'ended',
            %(call)s, %(asked_at)s, clock_timestamp(), %(outcome)s, %(sip_code)s, %(call_seconds)s, %(answered_by)s,
            %(cost)s, %(rang)s, %(ended_by)s)
"""


class Owner(Model):
    """Whose number called, and how the number's agent talks."""

    organization_id: str
    architecture: Architecture | None


async def find_owner(connection: Connection, account: str, from_number: str) -> Owner | None:
    """None where the number is nobody's."""
    values = {"account": account, "numbers": list(list_writings(from_number))}
    return await connection.fetch_one(Owner, _OWNER, values)


async def write_unowned(connection: Connection, owner: Owner, account: str, call: PlacedCall) -> None:
    """Charge it, and let it count for the caps on calls to its number. The caller holds the organization's lock."""
    report, dial_id = call.report, new_id("call")
    outcome = determine_outcome(report, rang=report.rang, answered=False, hung_up=None)
    if report.ending is None:
        outcome = Outcome.UNKNOWN
    seconds = report.duration_seconds if outcome.connected else None
    cost = compute_cost(seconds, _rate(owner)) if seconds else Decimal(0)
    values = {
        "dial": dial_id,
        "contact": new_id("contact"),
        "job": new_id("batch"),
        "organization": owner.organization_id,
        "account": account,
        "from_number": call.from_,
        "to_number": call.to,
        "call": report.call_id,
        "asked_at": call.asked_at,
        "outcome": outcome,
        "sip_code": report.sip_code,
        "call_seconds": seconds,
        "answered_by": report.answered_by,
        "cost": cost,
        "rang": True if outcome.connected else report.rang,
        "ended_by": determine_ended_by(report, outcome, None),
    }
    await connection.run(_UNOWNED, values)
    await book(
        connection,
        organization_id=owner.organization_id,
        kind=EntryKind.CAPTURE,
        balance_delta=-cost,
        dial_id=dial_id,
    )


def _rate(owner: Owner) -> Decimal:
    """Of the number's agent. A job may have had another: of that nothing is known."""
    return RATES.get(owner.architecture or Architecture.PIPELINE, RATES[Architecture.PIPELINE])
