"""Commands before and after a job: what it would come to, what became of its contacts, who is called again."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cli.client import Answer, Api
from cli.errors import Failure
from cli.options import LOCAL_API, AsJson, JobId, Key, Url, Window, content_of, form, print_json
from cli.render import pairs, show_created, show_report, text

Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Written whole or not at all; else to stdout.")
]

app = typer.Typer()


@app.command()
def validate(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="Contacts, with a `phone` column.")
    ],
    from_: Annotated[str, typer.Option("--from", metavar="PHONE_ID", help="The number to call from, phone_…")],
    key: Key,
    url: Url = LOCAL_API,
    at: Annotated[str | None, typer.Option(metavar="TIME", help="2027-03-01T09:00; else now.")] = None,
    timezone: Annotated[str | None, typer.Option(help="Of --at, such as Europe/Berlin; else UTC.")] = None,
    lines: Annotated[int | None, typer.Option(help="Calls at once, 1-50; else 5.")] = None,
    on_overlap: Annotated[
        str | None, typer.Option(help="Numbers that another open job will call: warn, skip, reject.")
    ] = None,
    window: Window = None,
    end: Annotated[str | None, typer.Option(metavar="TIME", help="After it nobody is called.")] = None,
    phone_column: Annotated[str | None, typer.Option(help="Else `phone`.")] = None,
    timezone_column: Annotated[str | None, typer.Option(help="Whose zones hold instead of the numbers'.")] = None,
    as_json: AsJson = False,
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
    with Api(url, key) as api:
        answer = api.upload("/batch/validate", form(fields), file.name, content_of(file))
    print_json(answer) if as_json else _show_validated(Console(), answer)
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


@app.command()
def results(
    job_id: JobId,
    key: Key,
    url: Url = LOCAL_API,
    format_: Annotated[str, typer.Option("--format", help="csv or jsonl.")] = "csv",
    output: Output = None,
) -> None:
    """Download what became of every contact: their own columns first, then ours."""
    with Api(url, key) as api:
        _write(api.download(f"/batch/jobs/{job_id}/results", {"format": format_}), output)


@app.command()
def rejects(job_id: JobId, key: Key, url: Url = LOCAL_API, output: Output = None) -> None:
    """Download the rows of a job's file that were rejected, to be mended and submitted again."""
    with Api(url, key) as api:
        _write(api.download(f"/batch/jobs/{job_id}/rejects"), output)


def _write(parts: Iterable[bytes], output: Path | None) -> None:
    if output is None:
        for part in parts:
            sys.stdout.buffer.write(part)
        sys.stdout.buffer.flush()
        return
    unfinished = output.with_name(f".{output.name}.{os.getpid()}")
    try:
        with unfinished.open("wb") as file:
            file.writelines(parts)
        unfinished.replace(output)
    except OSError as error:
        raise Failure(f"{output} cannot be written: {error.strerror}.") from None
    finally:
        unfinished.unlink(missing_ok=True)


@app.command()
def retry(
    job_id: JobId,
    key: Key,
    url: Url = LOCAL_API,
    name: Annotated[str | None, typer.Option(help="Else the old job's, with `(retry)`.")] = None,
    from_: Annotated[str | None, typer.Option("--from", metavar="PHONE_ID", help="Else the old job's number.")] = None,
    at: Annotated[str | None, typer.Option(metavar="TIME", help="2027-03-01T09:00; else now.")] = None,
    timezone: Annotated[str | None, typer.Option(help="Of --at; else the old job's.")] = None,
    lines: Annotated[int | None, typer.Option(help="Calls at once, 1-50.")] = None,
    attempts: Annotated[int | None, typer.Option(help="For each contact, 1-10.")] = None,
    include_unknown: Annotated[
        bool, typer.Option("--include-unknown", help="Also those who may have been called: nobody can tell.")
    ] = False,
    as_json: AsJson = False,
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
    given = {field: value for field, value in fields.items() if value is not None}
    with Api(url, key) as api:
        answer = api.post(f"/batch/jobs/{job_id}/retry", given)
    print_json(answer) if as_json else show_created(Console(), answer)


@app.command("test")
def try_out(
    job_id: JobId,
    phone: Annotated[str, typer.Argument(metavar="NUMBER", help="+12025550101: whom to call.", show_default=False)],
    key: Key,
    url: Url = LOCAL_API,
    as_json: AsJson = False,
) -> None:
    """Call one number with the fields of a job's first contact."""
    with Api(url, key) as api:
        answer = api.post(f"/batch/jobs/{job_id}/test", {"phone": phone})
    print_json(answer) if as_json else show_created(Console(), answer)


@app.command()
def delete(
    job_id: JobId,
    key: Key,
    url: Url = LOCAL_API,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete an ended job, its contacts and what is known of them. It cannot be undone."""
    if not yes:
        typer.confirm(f"Delete {job_id} and the data of all its contacts?", abort=True, err=True)
    with Api(url, key) as api:
        answer = api.delete(f"/batch/jobs/{job_id}")
    print_json(answer) if as_json else Console().print(text(answer["message"]))
