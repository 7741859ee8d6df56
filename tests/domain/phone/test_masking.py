"""Numbers in logs, summaries, errors and histories."""

import pytest

from domain.phone.masking import mask_number, mask_numbers


@pytest.mark.parametrize(
    ("number", "seen"), [("+12025550101", "…01"), ("12345", "…45"), ("1234", "…"), ("", "…"), ("+1", "…")]
)
def test_two_digits_at_most_are_seen(number: str, seen: str) -> None:
    assert mask_number(number) == seen


def test_numbers_in_a_text_are_masked() -> None:
    assert mask_numbers("no such person: +12025550101, 4915112345678") == "no such person: …01, …78"
    assert mask_numbers("line 123456 of 99") == "line 123456 of 99"


def test_ids_can_be_read() -> None:
    text = "campaign_030623316775c71c4c7fdb19 by key_774086a962592a0123456748, +12025550101"
    assert mask_numbers(text) == "campaign_030623316775c71c4c7fdb19 by key_774086a962592a0123456748, …01"
    assert mask_numbers("x_4915112345678, call_12025550101_a") == "x_…78, call_…01_a"
