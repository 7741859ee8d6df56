"""What people see of jobs and lines: the answers to queries, and tables for Temporal's web UI."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime

from domain.jobs.line_shares import OrganizationLines
from domain.model import Model
from domain.statuses import ContactStatus, JobStatus
from workflows.dispatch_state import WaitingFor
from workflows.line_book import Claimant

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|])")

MAX_LISTED_NAME = 255  # characters that Temporal's tables in PostgreSQL and MySQL have for a keyword
MAX_JOBS_SHOWN = 100  # in a table of the web UI


class JobProgress(Model):
    """`live_calls` and lines as the workflow knows them now."""

    live_calls: int
    lines_held: int
    lines_wanted: int
    waiting_for: WaitingFor | None = None


class JobShare(Model):
    """One job: how many lines it requested, at the least, and how many it may use."""

    job_id: str
    name: str
    priority: int
    wants: int
    lines: int


class Shares(Model):
    """All jobs that are known; the limits are null before the database was read."""

    limit: int | None
    reserved: int | None
    jobs: tuple[JobShare, ...]


def job_details(
    name: str,
    status: JobStatus,
    status_reason: str | None,
    counts: Mapping[ContactStatus, int],
    progress: JobProgress,
) -> str:
    """Markdown. `status_reason`: a sentence of ours, why it was paused or failed."""
    reason = "" if status_reason is None else f"{escape_markdown(status_reason)}\n\n"
    done = sum(count for contact_status, count in counts.items() if contact_status.final)
    rows = "\n".join(f"| {contact_status.value} | {count} |" for contact_status, count in sorted(counts.items()))
    return (
        f"### {escape_markdown(name)}\n\n"
        f"**{status.value}** · {done} of {sum(counts.values())} contacts done · "
        f"{progress.live_calls} calls live on {progress.lines_held} lines{_waiting(progress.waiting_for)}\n\n"
        f"{reason}| contacts | count |\n|---|---:|\n{rows}\n"
    )


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
    used, shown = sum(job.lines for job in seen.jobs), seen.jobs[:MAX_JOBS_SHOWN]
    rows = "".join(f"| {escape_markdown(job.name)} | {job.priority} | {job.wants} | {job.lines} |\n" for job in shown)
    if len(seen.jobs) > len(shown):
        rows += f"| … and {len(seen.jobs) - len(shown)} more | | | |\n"
    table = f"| job | priority | wants | share |\n|---|---:|---:|---:|\n{rows}" if rows else "No job wants lines.\n"
    if seen.limit is None:
        return table
    return f"**{used} of {seen.limit} lines** shared out · {seen.reserved} kept free for other calls\n\n{table}"


def _waiting(waiting: WaitingFor | None) -> str:
    if waiting is None:
        return ""
    until = "" if waiting.until is None else f" until {waiting.until:%Y-%m-%d %H:%M:%S} UTC"
    return f" · waiting for {waiting.reason}{until}"


def scheduled_details(name: str, start_at: datetime) -> str:
    """Markdown. `start_at`: UTC."""
    return f"### {escape_markdown(name)}\n\n**scheduled** · waiting for start until {start_at:%Y-%m-%d %H:%M:%S} UTC\n"


def listed_name(name: str) -> str:
    """As the list of workflows shows it, and is searched by: on one line."""
    return " ".join(name.split())[:MAX_LISTED_NAME]


def escape_markdown(name: str) -> str:
    """Markdown that reads as the text does, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(name.split()))
