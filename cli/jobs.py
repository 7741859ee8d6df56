"""Commands for jobs that are there: list, show, watch, control, try out, delete."""

from typing import Annotated

import typer

from cli.client import Api
from cli.command import command
from cli.confirm import Yes, ask, is_asked
from cli.options import HangUp, JobId, Page, PageSize
from cli.output import Output
from cli.render import JOB_COLUMNS, count, show_created, show_job
from cli.watch import watch_to_the_end

app = typer.Typer()


@command(app)
def jobs(
    api: Api,
    status: Annotated[str | None, typer.Option(help="Only jobs of this status.")] = None,
    search: Annotated[str | None, typer.Option(help="Only jobs with this text in name or description.")] = None,
    tests_of: Annotated[str | None, typer.Option(metavar="ID", help="The test calls of this job instead.")] = None,
    page: Page = 1,
    page_size: PageSize = 20,
    *,
    tests: Annotated[bool, typer.Option("--tests", help="Test calls instead, of any job.")] = False,
    output: Output,
) -> None:
    """List jobs, the newest first; test calls only with --tests or --tests-of."""
    test = "true" if tests else None
    answer = api.client.list_batch_jobs(
        status=status, search=search, test=test, test_of=tests_of, page=page, page_size=page_size
    )
    output.page(answer, "batchJobs", JOB_COLUMNS, "job")
    if not output.as_json and api.client.get_organization().stopped_at:
        output.console.print("The organization is stopped: no call starts until `outdial resume-all`.")


@command(app)
def show(
    job_id: JobId,
    api: Api,
    status: Annotated[str | None, typer.Option(help="Only contacts of this status.")] = None,
    page: Page = 1,
    page_size: Annotated[int, typer.Option(min=1, max=500)] = 50,
    *,
    output: Output,
) -> None:
    """Show a job and its contacts."""
    job = api.client.get_batch_job(job_id, contact_status=status, contacts_page=page, contacts_page_size=page_size)
    output.show(job, show_job)


@command(app)
def watch(job_id: JobId, api: Api, output: Output) -> None:
    """Watch a job until it has ended; with --json print it then.

    Exit codes: 0 completed, 1 refused, 3 failed or cancelled, 4 the API cannot be reached, 130 interrupted.
    """
    watch_to_the_end(api, output, job_id)


@command(app)
def start(job_id: JobId, api: Api, yes: Yes = False, *, output: Output) -> None:
    """Start a scheduled or pending job now."""
    if not yes and is_asked():
        job = api.client.get_batch_job(job_id, contacts_page_size=1)
        ask(f"Start {job.name} now, and call {count(job.total_contacts, 'contact')}?", yes=False)
    output.message(api.client.start_batch_job(job_id))


@command(app)
def pause(job_id: JobId, api: Api, output: Output) -> None:
    """Let no further call of a job start; live calls go on."""
    output.message(api.client.pause_batch_job(job_id))


@command(app)
def resume(job_id: JobId, api: Api, output: Output) -> None:
    """Let a paused job go on."""
    output.message(api.client.resume_batch_job(job_id))


@command(app)
def cancel(
    job_id: JobId,
    api: Api,
    hang_up: HangUp = False,
    *,
    output: Output,
) -> None:
    """Cancel a job: no further call starts."""
    output.message(api.client.cancel_batch_job(job_id, {"hangUp": True} if hang_up else None))


@command(app, examples=["outdial test batch_… +12025550101 --watch"])
def test(
    job_id: JobId,
    phone: Annotated[str, typer.Argument(metavar="NUMBER", help="+12025550101: whom to call.", show_default=False)],
    api: Api,
    watch: Annotated[bool, typer.Option("--watch", help="Stay until the call has ended.")] = False,  # noqa: PT028
    *,
    output: Output,
) -> None:
    """Call one number with the fields of a job's first contact. Exit codes with --watch: as of `watch`."""
    answer = api.client.test_batch_job(job_id, {"phone": phone})
    output.show(answer, show_created)
    if watch:
        watch_to_the_end(api, output, answer.batch_job_id, exists=True)


@command(app)
def delete(
    job_id: JobId,
    api: Api,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    *,
    output: Output,
) -> None:
    """Delete an ended job, its contacts and what is known of them. It cannot be undone."""
    if not yes:
        typer.confirm(f"Delete {job_id} and the data of all its contacts?", abort=True, err=True)
    output.message(api.client.delete_batch_job(job_id))
