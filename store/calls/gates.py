"""The gates of carrier accounts and of the numbers on them: closed by what the carrier refuses, opened by one call.

An account is shared between organizations, a number belongs to one. What only speaks of one caller id, one agent's
address or one destination closes the number's gate; the account's closes for what speaks of the account itself, or
once several organizations were refused and nobody's call rang meanwhile.
"""

import asyncio
from datetime import datetime, timedelta

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
from domain.model import Model
from store.db.engine import AnyConnection, Database, fetch_one, fetch_value, run
from store.errors import NotFound

PROBE_RECHECK_INTERVAL = timedelta(seconds=5)  # while the one call that goes first is on its way
GATE_RECHECK_INTERVAL = timedelta(seconds=30)  # a person may open it earlier, and nobody is told
REACHED_INTERVAL = timedelta(seconds=10)  # between two notes that calls of a number ring
EARLY_PROBE_INTERVAL = timedelta(seconds=10)  # at the least, between probes that people ask for
REQUESTS_POLL_SECONDS = 0.1
_TABLES = {GateScope.ACCOUNT: "carrier_accounts", GateScope.NUMBER: "phone_numbers"}

# Of `organizations o`, `carrier_accounts a` and `phone_numbers p`.
GATE_FACTS = """o.stopped_at AS organization_stopped_at, a.stopped_at AS account_stopped_at,
           p.stopped_at AS number_stopped_at,
           a.unreconciled_since AS account_unreconciled_since,
           a.closed_until AS account_closed_until, a.closed_reason AS account_closed_reason,
           a.probe_dial_id AS account_probe_dial_id, p.closed_until AS number_closed_until,
           p.closed_reason AS number_closed_reason, p.probe_dial_id AS number_probe_dial_id"""


class GateFacts(Model):
    """GATE_FACTS, and the database's clock."""

    now: datetime
    organization_stopped_at: datetime | None
    account_stopped_at: datetime | None
    number_stopped_at: datetime | None
    account_unreconciled_since: datetime | None = None
    account_closed_until: datetime | None
    account_closed_reason: str | None
    account_probe_dial_id: str | None
    number_closed_until: datetime | None
    number_closed_reason: str | None
    number_probe_dial_id: str | None


class GatesOfDial(Model):
    """Whose gates a dial is placed through."""

    account_id: str
    number_id: str


# A wave of calls that fail together counts once: `closings` grows only where the gate was open, or its probe failed.
_CLOSE = {
    scope: f"""
    UPDATE {table} SET
      closings = closings + CASE WHEN closed_until > clock_timestamp() THEN 0 ELSE 1 END,
      closed_until = greatest(closed_until, clock_timestamp() + CAST(%(delay)s AS interval) * CASE
        WHEN %(doubles)s THEN power(2, least(closings - CASE WHEN closed_until > clock_timestamp() THEN 1 ELSE 0 END,
                                          %(doublings)s)) ELSE 1 END),
      closed_at = clock_timestamp(), closed_reason = %(reason)s, opens_on = %(opens_on)s, probe_dial_id = NULL
    WHERE id = %(id)s
    """  # noqa: S608 — our own constants
    for scope, table in _TABLES.items()
}
OPEN_GATE = "closed_until = NULL, closed_reason = NULL, probe_dial_id = NULL, closings = 0"
_OPEN = {
    scope: (
        f"UPDATE {table} SET {OPEN_GATE}"  # noqa: S608
        " WHERE id = %(id)s AND probe_dial_id = %(dial)s AND opens_on = ANY(%(reached)s)"
    )
    for scope, table in _TABLES.items()
}
_RELEASE_PROBE = {
    scope: f"UPDATE {table} SET probe_dial_id = NULL WHERE id = %(id)s AND probe_dial_id = %(dial)s"  # noqa: S608
    for scope, table in _TABLES.items()
}
_TAKE_PROBE = {
    scope: f"UPDATE {table} SET probe_dial_id = %(dial)s WHERE id = %(id)s AND probe_dial_id IS NULL"  # noqa: S608
    for scope, table in _TABLES.items()
}
_PROBE_NOW = {
    scope: f"""
    UPDATE {table} SET closed_until = clock_timestamp()
    WHERE id = %(id)s AND closed_until > clock_timestamp() AND closed_at < clock_timestamp()
      - CAST(%(interval)s AS interval)
    """  # noqa: S608
    for scope, table in _TABLES.items()
}
# Written now and then only: every call of the number would wait for the last one's commit.
_REACHED = """
    UPDATE phone_numbers SET reached_at = clock_timestamp()
    WHERE id = %(id)s AND (reached_at IS NULL OR reached_at < clock_timestamp() - CAST(%(interval)s AS interval))
"""
IS_PROBE = (
    "coalesce(d.id IN (a.probe_dial_id, p.probe_dial_id), false)"  # of its `carrier_accounts a`, `phone_numbers p`
)
_CONCERNS_ALL = """
    WITH refused AS (
      SELECT organization_id, closed_at FROM phone_numbers
      WHERE carrier_account_id = %(account)s AND closed_until IS NOT NULL
        AND closed_at > clock_timestamp() - CAST(%(within)s AS interval)
    )
    SELECT (SELECT count(DISTINCT organization_id) FROM refused) >= %(organizations)s
       AND NOT EXISTS (SELECT FROM phone_numbers
                       WHERE carrier_account_id = %(account)s
                         AND reached_at > (SELECT min(closed_at) FROM refused) - CAST(%(silence)s AS interval))
"""

ORGANIZATION_STOPPED = "The organization is stopped: no call starts until it is resumed."
UNRECONCILED = (
    "The database was restored: no call starts until its operator has asked the carrier whom it called since."
)
_STOPS = (
    (NotNowReason.ACCOUNT, UNRECONCILED),
    (NotNowReason.STOPPED, ORGANIZATION_STOPPED),
    (NotNowReason.ACCOUNT, "An operator closed the carrier account, until it is opened."),
    (NotNowReason.NUMBER, "The number was closed, until it is opened."),
)


def check_gates(facts: GateFacts) -> NotNow | None:
    """Why nobody of the job may be called: what is not known of its carrier account, what a person stopped, then the
    gates of its carrier account and number."""
    stops = (
        facts.account_unreconciled_since,
        facts.organization_stopped_at,
        facts.account_stopped_at,
        facts.number_stopped_at,
    )
    for stopped_at, (reason, detail) in zip(stops, _STOPS, strict=True):
        if stopped_at is not None:
            return NotNow(reason=reason, seconds=GATE_RECHECK_INTERVAL.total_seconds(), detail=detail)
    account = facts.account_closed_until, facts.account_closed_reason, facts.account_probe_dial_id
    number = facts.number_closed_until, facts.number_closed_reason, facts.number_probe_dial_id
    return _check(facts.now, NotNowReason.ACCOUNT, *account) or _check(facts.now, NotNowReason.NUMBER, *number)


def _check(
    now: datetime, reason: NotNowReason, until: datetime | None, detail: str | None, probe_dial_id: str | None
) -> NotNow | None:
    if until is None:
        return None
    if until > now:
        recheck = min(until - now, GATE_RECHECK_INTERVAL)
        return NotNow(reason=reason, until=until, seconds=recheck.total_seconds(), detail=detail)
    if probe_dial_id is not None:
        at = now + PROBE_RECHECK_INTERVAL
        return NotNow(reason=reason, until=at, seconds=PROBE_RECHECK_INTERVAL.total_seconds(), detail=detail)
    return None


async def becomes_probe(
    connection: AnyConnection, facts: GateFacts, dial_id: str, *, account_id: str, number_id: str
) -> bool:
    """When a gate's time is over one call goes first; True too where no gate was closed."""
    gates = (
        (GateScope.ACCOUNT, account_id, facts.account_closed_until),
        (GateScope.NUMBER, number_id, facts.number_closed_until),
    )
    for scope, id, closed_until in gates:
        if closed_until is not None and await run(connection, _TAKE_PROBE[scope], {"dial": dial_id, "id": id}) != 1:
            return False
    return True


async def close_gate(
    connection: AnyConnection, dial_id: str, *, account_id: str, number_id: str, closing: GateClosing, speed: float
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
        await run(connection, _CLOSE[GateScope.ACCOUNT], values | {"id": account_id})
        return
    await run(connection, _CLOSE[GateScope.NUMBER], values | {"id": number_id})
    evidence = {
        "account": account_id,
        "within": ESCALATION_WINDOW / speed,
        "organizations": ESCALATION_ORGANIZATIONS,
        "silence": ESCALATION_SILENCE / speed,
    }
    if await fetch_value(connection, _CONCERNS_ALL, evidence):
        await run(connection, _CLOSE[GateScope.ACCOUNT], values | {"id": account_id})


async def close_gate_of_dial(connection: AnyConnection, dial_id: str, closing: GateClosing, speed: float) -> None:
    """The same, of the account and the number that a dial was asked of."""
    query = """
        SELECT d.carrier_account_id AS account_id, j.phone_number_id AS number_id
        FROM dials d JOIN batch_jobs j ON j.id = d.job_id WHERE d.id = %(dial)s
    """
    gates = await fetch_one(connection, GatesOfDial, query, {"dial": dial_id})
    if gates is not None:
        await close_gate(connection, dial_id, **gates.model_dump(), closing=closing, speed=speed)


async def open_after_probe(
    connection: AnyConnection, dial_id: str, state: CallState, *, account_id: str, number_id: str
) -> None:
    """A call has come as far as `state`. Where it was the one that goes first, that opens the gates."""
    values = {"dial": dial_id, "reached": [each.value for each in CallState if each.rank <= state.rank]}
    for scope, id in ((GateScope.ACCOUNT, account_id), (GateScope.NUMBER, number_id)):
        await run(connection, _OPEN[scope], values | {"id": id})


async def release_probe(connection: AnyConnection, dial_id: str, *, account_id: str, number_id: str) -> None:
    """A call ended that says nothing of the carrier: where it was to go first, another may."""
    for scope, id in ((GateScope.ACCOUNT, account_id), (GateScope.NUMBER, number_id)):
        await run(connection, _RELEASE_PROBE[scope], {"id": id, "dial": dial_id})


async def probe_now(connection: AnyConnection, *, account_id: str, number_id: str) -> None:
    """A person says that it is mended: the next call goes first, without waiting for the gate's time."""
    for scope, id in ((GateScope.ACCOUNT, account_id), (GateScope.NUMBER, number_id)):
        await run(connection, _PROBE_NOW[scope], {"id": id, "interval": EARLY_PROBE_INTERVAL})


def is_due_to_note_reached(reached_at: datetime | None, now: datetime) -> bool:
    """Whether `note_reached` would write, as far as was read."""
    return reached_at is None or reached_at < now - REACHED_INTERVAL


async def note_reached(connection: AnyConnection, number_id: str) -> None:
    """A call from the number rang: its account and its caller id are good."""
    await run(connection, _REACHED, {"id": number_id, "interval": REACHED_INTERVAL})


_LOCK_CLAIMANTS = """
    SELECT id FROM organizations
    WHERE id IN (SELECT organization_id FROM phone_numbers WHERE %(id)s IN (id, carrier_account_id))
    ORDER BY id FOR UPDATE
"""


class Gates:
    """What people do to the gates of carrier accounts and numbers. Claims go by it from the answer on."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def close(self, scope: GateScope, id: str) -> None:
        """Let no call start until `open`; live ones go on. Raises NotFound."""
        by = ", stopped_by = 'operator'" if scope is GateScope.NUMBER else ""
        await self._write(scope, id, f"stopped_at = coalesce(stopped_at, clock_timestamp()){by}")
        async with self._database.transaction() as connection:  # a claim that read it open has committed by then
            await run(connection, _LOCK_CLAIMANTS, {"id": id})

    async def open(self, scope: GateScope, id: str) -> None:
        """Let calls start, whatever closed the gate. Raises NotFound."""
        by = ", stopped_by = NULL" if scope is GateScope.NUMBER else ""
        await self._write(scope, id, f"stopped_at = NULL{by}, {OPEN_GATE}")

    async def count_on_their_way(self, scope: GateScope, id: str) -> int:
        """Requests for calls that may still reach the carrier."""
        query = """
            SELECT count(*) FROM dials d JOIN batch_jobs j ON j.id = d.job_id
            WHERE d.ended_at IS NULL AND d.call_id IS NULL
              AND d.asked_at > clock_timestamp() - make_interval(secs => %(limit)s)
              AND %(id)s IN (d.carrier_account_id, j.phone_number_id)
        """
        async with self._database.reading() as connection:
            return int(await fetch_value(connection, query, {"id": id, "limit": PLACE_TIMEOUT_SECONDS}))

    async def wait_for_requests(self, scope: GateScope, id: str) -> int:
        """Wait until no request for a call can be on its way; how many still may be when that takes too long."""
        left = PLACE_TIMEOUT_SECONDS
        while (count := await self.count_on_their_way(scope, id)) and left > 0:
            await asyncio.sleep(REQUESTS_POLL_SECONDS)
            left -= REQUESTS_POLL_SECONDS
        return count

    async def _write(self, scope: GateScope, id: str, values: str) -> None:
        query = f"UPDATE {_TABLES[scope]} SET {values} WHERE id = %(id)s"  # noqa: S608 — our own constants
        async with self._database.transaction() as connection:
            if await run(connection, query, {"id": id}) != 1:
                raise NotFound("carrier account" if scope is GateScope.ACCOUNT else "phone number", id)
