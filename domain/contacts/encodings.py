"""Which encoding a text has that is not Unicode: a guess, and said to be one."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from charset_normalizer import CharsetMatch, from_bytes

WESTERN = "cp1252"
CENTRAL = "cp1250"
NAMES = {  # the encodings that are told apart, in the order in which equal evidence decides
    WESTERN: "Windows-1252",
    "cp932": "Shift-JIS",
    "cp1251": "Windows-1251 (Cyrillic)",
    "euc_jp": "EUC-JP",
    "gb18030": "GB 18030 (Chinese)",
    "big5": "Big5 (Chinese)",
    "cp949": "Windows-949 (Korean)",
    CENTRAL: "Windows-1250 (Central European)",
    "cp1253": "Windows-1253 (Greek)",
    "koi8_r": "KOI8-R (Cyrillic)",
}

_FEW = 4  # bytes beyond ASCII; fewer tell nothing
_SAMPLE = 20_000  # bytes
_AMONG_LATIN = 0.2  # letters of another script hardly ever touch Latin ones; accented ones mostly do
_IN_WORDS = 0.6
_LETTERS = 0.6  # of the characters beyond ASCII
_CLEARLY_MORE = 0.3  # of the characters beyond ASCII
_MOST_MESS = 0.3
_BREAKS = re.compile(rb"[,;\t\r\n\"]+")  # bytes that are no part of a longer character in any of these encodings
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")


class Script(NamedTuple):
    """What a text's characters beyond ASCII look like."""

    among_latin: float  # the share that stands beside a Latin letter
    in_words: float  # the share that stands beside another one of them
    letters: float


def guess_encoding(content: bytes) -> str:
    """One of NAMES, for a text that is not UTF-8. Western where nothing speaks clearly for another one."""
    evidence = b"\n".join(_cells(content))[:_SAMPLE]
    if len(_BEYOND_ASCII.findall(evidence)) < _FEW:
        return WESTERN
    matches = from_bytes(evidence, cp_isolation=list(NAMES), threshold=_MOST_MESS)
    others = [match for match in matches if _is_another_script(str(match))]
    return min(others, key=_rank).encoding if others else _latin(evidence)


def _cells(content: bytes) -> Iterator[bytes]:
    return (cell for cell in _BREAKS.split(content) if _BEYOND_ASCII.search(cell))


def _latin(evidence: bytes) -> str:
    """Central European only where the Western reading puts signs into words, where the other one has letters."""
    western, central = (script(evidence.decode(encoding, "replace")).letters for encoding in (WESTERN, CENTRAL))
    return CENTRAL if central - western >= _CLEARLY_MORE else WESTERN


def _is_another_script(text: str) -> bool:
    seen = script(text)
    return seen.among_latin <= _AMONG_LATIN and seen.in_words >= _IN_WORDS and seen.letters >= _LETTERS


def _rank(match: CharsetMatch) -> tuple[float, float, float, int]:
    return match.chaos, -match.coherence, -script(str(match)).letters, list(NAMES).index(match.encoding)


def script(text: str) -> Script:
    """Judge the characters beyond ASCII."""
    places = [place for place, char in enumerate(text) if not char.isascii()]
    if not places:
        return Script(0.0, 0.0, 0.0)
    neighbours = [text[max(0, place - 1) : place] + text[place + 1 : place + 2] for place in places]
    return Script(
        among_latin=sum(any(map(_is_latin_letter, beside)) for beside in neighbours) / len(places),
        in_words=sum(not beside.isascii() for beside in neighbours) / len(places),
        letters=sum(text[place].isalpha() for place in places) / len(places),
    )


def _is_latin_letter(char: str) -> bool:
    return char.isascii() and char.isalpha()
