"""What people see of an organization's lines: the answer to `shares`, and a table for Temporal's web UI."""

from collections.abc import Iterable

from domain.jobs.line_shares import OrganizationLines
from domain.model import Model
from workflows.line_book import Claimant
from workflows.markdown import escaped


class JobShare(Model):
    """One job: how many lines it wants, at the least, and how many it may use."""

    job_id: str
    name: str
    priority: int
    wants: int
    lines: int


class Shares(Model):
    """All jobs that are known; the limits are null before the record was read."""

    limit: int | None
    reserved: int | None
    jobs: tuple[JobShare, ...]


def shares_of(facts: OrganizationLines | None, claimants: Iterable[Claimant]) -> Shares:
    return Shares(
        limit=facts.limit if facts is not None else None,
        reserved=facts.reserved if facts is not None else None,
        jobs=tuple(
            JobShare(job_id=one.job_id, name=one.name, priority=one.priority, wants=one.wants, lines=one.share)
            for one in claimants
        ),
    )


def lines_details(seen: Shares) -> str:
    """Markdown."""
    used = sum(job.lines for job in seen.jobs)
    rows = "".join(f"| {escaped(job.name)} | {job.priority} | {job.wants} | {job.lines} |\n" for job in seen.jobs)
    table = f"| job | priority | wants | share |\n|---|---:|---:|---:|\n{rows}" if rows else "No job wants lines.\n"
    if seen.limit is None:
        return table
    return f"**{used} of {seen.limit} lines** shared out · {seen.reserved} kept free for other calls\n\n{table}"
