"""The types of fields that clients send: each with the one sentence for what is wrong, and its OpenAPI schema."""

import json
import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticCustomError

from domain.money import MICRO
from domain.requests.limits import MAX_FIELDS, quoted
from domain.requests.request_model import REQUEST, FieldType, Schema, describe_fields, invalid, read_text
from domain.requests.strict_json import text_problem

NOT_BLANK = r"\S"

_DIGITS = re.compile(r"[0-9]{1,100}")  # ASCII; no sign, no blank, no point
_DOLLARS = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,6})?")


@dataclass(frozen=True)
class Text(FieldType):
    """Text that can be stored; one with a limit is trimmed, and its code points are counted."""

    longest: int | None = None
    required: bool = False  # not blank
    pattern: str | None = None  # for the page only

    def read(self, value: Any) -> str:
        text = read_text(value) if self.longest is None else read_text(value).strip()
        if self.required and not text.strip():
            raise invalid("must not be empty")
        if self.longest is not None and len(text) > self.longest:
            longest = self.longest if self.required else f"{self.longest:,}"  # as clients know the two sentences
            raise invalid(f"may have at most {longest} characters")
        return text

    def schema(self) -> Schema:
        pattern = NOT_BLANK if self.required else self.pattern
        length = {} if self.longest is None else {"maxLength": self.longest}
        return {"type": "string", **length, **({} if pattern is None else {"pattern": pattern})}


@dataclass(frozen=True)
class Integer(FieldType):
    """A whole number in a range, as a number or as decimal digits; `5.0` and `true` are neither."""

    lowest: int
    highest: int

    def read(self, value: Any) -> int:
        number = int(value) if isinstance(value, str) and _DIGITS.fullmatch(value) else value
        whole = isinstance(number, int) and not isinstance(number, bool)
        if not whole or not self.lowest <= number <= self.highest:
            raise invalid(f"must be a whole number {self.range}")
        return int(number)

    @property
    def range(self) -> str:
        return f"from {self.lowest} to {self.highest:,}"

    def schema(self) -> Schema:
        return {"type": "integer", "minimum": self.lowest, "maximum": self.highest}


class Boolean(FieldType):
    """`true` or `false`, also as text: in any case, as clients of many languages write them in forms."""

    def read(self, value: Any) -> bool:
        known = {"true": True, "false": False}.get(value.lower()) if isinstance(value, str) else value
        if not isinstance(known, bool):
            raise invalid("must be true or false")
        return known

    def schema(self) -> Schema:
        return {"type": "boolean"}


class Dollars(FieldType):
    """An amount above zero: a number, rounded half-up to six decimals, or decimal digits, six after the point."""

    def read(self, value: Any) -> Decimal:
        written = value if isinstance(value, str) else _decimal_text(value)
        amount = Decimal(written) if _DOLLARS.fullmatch(written) else Decimal(0)
        if not amount:
            raise invalid("must be an amount in dollars above 0 and below 1,000,000,000, with at most 6 decimals")
        return amount

    def schema(self) -> Schema:
        written = {"type": "string", "pattern": r"^(?!0+(\.0+)?$)[0-9]{1,9}(\.[0-9]{1,6})?$"}
        return {"anyOf": [written, {"type": "number", "minimum": 0.000001, "maximum": 999_999_999}]}

    def in_form(self, schema: Schema) -> Schema:
        return schema | {"anyOf": schema["anyOf"][:1]}


@dataclass(frozen=True)
class Choice(FieldType):
    """One of a closed set, exactly as written there."""

    choices: type[StrEnum]

    def read(self, value: Any) -> StrEnum:
        text = read_text(value)
        if text not in list(self.choices):
            raise invalid("must be " + " or ".join(map(quoted, self.choices)))
        return self.choices(text)

    def schema(self) -> Schema:
        return {"type": "string", "enum": list(self.choices)}


@dataclass(frozen=True)
class Choices(FieldType):
    """An array of some of these; read in their order."""

    is_json_in_forms = True
    choices: tuple[StrEnum, ...]
    may_be_empty: bool = True

    def read(self, value: Any) -> tuple[StrEnum, ...]:
        fits = isinstance(value, list) and all(one in self.choices for one in value)
        if not fits or not (value or self.may_be_empty):
            some = "some" if self.may_be_empty else "one or more"
            raise invalid(f"must be an array of {some} of " + ", ".join(map(quoted, self.choices)))
        return tuple(choice for choice in self.choices if choice in value)

    def schema(self) -> Schema:
        least = {} if self.may_be_empty else {"minItems": 1}
        return {"type": "array", **least, "items": {"type": "string", "enum": list(self.choices)}}


@dataclass(frozen=True)
class Integers(FieldType):
    """An array of at least one and at most so many whole numbers in a range."""

    is_json_in_forms = True
    most: int
    number: Integer

    def read(self, value: Any) -> tuple[int, ...]:
        try:
            if isinstance(value, list) and 1 <= len(value) <= self.most:
                return tuple(map(self.number.read, value))
        except PydanticCustomError:
            pass
        raise invalid(f"must be an array of 1 to {self.most} whole numbers {self.number.range}")

    def schema(self) -> Schema:
        return {"type": "array", "minItems": 1, "maxItems": self.most, "items": self.number.schema()}


@dataclass(frozen=True)
class Texts(FieldType):
    """An array of at most so many texts that are not blank, trimmed, each once."""

    is_json_in_forms = True
    most: int

    def read(self, value: Any) -> tuple[str, ...]:
        if not isinstance(value, list) or len(value) > self.most or not all(map(_names_something, value)):
            raise invalid(f"must be an array of at most {self.most} texts that are not blank")
        return tuple(dict.fromkeys(text.strip() for text in value))

    def schema(self) -> Schema:
        return {"type": "array", "maxItems": self.most, "items": {"type": "string", "pattern": NOT_BLANK}}

    def in_form(self, schema: Schema) -> Schema:
        text = r'"[^"\\\x00-\x1f]*[^"\\\s\x00-\x1f][^"\\\x00-\x1f]*"'
        written = {"type": "string", "pattern": rf"^\[({text}(, ?{text}){{0,{self.most - 1}}})?\]$"}
        examples = [json.dumps(one, separators=(",", ":")) for one in schema.get("examples", ())]
        return {"description": schema["description"], "examples": examples} | written


@dataclass(frozen=True)
class Nested(FieldType):
    """An object with fields of its own; null is not given. Other fields are refused: a mistyped rule is not lost."""

    is_json_in_forms = True
    model: type[BaseModel]

    def read(self, value: Any) -> BaseModel:
        if not isinstance(value, dict):
            raise invalid("must be an object")
        if len(value) > MAX_FIELDS:
            raise invalid(f"may have at most {MAX_FIELDS} fields")
        return self.model.model_validate({name: one for name, one in value.items() if one is not None}, **REQUEST)

    def schema(self) -> Schema:
        return {"type": "object", "properties": describe_fields(self.model), "additionalProperties": False}


def _decimal_text(value: Any) -> str:
    """A number's digits, never with an exponent; empty for what is no number, or is far too large."""
    number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 10**9
    return f"{Decimal(repr(value)).quantize(MICRO, ROUND_HALF_UP):f}" if number else ""


def _names_something(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and text_problem(value) is None
