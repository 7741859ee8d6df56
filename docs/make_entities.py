"""`python -m docs.make_entities` draws the tables in docs/entities.md: their keys, and what refers to what."""

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Column, Table

from store.tables import metadata

PAGE = Path(__file__).with_name("entities.md")
INTRODUCTION = """\
# Entities

Drawn from `store.tables.metadata` by `make entities`; a test compares the two. Each table shows its keys, its status
and the ids it holds; all columns, and what they mean, are in `store/tables.py`. A dotted line is an id without a
foreign key: the row that it names may be gone.

"""


def page() -> str:
    tables = sorted(metadata.tables.values(), key=lambda table: table.name)
    lines = [line for table in tables for line in (*_references(table), *_entity(table))]
    return f"{INTRODUCTION}```mermaid\nerDiagram\n" + "".join(f"    {line}\n" for line in lines) + "```\n"


def _references(table: Table) -> Iterator[str]:
    for key in sorted(table.foreign_keys, key=lambda key: key.parent.name):
        one = "|o" if key.parent.nullable else "||"
        yield f"{key.column.table.name} {one}--o{{ {table.name} : {key.parent.name}"
    for column in table.columns:
        named = _named_by(column)
        if named is not None and not column.foreign_keys:
            yield f"{named} |o..o{{ {table.name} : {column.name}"


def _named_by(column: "Column[object]") -> str | None:
    """The table whose row an id names. Organizations are left out: nearly every table holds theirs."""
    if not column.name.endswith("_id"):
        return None
    plural = column.name.removesuffix("_id") + "s"
    found = (name for name in metadata.tables if name == plural or name.endswith(f"_{plural}"))
    return None if plural == "organizations" else next(found, None)


def _entity(table: Table) -> Iterator[str]:
    yield f"{table.name} {{"
    for column in table.columns:
        marks = [*["PK"] * column.primary_key, *["FK"] * bool(column.foreign_keys)]
        if marks or column.name == "status" or column.name.endswith("_id"):
            yield f"    {_kind(column)} {column.name} {', '.join(marks)}".rstrip()
    yield "}"


def _kind(column: "Column[object]") -> str:
    return type(column.type).__name__.lower()


if __name__ == "__main__":
    PAGE.write_text(page())
