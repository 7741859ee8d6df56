"""Texts that many contacts have are kept once: a list repeats cities, plans and dates, and a file of 10 MB has two
million cells."""

from typing import Any

MAX_LENGTH = 40  # characters of a text that is likely to come again
MAX_TEXTS = 200_000


class SharedTexts:
    """The texts that were seen."""

    def __init__(self) -> None:
        self._seen: dict[str, str] = {}

    def share(self, value: Any) -> Any:
        """The same value; of an equal text seen before, that one."""
        if not isinstance(value, str) or len(value) > MAX_LENGTH:
            return value
        if len(self._seen) >= MAX_TEXTS:
            return self._seen.get(value, value)
        return self._seen.setdefault(value, value)
