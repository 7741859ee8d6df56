"""Which encoding a text has that is not Unicode: a guess, reported as one. Decision 0024 has the library's alone."""

import re
from typing import NamedTuple

from charset_normalizer import CharsetMatch, from_bytes

WESTERN = "cp1252"
CENTRAL = "cp1250"
NAMES = {  # the encodings that are distinguished, in the order in which equal evidence decides
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

_MIN_EVIDENCE = 4  # bytes beyond ASCII; fewer tell nothing
_SAMPLE_BYTES = 20_000
_MAX_AMONG_LATIN = 0.2  # letters of another script hardly ever touch Latin ones; accented ones mostly do
_MIN_IN_WORDS = 0.6
_MIN_LETTERS = 0.6  # of the characters beyond ASCII
_MIN_LETTERS_MORE = 0.3  # of the characters beyond ASCII
_MAX_CHAOS = 0.3
_CELLS = re.compile(rb"[^,;\t\r\n\"]+")  # between bytes that are part of no longer character in any of these
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")


class ScriptProfile(NamedTuple):
    """What a text's characters beyond ASCII look like."""

    among_latin: float  # the share that stands beside a Latin letter
    in_words: float  # the share that stands beside another one of them
    letters: float


def guess_encoding(content: bytes) -> str:
    """One of NAMES, for a text that is not UTF-8. Western where the evidence for another one is not clear."""
    evidence = _sample_cells(content)
    if len(_BEYOND_ASCII.findall(evidence)) < _MIN_EVIDENCE:
        return WESTERN
    matches = from_bytes(evidence, cp_isolation=list(NAMES), threshold=_MAX_CHAOS)
    others = [match for match in matches if _is_another_script(str(match))]
    return min(others, key=_rank).encoding if others else _choose_latin(evidence)


def _sample_cells(content: bytes) -> bytes:
    """The first cells that hold bytes beyond ASCII, a line each."""
    sample = bytearray()
    for cell in _CELLS.finditer(content):
        if _BEYOND_ASCII.search(cell[0]):
            sample += cell[0][:_SAMPLE_BYTES] + b"\n"
            if len(sample) > _SAMPLE_BYTES:
                break
    return bytes(sample[:_SAMPLE_BYTES])


def _choose_latin(evidence: bytes) -> str:
    """Central European only where it reads letters that the Western reading takes for signs."""
    western, central = (profile_script(evidence.decode(encoding, "replace")).letters for encoding in (WESTERN, CENTRAL))
    return CENTRAL if central - western >= _MIN_LETTERS_MORE else WESTERN


def _is_another_script(text: str) -> bool:
    profile = profile_script(text)
    return (
        profile.among_latin <= _MAX_AMONG_LATIN
        and profile.in_words >= _MIN_IN_WORDS
        and profile.letters >= _MIN_LETTERS
    )


def _rank(match: CharsetMatch) -> tuple[float, float, float, int]:
    return match.chaos, -match.coherence, -profile_script(str(match)).letters, list(NAMES).index(match.encoding)


def profile_script(text: str) -> ScriptProfile:
    """Measure the characters beyond ASCII."""
    places = [place for place, char in enumerate(text) if not char.isascii()]
    if not places:
        return ScriptProfile(0.0, 0.0, 0.0)
    neighbors = [text[max(0, place - 1) : place] + text[place + 1 : place + 2] for place in places]
    return ScriptProfile(
        among_latin=sum(any(map(_is_latin_letter, beside)) for beside in neighbors) / len(places),
        in_words=sum(not beside.isascii() for beside in neighbors) / len(places),
        letters=sum(text[place].isalpha() for place in places) / len(places),
    )


def _is_latin_letter(char: str) -> bool:
    return char.isascii() and char.isalpha()
