"""From the contacts of a JSON request to contacts and a report."""

from typing import Any

import pytest

from domain.contacts.read_json import read_contact_list
from domain.errors import InvalidPhoneFormat, InvalidRequest, NoValidContacts, TooManyContacts

A, B = "+12025550101", "+12025550102"


def test_values_keep_type_and_order() -> None:
    contact = {"z": 1, "phone": A, "vip": True, "score": 1.5, "none": None, "tags": ["a", {"b": 2}], "name": "Ann"}
    intake = read_contact_list([contact])
    assert list(intake.contacts[0].data.items()) == list(contact.items())
    assert intake.contacts[0].data["vip"] is True


def test_rows_are_counted_from_one_and_duplicates_reported() -> None:
    intake = read_contact_list([{"phone": A}, {"phone": B}, {"phone": A, "name": "again"}])
    assert [(contact.row, contact.number) for contact in intake.contacts] == [(1, A), (2, B)]
    assert intake.report.to_json()["duplicates"] == [{"row": 3, "firstRow": 1}]
    assert (intake.report.rows, intake.report.valid, intake.report.duplicates_total) == (3, 2, 1)


@pytest.mark.parametrize(
    ("contact", "value", "reason"),
    [
        ("+12025550199", None, "is not an object with a `phone`"),
        (None, None, "is not an object with a `phone`"),
        ([A], None, "is not an object with a `phone`"),
        ({}, None, "has no `phone`"),
        ({"Phone": A}, None, "has no `phone`"),
        ({"phone": None}, None, "has no `phone`"),
        ({"phone": 12025550199}, None, "has a `phone` that is not a string"),
        ({"phone": ""}, None, "is empty"),
        ({"phone": f" {A}"}, "…01", "holds something other than one leading + and the digits 0 to 9"),
        ({"phone": f"'{A}"}, "…01", "holds something other than one leading + and the digits 0 to 9"),
        ({"phone": "12025550199"}, "…99", "does not begin with + and a country code"),
        ({"phone": "+19005551234"}, "…34", "premium rate"),
    ],
)
def test_one_bad_phone_rejects_all_and_names_its_index(contact: Any, value: str | None, reason: str) -> None:
    with pytest.raises(InvalidPhoneFormat) as refused:
        read_contact_list([{"phone": A}, contact])
    assert refused.value.code == "invalid_phone_format"
    assert refused.value.details == [{"index": 1, "value": value, "reason": reason}]
    assert "contacts at index 1." in refused.value.sentence
    assert "12025550" not in refused.value.sentence.replace("such as +12025550101", "")


def test_many_bad_phones_are_named_up_to_a_hundred() -> None:
    with pytest.raises(InvalidPhoneFormat, match=r"index 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and more\. The first of them"):
        read_contact_list([{"phone": "x"}] * 150)


def test_an_empty_list_calls_nobody() -> None:
    with pytest.raises(NoValidContacts):
        read_contact_list([])


def test_ten_thousand_and_one_are_too_many() -> None:
    with pytest.raises(TooManyContacts):
        read_contact_list([{"phone": "not even looked at"}] * 10_001)


@pytest.mark.parametrize(
    ("extra", "reason"),
    [
        ({f"f{place}": 1 for place in range(200)}, "has 201 fields, at most 200 are allowed"),
        ({"note": "x" * 65_536}, "is larger than 64 KB"),
    ],
)
def test_a_contact_too_large_is_refused_with_its_path(extra: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_contact_list([{"phone": A}, {"phone": B, **extra}])
    assert refused.value.details == [{"path": "contacts[1]", "reason": reason}]
