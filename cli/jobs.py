"""Commands for whoever has a key: submit a job, look at jobs, control them."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cli.client import Answer, Api, ApiAway
from cli.errors import ExitCode, Failure
from cli.options import LOCAL_API, AsJson, JobId, Key, Url, Window, content_of, form, print_json
from cli.render import JOB_COLUMNS, listing, show_created, show_job, status_text, text
from cli.watch import exit_code, hint, watch_job

app = typer.Typer()


@app.command()
def submit(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="Contacts, with a `phone` column.")
    ],
    from_: Annotated[str, typer.Option("--from", metavar="PHONE_ID", help="The number to call from, phone_…")],
    key: Key,
    url: Url = LOCAL_API,
    name: Annotated[str | None, typer.Option(help="Else the file's name.")] = None,
    description: Annotated[str | None, typer.Option()] = None,
    at: Annotated[str | None, typer.Option(metavar="TIME", help="2027-03-01T09:00; else now.")] = None,
    timezone: Annotated[str | None, typer.Option(help="Of --at, such as Europe/Berlin; else UTC.")] = None,
    lines: Annotated[int | None, typer.Option(help="Calls at once, 1-50; else 5.")] = None,
    attempts: Annotated[int | None, typer.Option(help="For each contact, 1-10; else 3.")] = None,
    ring_seconds: Annotated[int | None, typer.Option(help="15-120; else 45.")] = None,
    max_call_seconds: Annotated[int | None, typer.Option(help="10-14400; else 900.")] = None,
    on_overlap: Annotated[
        str | None, typer.Option(help="Numbers that another open job will call: warn, skip, reject.")
    ] = None,
    on_machine: Annotated[str | None, typer.Option(help="When a machine answers: talk, hangUp; else talk.")] = None,
    window: Window = None,
    priority: Annotated[int | None, typer.Option(help="Its weight among running jobs, 1-9; else 5.")] = None,
    end: Annotated[str | None, typer.Option(metavar="TIME", help="After it nobody is called.")] = None,
    start_within: Annotated[
        int | None, typer.Option(metavar="MINUTES", help="A start missed by more pauses the job; else 120.")
    ] = None,
    max_cost: Annotated[str | None, typer.Option(metavar="DOLLARS", help="What it may cost.")] = None,
    circuit_breaker: Annotated[
        bool, typer.Option("--circuit-breaker/--no-circuit-breaker", help="Pause when its calls go wrong.")
    ] = True,
    phone_column: Annotated[str | None, typer.Option(help="Else `phone`.")] = None,
    timezone_column: Annotated[str | None, typer.Option(help="Whose zones hold instead of the numbers'.")] = None,
    not_before_column: Annotated[str | None, typer.Option(help="Each contact's earliest time.")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Stay until the job has ended.")] = False,
    as_json: AsJson = False,
) -> None:
    """Submit a contact file as a job.

    Exit codes: 0 done (with --watch: the job completed), 1 refused, 2 wrong usage, 3 the watched job failed or
    was cancelled, 4 the API cannot be reached, 130 interrupted.
    """
    fields = {
        "fromPhoneNumberId": from_,
        "name": name or file.stem,
        "description": description,
        "scheduledStartTime": at,
        "timezone": timezone,
        "concurrentCallLimit": lines,
        "maxAttempts": attempts,
        "ringSeconds": ring_seconds,
        "maxCallSeconds": max_call_seconds,
        "onOverlap": on_overlap,
        "onMachine": on_machine,
        "callingWindow": window,
        "priority": priority,
        "endTime": end,
        "startWithin": start_within,
        "maxCost": max_cost,
        "circuitBreaker": None if circuit_breaker else "false",
        "phoneColumn": phone_column,
        "timezoneColumn": timezone_column,
        "notBeforeColumn": not_before_column,
    }
    with Api(url, key) as api:
        answer = _create(api, file, form(fields))
        print_json(answer) if as_json else show_created(Console(), answer)
        if watch:
            _watch(api, answer["batchJobId"], exists=True, as_json=as_json)


def _create(api: Api, file: Path, fields: dict[str, str]) -> Answer:
    content = content_of(file)
    try:
        return api.upload("/batch/create", fields, file.name, content)
    except ApiAway as away:
        if not away.sent:
            raise
        message = (
            f"{away} It cannot be told whether the job was created: look with `outdial jobs` before you try again."
        )
        raise Failure(message, ExitCode.AWAY) from None


@app.command()
def jobs(
    key: Key,
    url: Url = LOCAL_API,
    status: Annotated[str | None, typer.Option(help="Only jobs of this status.")] = None,
    page: Annotated[int, typer.Option(min=1)] = 1,
    page_size: Annotated[int, typer.Option(min=1, max=100)] = 20,
    as_json: AsJson = False,
) -> None:
    """List jobs, the newest first."""
    with Api(url, key) as api:
        answer = api.get("/batch/jobs", {"status": status, "page": page, "pageSize": page_size})
    if as_json:
        print_json(answer)
        return
    console = Console()
    console.print(listing(JOB_COLUMNS, answer["batchJobs"]))
    console.print(f"page {answer['page']}, {answer['total']} jobs")


@app.command()
def show(
    job_id: JobId,
    key: Key,
    url: Url = LOCAL_API,
    status: Annotated[str | None, typer.Option(help="Only contacts of this status.")] = None,
    page: Annotated[int, typer.Option(min=1)] = 1,
    page_size: Annotated[int, typer.Option(min=1, max=500)] = 50,
    as_json: AsJson = False,
) -> None:
    """Show a job and its contacts."""
    parameters = {"contactStatus": status, "contactsPage": page, "contactsPageSize": page_size}
    with Api(url, key) as api:
        answer = api.get(_path(job_id), parameters)
    print_json(answer) if as_json else show_job(Console(), answer)


@app.command()
def watch(job_id: JobId, key: Key, url: Url = LOCAL_API, as_json: AsJson = False) -> None:
    """Watch a job until it has ended; with --json print it then.

    Exit codes: 0 completed, 1 refused, 3 failed or cancelled, 4 the API cannot be reached, 130 interrupted.
    """
    with Api(url, key) as api:
        _watch(api, job_id, as_json=as_json)


def _watch(api: Api, job_id: str, *, exists: bool = False, as_json: bool) -> None:
    console = Console(stderr=as_json)
    try:
        job = watch_job(api, job_id, console, exists=exists)
    except KeyboardInterrupt:
        raise hint(job_id) from None
    if as_json:
        print_json(job)
    else:
        console.print(f"{text(job['id'])} {status_text(job['status'])}")
    raise typer.Exit(exit_code(job))


@app.command()
def start(job_id: JobId, key: Key, url: Url = LOCAL_API, as_json: AsJson = False) -> None:
    """Start a scheduled or pending job now."""
    _control(url, key, job_id, "start", as_json=as_json)


@app.command()
def pause(job_id: JobId, key: Key, url: Url = LOCAL_API, as_json: AsJson = False) -> None:
    """Let no further call of a job start; live calls go on."""
    _control(url, key, job_id, "pause", as_json=as_json)


@app.command()
def resume(job_id: JobId, key: Key, url: Url = LOCAL_API, as_json: AsJson = False) -> None:
    """Let a paused job go on."""
    _control(url, key, job_id, "resume", as_json=as_json)


@app.command()
def cancel(
    job_id: JobId,
    key: Key,
    url: Url = LOCAL_API,
    hang_up: Annotated[bool, typer.Option("--hang-up", help="End its live calls too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Cancel a job: no further call starts."""
    _control(url, key, job_id, "cancel", {"hangUp": True} if hang_up else None, as_json=as_json)


def _control(url: str, key: str, job_id: str, verb: str, body: Answer | None = None, *, as_json: bool) -> None:
    with Api(url, key) as api:
        answer = api.post(f"{_path(job_id)}/{verb}", body)
    print_json(answer) if as_json else Console().print(text(answer["message"]))


def _path(job_id: str) -> str:
    return f"/batch/jobs/{job_id}"
