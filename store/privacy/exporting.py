"""All that an organization has of a person, as it is stored."""

from typing import Any

from domain.model import Model
from domain.phone.identity import list_writings
from domain.privacy import PersonalData, tails_of
from store.db.engine import AnyConnection, Database, fetch_all
from store.privacy.erasing import find_rejects

MAX_ROWS = 10_000  # of each kind: more than a person is called

_CONTACTS = f"""
    SELECT to_jsonb(c) - 'organization_id' || jsonb_build_object('data', c.data) AS row FROM contacts c
    WHERE c.job_id IN (SELECT id FROM batch_jobs WHERE organization_id = %(organization)s)
      AND c.number = ANY(%(numbers)s)
    ORDER BY c.job_id, c.row LIMIT {MAX_ROWS}
"""  # noqa: S608 — our own constants, as below
_WAITING = f"""
    SELECT to_jsonb(w) AS row FROM campaign_contacts w JOIN campaigns c ON c.id = w.campaign_id
    WHERE c.organization_id = %(organization)s AND w.number = ANY(%(numbers)s)
    ORDER BY w.campaign_id, w.part, w.row LIMIT {MAX_ROWS}
"""  # noqa: S608
_CALLS = f"""
    SELECT to_jsonb(d) - 'organization_id' AS row FROM all_dials d
    WHERE d.organization_id = %(organization)s AND d.to_number = ANY(%(numbers)s)
    ORDER BY d.asked_at LIMIT {MAX_ROWS}
"""  # noqa: S608
_LISTED = """
    SELECT to_jsonb(l) - 'organization_id' AS row FROM do_not_call l
    WHERE l.organization_id = %(organization)s AND l.number = ANY(%(numbers)s)
"""


class _Row(Model):
    row: dict[str, Any]


class PersonalDataExport:
    """Read only."""

    def __init__(self, engine: Database) -> None:
        self._engine = engine

    async def read(self, organization_id: str, number: str) -> PersonalData:
        """Of the telephone of a number, E.164."""
        writings = list_writings(number)
        values = {"organization": organization_id, "numbers": list(writings)}
        async with self._engine.reading() as connection:
            rejected = await find_rejects(connection, organization_id, tails_of(writings))
            return PersonalData(
                contacts=await _rows(connection, _CONTACTS, values) + await _rows(connection, _WAITING, values),
                calls=await _rows(connection, _CALLS, values),
                rejected_rows=tuple(row.model_dump() for row in rejected),
                do_not_call=await _rows(connection, _LISTED, values),
            )


async def _rows(connection: AnyConnection, query: str, values: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    return tuple(each.row for each in await fetch_all(connection, _Row, query, values))
