"""The operator's way to the database: one action, its errors as a sentence."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Self, TypeVar

import typer

from cli.configuration import read_settings
from cli.errors import ExitCode, Failure

if TYPE_CHECKING:
    from store.billing.ledger import Ledger
    from store.calls.closed_gates import ClosedGates
    from store.calls.gates import Gates
    from store.db.engine import Database as Connections
    from store.organizations.agents import Agents
    from store.organizations.api_keys import ApiKeys
    from store.organizations.carrier_grants import CarrierGrants
    from store.organizations.organizations import Organizations
    from store.organizations.phone_numbers import PhoneNumbers
    from store.organizations.quotas import OrganizationQuotas

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

UNAVAILABLE = (
    "The database does not answer. Is it running, and is its address right? (--database-url or OUTDIAL_DATABASE_URL)"
)
REFUSES_US = "The database refuses us (--database-url or OUTDIAL_DATABASE_URL)"
NO_TABLES = "The database has no tables, or old ones: run `outdial migrate` first."
BAD_ADDRESS = "The database's address must look like postgresql://user@host:5432/outdial."
REFUSED = "The database refused what was asked of it."
NOT_NOW = "The database answers, and could not do it"
DRIVER = "postgresql+psycopg://"


@dataclass(frozen=True)
class Store:
    """What operators manage."""

    organizations: "Organizations"
    api_keys: "ApiKeys"
    agents: "Agents"
    phone_numbers: "PhoneNumbers"
    ledger: "Ledger"
    grants: "CarrierGrants"
    gates: "Gates"
    closed_gates: "ClosedGates"
    quotas: "OrganizationQuotas"


class Database:
    """The database that `--database-url` names, else the settings."""

    def __init__(self, url: str | None = None) -> None:
        self._given = url

    @classmethod
    def from_options(cls, database: DatabaseUrl = None) -> Self:
        return cls(database)

    @property
    def url(self) -> str:
        """With the driver that we use. Raises Failure where it is no address of such a database."""
        given = self._given or read_settings().database_url.get_secret_value()
        address = re.sub(r"^postgres(ql)?://", DRIVER, given)
        if not address.startswith(DRIVER) or not _is_address(address):
            raise Failure(BAD_ADDRESS, ExitCode.USAGE)
        return address

    def run(self, action: Callable[[Store], Awaitable[Result]]) -> Result:
        """Run one action. Raises Failure."""
        return self.ask(partial(_run, action))

    def ask(self, question: Callable[["Connections"], Awaitable[Result]]) -> Result:
        """The same, of what is not in the store for operators."""

        async def run() -> Result:
            async with self.engine() as engine:
                return await question(engine)

        with database_failures(no_such_table=NO_TABLES):
            return asyncio.run(run())

    @asynccontextmanager
    async def engine(self) -> AsyncIterator["Connections"]:
        """The engine of one action."""
        from store.db.engine import create_engine  # noqa: PLC0415  half a second of imports, not for other commands

        engine = create_engine(self.url, pool_size=1)
        try:
            yield engine
        finally:
            await engine.dispose()


async def _run(action: Callable[[Store], Awaitable[Result]], engine: "Connections") -> Result:
    from composition import quota_limits  # noqa: PLC0415
    from store.billing.ledger import Ledger  # noqa: PLC0415  as above
    from store.calls.closed_gates import ClosedGates  # noqa: PLC0415
    from store.calls.gates import Gates  # noqa: PLC0415
    from store.organizations.agents import Agents  # noqa: PLC0415
    from store.organizations.api_keys import ApiKeys  # noqa: PLC0415
    from store.organizations.carrier_grants import CarrierGrants  # noqa: PLC0415
    from store.organizations.organizations import Organizations  # noqa: PLC0415
    from store.organizations.phone_numbers import PhoneNumbers  # noqa: PLC0415
    from store.organizations.quotas import OrganizationQuotas  # noqa: PLC0415

    organizations, api_keys, agents = Organizations(engine), ApiKeys(engine), Agents(engine)
    numbers, ledger, grants = PhoneNumbers(engine), Ledger(engine), CarrierGrants(engine)
    quotas = OrganizationQuotas(engine, quota_limits(read_settings()))
    gates, closed = Gates(engine), ClosedGates(engine)
    return await action(Store(organizations, api_keys, agents, numbers, ledger, grants, gates, closed, quotas))


@contextmanager
def database_failures(*, no_such_table: str = REFUSED) -> Iterator[None]:
    """Raises Failure: what went wrong with a database, as a sentence without its address."""
    import psycopg  # noqa: PLC0415  as above
    from sqlalchemy import exc  # noqa: PLC0415

    from store.db.refusal import find_refusal, first_line, has_answered  # noqa: PLC0415
    from store.errors import StoreError  # noqa: PLC0415

    try:
        yield
    except (StoreError, ValueError) as error:
        raise Failure(str(error)) from error
    except (exc.ProgrammingError, psycopg.ProgrammingError):
        raise Failure(no_such_table) from None
    except (exc.OperationalError, exc.InterfaceError, psycopg.OperationalError, psycopg.InterfaceError) as error:
        refusal = find_refusal(error)
        if refusal is not None:
            raise Failure(f"{REFUSES_US}: {refusal}", ExitCode.USAGE) from None
        if has_answered(error):
            raise Failure(f"{NOT_NOW}: {first_line(error)}", ExitCode.UNAVAILABLE) from None
        raise Failure(UNAVAILABLE, ExitCode.UNAVAILABLE) from None
    except (exc.SQLAlchemyError, psycopg.Error):
        raise Failure(REFUSED) from None


def _is_address(text: str) -> bool:
    from sqlalchemy import exc, make_url  # noqa: PLC0415  as above

    try:
        make_url(text)
    except (exc.ArgumentError, ValueError):  # ValueError: a port that is no number
        return False
    return True
