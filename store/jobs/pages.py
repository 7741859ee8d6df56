"""A page of an organization's jobs, newest first, or of a job's contacts, in file order."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from domain.jobs.models import Contact, Job, JobCounts
from domain.model import Model
from domain.statuses import ContactStatus, JobStatus
from store.db.ids import may_exist
from store.db.pool import Connection
from store.jobs.settings import COLUMNS

LETTERS = "pg_c_utf8"  # a collation that knows upper and lower case of all letters, on every server since 17
MAX_OFFSET = 2**62  # PostgreSQL takes no larger one, and no table is that long

# One query, one table: nothing can count twice. An ended job was counted when it ended.
_COUNTS = """CAST(coalesce(job.ended_counts, (
      SELECT json_object_agg(status, contacts) FROM (
        SELECT status, count(*) AS contacts FROM contacts WHERE job_id = job.id GROUP BY status ORDER BY status
      ) AS counted
    )) AS text) AS counts"""
# A server that is set back to an earlier state counts transactions from there again; it was started for that.
_VERSION = "(CAST(pg_postmaster_start_time() AS text) || ' ' || CAST({table}.xmin AS text)) AS row_version"
_VERSIONS = f"""
    SELECT job.id, job.row_version, {_COUNTS}, ({{total}}) AS total
    FROM (
      SELECT id, {_VERSION.format(table="batch_jobs")}, ended_counts, created_at FROM batch_jobs WHERE {{where}}
      ORDER BY created_at DESC, id DESC OFFSET %(offset)s LIMIT %(size)s
    ) AS job
    ORDER BY created_at DESC, id DESC
"""  # noqa: S608 - our own text
_COUNT = "SELECT count(*) FROM batch_jobs WHERE {where}"
_ALL = "SELECT listed_jobs FROM organizations WHERE id = %(organization)s"
SHOWN_OF_JOB = (  # beside its settings
    *("id", "organization_id", "status", "status_reason", "agent_id", "total_contacts", "actual_start_time"),
    *("completed_at", "created_at", "workflow_started_at", "spent", "retry_of", "test", "test_of"),
)
SHOWN_OF_CONTACT = (  # beside its job's `max_attempts`
    *("id", "row", "number", "data", "status", "error_code", "failure_reason", "attempts", "dials", "last_attempt_at"),
    *("next_retry_at", "completed_at", "call_id", "call_seconds", "answered_by", "external_id", "conversation"),
)
_FIELDS = {name: column.name for name, column in COLUMNS.items()} | {name: name for name in SHOWN_OF_JOB}
_JOBS = f"""
    SELECT {", ".join(f'job."{column}" AS "{name}"' for name, column in _FIELDS.items())},
           {_VERSION.format(table="job")}, {_COUNTS}
    FROM batch_jobs job WHERE job.organization_id = %(organization)s AND job.id = ANY(%(ids)s)
"""  # noqa: S608 - names of our own columns
_CONTACTS = f"""
    SELECT {", ".join(f'c."{name}"' for name in SHOWN_OF_CONTACT)}, j.max_attempts
    FROM contacts c JOIN batch_jobs j ON j.id = c.job_id
    WHERE {{where}} ORDER BY c.row OFFSET %(offset)s LIMIT %(size)s
"""  # noqa: S608 - names of our own columns
_COUNT_CONTACTS = "SELECT count(*) FROM contacts c WHERE {where}"


class JobVersion(NamedTuple):
    """A job as it was at an instant: as long as it is the same, so is all that `Job` says."""

    id: str
    row: str  # the transaction that wrote its row, and since when the server counts transactions
    counts: str  # of its contacts by status, as JSON


class JobPage(NamedTuple):
    """`versions`: the page in order. `read`: those that were not known, in the same order. `total`: of all pages."""

    versions: list[JobVersion]
    read: dict[JobVersion, Job]
    total: int

    @property
    def jobs(self) -> list[Job]:
        return list(self.read.values())


class ContactPage(Model):
    """`total`: of all pages."""

    contacts: list[Contact]
    total: int


class JobFilter(NamedTuple):
    """Which jobs of an organization a list has; `search` in name and description.

    `tests`: test calls and nothing else; `test_of`: those of that job.
    """

    organization_id: str
    status: JobStatus | None = None
    search: str | None = None
    tests: bool = False
    test_of: str | None = None

    def conditions(self) -> Iterator[str]:
        yield "organization_id = %(organization)s"
        if self.status is not None:
            yield "status = %(status)s"
        if self.search and may_exist(self.search):
            like = f"""COLLATE "{LETTERS}" ILIKE %(search)s ESCAPE '/'"""
            yield f"(name {like} OR description {like})"
        yield "test" if self.tests or self.test_of is not None else "NOT test"
        if self.test_of is not None and may_exist(self.test_of):
            yield "test_of = %(test_of)s"
        if not may_exist((self.search or "") + (self.test_of or "")):
            yield "false"

    def total(self) -> str:
        """The query for the length of the list."""
        if self == JobFilter(self.organization_id):
            return _ALL
        return _COUNT.format(where=" AND ".join(self.conditions()))

    def values(self) -> dict[str, Any]:
        pattern = "%" + re.sub("([%_/])", r"/\1", self.search or "") + "%"
        return _given(organization=self.organization_id, status=self.status, search=pattern, test_of=self.test_of)


class _Listed(NamedTuple):
    id: str
    row_version: str
    counts: str | None
    total: int


async def read_job_page(
    connection: Connection, jobs: JobFilter, page: int, page_size: int, is_known: Callable[[JobVersion], bool]
) -> JobPage:
    """`page` counts from 1. The jobs of versions that are known are not read."""
    where, values = " AND ".join(jobs.conditions()), jobs.values()
    span = {"offset": min((page - 1) * page_size, MAX_OFFSET), "size": page_size}
    listed = await connection.fetch_all(_Listed, _VERSIONS.format(where=where, total=jobs.total()), values | span)
    if not listed:
        total = 0 if page == 1 else await connection.fetch_value(jobs.total(), values)
        return JobPage([], {}, total or 0)
    versions = [JobVersion(job.id, job.row_version, job.counts or "{}") for job in listed]
    unknown = [version.id for version in versions if not is_known(version)]
    found = await read_jobs(connection, jobs.organization_id, unknown)
    by_id = {version.id: version for version in found}
    current = [by_id.get(version.id, version) for version in versions]
    read = {version: found[version] for version in current if version in found}
    gone = set(unknown) - by_id.keys()
    return JobPage([version for version in current if version.id not in gone], read, listed[0].total)


async def read_jobs(connection: Connection, organization_id: str, ids: Sequence[str]) -> dict[JobVersion, Job]:
    """Those of these jobs that the organization has, by the version that was read."""
    if not ids:
        return {}
    rows: list[dict[str, Any]] = await connection.fetch_all(
        dict, _JOBS, {"organization": organization_id, "ids": list(ids)}
    )
    return dict(map(_as_job, rows))


def _as_job(row: dict[str, Any]) -> tuple[JobVersion, Job]:
    counts = row.pop("counts") or "{}"
    version = JobVersion(row["id"], row.pop("row_version"), counts)
    by_status = dict.fromkeys(ContactStatus, 0) | {ContactStatus(name): n for name, n in json.loads(counts).items()}
    return version, Job.model_validate({**row, "counts": JobCounts(by_status=by_status)})


class ContactFilter(NamedTuple):
    """Which contacts of a job a list has. `digits`: only those with them in their number."""

    organization_id: str
    job_id: str
    status: ContactStatus | None = None
    digits: str | None = None

    def conditions(self) -> Iterator[str]:
        yield "c.job_id = %(job)s AND c.organization_id = %(organization)s"
        if self.status is not None:
            yield "c.status = %(status)s"
        if self.digits is not None:
            yield "strpos(c.number, %(digits)s) > 0" if may_exist(self.digits) else "false"

    def values(self) -> dict[str, Any]:
        return _given(job=self.job_id, organization=self.organization_id, status=self.status, digits=self.digits)

    def find_total(self, counts: JobCounts | None) -> int | None:
        """How many there are where that is counted already."""
        if counts is None or self.digits is not None:
            return None
        return counts.total if self.status is None else counts.by_status[self.status]


async def read_contact_page(
    connection: Connection, contacts: ContactFilter, page: int, page_size: int, counts: JobCounts | None
) -> ContactPage:
    """`page` counts from 1; `counts`: of the job, where they were read."""
    where, values = " AND ".join(contacts.conditions()), contacts.values()
    total = contacts.find_total(counts)
    if total is None:
        total = await connection.fetch_value(_COUNT_CONTACTS.format(where=where), values)
    offset = (page - 1) * page_size
    if offset >= total:
        return ContactPage(contacts=[], total=total)
    span = {"offset": offset, "size": page_size}
    found = await connection.fetch_all(Contact, _CONTACTS.format(where=where), values | span)
    return ContactPage(contacts=found, total=total)


def _given(**values: str | None) -> dict[str, Any]:
    """Those that a condition was made of."""
    return {name: value for name, value in values.items() if value is not None and may_exist(value)}
