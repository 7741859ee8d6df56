"""The contacts of an ended job that were not reached, for a new job that calls them again."""

from collections import Counter
from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import SkipValidation
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.jobs.models import JobRequest, NewContact
from domain.jobs.rerun import LeftOut, is_reached, why_left_out
from domain.model import Model
from domain.phone.location import locate_number
from domain.privacy import ERASED
from domain.statuses import ContactStatus, JobStatus, OnOverlap
from store.archive.reading import MAY_BE_ARCHIVED, all_dials
from store.db.engine import Database, reading
from store.db.ids import may_exist
from store.errors import NotFound, WrongStatus
from store.jobs.settings import SELECTED
from store.tables import batch_jobs, contacts, dials

_NOT_AGAIN = frozenset({"scheduled_start_time", "end_time"})  # the new job starts at once and has no end
_JOB = sa.select(
    batch_jobs.c.status,
    batch_jobs.c.test,
    MAY_BE_ARCHIVED.label("is_old"),
    *(column for column in SELECTED if column.name not in _NOT_AGAIN),
)
_FIELDS = (
    contacts.c.row,
    contacts.c.number,
    contacts.c.data,
    contacts.c.country,
    contacts.c.zones,
    contacts.c.not_before,
    contacts.c.external_id,
    contacts.c.status,
    contacts.c.removed_at,
)


def _is_unknown(called: sa.FromClause) -> sa.ColumnElement[bool]:
    """`called`: where the job's dials are."""
    return sa.exists().where(called.c.contact_id == contacts.c.id, called.c.outcome == "unknown")


_KNOWN = sa.select(sa.func.count()).where(all_dials.c.contact_id == contacts.c.id).scalar_subquery()
_CONTACTS = sa.select(*_FIELDS, _is_unknown(dials).label("unknown"))
# Of calls that were dropped with a month of the archive nothing is known, either.
_OLD_CONTACTS = sa.select(*_FIELDS, sa.or_(_is_unknown(all_dials), contacts.c.dials > _KNOWN).label("unknown"))


class Unreached(Model):
    """The contacts that an ended job did not reach and a new one may call, and its request, to start at once.

    Its end time is left out. `left_out` counts the others who were not reached.
    """

    request: JobRequest
    contacts: Annotated[list[NewContact], SkipValidation]
    reached: int
    left_out: dict[LeftOut, int]


class JobRerun:
    """Read only."""

    def __init__(self, engine: Database) -> None:
        self._engine = engine

    async def read_request(self, organization_id: str, job_id: str, *, ended: bool = True) -> JobRequest:
        """The request that created a job. Raises NotFound; WrongStatus where it must have ended and has not."""
        async with reading(self._engine) as connection:
            return _request(await _row(connection, organization_id, job_id, ended=ended))

    async def find_unreached(self, organization_id: str, job_id: str, *, include_unknown: bool) -> Unreached:
        """The contacts that a job did not reach. Raises NotFound; WrongStatus where it has not ended."""
        async with reading(self._engine) as connection:
            job = await _row(connection, organization_id, job_id, ended=True)
            request = _request(job)
            query = _OLD_CONTACTS if job["is_old"] else _CONTACTS
            query = query.where(contacts.c.job_id == job_id, contacts.c.number != ERASED).order_by(contacts.c.row)
            found = (await connection.execute(query)).mappings().all()
        again, left_out = [], Counter[LeftOut]()
        missed = [row for row in found if not is_reached(ContactStatus(row["status"]))]
        for row in missed:
            why = _why_left_out(row, include_unknown=include_unknown)
            if why is None:
                again.append(_new_contact(row))
            else:
                left_out[why] += 1
        return Unreached(
            request=request, contacts=again, reached=len(found) - len(missed), left_out=dict(sorted(left_out.items()))
        )

    async def read_first_contact(self, organization_id: str, job_id: str) -> NewContact:
        """The first contact in file order. Raises NotFound for the job, or where it has none."""
        if not may_exist(job_id):
            raise NotFound("job", job_id)
        mine = contacts.c.organization_id == organization_id
        where = contacts.c.job_id == job_id, mine, contacts.c.number != ERASED
        async with reading(self._engine) as connection:
            query = _CONTACTS.where(*where).order_by(contacts.c.row).limit(1)
            row = (await connection.execute(query)).mappings().one_or_none()
        if row is None:
            raise NotFound("contact of the job", job_id)
        return _new_contact(row)


async def _row(connection: AsyncConnection, organization_id: str, job_id: str, *, ended: bool) -> sa.RowMapping:
    if not may_exist(job_id):
        raise NotFound("job", job_id)
    query = _JOB.where(batch_jobs.c.id == job_id, batch_jobs.c.organization_id == organization_id)
    row = (await connection.execute(query)).mappings().one_or_none()
    if row is None:
        raise NotFound("job", job_id)
    if ended and not (status := JobStatus(row["status"])).ended:
        raise WrongStatus(status)
    return row


def _request(row: sa.RowMapping) -> JobRequest:
    fields: dict[str, Any] = {name: value for name, value in row.items() if name not in {"status", "is_old"}}
    return JobRequest.model_validate(fields | {"on_overlap": OnOverlap.SKIP})


def _why_left_out(row: sa.RowMapping, *, include_unknown: bool) -> LeftOut | None:
    return why_left_out(
        ContactStatus(row["status"]),
        unknown=row["unknown"],
        removed=row["removed_at"] is not None,
        include_unknown=include_unknown,
    )


def _new_contact(row: sa.RowMapping) -> NewContact:
    contact = NewContact(
        row=row["row"],
        number=row["number"],
        data=row["data"],
        country=row["country"],
        zones=None if row["zones"] is None else tuple(row["zones"]),
        not_before=row["not_before"],
        external_id=row["external_id"],
    )
    if contact.country is not None or contact.zones is not None:
        return contact
    place = locate_number(contact.number)  # it ended before places were kept
    return contact._replace(country=place.country, zones=place.zones)
