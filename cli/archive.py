"""`outdial archive`: calls of jobs that ended long ago, month by month; months that are dropped for good."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.console import Console

from cli.command import command
from cli.confirm import Yes, ask
from cli.database import Database
from cli.errors import Failure
from cli.output import Output
from cli.render import count

if TYPE_CHECKING:
    from store.archive.months import ArchiveMonths, Month
    from store.db.engine import Database as Connections

Answer = TypeVar("Answer")
Before = Annotated[
    datetime,
    typer.Option(
        "--before",
        metavar="MONTH",
        formats=["%Y-%m"],
        help="The first month that stays, in UTC: 2026-01.",
        show_default=False,
    ),
]
STAYS = (
    "What goes: when each of these calls rang, was answered and ended, what its agent reported, its evidence and its "
    "cost. What stays: jobs, contacts with their final status, the ledger, what jobs have spent, analytics."
)
NOTHING = "The archive has no month before that."
BUSY = "Somebody reads the archive just now: try again. {dropped} dropped."

app = typer.Typer(name="archive", help="Calls of jobs that ended long ago, by month.", no_args_is_help=True)


@command(app, "list")
def list_months(database: Database, output: Output) -> None:
    """List the months of the archive: how many calls each has, about, and how many bytes."""
    months = _ask(database, lambda archive: archive.list_all())
    rows = [{"month": f"{each.month:%Y-%m}", "calls": each.calls, "bytes": each.bytes} for each in months]
    output.table({"month": "Month (UTC)", "calls": "Calls, about", "bytes": "Bytes"}, rows)


@command(app, examples=("outdial archive drop --before 2026-01",))
def drop(before: Before, database: Database, yes: Yes = False, *, output: Output) -> None:
    """Drop the calls of all months before one, for good. Says first what goes, and what stays."""
    first = before.date()
    months = _ask(database, lambda archive: archive.list_before(first))
    if not months:
        output.message({"message": NOTHING, "months": [], "calls": 0})
        return
    if not output.as_json:
        size = sum(month.bytes for month in months) / 1e6
        Console(stderr=True).print(f"{_named([each.month for each in months])}, {size:.1f} MB. {STAYS}", soft_wrap=True)
    ask("Drop these calls for good?", yes=yes)
    dropped: dict[date, int] = {}
    for month in months:
        dropped[month.month] = _drop(database, month, dropped)
    calls = sum(dropped.values())
    told = f"{count(calls, 'call')} of {_named(list(dropped))} were dropped."
    output.message({"message": told, "months": [f"{month:%Y-%m}" for month in dropped], "calls": calls})


def _drop(database: Database, month: "Month", dropped: dict[date, int]) -> int:
    from psycopg.errors import LockNotAvailable  # noqa: PLC0415  half a second of imports, not for other commands

    try:
        return _ask(database, lambda archive: archive.drop(month.month))
    except LockNotAvailable:
        raise Failure(BUSY.format(dropped=_named(list(dropped)) if dropped else "No month was")) from None


def _named(months: list[date]) -> str:
    """Such as "2 months (2025-11 to 2025-12)"."""
    span = f"{months[0]:%Y-%m}" + (f" to {months[-1]:%Y-%m}" if len(months) > 1 else "")
    return f"{count(len(months), 'month')} ({span})"


def _ask(database: Database, question: "Callable[[ArchiveMonths], Awaitable[Answer]]") -> Answer:
    from psycopg.errors import LockNotAvailable  # noqa: PLC0415  as above

    from store.archive.months import ArchiveMonths  # noqa: PLC0415

    async def ask_archive(engine: "Connections") -> Answer | LockNotAvailable:
        try:
            return await question(ArchiveMonths(engine))
        except LockNotAvailable as busy:  # which a failure of the database would be taken for
            return busy

    answer = database.ask(ask_archive)
    if isinstance(answer, LockNotAvailable):
        raise answer
    return answer
