"""Numbers as the cells of a workbook show them."""

import pytest

from domain.contacts.number_formats import LONGEST_FORMAT, MAX_TOKENS, read_format

PHONE = r"[<=9999999]###\-####;\(###\)\ ###\-####"


@pytest.mark.parametrize(
    ("code", "value", "shown"),
    [
        ("000000", 42, "000042"),
        ("000", 12345, "12345"),
        ("00000", 0, "00000"),
        ("000000", -42, "-000042"),
        ("00000-0000", 12345678.0, "01234-5678"),
        (PHONE, 5550101, "555-0101"),
        (PHONE, 2025550101, "(202) 555-0101"),
        ('[Red]"C-"0000', 7, "C-0007"),
        ("[$-407]00000", 1067, "01067"),
        ("0_ 00_ ", 123, "1 23"),
        ("000;(000);none", -5, "(005)"),
        ("?? 00", 5, "05"),
        ("0#", 5, "05"),
        ('"+"0', 12025550101, "+12025550101"),
        ("0000000000000000000", 1.2345678901234567e17, "0123456789012346000"),
    ],
)
def test_a_whole_number_is_shown_by_its_format(code: str, value: float, shown: str) -> None:
    number_format = read_format(code)
    assert number_format is not None
    assert number_format.show(value) == shown


@pytest.mark.parametrize(
    "code",
    [
        *["General", "0", "#,##0.00", "0%", "yyyy-mm-dd", "[h]:mm:ss", '0" kg"', "0;(0)", "0.00E+00", "# ??/??", "@"],
        *[";;;", "", '"', "\\", "[", "0" * (LONGEST_FORMAT + 1), '[$€-407]\\ 0;"-"[$€-407]\\ 0'],
    ],
)
def test_quantities_days_and_texts_are_left_as_they_are(code: str) -> None:
    assert read_format(code) is None


@pytest.mark.parametrize("code", ["0,000", "000.0", "000%", "0" * (MAX_TOKENS + 1)])
def test_zeros_that_a_format_shows_in_a_way_not_followed_are_known(code: str) -> None:
    number_format = read_format(code)
    assert number_format is not None
    assert number_format.show(7) is None
    assert number_format.hides_zeros(7)


def test_a_number_with_decimals_or_without_end_is_not_shown() -> None:
    number_format = read_format("0000")
    assert number_format is not None
    assert number_format.show(4.5) is None
    assert number_format.hides_zeros(4.5)
    assert not number_format.hides_zeros(12345.5)
    assert number_format.show(float("inf")) is None
    assert not number_format.hides_zeros(float("inf"))
