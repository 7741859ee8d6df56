"""Watching a job until it ends: a bar for people at a terminal, a line now and then for a log."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from cli.client import Answer, Api, ApiAway
from cli.errors import ExitCode, Failure
from cli.render import now_text, results_text, status_text, text

POLL_SECONDS = 1.0
MAX_PAUSE_SECONDS = 10.0  # between attempts to reach an API that is away
PATIENCE_SECONDS = 300.0  # without any answer; a script must end at last
RATE_WINDOW_SECONDS = 60.0
LINE_SECONDS = 5.0  # between two lines of a log
ENDS = {"completed": ExitCode.OK, "failed": ExitCode.NOT_COMPLETED, "cancelled": ExitCode.NOT_COMPLETED}

Show = Callable[[Answer, str | None], None]


class Pace:
    """Contacts done a minute, of the last minute."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def note(self, at: float, done: int) -> None:
        self._seen.append((at, done))
        while at - self._seen[0][0] > RATE_WINDOW_SECONDS:
            self._seen.popleft()

    @property
    def per_minute(self) -> float:
        (began, first), (now, last) = self._seen[0], self._seen[-1]
        return (last - first) * 60 / (now - began) if now > began else 0.0

    def left(self, contacts: int) -> timedelta | None:
        """How long so many contacts will take; None where nothing moves."""
        return timedelta(seconds=round(contacts * 60 / self.per_minute)) if self.per_minute else None


def watch_job(api: Api, job_id: str, console: Console, *, exists: bool = False) -> Answer:
    """Show a job until it has ended and return it. A connection that is lost is tried again.

    Raises Failure: refused, or no answer for five minutes; at once where none came yet, unless the job `exists`.
    """
    with _display(console) as show:
        for job, trouble in _looks(api, job_id, patient=exists):
            show(job, trouble)
            if trouble is None and job["status"] in ENDS:
                return job
    raise AssertionError  # the looks end only by an exception


def _looks(api: Api, job_id: str, *, patient: bool) -> Iterator[tuple[Answer, str | None]]:
    """Look again and again: the job as last seen, and what went wrong at the latest look."""
    job: Answer | None = None
    seen, pause = time.monotonic(), POLL_SECONDS
    while True:
        try:
            job = api.get(f"/batch/jobs/{job_id}", {"contactsPageSize": 1})
        except ApiAway as away:
            if time.monotonic() - seen > PATIENCE_SECONDS or not (job or patient):
                raise
            if job is not None:
                yield job, str(away)
            pause = min(pause * 2, MAX_PAUSE_SECONDS)
        else:
            seen, pause = time.monotonic(), POLL_SECONDS
            yield job, None
        time.sleep(pause)


@contextmanager
def _display(console: Console) -> Iterator[Show]:
    if not console.is_terminal:
        yield _Log(console)
        return
    with Live(console=console, refresh_per_second=4) as live:
        yield _Bar(live)


class _Bar:
    """For a terminal: one picture that changes."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._pace = Pace()

    def __call__(self, job: Answer, trouble: str | None) -> None:
        self._pace.note(time.monotonic(), job["contactsProcessed"])
        self._live.update(_picture(job, self._pace, trouble))


class _Log:
    """For a file: a line when something changed, a few seconds apart, at once when the status did."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._line = ""
        self._status = ""
        self._at = 0.0

    def __call__(self, job: Answer, trouble: str | None) -> None:
        line = f"{text(trouble)} Trying again." if trouble else _line(job)
        due = time.monotonic() - self._at >= LINE_SECONDS or job["status"] != self._status
        if due and line != self._line:
            self._console.print(line, soft_wrap=True, highlight=False)
            self._line, self._status, self._at = line, job["status"], time.monotonic()


def _line(job: Answer) -> str:
    said = f"{job['status']}: {job['contactsProcessed']} of {job['totalContacts']} done; {results_text(job)}"
    doing = now_text(job)
    return f"{said}; {text(doing)}" if doing else said


def _picture(job: Answer, pace: Pace, trouble: str | None) -> Group:
    done, total = job["contactsProcessed"], job["totalContacts"]
    head = Table.grid(padding=(0, 1))
    bar = ProgressBar(total=max(total, 1), completed=done, width=40)
    head.add_row(
        status_text(job["status"]), bar, f"{done}/{total}", f"{pace.per_minute:.0f} a minute", _left(job, pace)
    )
    lines = [f"  {results_text(job)}"]
    if doing := now_text(job):
        lines.append(f"  {text(doing)}")
    if trouble:
        lines.append(f"  [yellow]{text(trouble)} Trying again …[/]")
    return Group(head, *lines)


def _left(job: Answer, pace: Pace) -> str:
    if job["status"] in ENDS:
        return ""
    if job["status"] == "scheduled":
        return f"starts at {text(job['scheduledStartTime'])}"
    left = pace.left(job["totalContacts"] - job["contactsProcessed"])
    if left is not None:
        return f"{left} left"
    expected = job.get("estimatedCompletionTime")
    return f"done at about {text(expected)}" if expected else ""


def exit_code(job: Answer) -> ExitCode:
    """How a job that has ended is told to a script."""
    return ENDS[job["status"]]


def hint(job_id: str) -> Failure:
    """What to say when watching, not the job, was interrupted."""
    return Failure(f"The job goes on. Watch it again with: outdial watch {job_id}", ExitCode.INTERRUPTED)
