"""The operator's way to the database: one action, its errors said in a sentence."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from cli.errors import ExitCode, Failure
from settings import Settings

if TYPE_CHECKING:
    from store.directory import Directory
    from store.ledger import Ledger

Result = TypeVar("Result")

DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database-url",
        envvar="OUTDIAL_DATABASE_URL",
        help="postgresql+psycopg://…; else the local one.",
        show_default=False,
        show_envvar=True,
    ),
]

AWAY = "The database does not answer. Is it running, and is its address right? (--database-url or OUTDIAL_DATABASE_URL)"
NO_TABLES = "The database has no tables, or old ones: run `outdial migrate` first."


class Store:
    """What operators manage."""

    def __init__(self, directory: "Directory", ledger: "Ledger") -> None:
        self.directory = directory
        self.ledger = ledger


def on_store(url: str | None, action: Callable[[Store], Awaitable[Result]]) -> Result:
    """Run one action on the database. Raises Failure."""
    from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError, ProgrammingError  # noqa: PLC0415

    from store.errors import StoreError  # noqa: PLC0415  half a second of imports that other commands do not need

    try:
        return asyncio.run(_run(database_url(url), action))
    except (StoreError, ValueError) as error:
        raise Failure(str(error)) from error
    except ProgrammingError:
        raise Failure(NO_TABLES) from None
    except (OperationalError, InterfaceError):
        raise Failure(AWAY, ExitCode.AWAY) from None
    except ArgumentError:
        raise Failure("The database's address must look like postgresql+psycopg://user@host:5432/outdial.") from None
    except DBAPIError:
        raise Failure("The database refused what was given.") from None


async def _run(url: str, action: Callable[[Store], Awaitable[Result]]) -> Result:
    from store.database import create_engine  # noqa: PLC0415
    from store.directory import Directory  # noqa: PLC0415
    from store.ledger import Ledger  # noqa: PLC0415

    engine = create_engine(url, pool_size=1)
    try:
        return await action(Store(Directory(engine), Ledger(engine)))
    finally:
        await engine.dispose()


def database_url(url: str | None) -> str:
    """What was given, else what the settings say."""
    return url or Settings().database_url.get_secret_value()
