"""Commands that send a job's settings: submit, validate, change, retry."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from cli.client import Answer, Api, ApiUnavailable
from cli.command import command
from cli.errors import ExitCode, Failure
from cli.options import ContactFile, JobId, PhoneColumn, Window, given
from cli.output import Output
from cli.render import pairs, show_created, show_report, text
from cli.watch import watch_to_the_end

CLEARABLE = {"description": "description", "window": "callingWindow", "end": "endTime", "max-cost": "maxCost"}

app = typer.Typer()


@command(app)
def submit(
    file: ContactFile,
    from_: Annotated[str, typer.Option("--from", metavar="PHONE_ID", help="The number to call from, phone_…")],
    api: Api,
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
    phone_column: PhoneColumn = None,
    timezone_column: Annotated[str | None, typer.Option(help="Whose zones hold instead of the numbers'.")] = None,
    not_before_column: Annotated[str | None, typer.Option(help="Each contact's earliest time.")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Stay until the job has ended.")] = False,
    *,
    output: Output,
) -> None:
    """Submit a contact file as a job.

    Exit codes: 0 done (with --watch: the job completed), 1 refused, 2 wrong usage, 3 the watched job failed or
    was cancelled, 4 the API cannot be reached, 130 interrupted.
    """
    fields = {
        "fromPhoneNumberId": from_,
        "name": file.stem if name is None else name,
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
    answer = _create(api, file, fields)
    output.show(answer, show_created)
    if watch:
        watch_to_the_end(api, output, answer["batchJobId"], exists=True)


def _create(api: Api, file: Path, fields: dict[str, Any]) -> Answer:
    try:
        return api.upload("/batch/create", fields, file)
    except ApiUnavailable as failure:
        if not failure.sent:
            raise
        message = (
            f"{failure} It cannot be told whether the job was created: look with `outdial jobs` before you try again."
        )
        raise Failure(message, ExitCode.UNAVAILABLE) from None


@command(app)
def validate(
    file: ContactFile,
    from_: Annotated[str, typer.Option("--from", metavar="PHONE_ID", help="The number to call from, phone_…")],
    api: Api,
    at: Annotated[str | None, typer.Option(metavar="TIME", help="2027-03-01T09:00; else now.")] = None,
    timezone: Annotated[str | None, typer.Option(help="Of --at, such as Europe/Berlin; else UTC.")] = None,
    lines: Annotated[int | None, typer.Option(help="Calls at once, 1-50; else 5.")] = None,
    on_overlap: Annotated[
        str | None, typer.Option(help="Numbers that another open job will call: warn, skip, reject.")
    ] = None,
    window: Window = None,
    end: Annotated[str | None, typer.Option(metavar="TIME", help="After it nobody is called.")] = None,
    phone_column: PhoneColumn = None,
    timezone_column: Annotated[str | None, typer.Option(help="Whose zones hold instead of the numbers'.")] = None,
    *,
    output: Output,
) -> None:
    """Say what submitting a contact file would come to. Nothing is stored.

    Exit codes: 0 it could be submitted, 1 it would be refused, 2 wrong usage, 4 the API cannot be reached.
    """
    fields = {
        "fromPhoneNumberId": from_,
        "name": file.stem,
        "scheduledStartTime": at,
        "timezone": timezone,
        "concurrentCallLimit": lines,
        "onOverlap": on_overlap,
        "callingWindow": window,
        "endTime": end,
        "phoneColumn": phone_column,
        "timezoneColumn": timezone_column,
    }
    answer = api.upload("/batch/validate", fields, file)
    output.show(answer, _show_validated)
    if not answer["wouldBeCreated"]:
        raise Failure(" ".join(obstacle["error"] for obstacle in answer["obstacles"]))


def _show_validated(console: Console, answer: Answer) -> None:
    rows = {
        "Contacts": text(answer["totalContacts"]),
        "Never called": text(answer["blockedContacts"]),
        "Estimated cost": text(answer["estimatedCost"]),
        "Estimated duration": text(answer["estimatedDuration"]),
        "Estimated finish": text(answer["estimatedFinish"]),
        "Limited by": text(answer["bindingLimit"]),
        "Countries": ", ".join(f"{text(one['country'])} {one['contacts']:,}" for one in answer["countries"]),
    }
    console.print(pairs(rows))
    show_report(console, answer["validation"])
    console.print(text(answer["message"]))


def _clearable(name: str) -> str:
    if name not in CLEARABLE:
        raise typer.BadParameter(f"One of {', '.join(CLEARABLE)} can be taken away.")
    return CLEARABLE[name]


@command(app)
def change(
    job_id: JobId,
    api: Api,
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
    *,
    output: Output,
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
    output.message(api.patch(f"/batch/jobs/{job_id}", given(fields) | dict.fromkeys(clear or [])))


@command(app)
def retry(
    job_id: JobId,
    api: Api,
    name: Annotated[str | None, typer.Option(help="Else the old job's, with `(retry)`.")] = None,
    from_: Annotated[str | None, typer.Option("--from", metavar="PHONE_ID", help="Else the old job's number.")] = None,
    at: Annotated[str | None, typer.Option(metavar="TIME", help="2027-03-01T09:00; else now.")] = None,
    timezone: Annotated[str | None, typer.Option(help="Of --at; else the old job's.")] = None,
    lines: Annotated[int | None, typer.Option(help="Calls at once, 1-50.")] = None,
    attempts: Annotated[int | None, typer.Option(help="For each contact, 1-10.")] = None,
    include_unknown: Annotated[
        bool, typer.Option("--include-unknown", help="Also those who may have been called: nobody can tell.")
    ] = False,
    *,
    output: Output,
) -> None:
    """Call those again whom an ended job did not reach: a new job."""
    fields = {
        "name": name,
        "fromPhoneNumberId": from_,
        "scheduledStartTime": at,
        "timezone": timezone,
        "concurrentCallLimit": lines,
        "maxAttempts": attempts,
        "includeUnknown": include_unknown or None,
    }
    output.show(api.post(f"/batch/jobs/{job_id}/retry", given(fields)), show_created)
