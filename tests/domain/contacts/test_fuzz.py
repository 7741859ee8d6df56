"""Files that nobody would write: whatever they hold, they are read or refused, soon and in little memory.

The corpus is `tests/files`. Set OUTDIAL_FUZZ_SECONDS for more than the usual half a minute.
"""

import io
import json
import os
import resource
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, process_time

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from domain.contacts.contact import ReadOptions
from domain.contacts.named_columns import NamedColumns
from domain.contacts.read_file import read_contact_file
from domain.contacts.read_json import read_contact_list
from domain.errors import RequestError
from domain.requests.strict_json import MAX_VALUES, parse_json
from tests.files.make_files import hand_made

FILES = Path(__file__).parents[2] / "files"
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SECONDS = float(os.environ.get("OUTDIAL_FUZZ_SECONDS", "30")) / 3  # for each of the three kinds
CPU_SECONDS = 5.0  # of one file
MEMORY_BYTES = 300 * 1024 * 1024

TEXTS = [path.read_bytes() for path in sorted(FILES.glob("*.csv")) if path.stat().st_size < 20_000]
WORKBOOKS = [path.read_bytes() for path in sorted(FILES.glob("*.xlsx")) if path.stat().st_size < 20_000]
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252", "cp1251", "cp932", "gb18030"]
PIECES = [
    b"", b'"', b'""', b",", b";", b"\t", b"\r", b"\n", b"\0", b"\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"sep=;\n",
    b"=1+1", b"'", b"phone", b"phone,phone", b"+12025550101", b"9" * 5_000, b"," * 20_000, b'"\n' * 5_000, b"1e400",
    "\u202e名前".encode(),
]  # fmt: skip
MARKUP = [
    b"2958466", b"99999999999", b"9" * 5_000, b"-1",
    b"<", b">", b"</row>", b"<c>", b"<v>", b'r="ZZZ9999999"', b'r="2"', b't="s"', b't="d"', b's="99999999999"', b"&#0;",
    b"<v>1e400</v>", b"<v>-1e308</v>", b"<v>" + b"9" * 5_000 + b"</v>", b"<y:row>", b"<!DOCTYPE x>", b"<![CDATA[",
    b"\xff\xfe",
    b'<dimension ref="A1:XFD1048576"/>', b'<row r="1048576"/>', b"<is><t>",
]  # fmt: skip
EDIT = st.tuples(st.integers(0, 10**6), st.sampled_from([0, 1, 1, 1, 3, 5, 8, 21, 40]))
BEHIND = {1: b"<v>", 3: b">"}  # by how many bytes an edit takes away
EDITS = st.lists(st.tuples(EDIT, st.sampled_from(PIECES)), max_size=4)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=5),
    max_leaves=20,
)


def within_limits(read: Callable[[], object]) -> None:
    """Reads it, or refuses it as a request; anything else is a fault."""
    tracemalloc.start()
    began = process_time()
    try:
        read()
    except RequestError:
        pass
    finally:
        spent, (_, peak) = process_time() - began, tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert spent < CPU_SECONDS
    assert peak < MEMORY_BYTES


def read_file(content: bytes, columns: NamedColumns) -> None:
    within_limits(lambda: read_contact_file(content, ReadOptions(columns=columns, now=NOW)))


def for_seconds(fuzz: Callable[[], None]) -> None:
    """Rounds of examples until the time is over."""
    until = monotonic() + SECONDS
    while monotonic() < until:
        fuzz()


FUZZ = settings(
    max_examples=60,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
COLUMNS = st.sampled_from(
    [
        NamedColumns(),
        NamedColumns(phone="telephone"),
        NamedColumns(external_id="name", timezone="zone", required=("city",)),
    ]
)


@pytest.fixture(autouse=True)
def no_more_memory() -> Iterator[None]:
    """What is not Python's own shows in the process: it may grow so much, over all examples."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < 2 * MEMORY_BYTES


def test_no_text_is_worse_than_refused() -> None:
    @FUZZ
    @given(st.sampled_from(TEXTS), st.sampled_from(ENCODINGS), EDITS, COLUMNS)
    def fuzz(content: bytes, encoding: str, edits: list[tuple[tuple[int, int], bytes]], columns: NamedColumns) -> None:
        text = content.decode("utf-8", "replace").encode(encoding, "ignore")
        read_file(edited_bytes(text, edits), columns)

    for_seconds(fuzz)


def test_no_workbook_is_worse_than_refused() -> None:
    @FUZZ
    @given(
        st.sampled_from(WORKBOOKS),
        st.integers(0, 100),
        st.lists(st.tuples(EDIT, st.sampled_from([*MARKUP, *PIECES])), max_size=4),
        COLUMNS,
    )
    def fuzz(content: bytes, part: int, edits: list[tuple[tuple[int, int], bytes]], columns: NamedColumns) -> None:
        read_file(with_part_edited(content, part, edits), columns)

    for_seconds(fuzz)


def test_no_json_is_worse_than_refused() -> None:
    @FUZZ
    @given(st.lists(VALUES, max_size=5), st.lists(st.tuples(EDIT, st.sampled_from(PIECES)), max_size=2), COLUMNS)
    def fuzz(values: list[object], edits: list[tuple[tuple[int, int], bytes]], columns: NamedColumns) -> None:
        contacts = [{"phone": "+12025550101", "value": value, "name": value} for value in values]
        body = edited_bytes(json.dumps(contacts).encode(), edits)

        def read() -> None:
            sent = parse_json(body, max_values=MAX_VALUES)
            if isinstance(sent, list):
                json.dumps(read_contact_list(sent, ReadOptions(columns=columns, now=NOW)).report.to_json())

        within_limits(read)

    for_seconds(fuzz)


def edited_bytes(content: bytes, edits: list[tuple[tuple[int, int], bytes]]) -> bytes:
    """The content with pieces in place of some bytes; of a sheet's XML mostly behind a tag, where values stand."""
    for (place, lost), piece in edits:
        at = place % (len(content) + 1)
        if (tag := BEHIND.get(lost)) is not None and tag in content[at:]:
            at = content.index(tag, at) + len(tag)
        content = content[:at] + piece + content[at + lost // 2 :]
    return content


def with_part_edited(content: bytes, part: int, edits: list[tuple[tuple[int, int], bytes]]) -> bytes:
    """The workbook with one part edited; for one in a while, the archive itself."""
    if part == 100 or not zipfile.is_zipfile(io.BytesIO(content)):
        return edited_bytes(content, edits)
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        names = old.namelist()
        sheets = [name for name in names if "sheet" in name or "haredStrings" in name] or names
        wanted = sheets[part % len(sheets)] if part < 70 else names[part % len(names)]
        for name in names:
            try:
                kept = old.read(name)
            except (RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error):
                return edited_bytes(content, edits)
            new.writestr(name, edited_bytes(kept, edits) if name == wanted else kept)
    return made.getvalue()


def test_five_thousand_digits_are_refused_as_an_index_of_a_text() -> None:
    main = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    sheet = b'<worksheet xmlns="%s"><sheetData><row><c t="s"><v>%%s</v>' % main
    with pytest.raises(RequestError):
        read_contact_file(hand_made(sheet % (b"9" * 5_000) + b"</c></row></sheetData></worksheet>", b"<sst/>"))
