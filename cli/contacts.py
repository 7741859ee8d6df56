"""Commands for the contacts of a job that has not ended: add, remove."""

from typing import Annotated

import typer
from rich.console import Console

from cli.client import Api, upload
from cli.command import command
from cli.confirm import Yes, ask, is_asked
from cli.errors import Failure
from cli.options import ContactFile, JobId, PhoneColumn
from cli.output import Output
from cli.render import Answer, count, show_report
from cli.setting_options import SettingOptions
from domain.contacts.number_options import NumberOptions

app = typer.Typer()


class NumberSettings(SettingOptions, of=(NumberOptions,)):
    """How numbers are written."""


@command(app)
def add(
    job_id: JobId,
    file: ContactFile,
    api: Api,
    numbers: NumberSettings,
    phone_column: PhoneColumn = None,
    yes: Yes = False,
    *,
    output: Output,
) -> None:
    """Add the contacts of a file to a job that has not ended. Numbers that it has are not called twice.

    At a terminal it asks first.
    """
    if not yes and is_asked():
        job = api.client.get_batch_job(job_id, contacts_page_size=1)
        ask(f"Add the contacts of {file} to {job.name!r}, which is {job.status}, and call them?", yes=False)
    answer = api.client.add_batch_job_contacts(job_id, {"phoneColumn": phone_column, **numbers}, file=upload(file))
    output.show(answer, _show_added)


def _show_added(console: Console, answer: Answer) -> None:
    show_report(console, answer["validation"])
    console.print(f"Added: {count(answer['added'], 'contact')}; the job has {answer['totalContacts']:,}.")


def _contact_id(written: str) -> str:
    if not written.replace("_", "").isalnum() or not written.isascii():
        raise Failure("The id of a contact looks like contact_0123456789abcdef01234567.")
    return written


@command(app)
def remove(
    job_id: JobId,
    contact_id: Annotated[
        str, typer.Argument(metavar="CONTACT_ID", help="contact_…", show_default=False, parser=_contact_id)
    ],
    api: Api,
    output: Output,
) -> None:
    """Call a contact of a job no more; a live call ends by itself."""
    output.message(api.client.remove_batch_job_contact(contact_id, job_id))
