"""Watching a job until it ends: a bar for people at a terminal, a line now and then for a log."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import NoReturn

import typer
from outdial_client import Outdial, OutdialError
from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, Task, TextColumn

from cli.client import Api, sentence
from cli.errors import ExitCode, Failure
from cli.output import Output
from cli.render import Answer, now_text, results_text, status_text, text

POLL_INTERVAL_SECONDS = 1.0
MAX_POLL_INTERVAL_SECONDS = 10.0  # between attempts to reach an API that does not answer
GIVE_UP_SECONDS = 300.0  # without any answer; a script must end at last
SPEED_WINDOW_SECONDS = 60.0
LOG_INTERVAL_SECONDS = 5.0  # between two lines of a log
EXIT_CODES = {"completed": ExitCode.OK, "failed": ExitCode.NOT_COMPLETED, "cancelled": ExitCode.NOT_COMPLETED}

Show = Callable[[Answer, str | None], None]
Read = Callable[[Outdial], Answer]


def watch_to_the_end(api: Api, output: Output, job_id: str, *, exists: bool = False) -> None:
    """Watch a job, print how it ended, and exit with the code that tells a script. See `watch_job`."""
    again = f"The job goes on. Watch it again with: outdial watch {job_id}"
    with _interruptible(again):
        job = watch_job(api, job_id, _console(output), exists=exists)
    _exit(output, job)


def watch_campaign_to_the_end(api: Api, output: Output, campaign_id: str) -> None:
    """The same of a campaign."""

    def read(client: Outdial) -> Answer:
        campaign = client.get_campaign(campaign_id).to_api()
        return campaign | {"estimatedCompletionTime": campaign["forecast"]["estimatedCompletionTime"]}

    again = f"The campaign goes on. Watch it again with: outdial campaign watch {campaign_id}"
    with _interruptible(again):
        campaign = _watch(api, read, _console(output), exists=False)
    _exit(output, campaign)


def watch_job(api: Api, job_id: str, console: Console, *, exists: bool = False) -> Answer:
    """Show a job until it has ended and return it. A connection that is lost is tried again.

    Raises OutdialError: refused, or no answer for five minutes; at once where none came yet, unless the job `exists`.
    """
    return _watch(
        api, lambda client: client.get_batch_job(job_id, contacts_page_size=1).to_api(), console, exists=exists
    )


def _console(output: Output) -> Console:
    return Console(stderr=output.as_json)


@contextmanager
def _interruptible(again: str) -> Iterator[None]:
    """Raises Failure, which says how to go on, where Ctrl-C ends the block."""
    try:
        yield
    except KeyboardInterrupt:
        raise Failure(again, ExitCode.INTERRUPTED) from None


def _exit(output: Output, ended: Answer) -> NoReturn:
    console = _console(output)
    output.show(ended, lambda _, one: console.print(f"{text(one['id'])} {status_text(one['status'])}"))
    raise typer.Exit(EXIT_CODES[ended["status"]])


def _watch(api: Api, read: Read, console: Console, *, exists: bool) -> Answer:
    with _display(console) as show:
        for job, error in _poll(api, read, exists=exists):
            show(job, error)
            if error is None and job["status"] in EXIT_CODES:
                return job
    raise AssertionError  # polling ends only by an exception


def _poll(api: Api, read: Read, *, exists: bool) -> Iterator[tuple[Answer, str | None]]:
    """Ask again and again: the job as last seen, and why the latest request failed."""
    job: Answer | None = None
    client = api.client.with_retries(0)  # what fails is shown, and asked again here
    answered_at, interval = time.monotonic(), POLL_INTERVAL_SECONDS
    while True:
        try:
            job = read(client)
        except OutdialError as error:
            silent = time.monotonic() - answered_at > GIVE_UP_SECONDS
            if not error.passing or silent or not (job or exists):
                raise
            if job is not None:
                yield job, sentence(error)
            interval = min(interval * 2, MAX_POLL_INTERVAL_SECONDS)
        else:
            answered_at, interval = time.monotonic(), POLL_INTERVAL_SECONDS
            yield job, None
        time.sleep(interval)


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
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[speed]}"),
            TextColumn("{task.fields[left]}"),
            speed_estimate_period=SPEED_WINDOW_SECONDS,
        )
        self._id = self._progress.add_task("", speed="", left="")
        self._task = self._progress.tasks[0]

    def __call__(self, job: Answer, error: str | None) -> None:
        self._progress.update(self._id, completed=job["contactsProcessed"], total=job["totalContacts"])
        self._progress.update(
            self._id,
            description=status_text(job["status"]),
            speed=f"{(self._task.speed or 0) * 60:.0f} a minute",
            left=_left(job, self._task),
        )
        lines = [f"  {results_text(job)}"]
        if now := now_text(job):
            lines.append(f"  {text(now)}")
        if error:
            lines.append(f"  [yellow]{text(error)} Trying again …[/]")
        self._live.update(Group(self._progress, *lines))


class _Log:
    """For a file: a line when something changed, a few seconds apart, at once when the status did."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._line = ""
        self._status = ""
        self._at = 0.0

    def __call__(self, job: Answer, error: str | None) -> None:
        line = f"{text(error)} Trying again." if error else _line(job)
        due = time.monotonic() - self._at >= LOG_INTERVAL_SECONDS or job["status"] != self._status
        if due and line != self._line:
            self._console.print(line, soft_wrap=True, highlight=False)
            self._line, self._status, self._at = line, job["status"], time.monotonic()


def _line(job: Answer) -> str:
    line = f"{job['status']}: {job['contactsProcessed']} of {job['totalContacts']} done; {results_text(job)}"
    now = now_text(job)
    return f"{line}; {text(now)}" if now else line


def _left(job: Answer, task: Task) -> str:
    if job["status"] in EXIT_CODES:
        return ""
    if job["status"] == "scheduled":
        return f"starts at {text(job['scheduledStartTime'])}"
    if task.time_remaining is not None:
        return f"{timedelta(seconds=task.time_remaining)} left"
    expected = job.get("estimatedCompletionTime")
    return f"done at about {text(expected)}" if expected else ""
