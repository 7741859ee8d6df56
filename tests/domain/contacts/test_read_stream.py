"""A file that is read in blocks is read as it would be whole, wherever the blocks end."""

from pathlib import Path

import pytest

from domain.contacts.contact import ReadOptions
from domain.contacts.named_columns import NamedColumns
from domain.contacts.read_file import read_contact_file
from domain.contacts.read_stream import MAX_RECORD_BYTES, StreamState, read_block
from domain.contacts.report import Intake
from domain.contacts.xlsx import is_archive
from domain.errors import InvalidCsv, MissingPhoneColumn, NoValidContacts, RequestError

FILES = sorted((Path(__file__).parents[2] / "files").glob("*.csv"))
SIZES = (1, 7, 64, 1000, 1_000_000)
ANYTHING = ReadOptions()


def read_in_blocks(content: bytes, size: int, options: ReadOptions = ANYTHING) -> list[Intake]:
    """As the API does: a block is read with what the one before left, and more of the file where that is too little."""
    state, found, at, end = StreamState(), list[Intake](), 0, size
    while True:
        final = end >= len(content)
        block = read_block(content[at:end], state, options, final=final)
        assert not final or at + block.consumed == len(content)
        state, at = block.state, at + block.consumed
        found.append(block.intake)
        if final:
            return found
        end = max(at, end) + size


def said(intakes: list[Intake]) -> dict[str, object]:
    """What a file comes to, but for warnings, which are each block's own, and duplicates, which the store finds."""
    first: dict[str, int] = {}
    contacts = [contact for intake in intakes for contact in intake.contacts]
    kept = [contact for contact in contacts if first.setdefault(contact.number, contact.row) == contact.row]
    rejects = [reject for intake in intakes if intake.rejects for reject in intake.rejects.rows]
    return {
        "contacts": [(contact.row, contact.number, contact.data, contact.zones) for contact in kept],
        "rejects": [(reject.row, reject.cells, reject.reason) for reject in rejects],
        "rows": sum(intake.report.rows for intake in intakes),
        "blank": sum(intake.report.blank for intake in intakes),
        "invalid": sum(intake.report.invalid_total for intake in intakes),
    }


def whole(content: bytes, options: ReadOptions = ANYTHING) -> dict[str, object] | RequestError:
    try:
        return said([read_contact_file(content, options)])
    except RequestError as error:
        return error


def sizes_for(content: bytes) -> list[int]:
    """Without a mark, and but for UTF-8, an encoding is guessed from the first block: here that is all of the file."""
    try:
        content.decode("utf-8-sig")
    except UnicodeDecodeError:
        if not content.startswith((b"\xff\xfe", b"\xfe\xff")):
            return [1_000_000]
    return [size for size in SIZES if len(content) <= 5_000 * size and not (b"\0" in content and size == 1)]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_file_is_read_as_if_it_were_whole(file: Path) -> None:
    content = file.read_bytes()
    expected = whole(content)
    if isinstance(expected, NoValidContacts):
        return  # of a part that is no error: others may hold contacts
    if is_archive(content):
        expected = InvalidCsv("a stream is CSV")
    for size in sizes_for(content):
        if isinstance(expected, RequestError):
            with pytest.raises(RequestError):
                read_in_blocks(content, size)
        else:
            assert said(read_in_blocks(content, size)) == expected, size


ROWS = (
    '\ufeffphone;name;note\r\n+12025550101;"Ada\r\nLovelace";"5"" pipe; ok"\r\n\r\n+12025550102;Bö;x\r\n+1202;Cy;y\r\n'
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le"])
@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r"])
def test_wherever_blocks_end_rows_are_whole_and_numbered_through_the_file(encoding: str, line_end: str) -> None:
    content = ROWS.replace("\r\n", line_end).encode(encoding)
    expected = whole(content)
    assert isinstance(expected, dict)
    assert [row for row, *_ in expected["contacts"]] == [2, 4]  # type: ignore[attr-defined]
    for size in range(1, len(content) + 1):
        assert said(read_in_blocks(content, size)) == expected, size


def test_letters_beyond_ascii_may_come_late_in_an_old_encoding() -> None:
    plain = "".join(f"+1202555{number:04},Ada\n" for number in range(100, 160))
    content = f"phone,name\n{plain}+12025550199,Renée\n".encode("cp1252")
    intakes = read_in_blocks(content, 200)
    assert intakes[-1].contacts[-1].data == {"phone": "+12025550199", "name": "Renée"}
    assert any("Windows-1252" in warning for intake in intakes for warning in intake.report.warnings)


def test_the_columns_that_the_request_names_are_found_once_and_hold_for_all_blocks() -> None:
    options = ReadOptions(columns=NamedColumns(phone="tel", external_id="id"))
    content = b"id,tel\n" + b"".join(b"c%d,+1202555%04d\n" % (number, 100 + number) for number in range(50))
    found = [contact for intake in read_in_blocks(content, 100, options) for contact in intake.contacts]
    assert [(contact.row, contact.external_id) for contact in found][::49] == [(2, "c0"), (51, "c49")]


def test_a_quote_that_is_never_closed_is_found_before_the_whole_file_is_held() -> None:
    begin = b'phone,name\n+12025550101,Ada\n+12025550102,"Bo\n'
    block = read_block(begin, StreamState(), ANYTHING, final=False)
    assert block.consumed == begin.index(b"+12025550102")
    assert block.state.rows == 2
    endless = begin[block.consumed :] + (b"x" * 999 + b"\n") * (MAX_RECORD_BYTES // 1000 + 1)
    with pytest.raises(InvalidCsv, match="row 3 is never closed"):
        read_block(endless, block.state, ANYTHING, final=False)
    with pytest.raises(InvalidCsv, match="row 3 is never closed"):
        read_block(begin[block.consumed :], block.state, ANYTHING, final=True)


@pytest.mark.parametrize("content", [b"", b" \n ", b"PK\x03\x04 workbook", b"%PDF-1.7", b'[{"phone": 1}]'])
def test_what_is_no_table_is_refused_by_its_first_block(content: bytes) -> None:
    with pytest.raises(InvalidCsv):
        read_block(content, StreamState(), ANYTHING, final=True)


def test_a_file_without_a_phone_column_is_refused_by_its_first_block() -> None:
    with pytest.raises(MissingPhoneColumn):
        read_block(b"name,town\nAda,London\nBo,", StreamState(), ANYTHING, final=False)
