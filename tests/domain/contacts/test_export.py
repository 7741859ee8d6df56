"""Files that we write: cells that a spreadsheet must not run, the names of our columns, rejected rows."""

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
from domain.contacts.read_file import read_contact_file
from domain.contacts.rejects import restore_row_text

A, B, C = "+12025550101", "+12025550102", "+12025550103"


@pytest.mark.parametrize("cell", ["=1+1", "+1 202 555 0101", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "-", "-1e5"])
def test_a_cell_that_would_be_a_formula_gets_a_mark(cell: str) -> None:
    assert escape_formula(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", [A, "-4.50", "+7", "+1234567890123456", "'=1+1", " =1+1", "", "Ada"])
def test_any_other_cell_stays_as_it_is(cell: str) -> None:
    assert escape_formula(cell) == cell


@pytest.mark.parametrize("cell", ["=1+1", "'=1+1", "''=1+1", A, f"'{A}", "'Ada", "-5", "", "'"])
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


def test_rejected_rows_are_kept_as_they_were_written() -> None:
    rejects = read_contact_file(
        f'phone;"n; ame";\n{A};Ada;1\n12;"x; ""y""";2\n{B};"Bob" x;3\n{C};;;4\n'.encode()
    ).rejects
    assert rejects is not None
    assert (rejects.header, rejects.delimiter) == (("phone", "n; ame", ""), ";")
    assert [(row.row, row.cells) for row in rejects.rows] == [
        (3, ("12", 'x; "y"', "2")),
        (4, f'{B};"Bob" x;3'),
        (5, (C, "", "", "4")),
    ]
    assert rejects.rows[0].reason == "phone does not begin with + and a country code"


def test_a_corrected_file_of_rejected_rows_is_read_without_our_own_column_and_marks() -> None:
    text = f"outdial_reason,phone,note\nphone is too short,{A},'=1+1\n,{B},'hi\n"
    data = [contact.data for contact in read_contact_file(text.encode()).contacts]
    assert data == [{"phone": A, "note": "=1+1"}, {"phone": B, "note": "'hi"}]


def test_our_columns_keep_their_names_where_they_are_free() -> None:
    assert name_result_columns(["phone", "name"]) == {name: name for name in RESULT_COLUMNS}


def test_a_column_of_the_file_keeps_its_name() -> None:
    names = name_result_columns(["phone", "STATUS", "outdial_dials", "dials"])
    assert (names["status"], names["dials"]) == ("outdial_status", "outdial_outdial_dials")
    assert names["cost"] == "cost"


@pytest.mark.parametrize("cell", ["＝1+1", "＋1", "－1", "＠SUM(A1)", "\n=1+1"])
def test_wide_signs_and_line_ends_do_not_begin_formulas_either(cell: str) -> None:
    assert escape_formula(cell) == f"'{cell}"
    assert unescape_cell(escape_cell(cell)) == cell
