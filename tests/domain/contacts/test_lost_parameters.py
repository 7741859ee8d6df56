"""Which contacts a carrier need not be asked about."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.calls.agent_parameters import build_contact_parameters
from domain.contacts.lost_parameters import EXPANSION, NAMING, bound_size
from store.db.copy_text import json_text

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(TEXTS, VALUES, max_size=8))
def test_a_contact_takes_no_more_than_its_bound(data: dict[str, Any]) -> None:
    parameters = build_contact_parameters(data, "+12025550101")
    taken = sum(EXPANSION * len(f"{name}{text}".encode()) + NAMING for name, text in parameters.items())
    assert taken <= EXPANSION * bound_size(json_text(data))


def test_the_bound_of_a_plain_row_is_the_length_of_its_json_and_its_separators() -> None:
    data = {"phone": "+12025550101", "name": "Ada"}
    assert bound_size(json_text(data)) == len(json.dumps(data, separators=(",", ":"))) + 3
