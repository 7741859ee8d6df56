"""What an agent is told."""

import pytest

from domain.calls.agent_parameters import build_call_parameters, build_contact_parameters, replace_number

NUMBER = "+12025550101"


def test_an_agent_is_told_name_and_custom_fields_in_their_order() -> None:
    data = {"plan": "basic", "Phone": NUMBER, "name": "Ada", "n": 1.5, "deep": {"ö": [None]}}

    told = build_contact_parameters(data, NUMBER)

    assert list(told.items()) == [("plan", "basic"), ("name", "Ada"), ("n", "1.5"), ("deep", '{"ö": [null]}')]


@pytest.mark.parametrize("cell", [NUMBER, f"'{NUMBER}", f" {NUMBER} "])
def test_the_number_is_not_among_them_whatever_its_column_is_called(cell: str) -> None:
    assert build_contact_parameters({"Mobile": cell, "name": "Ada"}, NUMBER) == {"name": "Ada"}


@pytest.mark.parametrize(
    ("number", "cell"),
    [
        (NUMBER, "(202) 555-0101"),
        (NUMBER, "1 202.555.0101"),
        (NUMBER, "001 202 555 0101"),
        ("+4915112345678", "0151/12345678"),
        ("+4915112345678", "+49 (0)151 12345678"),
        ("+390612345678", "06 12345678"),
    ],
)
def test_the_number_is_not_among_them_as_people_write_it(number: str, cell: str) -> None:
    data = {"Mobile": cell, "zip": "50101", "other": "(202) 555-0102", "text": "call 202 555 0101"}
    assert build_contact_parameters(data, number) == {name: data[name] for name in ("zip", "other", "text")}
    assert replace_number(data, number, "+13105550177") == data | {"Mobile": "+13105550177"}


@pytest.mark.parametrize("name", ["outdial_call_token", "Outdial_Call_ID", "outdial call token", "outdial-api"])
def test_no_field_of_a_contact_passes_for_ours(name: str) -> None:
    assert build_contact_parameters({name: "x", "outdialed": "y"}, NUMBER) == {"outdialed": "y"}


def test_an_agent_is_told_where_and_with_what_to_report() -> None:
    assert build_call_parameters("call_1", "t0ken", "https://calls.example") == {
        "outdial_call_id": "call_1",
        "outdial_call_token": "t0ken",
        "outdial_api": "https://calls.example",
    }


def test_without_a_secret_there_is_no_token() -> None:
    assert "outdial_call_token" not in build_call_parameters("call_1", None, "https://calls.example")


def test_another_number_stands_wherever_the_contacts_own_did() -> None:
    data = {"phone": "'+12025550101", "Mobile": NUMBER, "name": "Ada", "n": 1}

    assert replace_number(data, NUMBER, "+12025550102") == {
        "phone": "+12025550102",
        "Mobile": "+12025550102",
        "name": "Ada",
        "n": 1,
    }
