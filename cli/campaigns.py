"""Commands for campaigns: lists longer than a job's."""

import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer
from outdial_client import ApiError, Outdial, OutdialError
from rich.console import Console

from cli.caller_number import with_caller
from cli.client import Api, sentence
from cli.command import command
from cli.confirm import Yes, ask, is_asked
from cli.errors import Failure
from cli.options import STANDARD_INPUT, ContactFile, HangUp, Page, PageSize, ResultsFormat, name_of
from cli.output import Output
from cli.render import (
    JOB_COLUMNS,
    Answer,
    count,
    pairs,
    results_text,
    show_report,
    spent_text,
    status_text,
    text,
    time_text,
)
from cli.results import File, write
from cli.rule_options import CapOptions, RetryRuleOptions, with_rules
from cli.setting_options import SettingOptions
from cli.watch import watch_campaign_to_the_end
from domain.campaigns.request import CampaignOptions
from domain.contacts.named_columns import NamedColumns
from domain.contacts.number_options import NumberOptions
from domain.jobs.settings import JobSettings

PIECE_BYTES = 64 * 1024
SEND_TRIES = 10  # after each that broke off the file goes on from where it is
SEND_WAIT_SECONDS = 3.0
COLUMNS = JOB_COLUMNS | {"id": "Campaign"}
EXAMPLES = (
    "outdial campaign create customers.csv --lines 50 --yes --watch",
    "outdial campaign create customers.csv --from +12025550100 --window us-federal --jobs-at-once 4 --draft",
)

CampaignId = Annotated[str, typer.Argument(metavar="ID", help="A campaign's id.", show_default=False)]

app = typer.Typer(
    name="campaign", help="Lists of up to a million contacts, called by jobs under one id.", no_args_is_help=True
)


class NewCampaign(SettingOptions, of=(JobSettings, NamedColumns, NumberOptions, CampaignOptions), defaults=True):
    """What create takes."""


@command(app, examples=EXAMPLES)
def create(
    file: ContactFile,
    settings: NewCampaign,
    retries: RetryRuleOptions,
    caps: CapOptions,
    api: Api,
    draft: Annotated[bool, typer.Option("--draft", help="Do not start it.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Stay until the campaign has ended.")] = False,
    yes: Yes = False,
    *,
    output: Output,
) -> None:
    """Send a CSV file of any length as a campaign, named as the file unless given a name, and start it.

    A connection that breaks off is tried again: the file goes on from where it is. `campaign send` goes on with it
    later. At a terminal it asks before it calls.

    Exit codes: 0 done (with --watch: the campaign completed), 1 refused, 2 wrong usage, 3 the watched campaign was
    cancelled, 4 the API cannot be reached, 130 interrupted.
    """
    rules = with_rules(settings, retryPolicy=retries, contactFrequency=caps)
    created = api.client.create_campaign(with_caller(api, {"name": name_of(file)} | rules))
    id = created.campaign_id
    detail = _send(api, id, file, output)
    if draft:
        output.show(detail, _show)
        return
    _start(api, id, detail, output, yes=yes)
    if watch:
        watch_campaign_to_the_end(api, output, id)


@command(app)
def send(campaign_id: CampaignId, file: ContactFile, api: Api, output: Output) -> None:
    """Send a draft's file, or go on with one that broke off: what is in is not read twice."""
    output.show(_send(api, campaign_id, file, output), _show)


@command(app)
def start(campaign_id: CampaignId, api: Api, yes: Yes = False, *, output: Output) -> None:
    """Start a campaign whose file is in."""
    _start(api, campaign_id, api.client.get_campaign(campaign_id), output, yes=yes)


@command(app, "list")
def list_(
    api: Api,
    status: Annotated[str | None, typer.Option(help="Only campaigns of this status.")] = None,
    page: Page = 1,
    page_size: PageSize = 20,
    *,
    output: Output,
) -> None:
    """List campaigns, the newest first."""
    answer = api.client.list_campaigns(status=status, page=page, page_size=page_size)
    output.page(answer, "campaigns", COLUMNS, "campaign")


@command(app)
def show(campaign_id: CampaignId, api: Api, output: Output) -> None:
    """Show a campaign: progress, forecast, its jobs, and what became of the rows of its file."""
    output.show(api.client.get_campaign(campaign_id), _show)


@command(app)
def watch(campaign_id: CampaignId, api: Api, output: Output) -> None:
    """Watch a campaign until it has ended; with --json print it then. Exit codes: as of `create --watch`."""
    watch_campaign_to_the_end(api, output, campaign_id)


@command(app)
def pause(campaign_id: CampaignId, api: Api, output: Output) -> None:
    """Let no further call of any of its jobs start; live calls go on."""
    output.message(api.client.pause_campaign(campaign_id))


@command(app)
def resume(campaign_id: CampaignId, api: Api, output: Output) -> None:
    """Let a paused campaign go on, with all its jobs."""
    output.message(api.client.resume_campaign(campaign_id))


@command(app)
def cancel(
    campaign_id: CampaignId,
    api: Api,
    hang_up: HangUp = False,
    *,
    output: Output,
) -> None:
    """Cancel a campaign and all its jobs: no further call starts."""
    output.message(api.client.cancel_campaign(campaign_id, {"hangUp": True} if hang_up else None))


@command(app)
def results(
    campaign_id: CampaignId,
    api: Api,
    format_: ResultsFormat = "csv",
    output: File = None,
) -> None:
    """Download what became of every contact, in the order of the file."""
    write(api.client.download_campaign_results(campaign_id, format=format_), output)


@command(app)
def rejects(campaign_id: CampaignId, api: Api, output: File = None) -> None:
    """Download the rows of its file that were rejected."""
    write(api.client.download_campaign_rejects(campaign_id), output)


@command(app)
def delete(campaign_id: CampaignId, api: Api, yes: Yes = False, *, output: Output) -> None:
    """Delete a draft, or a campaign that has ended. Its jobs stay. It cannot be undone."""
    if not yes:
        typer.confirm(f"Delete {campaign_id}?", abort=True, err=True)
    output.message(api.client.delete_campaign(campaign_id))


def _send(api: Api, campaign_id: str, file: Path, output: Output) -> Any:
    """Send the file, again from where it is after each connection that broke off. Raises Failure, OutdialError."""
    if file == STANDARD_INPUT:
        return api.client.send_campaign_contacts(campaign_id, _pieces(sys.stdin.buffer))
    client, console = api.client.with_retries(0), Console(stderr=True)
    for attempt in range(1, SEND_TRIES + 1):
        try:
            return _send_rest(client, campaign_id, file)
        except OSError:
            raise Failure(f"{file} cannot be read.") from None
        except OutdialError as error:
            if attempt == SEND_TRIES or not (error.passing or _is_busy(error)):
                raise
            console.print(f"[yellow]{text(sentence(error))} The file goes on in a moment.[/]", soft_wrap=True)
            time.sleep(SEND_WAIT_SECONDS)
    raise AssertionError  # the last attempt returns or raises


def _send_rest(client: Outdial, campaign_id: str, file: Path) -> Any:
    offset = client.get_campaign(campaign_id).upload.offset
    with file.open("rb") as content:
        if not offset:
            return client.send_campaign_contacts(campaign_id, _pieces(content))
        content.seek(offset)
        return client.send_campaign_contacts(campaign_id, _pieces(content), offset=offset)


def _is_busy(error: OutdialError) -> bool:
    """Whether the request that broke off is still at work."""
    return isinstance(error, ApiError) and error.code == "upload_conflict"


def _pieces(content: BinaryIO) -> Iterator[bytes]:
    return iter(partial(content.read, PIECE_BYTES), b"")


def _start(api: Api, campaign_id: str, campaign: Any, output: Output, *, yes: bool) -> None:
    if not yes and is_asked():
        contacts = count(campaign.total_contacts, "contact")
        ask(f"Call {contacts}, for about ${campaign.forecast.estimated_cost}?", yes=False)
    output.message(api.client.start_campaign(campaign_id))


def _show(console: Console, campaign: Answer) -> None:
    forecast = campaign["forecast"]
    jobs = f"{campaign['jobsBegun']} of {campaign['jobs']} begun, {campaign['jobsOpen']} open"
    console.print(
        pairs(
            {
                "Campaign": f"{text(campaign['id'])} {text(campaign['name'])}",
                "Status": status_text(campaign["status"]),
                "Reason": text(campaign["statusReason"]),
                "Contacts": f"{campaign['contactsProcessed']:,} of {campaign['totalContacts']:,} done",
                "Results": results_text(campaign),
                "Jobs": jobs,
                "Estimated cost": f"${forecast['estimatedCost']}",
                "Spent": text(spent_text(campaign)),
                "Estimated duration": text(forecast["estimatedDuration"]),
                "Expected end": time_text(forecast["estimatedCompletionTime"]),
                "File": "in" if campaign["upload"]["complete"] else f"{campaign['upload']['offset']:,} bytes are in",
            }
        )
    )
    show_report(console, campaign["validation"])
