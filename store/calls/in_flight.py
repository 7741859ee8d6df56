"""Live calls of jobs and organizations, and requests to carriers that may be on their way.

A request is on its way from the claim until its call has an id, for PLACE_TIMEOUT_SECONDS at most. Whoever has
forbidden calls waits until none is left, and until those that the carrier has not let ring yet are called off: from
then on no telephone begins to ring.
"""

from domain.calls.deadlines import PLACE_TIMEOUT_SECONDS
from domain.calls.models import HangUpReason
from domain.model import Model
from domain.phone.identity import list_all_writings
from store.calls.dial_rows import CHANNEL
from store.db.engine import AnyConnection, Database, fetch_value, run

_LIVE = """organization_id = %(organization)s AND ended_at IS NULL
    AND (job_id = %(job)s OR CAST(%(job)s AS varchar) IS NULL)"""
_COUNT_LIVE = f"SELECT count(*) FROM dials WHERE {_LIVE}"  # noqa: S608 — our own constants
_HANG_UP = f"""
    WITH locked AS MATERIALIZED (
      SELECT id FROM dials WHERE {_LIVE} ORDER BY id FOR NO KEY UPDATE
    ), wanted AS (
      UPDATE dials SET hang_up_reason = %(reason)s FROM locked WHERE dials.id = locked.id RETURNING dials.id
    )
    SELECT announce(%(channel)s, id) FROM wanted
"""  # noqa: S608 — in the order in which reports lock several dials


async def count_live_calls(connection: AnyConnection, organization_id: str, job_id: str | None = None) -> int:
    """Count the live calls of a job, or of the whole organization."""
    values = {"organization": organization_id, "job": job_id}
    return int(await fetch_value(connection, _COUNT_LIVE, values))


async def hang_up_live_calls(connection: AnyConnection, organization_id: str, job_id: str | None = None) -> None:
    """Request the end of every live call of a job, or of all, and wake whoever follows it."""
    values = {"organization": organization_id, "job": job_id}
    await run(connection, _HANG_UP, values | {"reason": HangUpReason.CALLED_OFF, "channel": CHANNEL})


class CallScope(Model):
    """Calls of an organization: all, those of a job, or those to some numbers (E.164, in whichever writing)."""

    organization_id: str
    job_id: str | None = None
    numbers: tuple[str, ...] | None = None

    @property
    def values(self) -> dict[str, object]:
        numbers = None if self.numbers is None else list_all_writings(self.numbers)
        return {"organization": self.organization_id, "job": self.job_id, "numbers": numbers}


_IN_SCOPE = """organization_id = %(organization)s AND ended_at IS NULL
    AND (job_id = %(job)s OR CAST(%(job)s AS varchar) IS NULL)
    AND (to_number = ANY(%(numbers)s) OR CAST(%(numbers)s AS varchar[]) IS NULL)"""
_WITHDRAW = f"""
    WITH locked AS MATERIALIZED (
      SELECT id FROM dials WHERE {_IN_SCOPE} AND state IN ('asked', 'queued') AND hang_up_reason IS NULL
      ORDER BY id FOR NO KEY UPDATE
    ), withdrawn AS (
      UPDATE dials SET hang_up_reason = '{HangUpReason.WITHDRAWN}' FROM locked WHERE dials.id = locked.id
      RETURNING dials.id
    )
    SELECT announce(%(channel)s, id) FROM withdrawn
"""  # noqa: S608 — our own constants; locked as in _HANG_UP
_NOT_STOPPED = f"""(hang_up_reason = '{HangUpReason.WITHDRAWN}'
    OR hang_up_reason = '{HangUpReason.CALLED_OFF}' AND state IN ('asked', 'queued'))"""
_COUNT_PENDING = f"""
    SELECT count(*) FROM dials WHERE {_IN_SCOPE}
      AND (call_id IS NULL AND asked_at > clock_timestamp() - make_interval(secs => %(limit)s)
           OR call_id IS NOT NULL AND state <> 'answered' AND {_NOT_STOPPED})
"""  # noqa: S608
_COUNT_NOT_STOPPED = f"SELECT count(*) FROM dials WHERE {_IN_SCOPE} AND {_NOT_STOPPED}"  # noqa: S608
_TO_CALL_OFF = f"""
    SELECT id FROM dials WHERE {_IN_SCOPE} AND call_id IS NOT NULL AND state <> 'answered' AND {_NOT_STOPPED}
"""  # noqa: S608


async def withdraw_unrung_calls(connection: AnyConnection, scope: CallScope) -> None:
    """Request the end of every call that has not rung yet, and wake whoever follows it.

    The carrier took it, or is being asked for it, and has it in its queue: it would ring minutes later. The caller has
    locked the organization.
    """
    await run(connection, _WITHDRAW, scope.values | {"channel": CHANNEL})


class InFlightRequests:
    """Requests that may be on their way, and calls that are being called off; read only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def count(self, scope: CallScope) -> int:
        """Calls that may still begin to ring: requests on their way, and those whose end was requested before that."""
        return await self._count(_COUNT_PENDING, scope.values | {"limit": PLACE_TIMEOUT_SECONDS})

    async def count_not_stopped(self, scope: CallScope) -> int:
        """Calls whose end was requested before they rang, and that have neither ended nor been answered."""
        return await self._count(_COUNT_NOT_STOPPED, scope.values)

    async def list_to_call_off(self, scope: CallScope) -> list[str]:
        """The ids of the dials that the carrier has to be asked to end."""
        async with self._database.reading() as connection:
            return await connection.fetch_values(_TO_CALL_OFF, scope.values)

    async def _count(self, query: str, values: dict[str, object]) -> int:
        async with self._database.reading() as connection:
            return int(await connection.fetch_value(query, values))
