"""Phone numbers as they may be seen in logs, summaries, errors and histories."""

import re

_ID = r"(?<![a-z0-9])[a-z]+_[0-9a-f]{24}(?![0-9a-z])"  # of our own; many have seven digits and more in a row
_LIKE_A_NUMBER = re.compile(rf"(?P<id>{_ID})|(?:\+|%2[bB])?\d{{7,15}}")


def mask_number(number: str) -> str:
    """The last two characters at most: "…01"."""
    return f"…{number[-2:]}" if len(number) > 4 else "…"


def mask_numbers(text: str) -> str:
    """The text with all that may be a telephone number masked; ids of ours stay as they are."""
    return _LIKE_A_NUMBER.sub(lambda found: found["id"] or mask_number(found.group()), text)
