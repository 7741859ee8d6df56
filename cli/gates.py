"""Closing and opening the gate of a carrier account or a number, on the database."""

from typing import TYPE_CHECKING

from cli.database import Database
from domain.calls.gates import GateScope

if TYPE_CHECKING:
    from cli.database import Store


def close_gate(database: Database, scope: GateScope, id: str) -> str:
    """Close it, and wait until no request can be on its way; what to tell. Raises Failure."""

    async def close(store: "Store") -> int:
        await store.gates.close(scope, id)
        return await store.gates.wait_for_requests(scope, id)

    uncertain = database.run(close)
    more = f" Of {uncertain} requests it is not known yet whether they became calls." if uncertain else ""
    return f"{id} is closed: no call starts until it is opened.{more}"


def open_gate(database: Database, scope: GateScope, id: str) -> str:
    """Open it, whatever closed it; what to tell. Raises Failure."""
    database.run(lambda store: store.gates.open(scope, id))
    return f"{id} is open."
