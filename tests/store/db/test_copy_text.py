"""JSON as it is stored, written fast."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from store.db.copy_text import escape_json, json_object_text, json_text, read_json_field

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(st.dictionaries(TEXTS, TEXTS | st.integers() | st.none() | st.lists(TEXTS, max_size=3), max_size=6))
def test_an_object_is_the_same_json_whichever_way_it_is_written(fields: dict[str, Any]) -> None:
    text = json_object_text(fields)
    assert text == json_text(fields)
    assert list(json.loads(text).items()) == list(fields.items())
    field = escape_json(text).encode()
    assert read_json_field(field) == fields
    assert not {b"\t", b"\n", b"\r"} & {bytes([byte]) for byte in field}
