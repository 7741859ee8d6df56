"""An XLSX file is a zip of XML parts. What is taken out of it is bounded first, whatever its headers claim."""

import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sized
from typing import NamedTuple
from xml.parsers import expat

from domain.errors import InvalidCsv

MAX_PARTS = 5_000
MAX_SHEETS = 5_000  # also relations of the workbook
MAX_UNPACKED = 64 * 1024 * 1024  # bytes of all parts that are read
WORKBOOK = "xl/workbook.xml"
RELATIONS = "xl/_rels/workbook.xml.rels"

_NEEDED = ("[Content_Types].xml", "_rels/.rels", "xl/sharedStrings.xml", "xl/styles.xml")
_DAMAGED = (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, NotImplementedError, EOFError, OSError, ValueError)
_PACKED_AS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})  # no other way is used for workbooks
_NOT_READABLE = (
    "The file begins like an Excel workbook but cannot be read: open it in a spreadsheet, save it as XLSX or CSV,"
    " and send that."
)
_TOO_LARGE = "The workbook is too large when it is unpacked: save its first sheet as CSV and send that."
_OTHERS = (
    (re.compile(r"xl/workbook\.bin"), "a binary Excel workbook (XLSB)"),
    (re.compile(r"word/document\.xml"), "a Word document"),
    (re.compile(r"ppt/presentation\.xml"), "a presentation"),
    (re.compile(r"mimetype|META-INF/manifest\.xml"), "an OpenDocument file"),
    (re.compile(r"Index/Document\.iwa|Index\.zip"), "a Numbers document"),
)

Attributes = dict[str, str]


class Package(NamedTuple):
    """A workbook cut down to one sheet: its parts by their paths."""

    parts: dict[str, bytes]
    sheet: str  # the path of the sheet
    name: str  # its name
    sheets: int  # that can be seen

    def as_archive(self) -> bytes:
        """The parts as a zip of their own."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
            for path, content in self.parts.items():
                archive.writestr(path, content)
        return buffer.getvalue()


class _Sheet(NamedTuple):
    name: str
    relation: str
    hidden: bool


def open_package(content: bytes) -> Package:
    """Take the first sheet that can be seen, and what is needed to read it. Raises InvalidCsv."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _package(_Parts(archive))
    except _DAMAGED:
        raise not_readable() from None
    except RuntimeError:  # what zipfile says of a part with a password
        raise InvalidCsv("The file is encrypted: remove its password and send it again.") from None


def not_readable() -> InvalidCsv:
    """Say that a workbook is damaged, or built in a way that we cannot read."""
    return InvalidCsv(_NOT_READABLE)


def too_large() -> InvalidCsv:
    """Say that a workbook holds more than is read."""
    return InvalidCsv(_TOO_LARGE)


def parse_xml(content: bytes, on_start: Callable[[str, Attributes], None]) -> None:
    """Tell of every element. Raises InvalidCsv for what is no XML or has a document type."""
    parser = new_parser()
    parser.StartElementHandler = on_start
    run(parser, content)


def new_parser() -> expat.XMLParserType:
    """A parser that refuses document types: no part of a workbook has one."""
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _refuse_doctype
    return parser


def run(parser: expat.XMLParserType, content: bytes) -> None:
    """Parse all of it. Raises InvalidCsv."""
    try:
        parser.Parse(content, True)
    except expat.ExpatError:
        raise not_readable() from None


class _Parts:
    """Reads parts of an archive, in all no more than MAX_UNPACKED bytes."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._left = MAX_UNPACKED
        self.names = archive.namelist()
        if len(self.names) > MAX_PARTS:
            raise too_large()

    def read(self, path: str) -> bytes:
        """Raises InvalidCsv where it is too large or not there."""
        if path not in self.names or self._archive.getinfo(path).compress_type not in _PACKED_AS:
            raise not_readable()
        with self._archive.open(path) as part:
            content = part.read(self._left + 1)
        self._left -= len(content)
        if self._left < 0:
            raise too_large()
        return content


def _package(parts: _Parts) -> Package:
    if WORKBOOK not in parts.names:
        raise _no_workbook(parts.names)
    read = {path: parts.read(path) for path in (WORKBOOK, RELATIONS)}
    worksheets = _worksheets(read[RELATIONS])
    shown = [sheet for sheet in _sheets(read[WORKBOOK]) if not sheet.hidden and sheet.relation in worksheets]
    if not shown:
        raise InvalidCsv("The workbook has no sheet with cells that can be seen.")
    path = worksheets[shown[0].relation]
    wanted = dict.fromkeys([path, *(needed for needed in _NEEDED if needed in parts.names)])
    read |= {path: parts.read(path) for path in wanted}
    return Package(parts=read, sheet=path, name=shown[0].name, sheets=len(shown))


def _sheets(workbook: bytes) -> list[_Sheet]:
    """The sheets in the order of their tabs."""
    found: list[_Sheet] = []

    def on_start(tag: str, attributes: Attributes) -> None:
        if local(tag) == "sheet":
            relation = next((value for name, value in attributes.items() if name.endswith(":id")), "")
            hidden = attributes.get("state", "visible") != "visible"
            found.append(_Sheet(attributes.get("name", ""), relation, hidden))
            _refuse_many(found)

    parse_xml(workbook, on_start)
    return found


def _worksheets(relations: bytes) -> dict[str, str]:
    """The paths of the sheets of cells, by the ids of their relations."""
    found: dict[str, str] = {}

    def on_start(tag: str, attributes: Attributes) -> None:
        if local(tag) == "Relationship" and attributes.get("Type", "").endswith("/worksheet"):
            target = attributes.get("Target", "")
            found[attributes.get("Id", "")] = target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
            _refuse_many(found)

    parse_xml(relations, on_start)
    return found


def _refuse_many(found: Sized) -> None:
    if len(found) > MAX_SHEETS:
        raise too_large()


def local(tag: str) -> str:
    """A name without its prefix."""
    return tag.rpartition(":")[2]


def _no_workbook(names: list[str]) -> InvalidCsv:
    kind = next(_kinds(names), "a zip archive without a workbook")
    return InvalidCsv(f"The file is {kind}: save the contacts as XLSX or CSV and send that.")


def _kinds(names: list[str]) -> Iterator[str]:
    for pattern, kind in _OTHERS:
        if any(pattern.fullmatch(name) for name in names):
            yield kind


def _refuse_doctype(*_: object) -> None:
    raise not_readable()
