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
from domain.contacts.xlsx_guard import MAX_FORMATTED
from domain.errors import InvalidCsv, RequestError
from tests.files.make_files import edited, hand_made, strings

FILES = Path(__file__).parents[2] / "files"
NAMESPACE = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
MAIN = b'<worksheet xmlns="%s"><sheetData>' % NAMESPACE
END = b"</sheetData></worksheet>"
SHARED = b'<row><c t="s"><v>%d</v></c></row>'
PREFIXED = b'<x:row><x:c r="%s"><x:v>1</x:v></x:c></x:row>'
BEHIND_A_PREFIX = b'<worksheet xmlns:x="%s"><x:sheetData>%s%s</x:sheetData></worksheet>'
SHEETS = b'<workbook xmlns:r="r"><sheets>%s</sheets></workbook>' % (b'<sheet name="x" r:id="r1"/>' * 6_000)


def workbook_of_parts() -> bytes:
    buffer = io.BytesIO(hand_made(MAIN + END, strings("phone")))
    with zipfile.ZipFile(buffer, "a") as archive:
        for number in range(6_000):
            archive.writestr(f"xl/media/{number}", b"")
    return buffer.getvalue()


BOMBS: dict[str, Callable[[], bytes]] = {
    "70 MB that fit in 70 KB": lambda: hand_made(MAIN + b" " * 70_000_000, strings("phone")),
    "30,000 characters in 10,000 cells": lambda: hand_made(
        MAIN + SHARED % 0 + SHARED % 1 * 10_000 + END, strings("phone", "x" * 30_000)
    ),
    "6,000 parts": workbook_of_parts,
    "6,000 sheets": lambda: edited((FILES / "plain.xlsx").read_bytes(), "xl/workbook.xml", lambda _: SHEETS),
    "2.2 million empty cells": lambda: hand_made(
        MAIN + b"<row>" + b"<c/>" * 2_200_000 + b"</row>" + END, strings("phone")
    ),
    "more texts than cells": lambda: hand_made(MAIN + END, b"<sst>" + b"<si/>" * 2_100_001 + b"</sst>"),
    "the last corner behind a prefix": lambda: hand_made(
        BEHIND_A_PREFIX % (NAMESPACE, PREFIXED % b"A1", PREFIXED % b"XFD1048576"), strings("phone")
    ),
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_a_workbook_that_grows_when_it_is_unpacked_is_refused_soon(bomb: Callable[[], bytes]) -> None:
    packed = bomb()
    began = process_time()
    with pytest.raises(InvalidCsv, match="too large when it is unpacked"):
        read_contact_file(packed)
    assert process_time() - began < 5


def test_a_size_that_a_workbook_lies_about_does_not_help_it() -> None:
    sheet = MAIN + b"<row/>" * 1_000_000
    packed, size = hand_made(sheet, strings("phone")), len(sheet).to_bytes(4, "little")
    assert packed.count(size) == 2  # before the part, and in the directory
    with pytest.raises(InvalidCsv):
        read_contact_file(packed.replace(size, (100).to_bytes(4, "little")))


def test_a_workbook_of_formatted_numbers_alone_is_refused_soon() -> None:
    styles = b'<x><numFmts><numFmt numFmtId="9" formatCode="00"/></numFmts><cellXfs><xf numFmtId="9"/></cellXfs></x>'
    packed = io.BytesIO(hand_made(MAIN + b"<row>" + b"<c/>" * (MAX_FORMATTED + 1) + b"</row>" + END, strings("phone")))
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr("xl/styles.xml", styles)
    began = process_time()
    with pytest.raises(InvalidCsv, match="number format such as 00000"):
        read_contact_file(packed.getvalue())
    assert process_time() - began < 5


WORKBOOKS = [FILES / f"{name}.xlsx" for name in ("plain", "kinds-of-cells", "shared-texts", "zones-and-times")]
PIECES = [b'"', b"<", b">", b"\xff", b"&#0;", b'r="ZZZ9999999"', b't="s"', b't="d"', b's="9"', b"<v>1e400</v>", b"<c>"]


@settings(deadline=None)
@given(st.sampled_from(WORKBOOKS), st.booleans(), st.integers(0), st.integers(0, 20), st.sampled_from(PIECES))
def test_no_damage_to_a_workbook_is_worse_than_refused(
    path: Path, packed: bool, place: int, lost: int, piece: bytes
) -> None:
    def damage(content: bytes) -> bytes:
        at = place % len(content)
        return content[:at] + piece + content[at + lost :]

    content = path.read_bytes()
    with suppress(RequestError):
        read_contact_file(damage(content) if packed else edited(content, "xl/worksheets/sheet1.xml", damage))


def test_ten_thousand_rows_of_a_workbook_take_less_than_three_seconds() -> None:
    areas = (202, 212, 415)
    texts = ["phone", "name", *(f"+1{areas[place % 3]}555{place // 3:04d}" for place in range(10_000)), "Ada"]
    rows = b"".join(b'<row><c t="s"><v>%d</v></c><c t="s"><v>10002</v></c></row>' % place for place in range(2, 10_002))
    header = b'<row><c t="s"><v>0</v></c><c t="s"><v>1</v></c></row>'
    workbook = hand_made(MAIN + header + rows + END, strings(*texts))
    began = process_time()
    assert read_contact_file(workbook).report.valid == 10_000
    assert process_time() - began < 3
