"""The gates of carrier accounts and of the numbers on them: closed by what the carrier refuses, opened by one call.

An account is shared between organizations, a number belongs to one. What only speaks of one caller id, one agent's
address or one destination closes the number's gate; the account's closes for what speaks of the account itself, or
once several organizations were refused and nobody's call rang meanwhile.
"""

import asyncio
from datetime import datetime, timedelta

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.calls.deadlines import PLACE_TIMEOUT_SECONDS
from domain.calls.dispatch import NotNow, NotNowReason
from domain.calls.gates import (
    ESCALATION_ORGANIZATIONS,
    ESCALATION_SILENCE,
    ESCALATION_WINDOW,
    MAX_OUTAGE_DOUBLINGS,
    GateClosing,
    GateScope,
)
from domain.calls.models import CallState
from store.db.engine import Database, reading
from store.errors import NotFound

PROBE_RECHECK_INTERVAL = timedelta(seconds=5)  # while the one call that goes first is on its way
GATE_RECHECK_INTERVAL = timedelta(seconds=30)  # a person may open it earlier, and nobody is told
EARLY_PROBE_INTERVAL = timedelta(seconds=10)  # at the least, between probes that people ask for
REQUESTS_POLL_SECONDS = 0.1
_TABLES = {GateScope.ACCOUNT: "carrier_accounts", GateScope.NUMBER: "phone_numbers"}

# Of `organizations o`, `carrier_accounts a` and `phone_numbers p`.
GATE_FACTS = """o.stopped_at AS organization_stopped_at, a.stopped_at AS account_stopped_at,
           p.stopped_at AS number_stopped_at,
           a.closed_until AS account_closed_until, a.closed_reason AS account_closed_reason,
           a.probe_dial_id AS account_probe_dial_id, p.closed_until AS number_closed_until,
           p.closed_reason AS number_closed_reason, p.probe_dial_id AS number_probe_dial_id"""

# A wave of calls that fail together counts once: `closings` grows only where the gate was open, or its probe failed.
_CLOSE = {
    scope: text(f"""
    UPDATE {table} SET
      closings = closings + CASE WHEN closed_until > clock_timestamp() THEN 0 ELSE 1 END,
      closed_until = greatest(closed_until, clock_timestamp() + CAST(:delay AS interval) * CASE
        WHEN :doubles THEN power(2, least(closings - CASE WHEN closed_until > clock_timestamp() THEN 1 ELSE 0 END,
                                          :doublings)) ELSE 1 END),
      closed_at = clock_timestamp(), closed_reason = :reason, opens_on = :opens_on, probe_dial_id = NULL
    WHERE id = :id
    """)  # noqa: S608 — our own constants
    for scope, table in _TABLES.items()
}
OPEN_GATE = "closed_until = NULL, closed_reason = NULL, probe_dial_id = NULL, closings = 0"
_OPEN = {
    scope: text(
        f"UPDATE {table} SET {OPEN_GATE}"  # noqa: S608
        " WHERE id = :id AND probe_dial_id = :dial AND opens_on = ANY(:reached)"
    )
    for scope, table in _TABLES.items()
}
_RELEASE_PROBE = {
    scope: text(f"UPDATE {table} SET probe_dial_id = NULL WHERE id = :id AND probe_dial_id = :dial")  # noqa: S608
    for scope, table in _TABLES.items()
}
_TAKE_PROBE = {
    scope: text(f"UPDATE {table} SET probe_dial_id = :dial WHERE id = :id AND probe_dial_id IS NULL")  # noqa: S608
    for scope, table in _TABLES.items()
}
_PROBE_NOW = {
    scope: text(f"""
    UPDATE {table} SET closed_until = clock_timestamp()
    WHERE id = :id AND closed_until > clock_timestamp() AND closed_at < clock_timestamp() - CAST(:interval AS interval)
    """)  # noqa: S608
    for scope, table in _TABLES.items()
}
# Written now and then only: every call of the number would wait for the last one's commit.
_REACHED = text("""
    UPDATE phone_numbers SET reached_at = clock_timestamp()
    WHERE id = :id AND (reached_at IS NULL OR reached_at < clock_timestamp() - interval '10 seconds')
""")
IS_PROBE = """EXISTS (SELECT FROM carrier_accounts a WHERE a.id = d.carrier_account_id AND a.probe_dial_id = d.id)
       OR EXISTS (SELECT FROM phone_numbers p JOIN batch_jobs j ON j.phone_number_id = p.id
                  WHERE j.id = d.job_id AND p.probe_dial_id = d.id)"""  # of `dials d`
_CONCERNS_ALL = text("""
    WITH refused AS (
      SELECT organization_id, closed_at FROM phone_numbers
      WHERE carrier_account_id = :account AND closed_until IS NOT NULL
        AND closed_at > clock_timestamp() - CAST(:within AS interval)
    )
    SELECT (SELECT count(DISTINCT organization_id) FROM refused) >= :organizations
       AND NOT EXISTS (SELECT FROM phone_numbers
                       WHERE carrier_account_id = :account
                         AND reached_at > (SELECT min(closed_at) FROM refused) - CAST(:silence AS interval))
""")

ORGANIZATION_STOPPED = "The organization is stopped: no call starts until it is resumed."
_STOPS = (
    ("organization_stopped_at", NotNowReason.STOPPED, ORGANIZATION_STOPPED),
    ("account_stopped_at", NotNowReason.ACCOUNT, "An operator closed the carrier account, until it is opened."),
    ("number_stopped_at", NotNowReason.NUMBER, "The number was closed, until it is opened."),
)


def check_gates(facts: RowMapping) -> NotNow | None:
    """Why nobody of the job may be called: what a person stopped, then the gates of its carrier account and number."""
    for stopped, reason, detail in _STOPS:
        if facts[stopped] is not None:
            return NotNow(reason=reason, seconds=GATE_RECHECK_INTERVAL.total_seconds(), detail=detail)
    return _check(facts, GateScope.ACCOUNT, NotNowReason.ACCOUNT) or _check(
        facts, GateScope.NUMBER, NotNowReason.NUMBER
    )


def _check(facts: RowMapping, scope: GateScope, reason: NotNowReason) -> NotNow | None:
    now: datetime = facts["now"]
    until: datetime | None = facts[f"{scope}_closed_until"]
    if until is None:
        return None
    detail: str | None = facts[f"{scope}_closed_reason"]
    if until > now:
        recheck = min(until - now, GATE_RECHECK_INTERVAL)
        return NotNow(reason=reason, until=until, seconds=recheck.total_seconds(), detail=detail)
    if facts[f"{scope}_probe_dial_id"] is not None:
        at = now + PROBE_RECHECK_INTERVAL
        return NotNow(reason=reason, until=at, seconds=PROBE_RECHECK_INTERVAL.total_seconds(), detail=detail)
    return None


async def becomes_probe(connection: AsyncConnection, facts: RowMapping, dial_id: str) -> bool:
    """When a gate's time is over one call goes first; True too where no gate was closed."""
    gates = {GateScope.ACCOUNT: facts["carrier_account_id"], GateScope.NUMBER: facts["phone_number_id"]}
    for scope, id in gates.items():
        if facts[f"{scope}_closed_until"] is None:
            continue
        taken = await connection.execute(_TAKE_PROBE[scope], {"dial": dial_id, "id": id})
        if taken.rowcount != 1:
            return False
    return True


async def close_gate(
    connection: AsyncConnection, dial_id: str, *, account_id: str, number_id: str, closing: GateClosing, speed: float
) -> None:
    """Close the gate that `closing` concerns; the account's too, where it turns out to concern everybody.

    Where this dial was to go first at a gate that it does not close, another may.
    """
    await release_probe(connection, dial_id, account_id=account_id, number_id=number_id)
    values = {
        "delay": closing.delay / speed,
        "doubles": closing.doubles,
        "doublings": MAX_OUTAGE_DOUBLINGS,
        "reason": closing.reason,
        "opens_on": closing.opens_on,
    }
    if closing.scope is GateScope.ACCOUNT:
        await connection.execute(_CLOSE[GateScope.ACCOUNT], values | {"id": account_id})
        return
    await connection.execute(_CLOSE[GateScope.NUMBER], values | {"id": number_id})
    evidence = {
        "account": account_id,
        "within": ESCALATION_WINDOW / speed,
        "organizations": ESCALATION_ORGANIZATIONS,
        "silence": ESCALATION_SILENCE / speed,
    }
    if (await connection.execute(_CONCERNS_ALL, evidence)).scalar_one():
        await connection.execute(_CLOSE[GateScope.ACCOUNT], values | {"id": account_id})


async def close_gate_of_dial(connection: AsyncConnection, dial_id: str, closing: GateClosing, speed: float) -> None:
    """The same, of the account and the number that a dial was asked of."""
    query = text("""
        SELECT d.carrier_account_id AS account_id, j.phone_number_id AS number_id
        FROM dials d JOIN batch_jobs j ON j.id = d.job_id WHERE d.id = :dial
    """)
    gates = (await connection.execute(query, {"dial": dial_id})).mappings().one()
    await close_gate(connection, dial_id, **gates, closing=closing, speed=speed)


async def open_after_probe(
    connection: AsyncConnection, dial_id: str, state: CallState, *, account_id: str, number_id: str
) -> None:
    """A call has come as far as `state`. Where it was the one that goes first, that opens the gates."""
    values = {"dial": dial_id, "reached": [each.value for each in CallState if each.rank <= state.rank]}
    for scope, id in ((GateScope.ACCOUNT, account_id), (GateScope.NUMBER, number_id)):
        await connection.execute(_OPEN[scope], values | {"id": id})


async def release_probe(connection: AsyncConnection, dial_id: str, *, account_id: str, number_id: str) -> None:
    """A call ended that says nothing of the carrier: where it was to go first, another may."""
    for scope, id in ((GateScope.ACCOUNT, account_id), (GateScope.NUMBER, number_id)):
        await connection.execute(_RELEASE_PROBE[scope], {"id": id, "dial": dial_id})


async def probe_now(connection: AsyncConnection, *, account_id: str, number_id: str) -> None:
    """A person says that it is mended: the next call goes first, without waiting for the gate's time."""
    for scope, id in ((GateScope.ACCOUNT, account_id), (GateScope.NUMBER, number_id)):
        await connection.execute(_PROBE_NOW[scope], {"id": id, "interval": EARLY_PROBE_INTERVAL})


async def note_reached(connection: AsyncConnection, number_id: str) -> None:
    """A call from the number rang: its account and its caller id are good."""
    await connection.execute(_REACHED, {"id": number_id})


_LOCK_CLAIMANTS = text("""
    SELECT id FROM organizations
    WHERE id IN (SELECT organization_id FROM phone_numbers WHERE :id IN (id, carrier_account_id))
    ORDER BY id FOR UPDATE
""")


class Gates:
    """What people do to the gates of carrier accounts and numbers. Claims go by it from the answer on."""

    def __init__(self, engine: Database) -> None:
        self._engine = engine

    async def close(self, scope: GateScope, id: str) -> None:
        """Let no call start until `open`; live ones go on. Raises NotFound."""
        by = ", stopped_by = 'operator'" if scope is GateScope.NUMBER else ""
        await self._write(scope, id, f"stopped_at = coalesce(stopped_at, clock_timestamp()){by}")
        async with self._engine.begin() as connection:  # a claim that read it open has committed its dial by then
            await connection.execute(_LOCK_CLAIMANTS, {"id": id})

    async def open(self, scope: GateScope, id: str) -> None:
        """Let calls start, whatever closed the gate. Raises NotFound."""
        by = ", stopped_by = NULL" if scope is GateScope.NUMBER else ""
        await self._write(scope, id, f"stopped_at = NULL{by}, {OPEN_GATE}")

    async def count_on_their_way(self, scope: GateScope, id: str) -> int:
        """Requests for calls that may still reach the carrier."""
        query = text("""
            SELECT count(*) FROM dials d JOIN batch_jobs j ON j.id = d.job_id
            WHERE d.ended_at IS NULL AND d.call_id IS NULL
              AND d.asked_at > clock_timestamp() - make_interval(secs => :limit)
              AND :id IN (d.carrier_account_id, j.phone_number_id)
        """)
        async with reading(self._engine) as connection:
            return int((await connection.execute(query, {"id": id, "limit": PLACE_TIMEOUT_SECONDS})).scalar_one())

    async def wait_for_requests(self, scope: GateScope, id: str) -> int:
        """Wait until no request for a call can be on its way; how many still may be when that takes too long."""
        left = PLACE_TIMEOUT_SECONDS
        while (count := await self.count_on_their_way(scope, id)) and left > 0:
            await asyncio.sleep(REQUESTS_POLL_SECONDS)
            left -= REQUESTS_POLL_SECONDS
        return count

    async def _write(self, scope: GateScope, id: str, values: str) -> None:
        query = text(f"UPDATE {_TABLES[scope]} SET {values} WHERE id = :id")  # noqa: S608 — our own constants
        async with self._engine.begin() as connection:
            if (await connection.execute(query, {"id": id})).rowcount != 1:
                raise NotFound("carrier account" if scope is GateScope.ACCOUNT else "phone number", id)
