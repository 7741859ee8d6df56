"""Which texts are numbers that may be called."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.phone.numbers import PhoneProblem, clean_phone_cell, read_phone

ROUNDED = "a spreadsheet rounded it and digits are lost: format the column as text and enter it again"


def reason(text: str) -> str:
    problem = read_phone(text)
    assert isinstance(problem, PhoneProblem), text
    return problem.reason


@pytest.mark.parametrize(
    "number",
    [
        "+12025550101",  # set aside for fiction, and valid
        "+390236618300",  # Italy keeps the zero
        "+14155550199", "+442071838750", "+4915112345678", "+18005550100", "+525512345678",
    ],
)  # fmt: skip
def test_a_valid_number_is_read_as_it_stands(number: str) -> None:
    assert read_phone(number) == number


@pytest.mark.parametrize(
    "text",
    [
        "+1 2025550101", "+1-202-555-0101", "+1(202)5550101", "+1.202.555.0101", " +12025550101", "+12025550101\n",
        "++12025550101", "+1202555010a", "tel:+12025550101", "+12025550101;ext=5", "+１２０２５５５０１０１",
        "＋12025550101", "+١٢٠٢٥٥٥٠١٠١", "'+12025550101", "Ann",
    ],
)  # fmt: skip
def test_anything_but_a_plus_and_ascii_digits_is_refused(text: str) -> None:
    assert reason(text) == "holds something other than one leading + and the digits 0 to 9"


@pytest.mark.parametrize("mark", ["\u200b", "\u202a", "\u2060", "\u200e", "\ufeff", "\u200d"])
def test_a_character_that_is_not_seen_is_named(mark: str) -> None:
    assert reason(f"+12025550101{mark}") == f"holds the invisible character U+{ord(mark):04X}: enter it again"


@pytest.mark.parametrize("cell", ["\u202a+12025550101\u202c", "\ufeff+12025550101", "\u2060 '+12025550101\u200b"])
def test_in_a_file_such_characters_are_no_part_of_a_number(cell: str) -> None:
    assert clean_phone_cell(cell) == "+12025550101"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is empty"),
        (" ", "is empty"),
        ("12025550101", "does not begin with + and a country code"),
        ("0012025550101", "begins with 00 instead of +"),
        ("+", "is too short"),
        ("+1", "is too short"),
        ("+12", "is too short"),
        ("+02025550101", "begins with no country code: after the + comes a digit from 1 to 9"),
        ("+1202555010112345", "has more than 15 digits"),
        ("+999123456789", "begins with no known country code"),
        ("+1202555010", "is not a valid number in its country"),
        ("+11234567890", "is not a valid number in its country"),
        ("+4402071838750", "has a dialing prefix, such as 0, after the country code"),
        ("+19005551234", "premium rate"),
        ("+449098790000", "premium rate"),
        *((text, ROUNDED) for text in ("1.20256E+10", "1,20256E+10", "1.20256e10", "+1.2E+10", "1E+11")),
        ("12025550101.0", "a spreadsheet made it a decimal number: format the column as text and enter it again"),
        ('="+12025550101"', "is a spreadsheet's formula: enter the number itself"),
    ],
)
def test_the_reason_tells_what_is_wrong(text: str, why: str) -> None:
    assert reason(text) == why


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("  +12025550101\t", "+12025550101"),
        ("'+12025550101", "+12025550101"),
        (" '+12025550101 ", "+12025550101"),
        ("''+12025550101", "'+12025550101"),
        ("' +12025550101", " +12025550101"),
        ("\u00a0+12025550101", "+12025550101"),
        ("", ""),
    ],
)
def test_a_cell_is_trimmed_and_loses_one_apostrophe(cell: str, text: str) -> None:
    assert clean_phone_cell(cell) == text


@given(st.text() | st.from_regex(r"\+[0-9]{1,16}", fullmatch=True))
def test_whatever_is_read_is_valid_and_in_e164(text: str) -> None:
    number = read_phone(text)
    if not isinstance(number, PhoneProblem):
        parsed = phonenumbers.parse(text)
        assert phonenumbers.is_valid_number(parsed)
        assert phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) == number == text
