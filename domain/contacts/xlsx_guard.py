"""What keeps a workbook from growing without end: its zip, then its first sheet, are bounded before they are read."""

import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import NamedTuple
from xml.parsers import expat

from domain.contacts.number_formats import NumberFormat, read_format
from domain.errors import InvalidCsv

MAX_PARTS = 5_000
MAX_SHEETS = 5_000  # also relations of the workbook
MAX_UNPACKED = 64 * 1024 * 1024  # bytes of all parts that are read, whatever their headers claim
MAX_CELLS = 2_100_000  # of the rectangle that holds all cells: 10,000 contacts of 200 fields, and blank rows
MAX_TEXT = 32 * 1024 * 1024  # bytes of all cells in UTF-8, a text that cells share counted for each
MAX_ELEMENTS = 5_000_000  # of one part: MAX_CELLS with a value in each, and what else there is
MAX_STYLES = 65_490  # of cells, and formats of numbers: no spreadsheet has more
MAX_FORMATTED = 200_000  # cells that show a number otherwise than by its digits: 10,000 contacts of 20 such fields


_WORKBOOK = "xl/workbook.xml"
_RELATIONS = "xl/_rels/workbook.xml.rels"
_STRINGS = "xl/sharedStrings.xml"
_STYLES = "xl/styles.xml"
_NEEDED = ("[Content_Types].xml", "_rels/.rels", _STRINGS, _STYLES)
_DAMAGED = (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, NotImplementedError, EOFError, OSError, ValueError)
_COMPRESSIONS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})  # no other is used for workbooks
_OTHER_FORMATS = (
    (re.compile(r"xl/workbook\.bin"), "a binary Excel workbook (XLSB)"),
    (re.compile(r"word/document\.xml"), "a Word document"),
    (re.compile(r"ppt/presentation\.xml"), "a presentation"),
    (re.compile(r"mimetype|META-INF/manifest\.xml"), "an OpenDocument file"),
    (re.compile(r"Index/Document\.iwa|Index\.zip"), "a Numbers document"),
)
_CELL = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})")
_ROW = re.compile(r"[0-9]{1,7}")
_INDEX = re.compile(r"\s*\+?[0-9]{1,20}\s*")

Attributes = dict[str, str]


class Package(NamedTuple):
    """A workbook cut down to its first visible sheet: its parts by their paths."""

    parts: dict[str, bytes]
    sheet: str  # the path of the sheet
    name: str  # its name
    visible_sheets: int

    def to_archive(self) -> io.BytesIO:
        """Move the parts into a zip of their own: what reads it finds nothing that was not bounded."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            while self.parts:
                archive.writestr(*self.parts.popitem())
        buffer.seek(0)
        return buffer


def open_package(content: bytes) -> Package:
    """Take the first visible sheet, and what is needed to read it. Raises InvalidCsv."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _cut_down(_Parts(archive))
    except _DAMAGED:
        raise unreadable_error() from None
    except RuntimeError:  # what zipfile says of a part with a password
        raise InvalidCsv("The file is encrypted: remove its password and send it again.") from None


class SheetSurvey:
    """What one pass over the XML of a sheet finds. Raises InvalidCsv for more than is read.

    Elements go by their local names, as the library that reads the cells sees them.
    """

    def __init__(self, package: Package) -> None:
        self.merged = False
        self.hidden_rows = 0
        self.unsaved_formulas = 0
        self.errors = 0
        self.formats: dict[tuple[int, int], NumberFormat] = {}  # of numbers, by row and column, each from 1
        self._styles = _read_styles(package.parts.get(_STYLES))
        self._lengths = _measure_strings(package.parts.get(_STRINGS))
        self._top, self._bottom, self._left, self._right = 10**7, 0, 10**7, 0
        self._row = self._column = self._cells = self._characters = 0
        self._last_row = 0
        self._element = ""
        self._is_shared, self._index = False, ""
        self._is_formula, self._result = False, ""
        _parse_xml(package.parts[package.sheet], self._on_start, self._on_text)
        self._end_cell()

    def _on_start(self, name: str, attributes: Attributes) -> None:
        self._element = name
        if name == "c":
            self._end_cell()
            self._begin_cell(attributes)
        elif name in {"v", "t", "f"}:
            self._is_formula |= name == "f"
            self._extend()
        elif name == "row":
            self._begin_row(attributes)
        elif name == "mergeCell":
            self.merged = True

    def _begin_row(self, attributes: Attributes) -> None:
        written = attributes.get("r")
        if written is not None and not _ROW.fullmatch(written):
            raise unreadable_error()
        if written is not None and int(written) <= self._last_row:
            raise _doubled_row_error(int(written))
        self._row = self._last_row = self._row + 1 if written is None else int(written)
        self._column = 0
        self.hidden_rows += attributes.get("hidden") in {"1", "true"}

    def _begin_cell(self, attributes: Attributes) -> None:
        self._cells += 1
        if self._cells > MAX_CELLS:
            raise _too_large_error()
        written = attributes.get("r")
        if written is None:
            self._column += 1
        elif match := _CELL.fullmatch(written):
            self._column, self._row = _parse_column(match[1]), int(match[2])
        else:
            raise unreadable_error()
        kind = attributes.get("t")
        self.errors += kind == "e"
        if self._styles and kind in {None, "n"} and (style := attributes.get("s", "0")) in self._styles:
            self.formats[self._row, self._column] = self._styles[style]
            if len(self.formats) > MAX_FORMATTED:
                raise _too_many_formats_error()
        self._is_shared, self._index = kind == "s", ""

    def _extend(self) -> None:
        """A cell that holds something: the rectangle is as large as it must be."""
        self._top, self._bottom = min(self._top, self._row), max(self._bottom, self._row)
        self._left, self._right = min(self._left, self._column), max(self._right, self._column)
        if (self._bottom - self._top + 1) * (self._right - self._left + 1) > MAX_CELLS:
            raise _too_large_error()

    def _on_text(self, text: str) -> None:
        if self._element == "v":
            if self._is_shared:
                self._index += text
            elif self._is_formula:
                self._result += text

    def _end_cell(self) -> None:
        self.unsaved_formulas += self._is_formula and not self._result.strip()
        self._is_formula, self._result = False, ""
        if self._is_shared and _INDEX.fullmatch(self._index) and int(self._index) < len(self._lengths):
            self._characters += self._lengths[int(self._index)]
            if self._characters > MAX_TEXT:
                raise _too_large_error()


def unreadable_error() -> InvalidCsv:
    """The error of a workbook that is damaged, or built in a way that we cannot read."""
    return InvalidCsv(
        "The file begins like an Excel workbook but cannot be read: open it in a spreadsheet, save it as XLSX or CSV,"
        " and send that."
    )


def _doubled_row_error(row: int) -> InvalidCsv:
    return InvalidCsv(
        f"Row {row} stands twice in the workbook, or behind a later one, and one of them would be lost: open it in a"
        " spreadsheet, save it, and send that."
    )


def _too_many_formats_error() -> InvalidCsv:
    return InvalidCsv(
        f"The workbook has more than {MAX_FORMATTED:,} cells with a number format such as 00000: save its first sheet"
        " as CSV and send that."
    )


def _too_large_error() -> InvalidCsv:
    return InvalidCsv("The workbook is too large when it is unpacked: save its first sheet as CSV and send that.")


class _Parts:
    """Reads parts of an archive, in all no more than MAX_UNPACKED bytes."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._left = MAX_UNPACKED
        self.names = archive.namelist()
        if len(self.names) > MAX_PARTS:
            raise _too_large_error()

    def read(self, path: str) -> bytes:
        """Raises InvalidCsv where it is too large or not there."""
        if path not in self.names or self._archive.getinfo(path).compress_type not in _COMPRESSIONS:
            raise unreadable_error()
        with self._archive.open(path) as part:
            content = part.read(self._left + 1)
        self._left -= len(content)
        if self._left < 0:
            raise _too_large_error()
        return content


def _cut_down(parts: _Parts) -> Package:
    if _WORKBOOK not in parts.names:
        raise _no_workbook_error(parts.names)
    read = {path: parts.read(path) for path in (_WORKBOOK, _RELATIONS)}
    worksheets = _find_worksheets(read[_RELATIONS])
    visible = [(name, worksheets[id]) for name, id in _list_visible_sheets(read[_WORKBOOK]) if id in worksheets]
    if not visible:
        raise InvalidCsv("The workbook has no sheet with cells that can be seen.")
    name, sheet = visible[0]
    wanted = dict.fromkeys([sheet, *(path for path in _NEEDED if path in parts.names)])
    read |= {path: parts.read(path) for path in wanted}
    return Package(parts=read, sheet=sheet, name=name, visible_sheets=len(visible))


def _list_visible_sheets(workbook: bytes) -> Iterator[tuple[str, str]]:
    """The names and relations of the sheets, in the order of their tabs."""
    for attributes in _list_elements(workbook, "sheet"):
        if attributes.get("state", "visible") == "visible":
            relation = next((value for name, value in attributes.items() if name.endswith(":id")), "")
            yield attributes.get("name", ""), relation


def _find_worksheets(relations: bytes) -> dict[str, str]:
    """The paths of the sheets of cells, by the ids of their relations."""
    targets = {
        attributes.get("Id", ""): attributes.get("Target", "")
        for attributes in _list_elements(relations, "Relationship")
        if attributes.get("Type", "").endswith("/worksheet")
    }
    return {id: path.removeprefix("/") if path.startswith("/") else f"xl/{path}" for id, path in targets.items()}


def _list_elements(content: bytes, name: str) -> list[Attributes]:
    """The attributes of the elements of one name, at most MAX_SHEETS of them."""
    found: list[Attributes] = []

    def on_start(element: str, attributes: Attributes) -> None:
        if element == name:
            found.append(attributes)
            if len(found) > MAX_SHEETS:
                raise _too_large_error()

    _parse_xml(content, on_start)
    return found


def _measure_strings(strings: bytes | None) -> list[int]:
    """How many bytes of UTF-8 each of the shared texts has."""
    lengths: list[int] = []

    def on_start(name: str, _: Attributes) -> None:
        if name == "si":
            lengths.append(0)
            if len(lengths) > MAX_CELLS:
                raise _too_large_error()

    def on_text(text: str) -> None:
        if lengths:
            lengths[-1] += len(text) if text.isascii() else len(text.encode())

    if strings is not None:
        _parse_xml(strings, on_start, on_text)
    return lengths


def _read_styles(styles: bytes | None) -> dict[str, NumberFormat]:
    """The formats that change how a number reads, by the cells' styles as sheets name them, `0` the first."""
    formats: dict[str, NumberFormat] = {}
    found: dict[str, NumberFormat] = {}
    group, cell_styles = "", 0

    def on_start(name: str, attributes: Attributes) -> None:
        nonlocal group, cell_styles
        if name in {"numFmts", "cellXfs", "cellStyleXfs", "cellStyles", "dxfs"}:
            group = name
        elif name == "numFmt" and group == "numFmts" and len(formats) < MAX_STYLES:
            if known := read_format(attributes.get("formatCode", "")):
                formats[attributes.get("numFmtId", "")] = known
        elif name == "xf" and group == "cellXfs" and cell_styles < MAX_STYLES:
            if known := formats.get(attributes.get("numFmtId", "0")):
                found[str(cell_styles)] = known
            cell_styles += 1

    if styles is not None:
        _parse_xml(styles, on_start)
    return found


def _parse_xml(
    content: bytes, on_start: Callable[[str, Attributes], None], on_text: Callable[[str], None] | None = None
) -> None:
    """Report every element by its local name. Raises InvalidCsv for what is no XML or has a document type."""
    elements = 0

    def on_element(tag: str, attributes: Attributes) -> None:
        nonlocal elements
        elements += 1
        if elements > MAX_ELEMENTS:
            raise _too_large_error()
        on_start(tag.rpartition(":")[2], attributes)

    parser = expat.ParserCreate("utf-8")  # whatever it declares: so the library reads it too
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = on_element
    parser.CharacterDataHandler = on_text
    try:
        parser.Parse(content, True)
    except expat.ExpatError:
        raise unreadable_error() from None


def _refuse_doctype(*_: object) -> None:
    raise unreadable_error()


def _parse_column(letters: str) -> int:
    """A is 1, Z 26, AA 27."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number


def _no_workbook_error(names: list[str]) -> InvalidCsv:
    kinds = (kind for pattern, kind in _OTHER_FORMATS if any(pattern.fullmatch(name) for name in names))
    kind = next(kinds, "a zip archive without a workbook")
    return InvalidCsv(f"The file is {kind}: save the contacts as XLSX or CSV and send that.")
