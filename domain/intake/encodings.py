"""Which encoding a text has that is not Unicode: a guess, and said to be one."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from charset_normalizer import CharsetMatch, from_bytes

WESTERN = "cp1252"
NAMES = {  # the encodings that are told apart, in the order in which equal evidence decides
    WESTERN: "Windows-1252",
    "cp932": "Shift-JIS",
    "cp1251": "Windows-1251 (Cyrillic)",
    "euc_jp": "EUC-JP",
    "gb18030": "GB 18030 (Chinese)",
    "big5": "Big5 (Chinese)",
    "cp949": "Windows-949 (Korean)",
    "cp1250": "Windows-1250 (Central European)",
    "cp1253": "Windows-1253 (Greek)",
    "koi8_r": "KOI8-R (Cyrillic)",
}

_FEW = 4  # bytes beyond ASCII; fewer tell nothing
_SAMPLE = 20_000  # bytes
_AMONG_LATIN = 0.3  # letters of another script hardly ever touch Latin ones; accented ones mostly do
_LETTERS = 0.6  # of the characters beyond ASCII
_MOST_MESS = 0.3
_BREAKS = re.compile(rb"[,;\t\r\n\"]+")  # bytes that are no part of a longer character in any of these encodings
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")


class Script(NamedTuple):
    """What a text's characters beyond ASCII look like."""

    among_latin: float  # the share that stands beside a Latin letter
    letters: float


def guess_encoding(content: bytes) -> str:
    """One of NAMES, for a text that is not UTF-8. Western where nothing speaks clearly for another one."""
    evidence = b"\n".join(_cells(content))[:_SAMPLE]
    if len(_BEYOND_ASCII.findall(evidence)) < _FEW:
        return WESTERN
    matches = from_bytes(evidence, cp_isolation=list(NAMES), threshold=_MOST_MESS)
    others = [match for match in matches if _is_another_script(str(match))]
    return min(others, key=_rank).encoding if others else _latin(matches)


def _cells(content: bytes) -> Iterator[bytes]:
    return (cell for cell in _BREAKS.split(content) if _BEYOND_ASCII.search(cell))


def _latin(matches: Iterable[CharsetMatch]) -> str:
    """Central European only where the Western reading was found to be a mess."""
    found = {encoding for match in matches for encoding in (match.encoding, *match.could_be_from_charset)}
    return "cp1250" if "cp1250" in found and WESTERN not in found else WESTERN


def _is_another_script(text: str) -> bool:
    seen = script(text)
    return seen.among_latin <= _AMONG_LATIN and seen.letters >= _LETTERS


def _rank(match: CharsetMatch) -> tuple[float, float, float, int]:
    return match.chaos, -match.coherence, -script(str(match)).letters, list(NAMES).index(match.encoding)


def script(text: str) -> Script:
    """Judge the characters beyond ASCII."""
    places = [place for place, char in enumerate(text) if not char.isascii()]
    if not places:
        return Script(0.0, 0.0)
    beside = sum(
        _is_latin_letter(text[max(0, at - 1) : at]) or _is_latin_letter(text[at + 1 : at + 2]) for at in places
    )
    letters = sum(text[place].isalpha() for place in places)
    return Script(beside / len(places), letters / len(places))


def _is_latin_letter(char: str) -> bool:
    return char.isascii() and char.isalpha()
