"""Commands that steer: a job that has not ended, its contacts, the whole organization; and the record of it."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from cli.client import Answer, Api
from cli.errors import Failure
from cli.options import LOCAL_API, AsJson, JobId, Key, Url, Window, content_of, form, print_json
from cli.render import ACTIVITY_COLUMNS, listing, show_report, text

CLEARABLE = {"description": "description", "window": "callingWindow", "end": "endTime", "max-cost": "maxCost"}

app = typer.Typer()


def _clearable(name: str) -> str:
    if name not in CLEARABLE:
        raise typer.BadParameter(f"One of {', '.join(CLEARABLE)} can be taken away.")
    return CLEARABLE[name]


@app.command()
def change(
    job_id: JobId,
    key: Key,
    url: Url = LOCAL_API,
    name: Annotated[str | None, typer.Option()] = None,
    description: Annotated[str | None, typer.Option()] = None,
    lines: Annotated[int | None, typer.Option(help="Calls at once, 1-50.")] = None,
    attempts: Annotated[int | None, typer.Option(help="For each contact, 1-10.")] = None,
    priority: Annotated[int | None, typer.Option(help="Its weight among running jobs, 1-9.")] = None,
    on_machine: Annotated[str | None, typer.Option(help="When a machine answers: talk, hangUp.")] = None,
    window: Window = None,
    end: Annotated[str | None, typer.Option(metavar="TIME", help="After it nobody is called.")] = None,
    max_cost: Annotated[str | None, typer.Option(metavar="DOLLARS", help="What it may cost.")] = None,
    at: Annotated[str | None, typer.Option(metavar="TIME", help="Its start, while that has not come.")] = None,
    timezone: Annotated[str | None, typer.Option(help="Of --at and --end; else the job's.")] = None,
    clear: Annotated[
        list[Any] | None,
        typer.Option(metavar="NAME", parser=_clearable, help=f"Take away: {', '.join(CLEARABLE)}. Can be repeated."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Change a job that has not ended; what is not named stays."""
    fields = {
        "name": name,
        "description": description,
        "concurrentCallLimit": lines,
        "maxAttempts": attempts,
        "priority": priority,
        "onMachine": on_machine,
        "callingWindow": window,
        "endTime": end,
        "maxCost": max_cost,
        "scheduledStartTime": at,
        "timezone": timezone,
    }
    body: Answer = {field: value for field, value in fields.items() if value is not None}
    with Api(url, key) as api:
        answer = api.patch(f"/batch/jobs/{job_id}", body | dict.fromkeys(clear or []))
    _tell(answer, as_json=as_json)


@app.command()
def add(
    job_id: JobId,
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="Contacts, with a `phone` column.")
    ],
    key: Key,
    url: Url = LOCAL_API,
    phone_column: Annotated[str | None, typer.Option(help="Else `phone`.")] = None,
    as_json: AsJson = False,
) -> None:
    """Add the contacts of a file to a job that has not ended. Numbers that it has are not called twice."""
    with Api(url, key) as api:
        path = f"/batch/jobs/{job_id}/contacts"
        answer = api.upload(path, form({"phoneColumn": phone_column}), file.name, content_of(file))
    if as_json:
        print_json(answer)
        return
    console = Console()
    show_report(console, answer["validation"])
    console.print(f"{answer['added']} contacts were added; the job has {answer['totalContacts']}.")


@app.command()
def remove(
    job_id: JobId,
    contact_id: Annotated[str, typer.Argument(metavar="CONTACT_ID", help="contact_…", show_default=False)],
    key: Key,
    url: Url = LOCAL_API,
    as_json: AsJson = False,
) -> None:
    """Call a contact of a job no more; a live call ends by itself."""
    with Api(url, key) as api:
        answer = api.delete(f"/batch/jobs/{job_id}/contacts/{_contact_id(contact_id)}")
    _tell(answer, as_json=as_json)


def _contact_id(written: str) -> str:
    if not written.replace("_", "").isalnum() or not written.isascii():
        raise Failure("The id of a contact looks like contact_0123456789abcdef01234567.")
    return written


@app.command()
def stop(
    key: Key,
    url: Url = LOCAL_API,
    hang_up: Annotated[bool, typer.Option("--hang-up", help="End all live calls too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Stop everything: every job is paused, and no call starts."""
    with Api(url, key) as api:
        answer = api.post("/organization/stop", {"hangUp": hang_up})
    if not as_json:
        Console().print(f"{len(answer['batchJobIds'])} jobs were paused, {answer['liveCalls']} calls are live.")
    _tell(answer, as_json=as_json)


@app.command("resume-all")
def resume_all(key: Key, url: Url = LOCAL_API, as_json: AsJson = False) -> None:
    """Let go on what `stop` paused."""
    with Api(url, key) as api:
        answer = api.post("/organization/resume")
    if not as_json:
        Console().print(f"{len(answer['batchJobIds'])} jobs were resumed.")
    _tell(answer, as_json=as_json)


@app.command()
def activity(
    key: Key,
    job_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="Of this job only.", show_default=False)] = None,
    url: Url = LOCAL_API,
    page: Annotated[int, typer.Option(min=1)] = 1,
    page_size: Annotated[int, typer.Option(min=1, max=100)] = 20,
    as_json: AsJson = False,
) -> None:
    """Show who did what to jobs and to the organization, the newest first."""
    path = "/organization/activity" if job_id is None else f"/batch/jobs/{job_id}/activity"
    with Api(url, key) as api:
        answer = api.get(path, {"page": page, "pageSize": page_size})
    if as_json:
        print_json(answer)
        return
    console = Console()
    console.print(listing(ACTIVITY_COLUMNS, answer["activity"]))
    console.print(f"page {answer['page']}, {answer['total']} entries")


def _tell(answer: Answer, *, as_json: bool) -> None:
    print_json(answer) if as_json else Console().print(text(answer["message"]))
