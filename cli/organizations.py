"""The organization of a key: stop, resume, what was done; `outdial org`: organizations, on the database."""

from decimal import Decimal
from typing import Annotated, Any

import typer

from cli.client import Api
from cli.command import command
from cli.confirm import Yes, ask
from cli.database import Database
from cli.options import OrgId, Page, PageSize, amount
from cli.output import Output
from cli.render import ACTIVITY_COLUMNS, count
from domain.audit import OPERATOR
from domain.phone.location import is_country
from domain.quotas import Quota

COLUMNS = ["id", "name", "concurrent_call_limit", "credits_unlimited", "balance", "held"]
DEFAULT = "default"  # of a quota: as for all organizations
OWN = ("own",)  # for `--countries`: those of its numbers

app = typer.Typer()
org = typer.Typer(name="org", help="Organizations.", no_args_is_help=True)
app.add_typer(org)


@command(app)
def stop(
    api: Api,
    hang_up: Annotated[bool, typer.Option("--hang-up", help="End all live calls too.")] = False,
    *,
    output: Output,
) -> None:
    """Stop everything: every job is paused, and no call starts."""
    answer = api.client.stop_organization({"hangUp": hang_up})
    if not output.as_json:
        output.console.print(
            f"Paused: {count(len(answer.batch_job_ids), 'job')}. Live: {count(answer.live_calls, 'call')}."
        )
    output.message(answer)


@command(app, "resume-all")
def resume_all(api: Api, yes: Yes = False, *, output: Output) -> None:
    """Let go on what `stop` paused. At a terminal it asks first."""
    ask("Let calls of all jobs that `stop` paused start again?", yes=yes)
    answer = api.client.resume_organization()
    if not output.as_json:
        output.console.print(f"Resumed: {count(len(answer.batch_job_ids), 'job')}.")
    output.message(answer)


@command(app)
def activity(
    api: Api,
    job_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="Of this job only.", show_default=False)] = None,
    page: Page = 1,
    page_size: PageSize = 20,
    *,
    output: Output,
) -> None:
    """Show who did what to jobs and to the organization, the newest first."""
    if job_id is None:
        answer = api.client.list_organization_activity(page=page, page_size=page_size)
    else:
        answer = api.client.list_batch_job_activity(job_id, page=page, page_size=page_size)
    output.page(answer, "activity", ACTIVITY_COLUMNS, "entry")


@command(org, "create")
def create_organization(
    name: str,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="Calls at once.")] = 5,
    credits: Annotated[
        Decimal | None, typer.Option(parser=amount, metavar="DOLLARS", help="To begin with; else unlimited.")
    ] = None,
    *,
    database: Database,
    output: Output,
) -> None:
    """Create an organization."""
    output.model(database.run(lambda store: store.organizations.create(name, limit, credits)))


@command(org, "list")
def list_organizations(database: Database, output: Output) -> None:
    """List all organizations."""
    output.models(database.run(lambda store: store.organizations.list_all()), COLUMNS)


@command(org, "limit")
def set_limit(
    organization: OrgId,
    limit: Annotated[int, typer.Argument(min=1, max=1000, metavar="CALLS", show_default=False)],
    database: Database,
    output: Output,
) -> None:
    """Change how many calls an organization may have at once; ends none."""
    output.model(database.run(lambda store: store.organizations.set_concurrent_call_limit(organization, limit)))


def _countries(written: str) -> tuple[str, ...]:
    if written == "own":
        return OWN
    codes = tuple(code.strip().upper() for code in written.split(",") if code.strip())
    wrong = [code for code in codes if not is_country(code)]
    if wrong or not codes:
        raise typer.BadParameter(f"{', '.join(wrong) or 'nothing'} is no ISO 3166 code, such as US.")
    return codes


def _retention(written: str) -> int | tuple[str, ...]:
    if written == DEFAULT:
        return OWN
    from domain.privacy import MAX_RETENTION_DAYS, MIN_RETENTION_DAYS  # noqa: PLC0415  phonenumbers is large

    if not written.isdecimal() or not MIN_RETENTION_DAYS <= int(written) <= MAX_RETENTION_DAYS:
        raise typer.BadParameter(f"{MIN_RETENTION_DAYS} to {MAX_RETENTION_DAYS} days, or `{DEFAULT}`.")
    return int(written)


@command(org, "change")
def change_organization(
    organization: OrgId,
    name: Annotated[str | None, typer.Option(help="Another name.", show_default=False)] = None,
    limit: Annotated[int | None, typer.Option(min=1, max=1000, help="Calls at once.", show_default=False)] = None,
    reserved: Annotated[
        int | None, typer.Option(min=0, max=1000, help="Lines kept free for other calls.", show_default=False)
    ] = None,
    countries: Annotated[
        Any,
        typer.Option(
            parser=_countries,
            metavar="TEXT",
            help="Whose numbers may be called: US,CA; * for all; `own` for those of its numbers.",
        ),
    ] = None,
    retention: Annotated[
        Any,
        typer.Option(
            parser=_retention,
            metavar="DAYS",
            help="Of contacts' data after a job; `default`: the platform's.",
        ),
    ] = None,
    *,
    database: Database,
    output: Output,
) -> None:
    """Change what is given. It holds for every call that is dialed from then on, and ends none."""
    from store.organizations.organizations import OrganizationChange  # noqa: PLC0415  half a second of imports

    values = {"name": name, "concurrent_call_limit": limit, "reserved_lines": reserved, "allowed_countries": countries}
    values |= {"retention_days": retention}
    fields = {field: None if value is OWN else value for field, value in values.items() if value is not None}
    if not fields:
        raise typer.BadParameter("Say what to change: --name, --limit, --reserved, --countries or --retention.")
    change = OrganizationChange.model_validate(fields)
    output.model(database.run(lambda store: store.organizations.change(organization, change, by=OPERATOR)))


def _quota(written: str) -> tuple[Quota, int | str | None]:
    """`openJobs=2000`, `contacts=none`, `agents=default`. Raises typer.BadParameter."""
    name, _, limit = written.partition("=")
    if name not in set(Quota) or not (limit in {"none", DEFAULT} or limit.isdecimal()):
        names = ", ".join(Quota)
        raise typer.BadParameter(f"Write it as openJobs=2000, with `none` or `{DEFAULT}` too; there are {names}.")
    return Quota(name), None if limit == "none" else limit if limit == DEFAULT else int(limit)


@command(org, "quotas")
def quotas(
    organization: OrgId,
    limits: Annotated[
        list[Any] | None, typer.Argument(parser=_quota, metavar="[NAME=LIMIT]...", show_default=False)
    ] = None,
    *,
    database: Database,
    output: Output,
) -> None:
    """Show what an organization has and may have; set limits of its own: `openJobs=2000`, `none`, `default`."""
    given = dict(limits or ())
    changes = {quota: limit for quota, limit in given.items() if limit != DEFAULT}
    if given:
        database.run(
            lambda store: store.quotas.set_limits(organization, changes, reset=frozenset(given.keys() - changes.keys()))
        )
    output.models(database.run(lambda store: store.quotas.list_all(organization)), ["quota", "used", "limit"])
