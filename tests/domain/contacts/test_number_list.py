"""Numbers for the do-not-call list, as JSON."""

from typing import Any

import pytest

from domain.contacts.number_list import read_number_list
from domain.errors import InvalidPhoneFormat, InvalidRequest, NoValidContacts, TooManyContacts

ADA, BOB = "+12025550101", "+12025550102"


def test_each_number_is_read_once_and_every_element_accounted_for() -> None:
    read = read_number_list({"numbers": [ADA, BOB, ADA], "note": " Asked us. "})
    assert (read.numbers, read.note) == ((ADA, BOB), "Asked us.")
    report = read.report
    assert (report.rows, report.valid, report.duplicates_total) == (3, 2, 1)
    assert [(twin.row, twin.first_row) for twin in report.duplicates] == [(3, 1)]


@pytest.mark.parametrize("note", [None, "", "  "])
def test_a_blank_note_is_none(note: str | None) -> None:
    assert read_number_list({"numbers": [ADA], "note": note}).note is None


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ([ADA], InvalidRequest),
        ({}, InvalidRequest),
        ({"numbers": ADA}, InvalidRequest),
        ({"numbers": [ADA], "note": "x" * 1001}, InvalidRequest),
        ({"numbers": []}, NoValidContacts),
        ({"numbers": [ADA] * 10_001}, TooManyContacts),
        ({"numbers": [ADA, "+1 202 555 0102"]}, InvalidPhoneFormat),
    ],
)
def test_what_cannot_be_listed_is_refused(body: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        read_number_list(body)


def test_bad_numbers_are_named_by_index_and_never_shown_whole() -> None:
    with pytest.raises(InvalidPhoneFormat) as refused:
        read_number_list({"numbers": [ADA, "2025550102", None, *["x"] * 10]})
    assert [(found["index"], found["value"]) for found in refused.value.details][:2] == [(1, "…02"), (2, None)]
    assert "index 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and more" in refused.value.sentence
    assert "2025550102" not in refused.value.sentence
