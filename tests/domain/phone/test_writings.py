"""Numbers as people of a country write them, checked against a second source: what the numbering data call national."""

import phonenumbers
import pytest
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from domain.phone.numbers import PhoneProblem
from domain.phone.writings import read_writing


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("+1 217-555-0150", "US", "+12175550150"),
        ("(202) 555-0101", "US", "+12025550101"),
        ("12175550177", "US", "+12175550177"),
        ("1-217-555-0177", "US", "+12175550177"),
        ("217.555.0177", "US", "+12175550177"),
        ("202\u00a0555\u20110101", "US", "+12025550101"),
        ("0151 12345678", "DE", "+4915112345678"),
        ("0049 151 12345678", "DE", "+4915112345678"),
        ("+49 (0) 151 12345678", "DE", "+4915112345678"),
        ("06 1234 5678", "IT", "+390612345678"),
        ("011 15 2345 6789", "AR", "+5491123456789"),
        ("(416) 555-0101", "US", "+14165550101"),
        ("+44 20 7946 0018", "US", "+442079460018"),
    ],
)
def test_what_people_write_is_read(text: str, country: str, number: str) -> None:
    read = read_writing(text, country)
    assert not isinstance(read, PhoneProblem), read
    assert read[0] == number


@pytest.mark.parametrize(
    ("text", "country", "reason"),
    [
        ("555-0101", "US", "read as a number of US"),
        ("2025550101 ext. 5", "US", "letters or an extension"),
        ("1-800-FLOWERS", "US", "letters or an extension"),
        ("4915112345678", "US", "read as a number of US"),
        ("12175550177.0", "US", "decimal number"),
        ("1.2175550177e+10", "US", "digits are lost"),
        ("2025550101; 2025550102", "US", "something other than digits"),
        ("+12025550101+12025550102", "US", "something other than digits"),
        ("", "US", "is empty"),
        ("2" * 41, "US", "has more than 40 characters"),
        ("+1 900 555 0199", "US", "premium rate"),
    ],
)
def test_what_cannot_be_read_says_why(text: str, country: str, reason: str) -> None:
    read = read_writing(text, country)
    assert isinstance(read, PhoneProblem), read
    assert reason in read.reason


def test_what_can_be_read_in_two_ways_is_refused_with_both() -> None:
    read = read_writing("4915112345678", "DE")  # a mobile with the code and no +, or a landline without its 0
    assert isinstance(read, PhoneProblem)
    assert read.reason.startswith("can be read as +494915112345678 and as +4915112345678: write it with +")


def examples() -> list[tuple[str, phonenumbers.PhoneNumber]]:
    kinds = PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE
    found = []
    for country in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in kinds:
            number = phonenumbers.example_number_for_type(country, kind)
            if number is not None and phonenumbers.is_valid_number_for_region(number, country):
                found.append((country, number))
    return found


def test_every_countrys_numbers_are_read_as_the_country_writes_them() -> None:
    """Or refused as ambiguous, which is said; never as another number."""
    other, refused = [], []
    for country, number in examples():
        e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
        for style in (PhoneNumberFormat.NATIONAL, PhoneNumberFormat.INTERNATIONAL):
            written = phonenumbers.format_number(number, style)
            read = read_writing(written, country)
            if isinstance(read, PhoneProblem):
                refused.append((country, written, read.reason))
            elif read[0] != e164:
                other.append((country, written, read[0], e164))
    assert other == []
    assert all("can be read as" in reason for _, _, reason in refused), refused
    assert len(refused) <= len(examples()) // 20


def test_a_range_that_the_data_do_not_know_may_be_taken() -> None:
    unknown = "+1999 555 0101"
    assert isinstance(read_writing(unknown, "US"), PhoneProblem)
    read = read_writing(unknown, "US", possible=True)
    assert not isinstance(read, PhoneProblem)
    assert read[0] == "+19995550101"
