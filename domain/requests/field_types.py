"""The types of fields that clients send: how a value is read, the one sentence for what is wrong, the OpenAPI schema.

They hold where a model is validated as sent (`reading.read_sent`). Rows of the database and our own code meet the plain
type beneath: what is stored stays readable whatever a client may send today.
"""

import json
import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from domain.model import Model
from domain.money import MICRO
from domain.requests.limits import quoted
from domain.requests.strict_json import text_problem

_BY_CLIENT = object()
SENT: dict[str, Any] = {"context": _BY_CLIENT, "by_alias": True, "by_name": False, "extra": "forbid"}  # for Pydantic
NOT_BLANK = r"\S"

_DIGITS = re.compile(r"[0-9]{1,100}")  # ASCII; no sign, no blank, no point
_DOLLARS = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,6})?")

Schema = dict[str, Any]


def refusal(reason: str, path: str = "") -> PydanticCustomError:
    """Why a value is refused, in the contract's words; `path`: of what is inside of it, as "weekdays[1]"."""
    return PydanticCustomError("refused", "{reason}", {"reason": reason, "path": path})


def read_text(value: Any) -> str:
    """A string that can be stored."""
    problem = text_problem(value) if isinstance(value, str) else "must be a string"
    if problem is not None:
        raise refusal(problem)
    return str(value)


class SentModel(Model):
    """The base of models that clients send: our names within, camelCase for them."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class FieldType:
    """The base. Annotate a field with an instance of it."""

    is_json_in_forms: ClassVar[bool] = False  # where a form holds text, it is that of an object or an array

    def read(self, value: Any) -> Any:
        """Read what a client sent. Raises `refusal`."""
        raise NotImplementedError

    def schema(self) -> Schema:
        """What the OpenAPI page says of it."""
        raise NotImplementedError

    def in_form(self, schema: Schema) -> Schema:
        """The schema of a field of this type, with what is said of the field, as it is for forms."""
        return schema

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_wrap_validator_function(self._validate, handler(source))

    def __get_pydantic_json_schema__(self, _: CoreSchema, handler: GetJsonSchemaHandler) -> Schema:
        return self.schema()

    def _validate(
        self, value: Any, plain: core_schema.ValidatorFunctionWrapHandler, info: core_schema.ValidationInfo
    ) -> Any:
        sent = info.context is _BY_CLIENT and value is not None
        return self.read(value) if sent else plain(value)


def aliases(kind: type[BaseModel]) -> dict[str, str]:
    """Our names, by the contract's, of those fields of a model that clients send."""
    return {kind.model_fields[name].alias or name: name for name in field_types(kind)}


def field_types(kind: type[BaseModel]) -> dict[str, FieldType]:
    """How the fields that clients send are read, by our names."""
    return {
        name: one for name, field in kind.model_fields.items() for one in field.metadata if isinstance(one, FieldType)
    }


def field_schemas(kind: type[BaseModel]) -> dict[str, Schema]:
    """The OpenAPI schemas of the fields that clients send in JSON. Null is not given, where a field is not required."""
    page, names = kind.model_json_schema(), aliases(kind)
    schemas = {name: _without_noise(schema) for name, schema in page["properties"].items() if name in names}
    return {name: one if name in page.get("required", ()) else nullable(one) for name, one in schemas.items()}


def form_schemas(kind: type[BaseModel]) -> dict[str, Schema]:
    """The same for fields of a form, where what is not given is left out: there is no null."""
    page, types = kind.model_json_schema()["properties"], field_types(kind)
    return {alias: types[name].in_form(_without_noise(page[alias])) for alias, name in aliases(kind).items()}


def nullable(schema: Schema) -> Schema:
    """The same field where null is not given."""
    if "anyOf" in schema:
        return schema | {"anyOf": [*schema["anyOf"], {"type": "null"}]}
    choices = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    return schema | {"type": [schema["type"], "null"]} | choices


def _without_noise(schema: Schema) -> Schema:
    """Without titles made of names, and without defaults that are objects: theirs are told field by field."""
    noise = {"title"} | ({"default"} if isinstance(schema.get("default"), dict | None) else set())
    return {key: value for key, value in schema.items() if key not in noise}


@dataclass(frozen=True)
class Text(FieldType):
    """Text that can be stored; one with a limit is trimmed, and its code points are counted."""

    longest: int | None = None
    required: bool = False  # not blank
    pattern: str | None = None  # for the page only

    def read(self, value: Any) -> str:
        text = read_text(value) if self.longest is None else read_text(value).strip()
        if self.required and not text.strip():
            raise refusal("must not be empty")
        if self.longest is not None and len(text) > self.longest:
            longest = self.longest if self.required else f"{self.longest:,}"  # as clients know the two sentences
            raise refusal(f"may have at most {longest} characters")
        return text

    def schema(self) -> Schema:
        pattern = NOT_BLANK if self.required else self.pattern
        length = {} if self.longest is None else {"maxLength": self.longest}
        return {"type": "string", **length, **({} if pattern is None else {"pattern": pattern})}


@dataclass(frozen=True)
class Whole(FieldType):
    """A whole number in a range, as a number or as decimal digits; `5.0` and `true` are neither."""

    lowest: int
    highest: int

    def read(self, value: Any) -> int:
        number = int(value) if isinstance(value, str) and _DIGITS.fullmatch(value) else value
        whole = isinstance(number, int) and not isinstance(number, bool)
        if not whole or not self.lowest <= number <= self.highest:
            raise refusal(f"must be a whole number {self.range}")
        return int(number)

    @property
    def range(self) -> str:
        return f"from {self.lowest} to {self.highest:,}"

    def schema(self) -> Schema:
        return {"type": "integer", "minimum": self.lowest, "maximum": self.highest}


class TrueOrFalse(FieldType):
    """`true` or `false`, also as text: in any case, as clients of many languages write them in forms."""

    def read(self, value: Any) -> bool:
        known = {"true": True, "false": False}.get(value.lower()) if isinstance(value, str) else value
        if not isinstance(known, bool):
            raise refusal("must be true or false")
        return known

    def schema(self) -> Schema:
        return {"type": "boolean"}


class Dollars(FieldType):
    """An amount above zero: a number, rounded half-up to six decimals, or decimal digits, six after the point."""

    def read(self, value: Any) -> Decimal:
        written = value if isinstance(value, str) else _decimal_text(value)
        amount = Decimal(written) if _DOLLARS.fullmatch(written) else Decimal(0)
        if not amount:
            raise refusal("must be an amount in dollars above 0 and below 1,000,000,000, with at most 6 decimals")
        return amount

    def schema(self) -> Schema:
        written = {"type": "string", "pattern": r"^(?!0+(\.0+)?$)[0-9]{1,9}(\.[0-9]{1,6})?$"}
        return {"anyOf": [written, {"type": "number", "minimum": 0.000001, "maximum": 999_999_999}]}

    def in_form(self, schema: Schema) -> Schema:
        return schema | {"anyOf": schema["anyOf"][:1]}


@dataclass(frozen=True)
class OneOf(FieldType):
    """One of a closed set, exactly as written there."""

    choices: type[StrEnum]

    def read(self, value: Any) -> StrEnum:
        text = read_text(value)
        if text not in list(self.choices):
            raise refusal("must be " + " or ".join(map(quoted, self.choices)))
        return self.choices(text)

    def schema(self) -> Schema:
        return {"type": "string", "enum": list(self.choices)}


@dataclass(frozen=True)
class SomeOf(FieldType):
    """An array of some of these; read in their order."""

    is_json_in_forms = True
    choices: tuple[StrEnum, ...]
    may_be_empty: bool = True

    def read(self, value: Any) -> tuple[StrEnum, ...]:
        fits = isinstance(value, list) and all(one in self.choices for one in value)
        if not fits or not (value or self.may_be_empty):
            some = "some" if self.may_be_empty else "one or more"
            raise refusal(f"must be an array of {some} of " + ", ".join(map(quoted, self.choices)))
        return tuple(choice for choice in self.choices if choice in value)

    def schema(self) -> Schema:
        least = {} if self.may_be_empty else {"minItems": 1}
        return {"type": "array", **least, "items": {"type": "string", "enum": list(self.choices)}}


@dataclass(frozen=True)
class Wholes(FieldType):
    """An array of at least one and at most so many whole numbers in a range."""

    is_json_in_forms = True
    most: int
    number: Whole

    def read(self, value: Any) -> tuple[int, ...]:
        try:
            if isinstance(value, list) and 1 <= len(value) <= self.most:
                return tuple(map(self.number.read, value))
        except PydanticCustomError:
            pass
        raise refusal(f"must be an array of 1 to {self.most} whole numbers {self.number.range}")

    def schema(self) -> Schema:
        return {"type": "array", "minItems": 1, "maxItems": self.most, "items": self.number.schema()}


@dataclass(frozen=True)
class Texts(FieldType):
    """An array of at most so many texts that are not blank, trimmed, each once."""

    is_json_in_forms = True
    most: int

    def read(self, value: Any) -> tuple[str, ...]:
        if not isinstance(value, list) or len(value) > self.most or not all(map(_names_something, value)):
            raise refusal(f"must be an array of at most {self.most} texts that are not blank")
        return tuple(dict.fromkeys(text.strip() for text in value))

    def schema(self) -> Schema:
        return {"type": "array", "maxItems": self.most, "items": {"type": "string", "pattern": NOT_BLANK}}

    def in_form(self, schema: Schema) -> Schema:
        text = r'"[^"\\\x00-\x1f]*[^"\\\s\x00-\x1f][^"\\\x00-\x1f]*"'
        written = {"type": "string", "pattern": rf"^\[({text}(, ?{text}){{0,{self.most - 1}}})?\]$"}
        examples = [json.dumps(one, separators=(",", ":")) for one in schema.get("examples", ())]
        return {"description": schema["description"], "examples": examples} | written


@dataclass(frozen=True)
class Inside(FieldType):
    """An object with fields of its own, of which null is not given; others are refused: a mistyped rule must not go
    unheard."""

    is_json_in_forms = True
    model: type[BaseModel]

    def read(self, value: Any) -> BaseModel:
        if not isinstance(value, dict):
            raise refusal("must be an object")
        return self.model.model_validate({name: one for name, one in value.items() if one is not None}, **SENT)

    def schema(self) -> Schema:
        return {"type": "object", "properties": field_schemas(self.model), "additionalProperties": False}


def _decimal_text(value: Any) -> str:
    """A number's digits, never with an exponent; empty for what is no number, or is far too large."""
    number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 10**9
    return f"{Decimal(repr(value)).quantize(MICRO, ROUND_HALF_UP):f}" if number else ""


def _names_something(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and text_problem(value) is None
