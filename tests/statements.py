"""What is sent to PostgreSQL by psycopg, which SQLAlchemy stands on as well."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import psycopg

Statements = list[tuple[str, Any]]  # with their values, in the order in which they were sent


@contextmanager
def heard() -> Iterator[Statements]:
    """All statements of this process while the block runs."""
    statements: Statements = []
    execute, executemany = psycopg.AsyncCursor.execute, psycopg.AsyncCursor.executemany

    async def hear(cursor: Any, query: Any, params: Any = None, **options: Any) -> Any:
        statements.append((_text(query), params))
        return await execute(cursor, query, params, **options)

    async def hear_many(cursor: Any, query: Any, params_seq: Any, **options: Any) -> None:
        values = list(params_seq)
        statements.extend((_text(query), each) for each in values)
        await executemany(cursor, query, values, **options)

    with (
        patch.object(psycopg.AsyncCursor, "execute", hear),
        patch.object(psycopg.AsyncCursor, "executemany", hear_many),
    ):
        yield statements


def _text(query: Any) -> str:
    if isinstance(query, bytes):
        return query.decode()
    return query if isinstance(query, str) else str(query.as_string(None))
