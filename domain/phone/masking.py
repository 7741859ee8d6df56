"""Phone numbers as they may be seen in logs, summaries, errors and histories."""

import re

_LIKE_A_NUMBER = re.compile(r"(?:\+|%2[bB])?\d{7,15}")


def mask_number(number: str) -> str:
    """The last two characters at most: "…01"."""
    return f"…{number[-2:]}" if len(number) > 4 else "…"


def mask_numbers(text: str) -> str:
    """The text with all that may be a telephone number masked."""
    return _LIKE_A_NUMBER.sub(lambda found: mask_number(found.group()), text)
