"""The first rows of a file, shown before its columns have a meaning."""

import pytest

from domain.contacts.first_rows import MAX_SHOWN, MAX_SHOWN_COLUMNS, ROWS, read_first_rows
from domain.errors import InvalidCsv


def test_the_header_and_the_first_rows_are_read_as_they_stand() -> None:
    found = read_first_rows("tel;Name\n\n 0171 1 ;Zoë\n".encode())
    assert found.header == ("tel", "Name")
    assert found.rows == (("0171 1", "Zoë"),)


def test_of_a_large_file_little_is_given() -> None:
    cells = ",".join(["x" * 2000] * 100)
    found = read_first_rows("\n".join([cells] * 50).encode())
    assert len(found.rows) == ROWS
    assert {len(row) for row in found.rows} == {MAX_SHOWN_COLUMNS}
    assert max(len(cell) for cell in found.rows[0]) == MAX_SHOWN


@pytest.mark.parametrize("content", [None, b"", b"\x89PNG\r\n\x1a\n" + bytes(range(256))])
def test_what_is_no_table_is_refused(content: bytes | None) -> None:
    with pytest.raises(InvalidCsv):
        read_first_rows(content)
