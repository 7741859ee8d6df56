"""Every column that could hold a person's data is in docs/privacy.md."""

import re
from pathlib import Path

from sqlalchemy import JSON, Column, LargeBinary, String
from sqlalchemy.dialects.postgresql import ARRAY

from store.tables import metadata

PAGE = (Path(__file__).parents[3] / "docs" / "privacy.md").read_text()
NAMED = set(re.findall(r"`(\w+\.\w+)`", PAGE))
# Our own ids, words and settings, by name; and what an organization says of itself.
OURS = re.compile(
    r"id|\w+_id|status|state|source|role|kind|outcome|reason_code|country|timezone|architecture|audio|audio_url|carrier"
    r"|answered_by|ended_by|machine|agent|carrier_code|error_code|hang_up_reason|held_reason|on_machine|stopped_by|added_by"
    r"|requested_by|created_by|opens_on|caller|scope|route|seed|holder|lane|type|events|action|retry_of|test_of|key_hash|token_hash"
    r"|ending|trunk|url|secret|old_secret|settings|quotas|allowed_countries|calling_window|contact_frequency|retry_policy"
    r"|ended_counts|file_delimiter|status_reason|disabled_reason|deleted|alarm"
)
OTHERS = {"temporal_namespace.name"}


def could_hold_text(column: Column[object]) -> bool:
    return isinstance(column.type, String | JSON | LargeBinary | ARRAY)


def test_every_column_of_text_is_named_or_ours() -> None:
    columns = {
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.columns
        if could_hold_text(column)
    }
    unknown = {name for name in columns - OTHERS if not OURS.fullmatch(name.partition(".")[2])} - NAMED
    assert unknown == set(), "say in docs/privacy.md what a person's data it may hold, and how it goes"
    every = {f"{table.name}.{column.name}" for table in metadata.tables.values() for column in table.columns}
    assert every >= NAMED, "these do not exist"
