"""Rules in a form as clients of many languages write objects: read, or named; never unheard."""

from datetime import UTC, datetime
from typing import Any

import pytest

from domain.errors import InvalidRequest
from domain.jobs.create_request import ParsedCreate, read_form, read_json
from domain.requests.form_brackets import join_brackets

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
JOB = {"fromPhoneNumberId": "phone_1", "name": "Autumn"}


def read(fields: dict[str, str]) -> ParsedCreate:
    return read_form(JOB | fields, has_file=True, now=NOW)


def test_rules_in_brackets_are_read() -> None:
    """As axios, jQuery, PHP and Rails write them. They were ignored, and people called at any hour."""
    found = read(
        {
            "callingWindow[from]": "09:00",
            "callingWindow[to]": "20:00",
            "callingWindow[weekdays][]": "mon",
            "requiredFields[]": "name",
            "retryPolicy[maxAttempts]": "1",
            "retryPolicy[delaysMinutes][0]": "15",
        }
    )
    whole = read(
        {
            "callingWindow": '{"from": "09:00", "to": "20:00", "weekdays": ["mon"]}',
            "requiredFields": '["name"]',
            "retryPolicy": '{"maxAttempts": 1, "delaysMinutes": [15]}',
        }
    )
    assert found == whole
    assert found.request.calling_window is not None
    assert found.columns.required == ("name",)
    assert found.request.max_attempts == 1
    assert found.warnings == []


@pytest.mark.parametrize(
    ("fields", "field", "reason"),
    [
        ({"callingWindow[from": "09:00"}, "callingWindow", "cannot be read from"),
        ({"callingWindow.from": "09:00"}, "callingWindow", "cannot be read from"),
        ({"callingWindow[form]": "09:00"}, "callingWindow", "may have also, from"),
        ({"callingWindow": "{}", "callingWindow[from]": "09:00"}, "callingWindow", "also given as a whole"),
        ({"callingWindow[from]": "9", "callingWindow[from][x]": "1"}, "callingWindow", "given twice"),
        ({"requiredFields[999]": "name"}, "requiredFields", "at most 200 elements"),
        ({"callingWindow" + "[a]" * 9: "1"}, "callingWindow", "cannot be read from"),
        ({"maxAttempts[]": "1"}, "maxAttempts", 'is read whole, not as "maxAttempts[]"'),
        ({"file[]": "x"}, "file", "is read whole"),
        ({"contacts[0][phone]": "+12025550101"}, "contacts", "is read whole"),
    ],
)
def test_a_part_of_a_rule_that_cannot_be_read_is_named(fields: dict[str, str], field: str, reason: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read(fields)
    found = [one for one in refused.value.details if one["field"].partition(".")[0] == field]
    assert reason in found[0]["reason"]


def test_in_json_a_part_of_a_rule_beside_it_is_named_too() -> None:
    body = JOB | {"contacts": [], "callingWindow.from": "09:00", "retryPolicy[maxAttempts]": 1}
    with pytest.raises(InvalidRequest) as refused:
        read_json(body, NOW)
    assert {one["field"] for one in refused.value.details} == {"callingWindow", "retryPolicy"}


def test_other_unknown_fields_are_ignored_with_a_warning() -> None:
    assert read({"crm[id]": "7", "x.y": "8"}).warnings == [
        'The unknown field "crm[id]" was ignored.',
        'The unknown field "x.y" was ignored.',
    ]


@pytest.mark.parametrize(
    ("form", "joined"),
    [
        ({"a[]": "1"}, '["1"]'),
        ({"a[1]": "y", "a[0]": "x"}, '["x", "y"]'),
        ({"a[b][c]": "1", "a[b][d][]": "2"}, '{"b": {"c": "1", "d": ["2"]}}'),
        ({"a[b]": " "}, None),
    ],
)
def test_keys_make_objects_and_arrays(form: dict[str, str], joined: Any) -> None:
    assert join_brackets(form, ["a"], lambda *_: None).get("a") == joined
