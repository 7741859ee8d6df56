"""What people see of a job: the answer to `progress`, and a table for Temporal's web UI."""

from collections.abc import Mapping

from domain.model import Model
from domain.statuses import ContactStatus, JobStatus
from workflows.dispatch_state import WaitingFor
from workflows.markdown import escaped


class JobProgress(Model):
    """`live_calls` and lines as the workflow knows them now."""

    live_calls: int
    lines_held: int
    lines_wanted: int
    waiting_for: WaitingFor | None = None


def details(
    name: str,
    status: JobStatus,
    status_reason: str | None,
    counts: Mapping[ContactStatus, int],
    progress: JobProgress,
) -> str:
    """Markdown. `status_reason`: a sentence of ours, why it was paused or failed."""
    done = sum(count for contact_status, count in counts.items() if contact_status.final)
    rows = "\n".join(f"| {contact_status.value} | {count} |" for contact_status, count in sorted(counts.items()))
    return (
        f"### {escaped(name)}\n\n"
        f"**{status.value}** · {done} of {sum(counts.values())} contacts done · "
        f"{progress.live_calls} calls live on {progress.lines_held} lines{_waiting(progress.waiting_for)}\n\n"
        f"{_reason(status_reason)}"
        f"| contacts | count |\n|---|---:|\n{rows}\n"
    )


def _waiting(waiting: WaitingFor | None) -> str:
    if waiting is None:
        return ""
    until = "" if waiting.until is None else f" until {waiting.until:%Y-%m-%d %H:%M:%S} UTC"
    return f" · waiting for {waiting.reason}{until}"


def _reason(reason: str | None) -> str:
    return "" if reason is None else f"{escaped(reason)}\n\n"
