"""From a file's bytes to its text. The file's name and declared type do not count; the bytes do."""

import codecs
import re

from domain.errors import InvalidCsv
from domain.model import Model

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SAMPLE = 2000  # bytes that show whether a file without a BOM is UTF-16
_CLEAR = 0.4  # at least this share of the sample's bytes are the zero halves of Latin characters
_BINARY = re.compile(r"[\x00-\x08\x0e-\x19\x1b-\x1f]")  # control characters that no exported table holds
_OTHER_FORMATS = {
    b"PK\x03\x04": "an Excel workbook or another zip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF document",
}

CP1252_WARNING = "The file is not UTF-8 and was read as Windows-1252: check letters with accents."


class DecodedFile(Model):
    """A file's text, and what was assumed to read it."""

    text: str
    warnings: list[str]


def decode_file(content: bytes) -> DecodedFile:
    """Decode UTF-8, UTF-16 or Windows-1252. Raises InvalidCsv where the bytes are no text."""
    for magic, kind in _OTHER_FORMATS.items():
        if content.startswith(magic):
            raise InvalidCsv(f"The file is {kind}, not a CSV file: export it as CSV and send that.")
    for bom, encoding in _BOMS:
        if content.startswith(bom):
            return _decoded(content[len(bom) :], encoding)
    if utf16 := _utf16_without_bom(content):
        return _decoded(content, utf16)
    if _is_utf8(content):
        return _decoded(content, "utf-8")
    return _decoded(content, "cp1252", CP1252_WARNING)


def _decoded(content: bytes, encoding: str, *warnings: str) -> DecodedFile:
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        raise InvalidCsv("The file cannot be decoded as text: save it as CSV in UTF-8 and send that.") from None
    if "\0" in text or (encoding == "cp1252" and _BINARY.search(text)):
        raise InvalidCsv("The file holds binary data, not text: save it as CSV in UTF-8 and send that.")
    return DecodedFile(text=text, warnings=list(warnings))


def _utf16_without_bom(content: bytes) -> str | None:
    sample = content[:_SAMPLE]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if len(content) % 2 or max(even, odd) < len(sample) * _CLEAR:
        return None
    if even == 0:
        return "utf-16-le"
    return "utf-16-be" if odd == 0 else None


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
