"""Commands that send a job's settings: submit, validate, change, retry."""

from pathlib import Path
from typing import Annotated, Any

import typer
from outdial_client import OutdialError, Upload
from outdial_client.models import Created, Validated
from rich.console import Console

from cli.caller_number import FIELD, with_caller
from cli.client import Api, sentence, upload
from cli.command import command
from cli.confirm import Yes, ask, is_asked
from cli.errors import ExitCode, Failure
from cli.flag_names import say_flags
from cli.options import ContactFile, JobId, name_of
from cli.output import Output
from cli.render import Answer, count, pairs, show_created, show_report, text
from cli.rule_options import CapOptions, RetryRuleOptions, with_rules
from cli.setting_options import SettingOptions, flag
from cli.watch import watch_to_the_end
from domain.contacts.named_columns import NamedColumns
from domain.contacts.number_options import NumberOptions
from domain.jobs.rerun import RetryOptions
from domain.jobs.settings import NULL, PATCH, RETRY, JobSettings, list_accepted
from domain.requests.request_model import aliases

CLEARABLE = {flag(name): name for name in list_accepted(NULL)}

app = typer.Typer()


class NewJob(SettingOptions, of=(JobSettings, NamedColumns, NumberOptions), defaults=True):
    """What create takes."""


class ChangedJob(SettingOptions, of=(JobSettings,), only=list_accepted(PATCH)):
    """What PATCH takes."""


class RetriedJob(SettingOptions, of=(JobSettings, RetryOptions), only=list_accepted(RETRY) | aliases(RetryOptions)):
    """What retry takes."""


EXAMPLES = (
    "outdial submit contacts.csv",
    "outdial submit contacts.csv --from +12025550100 --window 9-20 --at 2027-03-01T09:00 --timezone Europe/Berlin",
    "outdial submit contacts.csv --attempts 3 --delays 10,60 --voicemail retry --calls-per-day 1 --yes --watch",
)


@command(app, examples=EXAMPLES)
def submit(
    file: ContactFile,
    settings: NewJob,
    retries: RetryRuleOptions,
    caps: CapOptions,
    api: Api,
    watch: Annotated[bool, typer.Option("--watch", help="Stay until the job has ended.")] = False,
    yes: Yes = False,
    *,
    output: Output,
) -> None:
    """Submit a contact file as a job, named as the file unless given a name. At a terminal it asks before it calls.

    Without --from the organization's only number that has an agent calls.

    Exit codes: 0 done (with --watch: the job completed), 1 refused, 2 wrong usage, 3 the watched job failed or
    was cancelled, 4 the API cannot be reached, 130 interrupted.
    """
    fields = _fields(api, file, settings, retries, caps)
    content = upload(file)
    if not yes and is_asked():
        _ask(api, content, fields, output)
    answer = _create(api, content, fields)
    output.show(answer, show_created)
    if watch:
        watch_to_the_end(api, output, answer.batch_job_id, exists=True)


def _fields(
    api: Api, file: Path, settings: dict[str, Any], retries: dict[str, Any], caps: dict[str, Any]
) -> dict[str, Any]:
    rules = with_rules(settings, retryPolicy=retries, contactFrequency=caps)
    return with_caller(api, {"name": name_of(file)} | rules)


def _ask(api: Api, file: Upload, fields: dict[str, Any], output: Output) -> None:
    """Show the forecast, and ask. Raises Failure where the job would be refused, typer.Abort for a no."""
    forecast = api.client.validate_batch_job(fields, file=file)
    if not output.as_json:
        _show_validated(output.console, forecast.to_api())
    _check(forecast)
    ask(f"Call {count(forecast.total_contacts, 'contact')}, for about {forecast.estimated_cost}?", yes=False)


def _check(forecast: Validated) -> None:
    if not forecast.would_be_created:
        raise Failure(" ".join(say_flags(obstacle.error) for obstacle in forecast.obstacles))


def _create(api: Api, file: Upload, fields: dict[str, Any]) -> Created:
    try:
        return api.client.create_batch_job(fields, file=file)
    except OutdialError as error:
        if not error.may_be_done:
            raise
        message = (
            f"{sentence(error)} It cannot be told whether the job was created: look with `outdial jobs` before you try "
            "again."
        )
        raise Failure(message, ExitCode.UNAVAILABLE) from None


@command(app, examples=["outdial validate contacts.csv --lines 20 --window us-federal"])
def validate(
    file: ContactFile, settings: NewJob, retries: RetryRuleOptions, caps: CapOptions, api: Api, output: Output
) -> None:
    """Say what submitting a contact file would come to. Nothing is stored.

    Exit codes: 0 it could be submitted, 1 it would be refused, 2 wrong usage, 4 the API cannot be reached.
    """
    answer = api.client.validate_batch_job(_fields(api, file, settings, retries, caps), file=upload(file))
    output.show(answer, _show_validated)
    _check(answer)


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


@command(
    app, examples=["outdial change batch_… --lines 10 --end 2027-03-01T18:00", "outdial change batch_… --clear end"]
)
def change(
    job_id: JobId,
    api: Api,
    settings: ChangedJob,
    caps: CapOptions,
    clear: Annotated[
        list[Any] | None,
        typer.Option(metavar="NAME", parser=_clearable, help=f"Take away: {', '.join(CLEARABLE)}. Can be repeated."),
    ] = None,
    *,
    output: Output,
) -> None:
    """Change a job that has not ended; what is not named stays."""
    changed = with_rules(settings, contactFrequency=caps) | dict.fromkeys(clear or [])
    output.message(api.client.change_batch_job(job_id, changed))


@command(app, examples=["outdial retry batch_… --attempts 2 --yes"])
def retry(job_id: JobId, api: Api, settings: RetriedJob, yes: Yes = False, *, output: Output) -> None:
    """Call those again whom an ended job did not reach: a new job, like the old one but for what is given."""
    if not yes and is_asked():
        job = api.client.get_batch_job(job_id, contacts_page_size=1)
        most = count(job.total_contacts - job.successful_calls, "contact")
        ask(f"Call whom {job.name} did not reach again, {most} at most?", yes=False)
    if (settings.get(FIELD) or "").startswith("+"):
        settings = RetriedJob(with_caller(api, settings))
    output.show(api.client.retry_batch_job(job_id, settings), show_created)
