"""Characters that are not seen, and come along with copied text: byte order marks, directions, joiners of nothing."""

import re

# Soft hyphen, zero-width space, directions, word joiner and its kin, byte order mark. Not the two joiners, which some
# scripts and emoji need.
_UNSEEN = "\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff"
_MARKS = re.compile(f"[{_UNSEEN}]")
_JOINERS = "\u200c\u200d"


def strip_marks(text: str) -> str:
    """The text without marks, and without the space and joiners around it.

    >>> strip_marks("\\ufeff\\u202a phone\\u202c")
    'phone'
    """
    if text.isascii():
        return text.strip()
    return _MARKS.sub("", text).strip().strip(_JOINERS).strip()


def find_mark(text: str) -> str | None:
    """The first mark, as "U+202A"; None: there is none."""
    found = None if text.isascii() else re.search(f"[{_UNSEEN}{_JOINERS}]", text)
    return None if found is None else f"U+{ord(found[0]):04X}"
