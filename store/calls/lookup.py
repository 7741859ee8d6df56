"""What was ordered from a carrier that asks for the instructions of a call."""

from sqlalchemy import text

from domain.calls.order import parse_dial_key
from store.calls.claim import Claimed
from store.db.engine import Database, reading
from store.db.ids import may_exist

_ORDERED = text("""
    SELECT d.id AS dial_id, d.carrier_account_id AS account, d.to_number AS to, d.from_number AS from_,
           j.audio, j.audio_url, c.data, j.ring_seconds, j.max_call_seconds
    FROM dials d JOIN contacts c ON c.id = d.contact_id JOIN batch_jobs j ON j.id = d.job_id
    WHERE d.contact_id = :contact AND d.number_of_dial = :dial AND d.carrier_account_id = :account
""")


class OrderLookup:
    """Read only."""

    def __init__(self, engine: Database) -> None:
        self._engine = engine

    async def find(self, account: str, key: str) -> Claimed | None:
        """The dial that a carrier account knows by this key; None where there is none, or its job was deleted."""
        dial = parse_dial_key(key)
        if dial is None or not may_exist(key):
            return None
        values = {"account": account, "contact": dial[0], "dial": dial[1]}
        async with reading(self._engine) as connection:
            row = (await connection.execute(_ORDERED, values)).mappings().one_or_none()
        return None if row is None else Claimed.model_validate(dict(row))
