"""Single values of a request, read strictly; what is wrong is gathered, so that one answer names it all."""

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, TypeVar

from domain.errors import InvalidRequest
from domain.intake.limits import quoted
from domain.intake.strict_json import text_problem

_DIGITS = re.compile(r"[0-9]{1,100}")  # ASCII; no sign, no blank, no point

Choice = TypeVar("Choice", bound=StrEnum)


class RawValues:
    """The fields of a JSON body: null is not given."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values
        self._problems: list[dict[str, Any]] = []

    def names(self) -> Iterator[str]:
        return iter(self._values)

    def given(self, field: str) -> Any:
        """The value as it came, None where it is not given."""
        return self._values.get(field)

    def text(self, field: str, *, trimmed: bool = False) -> str | None:
        """A string that can be stored."""
        value = self.given(field)
        if value is None:
            return None
        problem = text_problem(value) if isinstance(value, str) else "must be a string"
        if problem is not None:
            self.blame(field, problem)
            return None
        return str(value).strip() if trimmed else str(value)

    def required_text(self, field: str, *, longest: int | None = None) -> str:
        """A trimmed text that must be there; of at most that many code points."""
        text = self.text(field, trimmed=longest is not None)
        if text is None:
            self.blame_missing(field)
        elif not text.strip():
            self.blame(field, "must not be empty")
        elif longest is not None and len(text) > longest:
            self.blame(field, f"may have at most {longest} characters")
        return text or ""

    def optional_text(self, field: str, *, longest: int) -> str | None:
        """A trimmed text of at most that many code points."""
        text = self.text(field, trimmed=True)
        if text is not None and len(text) > longest:
            self.blame(field, f"may have at most {longest:,} characters")
        return text

    def integer(self, field: str, default: int, lowest: int, highest: int) -> int:
        """A whole number in that range, as a number or as decimal digits; `5.0` and `true` are neither."""
        value = self.given(field)
        if value is None:
            return default
        number = int(value) if isinstance(value, str) and _DIGITS.fullmatch(value) else value
        if not isinstance(number, int) or isinstance(number, bool) or not lowest <= number <= highest:
            self.blame(field, f"must be a whole number from {lowest} to {highest:,}")
            return default
        return number

    def choice(self, field: str, default: Choice) -> Choice:
        """One of a closed set, exactly as written there."""
        text = self.text(field)
        choices = {str(choice): choice for choice in type(default)}
        if text is not None and text not in choices:
            self.blame(field, "must be " + " or ".join(map(quoted, choices)))
        return default if text is None else choices.get(text, default)

    def blame(self, field: str, reason: str) -> None:
        """Note what is wrong with a field."""
        self._problems.append({"field": field, "reason": reason})

    def refuse_problems(self) -> None:
        """Raises InvalidRequest naming every field noted."""
        if self._problems:
            said = ", ".join(f"{problem['field']} {problem['reason']}" for problem in self._problems)
            raise InvalidRequest(f"{said}.", self._problems)

    def blame_missing(self, field: str) -> None:
        """Note that a field is required, unless it is there and already blamed."""
        if all(problem["field"] != field for problem in self._problems):
            self.blame(field, "is required")


class FormValues(RawValues):
    """The fields of a form, all of them text: empty or blank is not given."""

    def given(self, field: str) -> Any:
        value = self._values.get(field)
        return value if value is not None and value.strip() else None
