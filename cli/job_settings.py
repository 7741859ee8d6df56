"""Commands that send a job's settings: submit, validate, change, retry."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from cli.client import Answer, Api, ApiUnavailable
from cli.command import command
from cli.errors import ExitCode, Failure
from cli.options import ContactFile, JobId, name_of
from cli.output import Output
from cli.render import pairs, show_created, show_report, text
from cli.setting_options import SettingOptions, flag
from cli.watch import watch_to_the_end
from domain.contacts.named_columns import NamedColumns
from domain.contacts.number_options import NumberOptions
from domain.jobs.rerun import RetryOptions
from domain.jobs.settings import NULL, PATCH, RETRY, JobSettings, list_accepted
from domain.requests.request_model import aliases

CLEARABLE = {flag(name): name for name in list_accepted(NULL)}

app = typer.Typer()


class NewJob(
    SettingOptions, of=(JobSettings, NamedColumns, NumberOptions), required="fromPhoneNumberId", defaults=True
):
    """What create takes."""


class ChangedJob(SettingOptions, of=(JobSettings,), only=list_accepted(PATCH)):
    """What PATCH takes."""


class RetriedJob(SettingOptions, of=(JobSettings, RetryOptions), only=list_accepted(RETRY) | aliases(RetryOptions)):
    """What retry takes."""


@command(app)
def submit(
    file: ContactFile,
    settings: NewJob,
    api: Api,
    watch: Annotated[bool, typer.Option("--watch", help="Stay until the job has ended.")] = False,
    *,
    output: Output,
) -> None:
    """Submit a contact file as a job, named as the file unless given a name.

    Exit codes: 0 done (with --watch: the job completed), 1 refused, 2 wrong usage, 3 the watched job failed or
    was cancelled, 4 the API cannot be reached, 130 interrupted.
    """
    answer = _create(api, file, {"name": name_of(file)} | settings)
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
def validate(file: ContactFile, settings: NewJob, api: Api, output: Output) -> None:
    """Say what submitting a contact file would come to. Nothing is stored.

    Exit codes: 0 it could be submitted, 1 it would be refused, 2 wrong usage, 4 the API cannot be reached.
    """
    answer = api.upload("/batch/validate", {"name": name_of(file)} | settings, file)
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
    settings: ChangedJob,
    clear: Annotated[
        list[Any] | None,
        typer.Option(metavar="NAME", parser=_clearable, help=f"Take away: {', '.join(CLEARABLE)}. Can be repeated."),
    ] = None,
    *,
    output: Output,
) -> None:
    """Change a job that has not ended; what is not named stays."""
    output.message(api.patch(f"/batch/jobs/{job_id}", settings | dict.fromkeys(clear or [])))


@command(app)
def retry(job_id: JobId, api: Api, settings: RetriedJob, output: Output) -> None:
    """Call those again whom an ended job did not reach: a new job, like the old one but for what is given."""
    output.show(api.post(f"/batch/jobs/{job_id}/retry", settings), show_created)
