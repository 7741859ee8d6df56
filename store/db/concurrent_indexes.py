"""Indexes of tables that are large: built while everybody reads and writes on."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op


def create_concurrently(name: str, table: str, columns: Sequence[str | sa.TextClause], **options: Any) -> None:
    """The whole of a migration: what came before it in the same one would be committed by it.

    One that gave up leaves an index that is not valid, which the next try replaces.
    """
    with op.get_context().autocommit_block():
        op.drop_index(name, table_name=table, if_exists=True, postgresql_concurrently=True)
        op.create_index(name, table, list(columns), postgresql_concurrently=True, **options)
