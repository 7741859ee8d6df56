"""Which statements of a migration may not run beside processes of the version before, or hold them up."""

import re
from collections.abc import Iterable, Iterator

REPLACED = re.compile(r"CREATE INDEX CONCURRENTLY (\w+)")  # what a try that gave up left of it is dropped first
CREATED = re.compile(r"CREATE TABLE (?:IF NOT EXISTS )?\"?(\w+)", re.IGNORECASE)
TAKES_AWAY = {  # what an older version may read, write or rely on
    r"DROP TABLE": "drops a table",
    r"DROP (TRIGGER|FUNCTION|VIEW|INDEX)": "drops a trigger, function, view or index",
    r"ALTER TABLE .* DROP (COLUMN|CONSTRAINT)": "drops a column or constraint",
    r"ALTER (TABLE|INDEX) .* RENAME": "renames",
    r"ALTER TABLE .* ALTER (COLUMN )?\w+ (TYPE|SET DATA TYPE)": "changes a type",
    r"ALTER TABLE .* ALTER (COLUMN )?\w+ DROP DEFAULT": "takes a default away",
    r"ALTER TABLE .* SET NOT NULL": "forbids NULL",
    r"ALTER TABLE .* ADD (COLUMN )?\w+ (?!.*\bDEFAULT\b).*NOT NULL": "adds a column that nobody older fills",
    r"ALTER TABLE .* ADD CONSTRAINT": "adds a constraint",
    r"CREATE UNIQUE INDEX": "refuses rows that an older version may write",
    r"TRUNCATE": "takes all rows away",
}
TAKES_LONG = {  # and holds whoever writes up meanwhile
    r"CREATE (UNIQUE )?INDEX (?!CONCURRENTLY)": "builds an index while nobody can write",
    r"UPDATE": "writes rows that are there",
    r"DELETE": "deletes rows",
    r"ALTER TABLE .* (TYPE|SET DATA TYPE)": "writes the table anew",
    r"ALTER TABLE .* ADD CONSTRAINT (?!.*NOT VALID)": "reads the whole table under a lock",
    r"ALTER TABLE .* SET NOT NULL": "reads the whole table under a lock",
    r"(REFRESH|CLUSTER|VACUUM|LOCK)": "locks a table",
}
OF_ALEMBIC = re.compile(r"(CREATE TABLE|UPDATE|INSERT INTO|DELETE FROM) alembic_version", re.IGNORECASE)


def contracts(statements: Iterable[str]) -> Iterator[str]:
    """What takes something away, or demands something, as "drops a column: ALTER TABLE …"."""
    return _find(TAKES_AWAY, list(statements))


def delays(statements: Iterable[str]) -> Iterator[str]:
    """What takes longer the more rows a table has, and lets nobody write meanwhile."""
    return _find(TAKES_LONG, list(statements))


def _find(kinds: dict[str, str], statements: list[str]) -> Iterator[str]:
    new = {name for statement in statements for name in CREATED.findall(statement)}
    left = {f"DROP INDEX CONCURRENTLY IF EXISTS {name}" for each in statements for name in REPLACED.findall(each)}
    for statement in statements:
        text = " ".join(statement.split())
        if OF_ALEMBIC.match(text) or _tables(text) & new or text in left:
            continue
        for pattern, what in kinds.items():
            if re.match(pattern, text, re.IGNORECASE):
                yield f"{what}: {text[:100]}"


def _tables(text: str) -> set[str]:
    """The table that a statement is about, which nobody knows yet if the migration itself creates it."""
    about = re.match(
        r"(?:ALTER TABLE|UPDATE|DELETE FROM|CREATE (?:UNIQUE )?INDEX (?:CONCURRENTLY )?\w+ ON) (?:ONLY )?\"?(\w+)",
        text,
        re.IGNORECASE,
    )
    return {about[1]} if about else set()
