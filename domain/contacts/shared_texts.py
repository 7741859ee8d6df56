"""Texts that many contacts have are kept once: a list repeats cities, plans and dates, and a file of 10 MB has two
million cells."""

from typing import Any

MAX_LENGTH = 40  # characters of a text that is likely to come again
MAX_TEXTS = 200_000


class SharedTexts:
    """The texts that were seen."""

    def __init__(self) -> None:
        self._seen: dict[str, str] = {}

    def share_all(self, texts: list[str]) -> list[str]:
        """As `share`, for the cells of a row."""
        seen = self._seen
        if len(seen) + len(texts) > MAX_TEXTS:
            return [self.share(text) for text in texts]
        return [seen.setdefault(text, text) if len(text) <= MAX_LENGTH else text for text in texts]

    def share_values(self, fields: dict[str, Any]) -> None:
        """As `share`, for the values of a contact, in place."""
        for name, value in fields.items():
            if type(value) is str:
                fields[name] = self.share(value)

    def share(self, text: str) -> str:
        """The same text; of an equal one seen before, that one."""
        if len(text) > MAX_LENGTH:
            return text
        if len(self._seen) >= MAX_TEXTS:
            return self._seen.get(text, text)
        return self._seen.setdefault(text, text)
