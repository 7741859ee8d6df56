"""Rows as calls leave them, without making any."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from store.db.engine import Database
from store.db.ids import new_id
from store.organizations.phone_numbers import TWILIO
from store.tables import batch_jobs, contacts, dials


class Rows:
    """The rows of one job."""

    def __init__(self, records: Database, job_id: str) -> None:
        self._records = records
        self.job_id = job_id

    async def contact_ids(self) -> list[str]:
        query = sa.select(contacts.c.id).where(contacts.c.job_id == self.job_id).order_by(contacts.c.row)
        async with self._records.connect() as connection:
            return list((await connection.execute(query)).scalars())

    async def contact(self, contact_id: str, **values: Any) -> None:
        await self._change(sa.update(contacts).where(contacts.c.id == contact_id).values(values))

    async def job(self, **values: Any) -> None:
        await self._change(sa.update(batch_jobs).where(batch_jobs.c.id == self.job_id).values(values))

    async def ended(self, status: str = "completed") -> None:
        """The job has ended; nobody is on the phone."""
        await self.job(status=status, dialling=False, completed_at=sa.func.now())

    async def dial(self, contact_id: str, number: int, asked_at: datetime, **values: Any) -> str:
        """A dial of a contact; its id."""
        job = (
            sa.select(batch_jobs.c.organization_id, batch_jobs.c.from_number, contacts.c.number)
            .join_from(contacts, batch_jobs, batch_jobs.c.id == contacts.c.job_id)
            .where(contacts.c.id == contact_id)
        )
        dial_id = new_id("call")
        async with self._records.begin() as connection:
            found = (await connection.execute(job)).one()
            row = {
                "id": dial_id,
                "contact_id": contact_id,
                "number_of_dial": number,
                "job_id": self.job_id,
                "organization_id": found.organization_id,
                "carrier_account_id": TWILIO,
                "from_number": found.from_number,
                "to_number": found.number,
                "asked_at": asked_at,
                "state": "ended" if "ended_at" in values else "asked",
            }
            await connection.execute(sa.insert(dials).values(row | values))
            await connection.execute(sa.update(contacts).where(contacts.c.id == contact_id).values(dials=number))
        return dial_id

    async def answered(self, contact_id: str, number: int, at: datetime, seconds: int = 61, **values: Any) -> str:
        """A dial that was answered and is over."""
        return await self.dial(
            contact_id,
            number,
            at,
            **{
                "ringing_at": at,
                "answered_at": at,
                "ended_at": at,
                "outcome": "answered",
                "sip_code": 200,
                "call_seconds": seconds,
                "answered_by": "human",
                "cost": Decimal("0.017792"),
                "call_id": f"CA-{contact_id}-{number}",
                **values,
            },
        )

    async def end_all_dials(self) -> None:
        """So that no other test meets an open pair of numbers."""
        await self._change(sa.update(dials).where(dials.c.job_id == self.job_id).values(ended_at=sa.func.now()))

    async def _change(self, statement: Any) -> None:
        async with self._records.begin() as connection:
            await connection.execute(statement)
