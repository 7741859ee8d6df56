"""The operator's way to the database: one action, its errors said in a sentence."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from cli.errors import ExitCode, Failure
from settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from store.billing.ledger import Ledger
    from store.organizations.directory import Directory

Result = TypeVar("Result")

DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database-url",
        envvar="OUTDIAL_DATABASE_URL",
        help="postgresql://…; else the local one.",
        show_default=False,
        show_envvar=True,
    ),
]

AWAY = "The database does not answer. Is it running, and is its address right? (--database-url or OUTDIAL_DATABASE_URL)"
NO_TABLES = "The database has no tables, or old ones: run `outdial migrate` first."
BAD_ADDRESS = "The database's address must look like postgresql://user@host:5432/outdial."
REFUSED = "The database refused what was asked of it."
DRIVER = "postgresql+psycopg://"


class Store:
    """What operators manage."""

    def __init__(self, directory: "Directory", ledger: "Ledger") -> None:
        self.directory = directory
        self.ledger = ledger


def on_store(url: str | None, action: Callable[[Store], Awaitable[Result]]) -> Result:
    """Run one action on the database. Raises Failure."""
    with database_failures(no_such_table=NO_TABLES):
        return asyncio.run(_run(database_url(url), action))


@contextmanager
def database_failures(*, no_such_table: str = REFUSED) -> Iterator[None]:
    """Say what went wrong with a database in a sentence of ours, never with its address. Raises Failure."""
    from sqlalchemy import exc  # noqa: PLC0415  half a second of imports that other commands do not need

    from store.errors import StoreError  # noqa: PLC0415

    try:
        yield
    except (StoreError, ValueError) as error:
        raise Failure(str(error)) from error
    except exc.ProgrammingError:
        raise Failure(no_such_table) from None
    except (exc.OperationalError, exc.InterfaceError, exc.TimeoutError):
        raise Failure(AWAY, ExitCode.AWAY) from None
    except exc.SQLAlchemyError:
        raise Failure(REFUSED) from None


async def _run(url: str, action: Callable[[Store], Awaitable[Result]]) -> Result:
    from store.billing.ledger import Ledger  # noqa: PLC0415
    from store.organizations.directory import Directory  # noqa: PLC0415

    async with connected(url) as engine:
        return await action(Store(Directory(engine), Ledger(engine)))


@asynccontextmanager
async def connected(url: str) -> AsyncIterator["AsyncEngine"]:
    """The engine of one action."""
    from store.db.engine import create_engine  # noqa: PLC0415

    engine = create_engine(url, pool_size=1)
    try:
        yield engine
    finally:
        await engine.dispose()


def database_url(url: str | None) -> str:
    """What was given, else what the settings say, with the driver that we use. Raises Failure."""
    given = url or Settings().database_url.get_secret_value()
    address = re.sub(r"^postgres(ql)?://", DRIVER, given)
    if not address.startswith(DRIVER) or not _is_address(address):
        raise Failure(BAD_ADDRESS)
    return address


def _is_address(text: str) -> bool:
    from sqlalchemy import exc, make_url  # noqa: PLC0415

    try:
        make_url(text)
    except (exc.ArgumentError, ValueError):  # ValueError: a port that is no number
        return False
    return True
