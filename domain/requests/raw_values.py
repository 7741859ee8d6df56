"""Single values of a request, read strictly; what is wrong is gathered, so that one answer names it all."""

import re
from collections.abc import Collection, Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any, TypeVar

from domain.errors import InvalidRequest
from domain.money import MICRO
from domain.requests.limits import quoted
from domain.requests.strict_json import parse_json_text, text_problem

_DIGITS = re.compile(r"[0-9]{1,100}")  # ASCII; no sign, no blank, no point
_DOLLARS = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,6})?")

Choice = TypeVar("Choice", bound=StrEnum)


class RawValues:
    """The fields of a JSON body: null is not given. Of an object inside of it `path` is the name and a dot."""

    def __init__(
        self, values: Mapping[str, Any], *, path: str = "", problems: list[dict[str, Any]] | None = None
    ) -> None:
        self._values = values
        self._path = path
        self._problems: list[dict[str, Any]] = [] if problems is None else problems

    def names(self) -> Iterator[str]:
        return iter(self._values)

    def given(self, field: str) -> Any:
        """The value as it came, None where it is not given."""
        return self._values.get(field)

    def structure(self, field: str) -> Any:
        """An object, an array or a single value, None where it is not given."""
        return self.given(field)

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
        number = self.optional_integer(field, lowest, highest)
        return default if number is None else number

    def optional_integer(self, field: str, lowest: int, highest: int) -> int | None:
        """As `integer`, None where it is not given."""
        value = self.given(field)
        number = _whole(value, lowest, highest)
        if number is None and value is not None:
            self.blame(field, f"must be a whole number from {lowest} to {highest:,}")
        return number

    def integers(self, field: str, default: tuple[int, ...], most: int, lowest: int, highest: int) -> tuple[int, ...]:
        """An array of at least one and at most so many whole numbers in that range."""
        values = self.structure(field)
        if values is None:
            return default
        numbers = [_whole(value, lowest, highest) for value in values] if isinstance(values, list) else []
        if not 1 <= len(numbers) <= most or None in numbers:
            self.blame(field, f"must be an array of 1 to {most} whole numbers from {lowest} to {highest:,}")
            return default
        return tuple(number for number in numbers if number is not None)

    def boolean(self, field: str, *, default: bool) -> bool:
        """`true` or `false`, also as text: in any case, as clients of many languages write them in forms."""
        value = self.given(field)
        known = {"true": True, "false": False}.get(value.lower()) if isinstance(value, str) else value
        if value is not None and not isinstance(known, bool):
            self.blame(field, "must be true or false")
        return known if isinstance(known, bool) else default

    def dollars(self, field: str) -> Decimal | None:
        """An amount above zero: a number, rounded half-up to six decimals, or decimal digits, six after the point."""
        value = self.given(field)
        if value is None:
            return None
        written = value if isinstance(value, str) else _decimal_text(value)
        amount = Decimal(written) if _DOLLARS.fullmatch(written) else Decimal(0)
        if not amount:
            self.blame(field, "must be an amount in dollars above 0 and below 1,000,000,000, with at most 6 decimals")
        return amount or None

    def choice(self, field: str, default: Choice) -> Choice:
        """One of a closed set, exactly as written there."""
        text = self.text(field)
        choices = {str(choice): choice for choice in type(default)}
        if text is not None and text not in choices:
            self.blame(field, "must be " + " or ".join(map(quoted, choices)))
        return default if text is None else choices.get(text, default)

    def choices(self, field: str, default: tuple[Choice, ...]) -> tuple[Choice, ...]:
        """An array, empty or not, of some of `default`; in the order of that."""
        values = self.structure(field)
        if values is None:
            return default
        if not isinstance(values, list) or any(value not in default for value in values):
            self.blame(field, "must be an array of some of " + ", ".join(map(quoted, default)))
            return default
        return tuple(choice for choice in default if choice in values)

    def texts(self, field: str, most: int) -> tuple[str, ...]:
        """An array of at most so many texts that are not blank, trimmed, each once; empty where it is not given."""
        values = self.structure(field)
        if values is None:
            return ()
        if not isinstance(values, list) or len(values) > most or not all(map(_names_something, values)):
            self.blame(field, f"must be an array of at most {most} texts that are not blank")
            return ()
        return tuple(dict.fromkeys(str(value).strip() for value in values))

    def inside(self, field: str, known: Collection[str]) -> "RawValues | None":
        """An object's own fields. One that is not known is refused: a mistyped rule must not go unheard."""
        value = self.structure(field)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.blame(field, "must be an object")
            return None
        fields = RawValues(value, path=f"{self._path}{field}.", problems=self._problems)
        for name in value:
            if name not in known:
                self.blame(field, f"has no field {quoted(name)}, only {', '.join(sorted(known))}")
        return fields

    def blame(self, field: str, reason: str) -> None:
        """Note what is wrong with a field."""
        self._problems.append({"field": f"{self._path}{field}", "reason": reason})

    def refuse_problems(self) -> None:
        """Raises InvalidRequest naming every field noted."""
        if self._problems:
            said = ", ".join(f"{problem['field']} {problem['reason']}" for problem in self._problems)
            raise InvalidRequest(f"{said}.", self._problems)

    def blame_missing(self, field: str) -> None:
        """Note that a field is required, unless it is there and already blamed."""
        if all(problem["field"] != f"{self._path}{field}" for problem in self._problems):
            self.blame(field, "is required")


class FormValues(RawValues):
    """The fields of a form, all of them text: empty or blank is not given."""

    def given(self, field: str) -> Any:
        value = self._values.get(field)
        return value if value is not None and value.strip() else None

    def structure(self, field: str) -> Any:
        """JSON, written as text; text that begins like no object, array or text in quotes is taken as it stands."""
        text = self.text(field, trimmed=True)
        if text is None or not text.startswith(("{", "[", '"')):
            return text
        try:
            return parse_json_text(text, field)
        except InvalidRequest as refused:
            self.blame(field, "cannot be read as JSON: " + refused.sentence.rstrip("."))
            return None


def _whole(value: Any, lowest: int, highest: int) -> int | None:
    number = int(value) if isinstance(value, str) and _DIGITS.fullmatch(value) else value
    whole = isinstance(number, int) and not isinstance(number, bool)
    return number if whole and lowest <= number <= highest else None


def _decimal_text(value: Any) -> str:
    """A number's digits, never with an exponent; empty for what is no number, or is far too large."""
    number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 10**9
    return f"{Decimal(repr(value)).quantize(MICRO, ROUND_HALF_UP):f}" if number else ""


def _names_something(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and text_problem(value) is None
