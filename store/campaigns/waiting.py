"""The contacts that wait for their job."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from store.contacts.packed import PackedContacts, StoredContact, pack_stored
from store.tables import campaign_contacts

_TABLE = campaign_contacts.c
_CONTACTS = sa.select(
    _TABLE.row,
    _TABLE.id,
    _TABLE.number,
    _TABLE.country,
    _TABLE.zones,
    _TABLE.not_before,
    sa.cast(_TABLE.data, sa.Text).label("data"),
    _TABLE.external_id,
)


def _of(campaign_id: str, part: int) -> tuple[sa.ColumnElement[bool], ...]:
    return _TABLE.campaign_id == campaign_id, _TABLE.part == part


async def read_part(connection: AsyncConnection, campaign_id: str, part: int) -> PackedContacts:
    """The contacts of one job to be, in the order of the file."""
    found = await connection.execute(_CONTACTS.where(*_of(campaign_id, part)).order_by(_TABLE.row))
    return pack_stored([_stored(row) for row in found])


async def delete_part(connection: AsyncConnection, campaign_id: str, part: int) -> int:
    """Once they are a job's; how many there were."""
    return (await connection.execute(sa.delete(campaign_contacts).where(*_of(campaign_id, part)))).rowcount


def _stored(row: Any) -> StoredContact:
    zones = None if row.zones is None else tuple(row.zones)
    return StoredContact(row.row, row.id, row.number, row.country, zones, row.not_before, row.data, row.external_id)
