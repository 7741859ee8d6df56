"""Requests that create, each done once for its Idempotency-Key: which request is at work, and the answer it got.

A record is held by one request at a time, for a few seconds that it extends while it works; a process that died holds
nothing for long. What keeps a second thing from being created is not the hold but the `seed`: the ids of what a request
creates are made of it, so that whoever does the work again, or at the same time, finds the row that is there already.
"""

from datetime import datetime, timedelta
from secrets import token_hex

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.model import Model
from store.db.engine import Database, reading
from store.db.ids import ID_BYTES

KEPT = timedelta(days=7)
HOLD = timedelta(seconds=6)  # extended while the work goes on
MAX_SWEPT = 20  # old records that a new one deletes


class RecordKey(Model):
    """`scope`: an organization, or "platform". `route`: method and path. `key`: the client's own."""

    scope: str
    route: str
    key: str


class Reserved(Model):
    """The record is held by this request. `seed`: 24 hexadecimal characters, the same for every request of the record.

    `resumed`: another request began the work, at `begun_at`, and died or failed; how far it came is not known.
    """

    seed: str
    begun_at: datetime
    resumed: bool


class Answered(Model):
    """The work was done before, and this was the answer."""

    answer: str


class InProgress(Model):
    """Another request is at work."""


class DifferentContent(Model):
    """The key was used for other content."""


class Idempotency:
    """Each public method is one transaction."""

    def __init__(self, engine: Database) -> None:
        self._engine = engine

    async def reserve(
        self, record: RecordKey, fingerprint: str, holder: str
    ) -> Reserved | Answered | InProgress | DifferentContent:
        """Hold the record of a request, or find out why not. `fingerprint`: of what was sent."""
        facts = record.model_dump() | {"fingerprint": fingerprint, "holder": holder, "seed": token_hex(ID_BYTES)}
        async with self._engine.begin() as connection:
            taken = (await connection.execute(_RESERVE, facts | _SPANS)).first()
            if taken is not None:
                await connection.execute(_SWEEP, {"at_once": MAX_SWEPT, "kept": KEPT})
                return Reserved.model_validate(taken._mapping)
            return await _find_reason(connection, facts)

    async def extend(self, record: RecordKey, holder: str) -> None:
        """Hold it for longer, where it is still held."""
        async with self._engine.begin() as connection:
            await connection.execute(_EXTEND, record.model_dump() | {"holder": holder, "hold": HOLD})

    async def store_answer(self, record: RecordKey, seed: str, answer: str) -> None:
        """Store the answer; the first one stays."""
        async with self._engine.begin() as connection:
            await connection.execute(_ANSWER, record.model_dump() | {"seed": seed, "answer": answer})

    async def release(self, record: RecordKey, holder: str) -> None:
        """Whether the work was done is not known: the next request with the same content takes it up at once."""
        async with self._engine.begin() as connection:
            await connection.execute(_RELEASE, record.model_dump() | {"holder": holder})

    async def forget(self, record: RecordKey, holder: str) -> None:
        """Nothing was created: the key may be used as if it never had been."""
        async with self._engine.begin() as connection:
            await connection.execute(_FORGET, record.model_dump() | {"holder": holder})

    async def is_in_progress(self, record: RecordKey) -> bool:
        """Whether a request is at work on it now."""
        async with reading(self._engine) as connection:
            return bool((await connection.execute(_IS_IN_PROGRESS, record.model_dump())).scalar())


async def _find_reason(connection: AsyncConnection, facts: dict[str, str]) -> Answered | InProgress | DifferentContent:
    found = (await connection.execute(_FOUND, facts)).first()
    if found is None:  # forgotten in between
        return InProgress()
    if found.fingerprint != facts["fingerprint"]:
        return DifferentContent()
    return InProgress() if found.answer is None else Answered(answer=found.answer)


_SPANS = {"hold": HOLD, "kept": KEPT}
_WHERE = "scope = :scope AND route = :route AND key = :key"
_RESERVE = sa.text("""
    INSERT INTO idempotency_records AS kept (scope, route, key, fingerprint, seed, holder, held_until)
    VALUES (:scope, :route, :key, :fingerprint, :seed, :holder, now() + :hold)
    ON CONFLICT (scope, route, key) DO UPDATE SET
        holder = excluded.holder, held_until = excluded.held_until, fingerprint = excluded.fingerprint,
        answer = CASE WHEN kept.created_at < now() - :kept THEN NULL ELSE kept.answer END,
        seed = CASE WHEN kept.created_at < now() - :kept THEN excluded.seed ELSE kept.seed END,
        created_at = CASE WHEN kept.created_at < now() - :kept THEN now() ELSE kept.created_at END
    WHERE kept.created_at < now() - :kept
        OR (kept.answer IS NULL AND kept.held_until < now() AND kept.fingerprint = excluded.fingerprint)
    RETURNING seed, created_at AS begun_at, xmax <> 0 AND created_at < now() AS resumed
""").bindparams(sa.bindparam("hold", type_=sa.Interval), sa.bindparam("kept", type_=sa.Interval))
_SWEEP = sa.text("""
    DELETE FROM idempotency_records WHERE ctid IN (
        SELECT ctid FROM idempotency_records WHERE created_at < now() - :kept
        ORDER BY created_at LIMIT :at_once FOR UPDATE SKIP LOCKED)
""").bindparams(sa.bindparam("kept", type_=sa.Interval))
_FOUND = sa.text(f"SELECT fingerprint, answer FROM idempotency_records WHERE {_WHERE}")  # noqa: S608  our own constant
_IS_IN_PROGRESS = sa.text(
    f"SELECT answer IS NULL AND held_until >= now() FROM idempotency_records WHERE {_WHERE}"  # noqa: S608
)
_EXTEND = sa.text(
    f"UPDATE idempotency_records SET held_until = now() + :hold WHERE {_WHERE} AND holder = :holder"  # noqa: S608
).bindparams(sa.bindparam("hold", type_=sa.Interval))
_ANSWER = sa.text(
    "UPDATE idempotency_records SET answer = :answer"  # noqa: S608
    f" WHERE {_WHERE} AND seed = :seed AND answer IS NULL"
)
_RELEASE = sa.text(f"UPDATE idempotency_records SET held_until = now() WHERE {_WHERE} AND holder = :holder")  # noqa: S608
_FORGET = sa.text(
    f"DELETE FROM idempotency_records WHERE {_WHERE} AND holder = :holder AND answer IS NULL"  # noqa: S608
)
