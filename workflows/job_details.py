"""What people see of a job: the answer to `progress`, and a table for Temporal's web UI."""

from domain.dispatch import JobPage
from domain.model import Model
from workflows.lineup import WaitingFor


class JobProgress(Model):
    """`live_calls` and lines as the workflow knows them now."""

    live_calls: int
    lines_held: int
    lines_wanted: int
    waiting_for: WaitingFor | None = None


def details(name: str, page: JobPage, progress: JobProgress) -> str:
    """Markdown. Counts are those of the last look at the record."""
    done = sum(count for status, count in page.counts.items() if status.final)
    rows = "\n".join(f"| {status.value} | {count} |" for status, count in sorted(page.counts.items()))
    return (
        f"### {_escaped(name)}\n\n"
        f"**{page.status.value}** · {done} of {sum(page.counts.values())} contacts done · "
        f"{progress.live_calls} calls live on {progress.lines_held} lines{_waiting(progress.waiting_for)}\n\n"
        f"| contacts | count |\n|---|---:|\n{rows}\n"
    )


def _waiting(waiting: WaitingFor | None) -> str:
    if waiting is None:
        return ""
    until = "" if waiting.until is None else f" until {waiting.until:%Y-%m-%d %H:%M:%S} UTC"
    return f" · waiting for {waiting.reason}{until}"


def _escaped(name: str) -> str:
    return "".join(f"\\{character}" if character in r"\`*_{}[]<>#|" else character for character in name)
