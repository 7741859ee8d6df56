"""What was ordered from a carrier that asks for the instructions of a call."""

from typing import Any

from domain.calls.models import Audio
from domain.calls.order import parse_dial_key
from domain.model import Model
from store.db.engine import Database
from store.db.ids import may_exist

_ORDERED = """
    SELECT d.id AS dial_id, d.carrier_account_id AS account, d.to_number AS to, d.from_number AS from_,
           j.audio, j.audio_url, c.data, j.ring_seconds, j.max_call_seconds
    FROM dials d JOIN contacts c ON c.id = d.contact_id JOIN batch_jobs j ON j.id = d.job_id
    WHERE d.contact_id = %(contact)s AND d.number_of_dial = %(dial)s AND d.carrier_account_id = %(account)s
"""


class OrderedDial(Model):
    """What the carrier was, or is being, asked for."""

    dial_id: str
    account: str
    to: str
    from_: str
    audio: Audio
    audio_url: str
    data: dict[str, Any]
    ring_seconds: int
    max_call_seconds: int


class OrderLookup:
    """Read only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, account: str, key: str) -> OrderedDial | None:
        """The dial that a carrier account knows by this key; None where there is none, or its job was deleted."""
        dial = parse_dial_key(key)
        if dial is None or not may_exist(key):
            return None
        values = {"account": account, "contact": dial[0], "dial": dial[1]}
        async with self._database.reading() as connection:
            return await connection.fetch_one(OrderedDial, _ORDERED, values)
