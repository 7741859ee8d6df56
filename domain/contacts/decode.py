"""From a file's bytes to its text. The file's name and declared type do not count; the bytes do."""

import codecs
import re

from domain.contacts.encodings import NAMES, WESTERN, guess_encoding
from domain.errors import InvalidCsv
from domain.model import Model
from domain.requests.limits import quoted

_BOMS = (  # those of UTF-32 first: the one of UTF-16 is their beginning
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SAMPLE_BYTES = 20_000  # that show whether a file without a BOM is UTF-16
_MIN_ZEROS = 0.15  # at least this share of the sample's characters has a zero half, as Latin letters and digits have
_MAX_OTHER_ZEROS = 0.01  # at most this share has a zero as its other half
_BINARY = re.compile(r"[\x00-\x08\x0e-\x19\x1b-\x1f]")  # control characters that no exported table holds
_STRAY = re.compile("[\udc80-\udcff]")  # a byte that is no UTF-8, as Python keeps it
_MIN_WHOLE = 4  # characters of UTF-8 beyond ASCII for each stray byte: by chance other encodings have fewer
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_MISREAD = re.compile(
    r"(?<=[a-zA-Z])[ŠŽŸ†‡„‚ƒˆ‰¤§¨¢¦¶](?=[a-z])|(?<=[a-z])[ŽŸ‚](?![A-Z])"
)  # letters of Mac Roman or DOS
_WORD_END, _WORD_BEGIN = re.compile(r"\w*\Z"), re.compile(r"\w*")
_WORD_SIDE = 20  # characters shown on each side of a doubtful one
_OLD_ENCODINGS = "it may be Mac Roman or DOS (code page 850)"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")  # what a workbook with a password is kept in
_OLD_CONTAINER = b"\xd0\xcf\x11\xe0"
_OTHER_FORMATS = {
    b"%PDF": "a PDF document",
    b"{\\rtf": "an RTF document",
    b"\x89PNG": "a picture: binary data",
    b"GIF8": "a picture: binary data",
    b"\xff\xd8\xff": "a picture: binary data",
    b"SQLite format 3\0": "a database: binary data",
    b"\x1f\x8b": "compressed (gzip): binary data",
    b"BZh": "compressed (bzip2): binary data",
    b"\xfd7zXZ": "compressed (xz): binary data",
    b"7z\xbc\xaf": "a 7z archive: binary data",
    b"Rar!": "a RAR archive: binary data",
}
_OTHER_TEXTS = (
    (re.compile(r"\s*<(?:!doctype html|html|head|body|table)\b", re.IGNORECASE), "a web page"),
    (re.compile(r"\s*<\?xml\b"), "an XML document"),
    (re.compile(r"\s*[\[{]\s*[\"{\[\]}]"), "JSON"),
    (re.compile(r"BEGIN:VCARD", re.IGNORECASE), "a file of address cards (vCard)"),
)

CP1252_WARNING = "The file is not UTF-8 and was read as Windows-1252: check letters with accents"


def read_stray_bytes(text: str) -> str:
    """Text in which single bytes were no UTF-8: read as Windows-1252, where they mostly come from."""
    return _STRAY.sub(lambda stray: bytes([ord(stray[0]) - 0xDC00]).decode(WESTERN, "replace"), text)


def has_stray_bytes(text: str) -> bool:
    return not text.isascii() and _STRAY.search(text) is not None


class DecodedFile(Model):
    """A file's text, and what was assumed to read it."""

    text: str
    warnings: list[str]


def empty_file_error() -> InvalidCsv:
    """The error of a file without anything in it."""
    return InvalidCsv("The file is empty: its first row must hold column names, one of them `phone`.")


def decode_file(content: bytes) -> DecodedFile:
    """Decode Unicode, or what is guessed to be the encoding. Raises InvalidCsv where the bytes are no text."""
    refuse_other_formats(content)
    encoding, skipped = detect_wide(content)
    if encoding is not None:
        return _decode(content[skipped:], encoding)
    if _try_decode(content, "utf-8") is not None:
        return _decode(content, "utf-8")
    if _is_mostly_utf8(content):
        return _decode(content.removeprefix(codecs.BOM_UTF8), "utf-8", errors="surrogateescape")
    return _decode_guessing(content)


def detect_wide(content: bytes) -> tuple[str | None, int]:
    """The encoding that a mark at the beginning names, of so many bytes, or UTF-16 without one; else None."""
    for bom, encoding in _BOMS:
        if content.startswith(bom):
            return encoding, len(bom)
    return _detect_utf16(content), 0


def decode_part(content: bytes, encoding: str | None) -> tuple[DecodedFile, str | None]:
    """Decode a part of a file, and say what the file's encoding is.

    `encoding`: what it was found to be before; None where all before is ASCII, also in the answer. In UTF-8 bytes that
    are none stay as they are, for `read_stray_bytes`. Raises InvalidCsv where the bytes are no text.
    """
    if encoding is None and content.isascii():
        return _decode_part(content, "ascii"), None
    if encoding is None and not (_try_decode(content, "utf-8") is not None or _is_mostly_utf8(content)):
        return _decode_guessing(content), guess_encoding(content)
    found = encoding or "utf-8"
    return _decode_part(content, found), found


def _decode_part(content: bytes, encoding: str) -> DecodedFile:
    """Unlike a file, a part may be blank, and begin as other formats do."""
    text = _try_decode(content, encoding, "surrogateescape" if encoding == "utf-8" else "strict")
    if text is None:
        raise _undecodable_error(encoding)
    if "\0" in text or (encoding in NAMES and _BINARY.search(text)):
        raise _binary_error()
    return DecodedFile(text=text, warnings=[])


def refuse_other_texts(text: str) -> None:
    """Raises InvalidCsv for a file's first text that is known to be no table."""
    for pattern, kind in _OTHER_TEXTS:
        if pattern.match(text):
            raise _other_format_error(kind)


def _is_mostly_utf8(content: bytes) -> bool:
    """Whether it is UTF-8 but for single bytes, pasted from another program or cut off: no other encoding looks so."""
    if b"\0" in content:
        return False
    text = content.decode("utf-8", "ignore")
    strays = len(content.decode("utf-8", "surrogateescape")) - len(text)
    whole = len(text) - len(text.encode("ascii", "ignore"))
    return whole >= _MIN_WHOLE * strays


def refuse_other_formats(content: bytes) -> None:
    """Raises InvalidCsv for what is known to be no table."""
    if content.startswith(_OLD_CONTAINER):
        raise _old_workbook_error(content)
    for magic, kind in _OTHER_FORMATS.items():
        if content.startswith(magic):
            raise _other_format_error(kind)


def _other_format_error(kind: str) -> InvalidCsv:
    return InvalidCsv(f"The file is {kind}, not a CSV file: export the contacts as CSV or XLSX and send that.")


def _old_workbook_error(content: bytes) -> InvalidCsv:
    if _ENCRYPTED in content:
        return InvalidCsv("The file is encrypted: remove its password and send it again.")
    return InvalidCsv("The file is an old Excel workbook (XLS): save it as XLSX or CSV and send that.")


def _decode_guessing(content: bytes) -> DecodedFile:
    if b"\0" in content:
        raise _binary_error()
    encoding = guess_encoding(content)
    decoded = _decode(content, encoding)
    warning = f"The file is not UTF-8 and was read as {NAMES[encoding]}, which is a guess: check names and other words"
    warning = CP1252_WARNING if encoding == WESTERN else warning
    return decoded.model_copy(update={"warnings": [f"{warning}{_name_doubtful(decoded.text, encoding)}."]})


def _name_doubtful(text: str, encoding: str) -> str:
    """Where to look: a word that Windows-1252 hardly ever makes, else the first one beyond ASCII."""
    misread = _MISREAD.search(text) if encoding == WESTERN else None
    found = misread or _NOT_ASCII.search(text)
    if found is None:
        return ""
    begin, end = found.span()
    before = _WORD_END.search(text[max(0, begin - _WORD_SIDE) : begin])
    after = _WORD_BEGIN.match(text[end : end + _WORD_SIDE])
    word = (before[0] if before else "") + found[0] + (after[0] if after else "")
    line = text.count("\n", 0, begin) + text.count("\r", 0, begin) - text.count("\r\n", 0, begin) + 1
    return f", such as {quoted(word)} in line {line}{f'; {_OLD_ENCODINGS}' if misread else ''}"


def _decode(content: bytes, encoding: str, *warnings: str, errors: str = "strict") -> DecodedFile:
    text = _try_decode(content, encoding, errors)
    text = None if text is None else text.lstrip("\ufeff")
    if text is None:
        raise _undecodable_error(encoding)
    if "\0" in text or (encoding in NAMES and _BINARY.search(text)):
        raise _binary_error()
    if not text.strip():
        raise empty_file_error()
    refuse_other_texts(text)
    return DecodedFile(text=text, warnings=list(warnings))


def _undecodable_error(encoding: str) -> InvalidCsv:
    doubt = f"; {_OLD_ENCODINGS}" if encoding == WESTERN else ""
    return InvalidCsv(f"The file cannot be decoded as text{doubt}: save it as CSV in UTF-8 and send that.")


def _binary_error() -> InvalidCsv:
    return InvalidCsv("The file holds binary data, not text: save it as CSV in UTF-8 and send that.")


def _detect_utf16(content: bytes) -> str | None:
    sample = content[:_SAMPLE_BYTES]
    if len(content) % 2:
        return None
    characters = len(sample) // 2
    first, second = sample[0::2].count(0), sample[1::2].count(0)
    if max(first, second) < _MIN_ZEROS * characters or min(first, second) > _MAX_OTHER_ZEROS * characters:
        return None
    encoding = "utf-16-le" if second > first else "utf-16-be"
    text = _try_decode(content, encoding)
    return None if text is None or _BINARY.search(text) else encoding


def _try_decode(content: bytes, encoding: str, errors: str = "strict") -> str | None:
    try:
        return content.decode(encoding, errors)
    except UnicodeDecodeError:
        return None
