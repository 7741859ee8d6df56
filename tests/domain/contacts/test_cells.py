"""Cells that a spreadsheet must not run, and the names of our columns."""

import pytest

from domain.contacts.export import (
    RESULT_COLUMNS,
    escape_cell,
    escape_formula,
    escape_row_text,
    name_result_columns,
    unescape_cell,
    unescape_row_text,
)
from domain.contacts.rejects import restore_row_text


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+1 202 555 0101", "'+1 202 555 0101"),
        ("-1+1", "'-1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("+12025550101", "+12025550101"),
        ("-4.50", "-4.50"),
        ("+7", "+7"),
        ("-", "'-"),
        ("-1e5", "'-1e5"),
        ("+1234567890123456", "+1234567890123456"),
        ("'=1+1", "'=1+1"),
        (" =1+1", " =1+1"),
        ("", ""),
        ("Ada", "Ada"),
    ],
)
def test_a_cell_that_would_be_a_formula_gets_a_mark(cell: str, written: str) -> None:
    assert escape_formula(cell) == written


@pytest.mark.parametrize("cell", ["=1+1", "'=1+1", "''=1+1", "+12025550101", "'+12025550101", "'Ada", "-5", "", "'"])
def test_a_marked_cell_is_read_back_as_it_was(cell: str) -> None:
    assert unescape_cell(escape_cell(cell)) == cell


def test_a_row_that_cannot_be_split_is_marked_where_cells_may_begin() -> None:
    assert escape_row_text('+1202,"=1"x,a=b', ",") == "'+1202,\"'=1\"x,a=b"


@pytest.mark.parametrize("text", ['+1202,"=1"x,a=b', "'=1, \"'+2\"y\n-3", ",,=", "=;@"])
def test_a_marked_row_is_read_back_as_it_was(text: str) -> None:
    assert unescape_row_text(escape_row_text(text, ","), ",") == text


def test_a_rejected_row_loses_its_reason_when_it_is_read_again() -> None:
    assert restore_row_text('"a quote is written twice ("""")";Cy;"\'=1"x', ";") == 'Cy;"=1"x'
    assert restore_row_text('phone is too short,a"b', ",") == 'a"b'


def test_our_columns_keep_their_names_where_they_are_free() -> None:
    names = name_result_columns(["phone", "name"])

    assert list(names) == list(RESULT_COLUMNS)
    assert all(name == shown for name, shown in names.items())


def test_a_column_of_the_file_keeps_its_name() -> None:
    names = name_result_columns(["phone", "STATUS", "outdial_dials", "dials"])

    assert names["status"] == "outdial_status"
    assert names["dials"] == "outdial_outdial_dials"
    assert names["cost"] == "cost"
