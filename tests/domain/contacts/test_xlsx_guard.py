"""What keeps a workbook from growing without end, and from doing worse than being refused."""

import io
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.contacts.read_file import read_contact_file
from domain.errors import InvalidCsv, RequestError
from tests.files.make_files import edited, hand_made, strings

FILES = Path(__file__).parents[2] / "files"
NAMESPACE = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
MAIN = b'<worksheet xmlns="%s"><sheetData>' % NAMESPACE


def bomb_of_zeros() -> bytes:
    """A sheet of 70 MB that fits in 70 KB."""
    return hand_made(MAIN + b" " * 70_000_000, strings("phone"))


def bomb_of_one_text() -> bytes:
    """One text of 30,000 characters in 10,000 cells."""
    cells = b"".join(b'<row><c t="s"><v>1</v></c></row>' for _ in range(10_000))
    header = b'<row><c t="s"><v>0</v></c></row>'
    return hand_made(MAIN + header + cells + b"</sheetData></worksheet>", strings("phone", "x" * 30_000))


def bomb_of_parts() -> bytes:
    """A workbook of 6,000 parts."""
    buffer = io.BytesIO(hand_made(MAIN + b"</sheetData></worksheet>", strings("phone")))
    with zipfile.ZipFile(buffer, "a") as archive:
        for number in range(6_000):
            archive.writestr(f"xl/media/{number}", b"")
    return buffer.getvalue()


def bomb_of_cells() -> bytes:
    """More empty cells than are looked at, each of four bytes."""
    return hand_made(MAIN + b"<row>" + b"<c/>" * 2_200_000 + b"</row></sheetData></worksheet>", strings("phone"))


def bomb_of_texts() -> bytes:
    """More shared texts than there may be cells."""
    return hand_made(MAIN + b"</sheetData></worksheet>", b"<sst>" + b"<si/>" * 2_100_001 + b"</sst>")


def bomb_of_sheets() -> bytes:
    """A workbook of 6,000 sheets."""
    sheets = b'<sheet name="x" r:id="r1"/>' * 6_000
    workbook = b'<workbook xmlns:r="r"><sheets>' + sheets + b"</sheets></workbook>"
    return edited((FILES / "plain.xlsx").read_bytes(), "xl/workbook.xml", lambda _: workbook)


def bomb_behind_a_prefix() -> bytes:
    """A cell in the last corner, in a namespace that only a prefix tells."""
    cell = b'<x:row><x:c r="XFD1048576"><x:v>1</x:v></x:c></x:row>'
    header = b'<x:row r="1"><x:c r="A1"><x:v>1</x:v></x:c></x:row>'
    sheet = b'<worksheet xmlns:x="%s"><x:sheetData>' % NAMESPACE + header + cell + b"</x:sheetData></worksheet>"
    return hand_made(sheet, strings("phone"))


BOMBS = [
    bomb_of_zeros,
    bomb_of_one_text,
    bomb_of_parts,
    bomb_of_cells,
    bomb_of_texts,
    bomb_of_sheets,
    bomb_behind_a_prefix,
]


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_workbook_that_grows_when_it_is_unpacked_is_refused_soon(bomb: Callable[[], bytes]) -> None:
    packed = bomb()
    began = process_time()
    with pytest.raises(InvalidCsv, match="too large when it is unpacked"):
        read_contact_file(packed)
    assert process_time() - began < 5


def test_a_size_that_a_workbook_lies_about_does_not_help_it() -> None:
    packed = bytearray(hand_made(MAIN + b"<row/>" * 1_000_000, strings("phone")))
    size = len(MAIN + b"<row/>" * 1_000_000).to_bytes(4, "little")
    assert packed.count(size) == 2  # before the part, and in the directory
    with pytest.raises(InvalidCsv):
        read_contact_file(bytes(packed.replace(size, (100).to_bytes(4, "little"))))


WORKBOOKS = [
    FILES / name for name in ("plain.xlsx", "kinds-of-cells.xlsx", "shared-texts.xlsx", "zones-and-times.xlsx")
]
PIECES = [b'"', b"<", b">", b"\xff", b"&#0;", b'r="ZZZ9999999"', b't="s"', b't="d"', b's="9"', b"<v>1e400</v>", b"<c>"]


@settings(deadline=None)
@given(st.sampled_from(WORKBOOKS), st.booleans(), st.integers(0), st.integers(0, 20), st.sampled_from(PIECES))
def test_no_damage_to_a_workbook_is_worse_than_refused(
    path: Path, packed: bool, place: int, lost: int, piece: bytes
) -> None:
    def damage(content: bytes) -> bytes:
        at = place % len(content)
        return content[:at] + piece + content[at + lost :]

    with suppress(RequestError):
        if packed:
            read_contact_file(damage(path.read_bytes()))
        else:
            read_contact_file(edited(path.read_bytes(), "xl/worksheets/sheet1.xml", damage))


def test_ten_thousand_rows_of_a_workbook_take_less_than_three_seconds() -> None:
    areas = (202, 212, 415)
    texts = ["phone", "name", *(f"+1{areas[place % 3]}555{place // 3:04d}" for place in range(10_000)), "Ada"]
    rows = b"".join(b'<row><c t="s"><v>%d</v></c><c t="s"><v>10002</v></c></row>' % place for place in range(2, 10_002))
    header = b'<row><c t="s"><v>0</v></c><c t="s"><v>1</v></c></row>'
    workbook = hand_made(MAIN + header + rows + b"</sheetData></worksheet>", strings(*texts))
    began = process_time()
    assert read_contact_file(workbook).report.valid == 10_000
    assert process_time() - began < 3
