"""How large one contact may be."""

import json
from typing import Any

import pytest

from domain.requests.limits import MAX_CONTACT_BYTES, MAX_FIELDS, size_problem

VALUES: list[Any] = [
    "a",
    "é",
    "日",
    "🦊",
    "\x01",
    '"',
    0.1,
    -1.7976931348623157e308,
    True,
    None,
    1 - 10**24,
    10**40,
    ["x"],
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
@pytest.mark.parametrize("around", [MAX_CONTACT_BYTES // 6, MAX_CONTACT_BYTES // 4, MAX_CONTACT_BYTES])
def test_a_contact_is_refused_exactly_where_its_json_is_larger_than_64_kb(value: Any, around: int) -> None:
    for length in range(around - 6_000, around + 200, 250):
        text = value * length if isinstance(value, str) else "x" * length
        data = {"phone": "+12025550101", "notes": text} | {f"{n}": value for n in range(150) if len(str(value)) > 1}
        large = len(json.dumps(data, ensure_ascii=False).encode()) > MAX_CONTACT_BYTES
        assert (size_problem(data) == "is larger than 64 KB") is large


def test_a_contact_has_so_many_fields_at_most() -> None:
    assert size_problem({str(n): "" for n in range(MAX_FIELDS)}) is None
    assert size_problem({str(n): "" for n in range(MAX_FIELDS + 1)}) == "has 201 fields, at most 200 are allowed"
