"""Which writings are one telephone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.contacts.read_file import read_contact_file
from domain.contacts.read_json import read_contact_list
from domain.phone.identity import identify, list_writings
from tests.writings import writings


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("+541166773399", "+5491166773399"),  # Argentina
        ("+525512345678", "+5215512345678"),  # Mexico, until 2019
        ("+551176543210", "+5511976543210"),  # Brazil's ninth digit
        ("+2416031234", "+24106031234"),  # Gabon
        ("+3780549886377", "+390549886377"),  # San Marino, through Italy
        ("+970599123456", "+972599123456"),  # Palestine, through Israel
        ("+442890123456", "+3534890123456"),  # Belfast, from the Republic
    ],
)
def test_two_writings_of_a_telephone_are_one(one: str, other: str) -> None:
    assert identify(one) == identify(other)
    assert list_writings(one) == (one, other)
    assert list_writings(other) == (other, one)


@pytest.mark.parametrize("number", ["+551132123456", "+972541234567", "+972312345678", "+390236618300"])
def test_neighbors_have_one_writing(number: str) -> None:
    assert list_writings(number) == (number,)


@given(st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True) | writings().map(lambda pair: pair[0]))
def test_all_writings_of_a_number_have_the_same_identity(number: str) -> None:
    for writing in list_writings(number):
        assert identify(writing) == identify(number)
        assert sorted(list_writings(writing)) == sorted(list_writings(number))


@given(writings())
def test_two_writings_in_one_file_or_list_are_duplicates_and_the_first_is_kept_as_written(
    pair: tuple[str, str],
) -> None:
    file = read_contact_file(f"phone\n{pair[0]}\n{pair[1]}\n".encode())
    sent = read_contact_list([{"phone": number} for number in pair])
    for intake in (file, sent):
        assert [contact.number for contact in intake.contacts] == [pair[0]]
        assert intake.report.duplicates_total == 1
