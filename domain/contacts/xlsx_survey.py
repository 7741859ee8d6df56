"""A look over a sheet before its cells are read: how much it spreads, and what its reader should be told."""

import re
from xml.parsers import expat

from domain.contacts.xlsx_package import Attributes, Package, new_parser, not_readable, run, too_large

MAX_CELLS = 2_100_000  # of the rectangle that holds all cells: 10,000 contacts of 200 fields, and blank rows
MAX_TEXT = 64 * 1024 * 1024  # characters of all cells, a text that cells share counted for each
STRINGS = "xl/sharedStrings.xml"

_PLACE = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})")
_ROW = re.compile(r"[0-9]{1,7}")
_SHEET = "worksheet"


class Survey:
    """What one pass over the XML of a sheet found. Raises InvalidCsv for more than is read."""

    def __init__(self, package: Package) -> None:
        self.merged = False
        self.hidden_rows = 0
        self.unsaved_formulas = 0
        self.errors = 0
        self._strings = _lengths(package.parts.get(STRINGS))
        self._tags: dict[str, str] = {}
        self._top, self._bottom, self._left, self._right = 10**7, 0, 10**7, 0
        self._row, self._column = 0, 0
        self._tag: str | None = None
        self._shared, self._index = False, ""
        self._formula, self._result = False, ""
        self._characters = 0
        self._cells = 0
        parser = new_parser()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.CharacterDataHandler = self._text
        run(parser, package.parts[package.sheet])
        self._end_cell()

    def _start(self, tag: str, attributes: Attributes) -> None:
        if not self._tags:  # the first one; all have its prefix
            prefix = tag.removesuffix(_SHEET)
            self._tags = {f"{prefix}{name}": name for name in ("row", "c", "v", "t", "f", "mergeCell")}
        self._tag = name = self._tags.get(tag)
        if name == "c":
            self._end_cell()
            self._begin_cell(attributes)
        elif name in {"v", "t", "f"}:
            self._formula |= name == "f"
            self._spread()
        elif name == "row":
            self._begin_row(attributes)
        elif name == "mergeCell":
            self.merged = True

    def _begin_row(self, attributes: Attributes) -> None:
        written = attributes.get("r")
        if written is not None and not _ROW.fullmatch(written):
            raise not_readable()
        self._row = self._row + 1 if written is None else int(written)
        self._column = 0
        if attributes.get("hidden") in {"1", "true"}:
            self.hidden_rows += 1

    def _begin_cell(self, attributes: Attributes) -> None:
        self._cells += 1
        if self._cells > MAX_CELLS:
            raise too_large()
        place = attributes.get("r")
        match = _PLACE.fullmatch(place) if place is not None else None
        if place is not None and match is None:
            raise not_readable()
        self._column = self._column + 1 if match is None else _column(match[1])
        if match is not None:
            self._row = int(match[2])
        kind = attributes.get("t")
        self.errors += kind == "e"
        self._shared, self._index = kind == "s", ""

    def _spread(self) -> None:
        """A cell that holds something: the rectangle is as large as it must be."""
        self._top, self._bottom = min(self._top, self._row), max(self._bottom, self._row)
        self._left, self._right = min(self._left, self._column), max(self._right, self._column)
        if (self._bottom - self._top + 1) * (self._right - self._left + 1) > MAX_CELLS:
            raise too_large()

    def _text(self, data: str) -> None:
        if self._tag == "v":
            if self._shared:
                self._index += data
            elif self._formula:
                self._result += data

    def _end_cell(self) -> None:
        self.unsaved_formulas += self._formula and not self._result.strip()
        self._formula, self._result = False, ""
        if self._shared and (index := self._index.strip()).isdecimal() and int(index) < len(self._strings):
            self._characters += self._strings[int(index)]
            if self._characters > MAX_TEXT:
                raise too_large()


def _column(letters: str) -> int:
    """A is 1, Z 26, AA 27."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number


def _lengths(strings: bytes | None) -> list[int]:
    """How many characters each of the shared texts has."""
    lengths: list[int] = []

    def on_start(tag: str, _: Attributes) -> None:
        if tag == "si" or tag.endswith(":si"):
            lengths.append(0)
            if len(lengths) > MAX_CELLS:
                raise too_large()

    def on_text(data: str) -> None:
        if lengths:
            lengths[-1] += len(data)

    if strings is not None:
        parser: expat.XMLParserType = new_parser()
        parser.StartElementHandler = on_start
        parser.CharacterDataHandler = on_text
        run(parser, strings)
    return lengths
