"""`outdial recover`: what a restored database, or an emptied Temporal, does not know is found out, and put right."""

import asyncio
import csv
import os
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from cli.backup import Since, in_utc
from cli.command import command
from cli.configuration import read_settings
from cli.confirm import Yes, ask
from cli.database import NO_TABLES, Database, database_failures
from cli.errors import ExitCode, Failure
from cli.output import Output
from cli.recovery_words import describe
from cli.render import Answer, text
from domain.calls.recovery import LIST_LAG_SECONDS

if TYPE_CHECKING:
    from temporalio.client import Client

    from domain.calls.models import PlacedCall
    from domain.temporal_namespace import Namespace
    from stack.namespace import Allowed
    from stack.recovery import Findings, Recoverer
    from store.db.engine import Database as Connections
    from store.recovery import Gap, Recovery
    from store.temporal_namespace import NamespaceBinding

app = typer.Typer()
TEMPORAL_AWAY = "Temporal does not answer, or refuses. Is its address right? (TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE)"


@command(
    app,
    examples=(
        "outdial recover --dry-run",
        "outdial recover                                  after outdial restore",
        "outdial recover --since 2026-11-28T09:30:00Z     after a point-in-time recovery",
    ),
)
def recover(
    database: Database,
    since: Since = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    give_up: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ACCOUNT",
            help="A carrier account that will never answer: its jobs are paused, and then it may call again.",
            show_default=False,
        ),
    ] = None,
    rebind: Annotated[
        bool, typer.Option("--rebind", help="Take this Temporal namespace from now on, in place of another one.")
    ] = False,
    create_namespace: Annotated[
        bool, typer.Option("--create-namespace", help="Create the Temporal namespace where there is none.")
    ] = False,
    list_lag: Annotated[
        float, typer.Option(metavar="SECONDS", min=0, help="How long a carrier's list of calls may lag behind.")
    ] = LIST_LAG_SECONDS,
    write_calls: Annotated[
        Path | None,
        typer.Option(
            "--write-calls",
            metavar="FILE",
            help="Write the calls of no known job, with their numbers, into this CSV, for you alone.",
            show_default=False,
        ),
    ] = None,
    yes: Yes = False,
    *,
    output: Output,
) -> None:
    """Ask carriers whom they called since a backup, write it down, and start open jobs anew where Temporal lacks them.

    Says first what it will do. Stop all workers before; they can be started as soon as it is done.
    """
    from temporalio.service import RPCError  # noqa: PLC0415 - no other command needs all this

    from stack.namespace import Allowed, WrongNamespace  # noqa: PLC0415
    from workflows.client import TemporalUnavailable  # noqa: PLC0415
    from workflows.temporal_variables import find_wrong_variables  # noqa: PLC0415

    wrong = list(find_wrong_variables(os.environ))
    if wrong:
        raise Failure(" ".join(wrong), ExitCode.USAGE)
    if write_calls is not None and (write_calls.exists() or not write_calls.parent.is_dir()):
        raise Failure(f"{write_calls} exists already, or its folder does not.", ExitCode.USAGE)
    allowed = Allowed(create=create_namespace and not dry_run, rebind=rebind)
    command = _Recover(database, output, None if since is None else in_utc(since), allowed, give_up or [], list_lag)
    command.write_calls = write_calls
    try:
        with database_failures(no_such_table=NO_TABLES):
            asyncio.run(command.run(dry_run=dry_run, yes=yes))
    except (WrongNamespace, ValueError) as error:
        raise Failure(str(error), ExitCode.USAGE) from error
    except (RPCError, TemporalUnavailable, TimeoutError) as error:
        raise Failure(TEMPORAL_AWAY, ExitCode.UNAVAILABLE) from error


class _Recover:
    """One run of the command."""

    def __init__(
        self,
        database: Database,
        output: Output,
        since: datetime | None,
        allowed: "Allowed",
        give_up: Sequence[str],
        list_lag: float,
    ) -> None:
        self._database = database
        self._output = output
        self._since = since
        self._allowed = allowed
        self._give_up = give_up
        self._list_lag = list_lag
        self._messages = Console(stderr=True)
        self.write_calls: Path | None = None

    async def run(self, *, dry_run: bool, yes: bool) -> None:
        """Raises Failure where something is left to do."""
        from stack.namespace import check_allowed, prepare  # noqa: PLC0415  as above
        from store.recovery import Recovery  # noqa: PLC0415
        from store.temporal_namespace import NamespaceBinding  # noqa: PLC0415
        from workflows.client import describe_namespace  # noqa: PLC0415

        async with self._database.engine() as engine:
            client = await self._connect()
            recovery, binding = Recovery(engine), NamespaceBinding(engine)
            await check_allowed(client, await binding.get(), self._allowed)
            if self._allowed.create:
                await prepare(client)
            async with self._recoverer(engine, client, recovery, binding) as recoverer:
                found = await self._look(recoverer, recovery, binding)
                if dry_run or found.is_nothing:
                    self._show(found, done=False)
                    return
                if not self._output.as_json:
                    self._show(found, done=False)
                await asyncio.to_thread(ask, "Do this?", yes=yes)
                if self._since is not None:
                    await recovery.mark(self._since)
                self._show(await self._do(recoverer, recovery, found, await describe_namespace(client)), done=True)

    async def _connect(self) -> "Client":
        from workflows.client import connect  # noqa: PLC0415  as above

        payload_keys = read_settings().payload_keys.get_secret_value()
        try:
            return await connect(payload_keys)
        except RuntimeError as error:  # not around all: so is a person's "no"
            raise Failure(TEMPORAL_AWAY, ExitCode.UNAVAILABLE) from error

    async def _look(self, recoverer: "Recoverer", recovery: "Recovery", binding: "NamespaceBinding") -> "Findings":
        gaps: list[Gap] = await recovery.list_gaps()
        if self._since is not None:
            marked = {gap.account: gap for gap in gaps}
            gaps = [marked.get(gap.account, gap) for gap in await recovery.foresee_gaps(self._since)]
        return await recoverer.look(gaps, restored=self._since is not None or await binding.is_restored())

    async def _do(
        self, recoverer: "Recoverer", recovery: "Recovery", found: "Findings", namespace: "Namespace"
    ) -> "Findings":
        """Workflows first: with them workers can follow the calls that are live, while none starts."""
        await recoverer.start_workflows(found.workflows, namespace)
        await recoverer.settle()
        accounts = [await recoverer.reconcile(gap) for gap in await recovery.list_gaps()]
        if self.write_calls is not None:
            _write_calls(self.write_calls, recoverer.unowned.values())
        return found.model_copy(update={"accounts": tuple(accounts)})

    @asynccontextmanager
    async def _recoverer(
        self, engine: "Connections", client: "Client", recovery: "Recovery", binding: "NamespaceBinding"
    ) -> AsyncIterator["Recoverer"]:
        from carriers.accounts import CarrierAccounts  # noqa: PLC0415  as above
        from carriers.registry import builders, set_up  # noqa: PLC0415
        from stack.recovery import Recoverer  # noqa: PLC0415
        from store.calls.found_calls import FoundCallsStore  # noqa: PLC0415
        from store.campaigns.found_calls import CalledCampaignContacts  # noqa: PLC0415
        from store.db.vault import Vault  # noqa: PLC0415
        from store.organizations.carrier_credentials import CarrierCredentials  # noqa: PLC0415
        from workflows.client import JobWorkflows  # noqa: PLC0415

        settings = read_settings()
        credentials = CarrierCredentials(engine, Vault.from_setting(settings.secret.get_secret_value()))
        environment = settings.environment()
        accounts = CarrierAccounts(set_up(environment), credentials.read_settings, builders(environment))
        try:
            yield Recoverer(
                recovery,
                FoundCallsStore(engine, settings.speed),
                CalledCampaignContacts(engine),
                binding,
                JobWorkflows(client),
                accounts,
                list_lag_seconds=self._list_lag,
                give_up=self._give_up,
                say=lambda sentence: self._messages.print(text(sentence)),
            )
        finally:
            await accounts.close()

    def _show(self, found: "Findings", *, done: bool) -> None:
        """Raises Failure where an account did not answer: nothing is concluded of that."""

        def render(console: Console, _: Answer) -> None:
            for sentence in describe(found, done=done):
                console.print(text(sentence), soft_wrap=True)

        self._output.show({**found.model_dump(mode="json"), "done": done}, render)
        silent = [each.account for each in found.accounts if each.trouble is not None and not each.cannot_tell]
        if done and silent:
            names = ", ".join(silent)
            raise Failure(
                f"No call starts through {names} yet: ask again with `outdial recover`, or, if it will never answer, "
                "with --give-up."
            )


def _write_calls(file: Path, calls: "Iterable[PlacedCall]") -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", newline="") as opened:
        rows = csv.writer(opened)
        rows.writerow(("number", "from", "asked_at", "call_id"))
        rows.writerows((call.to, call.from_, call.asked_at.isoformat(), call.report.call_id) for call in calls)
