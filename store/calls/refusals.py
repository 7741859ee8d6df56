"""Whom a refusal speaks of: a destination that refuses a call, or the number that is refused everywhere."""

from domain.calls.gates import REFUSAL_WINDOW, is_refused_everywhere
from domain.calls.models import CallState, Outcome
from domain.model import Model
from store.calls.dial_result import DialFacts
from store.db.pool import Connection

# In a row: asked since a call from the number last rang (which is written every ten seconds), since its gate was closed
# and let one call go first again, within the window.
_REFUSED = """
    WITH number AS (
      SELECT coalesce(closed_until > clock_timestamp() AND opens_on = %(ringing)s, false) AS closed,
             greatest(reached_at + interval '10 seconds', closed_at, closed_until,
                      clock_timestamp() - CAST(%(within)s AS interval)) AS since
      FROM phone_numbers WHERE id = %(number)s
    )
    SELECT number.closed,
           count(DISTINCT d.to_number) FILTER (WHERE d.outcome = %(refused)s OR d.id = %(dial)s) AS destinations,
           count(*) FILTER (WHERE d.ended_at IS NULL AND d.ringing_at IS NULL AND d.answered_at IS NULL
                              AND d.id <> %(dial)s) AS on_their_way
    FROM number
    LEFT JOIN (dials d JOIN batch_jobs j ON j.id = d.job_id AND j.phone_number_id = %(number)s)
      ON d.organization_id = %(organization)s AND d.asked_at > number.since
    GROUP BY number.closed
"""


class _Refused(Model):
    closed: bool
    destinations: int
    on_their_way: int


async def speaks_of_number(connection: Connection, facts: DialFacts, speed: float) -> bool:
    """Whether the refusal of this dial, whose organization the caller has locked, speaks of the number that called."""
    values = {
        "dial": facts.id,
        "organization": facts.organization_id,
        "number": facts.phone_number_id,
        "refused": Outcome.DESTINATION_REJECTED,
        "ringing": CallState.RINGING,
        "within": REFUSAL_WINDOW / speed,
    }
    found = await connection.fetch_one(_Refused, _REFUSED, values)
    return found is not None and (found.closed or is_refused_everywhere(found.destinations, found.on_their_way))
