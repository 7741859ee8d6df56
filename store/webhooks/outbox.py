"""Deliveries that wait, lane by lane: the next of a lane is taken only when the one before it is final."""

import logging
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.calls.evidence import DialEvidence
from domain.calls.models import Outcome
from domain.jobs.models import Contact, Job, JobCounts
from domain.model import Model
from domain.statuses import ContactStatus
from domain.webhooks.events import (
    AttemptResult,
    DeliveryStatus,
    DueDelivery,
    Event,
    EventType,
    decide_follow_up,
    find_disable_reason,
)
from store.db.engine import Database, reading
from store.db.vault import Vault
from store.jobs.repository import CONTACTS, JOBS
from store.tables import batch_jobs, contacts

logger = logging.getLogger(__name__)

TAKEN_FOR = timedelta(seconds=20)  # a request takes ten at most; after this a worker that died is replaced
BUSY_FOR = timedelta(seconds=30)  # whoever delivers marks it again before this is over
WOKEN_FOR = timedelta(seconds=15)  # a workflow that was woken has marked it busy by then; else it is woken again
KEPT_FOR = timedelta(days=30)  # final deliveries, in the log
MAX_DELETED = 1_000

# Walks from lane to lane on the index: as long as there are lanes, however many deliveries wait in them.
_HEADS = """
    WITH RECURSIVE lanes AS (
      (SELECT d.lane FROM webhook_deliveries d WHERE d.endpoint_id = {endpoint} AND d.status = 'pending'
       ORDER BY d.lane LIMIT 1)
      UNION ALL
      SELECT (SELECT d.lane FROM webhook_deliveries d WHERE d.endpoint_id = {endpoint} AND d.status = 'pending'
              AND d.lane > lanes.lane ORDER BY d.lane LIMIT 1)
      FROM lanes WHERE lanes.lane IS NOT NULL
    )
    SELECT h.lane, h.next_attempt_at, h.taken_until, greatest(h.next_attempt_at, h.taken_until) AS due_at
    FROM lanes, LATERAL (
      SELECT d.lane, d.next_attempt_at, d.taken_until FROM webhook_deliveries d
      WHERE d.endpoint_id = {endpoint} AND d.status = 'pending' AND d.lane = lanes.lane ORDER BY d.seq LIMIT 1) h
"""
_DUE_LANES = text(f"""
    SELECT lane FROM ({_HEADS.format(endpoint=":endpoint")}) heads
    WHERE next_attempt_at <= greatest(clock_timestamp(), :as_of) AND coalesce(taken_until <= clock_timestamp(), true)
      AND lane <> ALL(:but)
    ORDER BY due_at LIMIT :limit
""")  # noqa: S608 — our own constants
_NEXT_DUE = text(f"SELECT min(due_at) FROM ({_HEADS.format(endpoint=':endpoint')}) heads")  # noqa: S608
_TAKE = text("""
    UPDATE webhook_deliveries d SET attempts = d.attempts + 1, last_attempt_at = clock_timestamp(),
           taken_until = clock_timestamp() + :taken_for
    FROM webhook_endpoints e
    WHERE e.id = d.endpoint_id AND e.disabled_at IS NULL
      AND d.id = (SELECT h.id FROM webhook_deliveries h
                  WHERE h.endpoint_id = :endpoint AND h.status = 'pending' AND h.lane = :lane
                  ORDER BY h.seq LIMIT 1 FOR UPDATE)
      AND d.next_attempt_at <= greatest(clock_timestamp(), :as_of)
      AND (d.taken_until IS NULL OR d.taken_until <= clock_timestamp())
    RETURNING d.id, d.type, d.facts, d.job_id, d.contact_id, d.created_at, d.organization_id, d.endpoint_id, e.url,
              e.secret, CASE WHEN e.old_secret_until > clock_timestamp() THEN e.old_secret END AS old_secret
""")
# Before the delivery's row: who disables the endpoint locks its row first and then all that wait, of other lanes too.
_LOCK_ENDPOINT = text("""
    SELECT e.id FROM webhook_endpoints e WHERE e.id = (SELECT endpoint_id FROM webhook_deliveries WHERE id = :id)
    FOR NO KEY UPDATE
""")
_FACTS = text("""
    SELECT d.failures, greatest(clock_timestamp(), :as_of) AS now,
           coalesce(e.failing_since, greatest(clock_timestamp(), :as_of)) AS failing_since, e.id AS endpoint_id
    FROM webhook_deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id
    WHERE d.id = :id AND d.status = 'pending' FOR UPDATE OF d
""")
_RECORD = text("""
    UPDATE webhook_deliveries SET status = :status, failures = failures + :failed, taken_until = NULL,
           next_attempt_at = coalesce(CAST(:now AS timestamptz) + :delay, next_attempt_at),
           delivered_at = CASE WHEN :failed = 0 THEN clock_timestamp() END,
           response_code = :code, response_body = :body, last_error = :error
    WHERE id = :id
""")
_SUCCEEDED = text("UPDATE webhook_endpoints SET failing_since = NULL WHERE id = :id AND failing_since IS NOT NULL")
_FAILED = text("UPDATE webhook_endpoints SET failing_since = :since WHERE id = :id AND failing_since IS NULL")
_DISABLE = text("""
    WITH disabled AS (
      UPDATE webhook_endpoints SET disabled_at = clock_timestamp(), disabled_reason = :reason
      WHERE id = :id AND disabled_at IS NULL RETURNING id
    )
    UPDATE webhook_deliveries SET status = 'failed', taken_until = NULL,
           last_error = coalesce(last_error, 'Not sent: the webhook was disabled.')
    FROM disabled WHERE endpoint_id = disabled.id AND status = 'pending'
""")
_BUSY = text("""
    UPDATE webhook_endpoints SET busy_until = clock_timestamp() + :busy_for WHERE id = :id
    RETURNING disabled_at IS NULL AS enabled
""")
_IDLE = text("UPDATE webhook_endpoints SET busy_until = NULL WHERE id = :id")
_WITH_DUE_DELIVERIES = text(f"""
    UPDATE webhook_endpoints e SET busy_until = clock_timestamp() + :woken_for
    WHERE e.disabled_at IS NULL AND (e.busy_until IS NULL OR e.busy_until <= clock_timestamp())
      AND (e.id = ANY(:named) OR :all)
      AND EXISTS (SELECT 1 FROM ({_HEADS.format(endpoint="e.id")}) heads WHERE due_at <= clock_timestamp())
    RETURNING e.id, e.organization_id
""")  # noqa: S608 — our own constants
_EXISTING = text("SELECT id FROM webhook_endpoints WHERE id = ANY(:named)")
_FORGET = text(f"""
    DELETE FROM webhook_deliveries WHERE id IN (
      SELECT id FROM webhook_deliveries WHERE endpoint_id = :id AND status <> 'pending'
      AND created_at < clock_timestamp() - :kept_for ORDER BY seq LIMIT {MAX_DELETED})
""")  # noqa: S608 — our own constants


class EndpointState(Model):
    """An endpoint when nothing is due. `next_due_at`: None where nothing waits."""

    exists: bool
    next_due_at: datetime | None = None
    now: datetime | None = None


class EndpointToWake(Model):
    """An endpoint whose deliveries are due while nobody delivers."""

    id: str
    organization_id: str


class Outbox:
    """For whoever sends deliveries. `as_of` is the time of workflows, which may be ahead of the database's clock."""

    def __init__(self, engine: Database, vault: Vault, *, taken_for: timedelta = TAKEN_FOR) -> None:
        self._engine = engine
        self._vault = vault
        self._taken_for = taken_for

    async def mark_busy(self, endpoint_id: str) -> bool:
        """Mark that somebody delivers, again every few seconds; False where nothing may be sent (any more)."""
        async with self._engine.begin() as connection:
            found = await connection.execute(_BUSY, {"id": endpoint_id, "busy_for": BUSY_FOR})
            return bool(found.scalar_one_or_none())

    async def find_due_lanes(self, endpoint_id: str, as_of: datetime, but: Collection[str], limit: int) -> list[str]:
        """Lanes with something to send now, `but` those that are being sent; the longest due first."""
        values = {"endpoint": endpoint_id, "as_of": as_of, "but": list(but), "limit": limit}
        async with reading(self._engine) as connection:
            return list((await connection.execute(_DUE_LANES, values)).scalars())

    async def take(self, endpoint_id: str, lane: str, as_of: datetime) -> DueDelivery | None:
        """Take the first delivery of a lane, if it is due and nobody else has it. Raises NoSecret, Unreadable.

        The try is counted before anything is sent.
        """
        values = {"endpoint": endpoint_id, "lane": lane, "as_of": as_of, "taken_for": self._taken_for}
        async with self._engine.begin() as connection:
            row = (await connection.execute(_TAKE, values)).mappings().one_or_none()
            if row is None:
                return None
            sealed = [secret for secret in (row["secret"], row["old_secret"]) if secret is not None]
            return DueDelivery(
                id=row["id"],
                url=row["url"],
                secrets=tuple(self._vault.open(secret) for secret in sealed),
                event=await _readable(connection, row),
            )

    async def record_result(self, delivery_id: str, answer: AttemptResult, as_of: datetime) -> DeliveryStatus | None:
        """Record the result of a try, and what follows; None where it was recorded before. Idempotent."""
        async with self._engine.begin() as connection:
            values = {"id": delivery_id, "as_of": as_of}
            await connection.execute(_LOCK_ENDPOINT, {"id": delivery_id})
            facts = (await connection.execute(_FACTS, values)).mappings().one_or_none()
            if facts is None:
                return None
            following = decide_follow_up(answer, facts["failures"])
            await connection.execute(
                _RECORD,
                {
                    "id": delivery_id,
                    "status": following.status,
                    "failed": 0 if answer.delivered else 1,
                    "now": facts["now"],
                    "delay": following.delay,
                    "code": answer.code,
                    "body": answer.body,
                    "error": answer.error,
                },
            )
            await _record_health(connection, facts, answer)
            return following.status

    async def mark_idle(self, endpoint_id: str) -> EndpointState:
        """Mark that nobody delivers any more, then check again: what came meanwhile woke nobody."""
        async with self._engine.begin() as connection:
            await connection.execute(_FORGET, {"id": endpoint_id, "kept_for": KEPT_FOR})
            found = await connection.execute(_IDLE, {"id": endpoint_id})
        if found.rowcount == 0:
            return EndpointState(exists=False)
        async with reading(self._engine) as connection:
            enabled = text("SELECT disabled_at IS NULL FROM webhook_endpoints WHERE id = :id")
            if not (await connection.execute(enabled, {"id": endpoint_id})).scalar_one_or_none():
                return EndpointState(exists=True)
            due_at = (await connection.execute(_NEXT_DUE, {"endpoint": endpoint_id})).scalar_one()
            return EndpointState(exists=True, next_due_at=due_at)

    async def with_due_deliveries(self, named: Collection[str] | None = None) -> list[EndpointToWake]:
        """Endpoints, of those `named` or of all, with something due while nobody delivers. Each is found once."""
        values = {"named": list(named or ()), "all": named is None, "woken_for": WOKEN_FOR}
        async with self._engine.begin() as connection:
            rows = (await connection.execute(_WITH_DUE_DELIVERIES, values)).mappings()
            return [EndpointToWake.model_validate(row) for row in rows]

    async def find_deleted(self, named: Collection[str]) -> set[str]:
        """Those of these endpoints that do not exist any more."""
        async with reading(self._engine) as connection:
            existing = (await connection.execute(_EXISTING, {"named": list(named)})).scalars()
            return set(named) - set(existing)


async def _record_health(connection: AsyncConnection, facts: RowMapping, answer: AttemptResult) -> None:
    id = facts["endpoint_id"]
    if answer.delivered:
        await connection.execute(_SUCCEEDED, {"id": id})
        return
    await connection.execute(_FAILED, {"id": id, "since": facts["failing_since"]})
    reason = find_disable_reason(answer, facts["now"] - facts["failing_since"])
    if reason is not None:
        await connection.execute(_DISABLE, {"id": id, "reason": reason})


async def _readable(connection: AsyncConnection, row: RowMapping) -> Event | None:
    """The event; None where a bug stored what is none: its try fails, and others go on."""
    try:
        return await _event(connection, row)
    except (ValueError, KeyError):
        logger.exception("delivery %s cannot be read", row["id"])
        return None


async def _event(connection: AsyncConnection, row: RowMapping) -> Event:
    """The event as it was, with what is read now."""
    event = Event(
        type=row["type"],
        at=row["created_at"],
        endpoint_id=row["endpoint_id"],
        organization_id=row["organization_id"],
        job_id=row["job_id"],
        facts=row["facts"],
    )
    if event.type is EventType.CONTACT_FINISHED:
        return event.model_copy(update=await _contact(connection, row))
    if event.job_id is not None:
        return event.model_copy(update={"job": await _job(connection, row)})
    return event


async def _contact(connection: AsyncConnection, row: RowMapping) -> dict[str, Any]:
    query = CONTACTS.add_columns(batch_jobs.c.test, batch_jobs.c.test_of).where(contacts.c.id == row["contact_id"])
    now = dict((await connection.execute(query)).mappings().one())
    test, test_of = now.pop("test"), now.pop("test_of")
    outcome, evidence = row["facts"]["outcome"], row["facts"].get("evidence")
    return {
        "contact": Contact.model_validate(now | row["facts"]),
        "outcome": None if outcome is None else Outcome(outcome),
        "evidence": None if evidence is None else DialEvidence.model_validate(evidence),
        "test": test,
        "test_of": test_of,
    }


async def _job(connection: AsyncConnection, row: RowMapping) -> Job:
    now = (await connection.execute(JOBS.where(batch_jobs.c.id == row["job_id"]))).mappings().one()
    facts = dict(row["facts"])
    counts = dict.fromkeys(ContactStatus, 0) | facts.pop("counts")
    return Job.model_validate({**now, **facts, "counts": JobCounts(by_status=counts)})
