"""Models of what clients send: each field has a `FieldType`, which reads it and describes it for the OpenAPI page.

Field types apply where a model is validated as a request (`reading.read_model`). Rows of the database and our own code
meet the plain type beneath: what is stored stays readable whatever a client may send today.
"""

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from domain.model import Model
from domain.requests.strict_json import text_problem

_BY_CLIENT = object()
REQUEST: dict[str, Any] = {"context": _BY_CLIENT, "by_alias": True, "by_name": False, "extra": "forbid"}  # for Pydantic

Schema = dict[str, Any]


def invalid(reason: str, path: str = "") -> PydanticCustomError:
    """Why a value is refused, in the contract's words; `path`: of what is inside of it, as "weekdays[1]"."""
    return PydanticCustomError("refused", "{reason}", {"reason": reason, "path": path})


def read_text(value: Any) -> str:
    """A string that can be stored."""
    problem = text_problem(value) if isinstance(value, str) else "must be a string"
    if problem is not None:
        raise invalid(problem)
    return str(value)


class RequestModel(Model):
    """The base of models that clients send: our names within, camelCase for them."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class FieldType:
    """The base. Annotate a field with an instance of it."""

    is_json_in_forms: ClassVar[bool] = False  # where a form holds text, it is that of an object or an array

    def read(self, value: Any) -> Any:
        """Read what a client sent. Raises `invalid`."""
        raise NotImplementedError

    def schema(self) -> Schema:
        """The OpenAPI schema of a value of this type in JSON."""
        raise NotImplementedError

    def in_form(self, schema: Schema) -> Schema:
        """From a field's schema in JSON, with its description, to that in a form."""
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


def describe_fields(kind: type[BaseModel]) -> dict[str, Schema]:
    """The OpenAPI schemas of the fields that clients send in JSON. Null is not given, where a field is not required."""
    page, names = kind.model_json_schema(), aliases(kind)
    schemas = {name: _without_noise(schema) for name, schema in page["properties"].items() if name in names}
    return {name: one if name in page.get("required", ()) else nullable(one) for name, one in schemas.items()}


def describe_form_fields(kind: type[BaseModel]) -> dict[str, Schema]:
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
    """Without titles made of names, and without defaults that are objects: they are described field by field."""
    noise = {"title"} | ({"default"} if isinstance(schema.get("default"), dict | None) else set())
    return {key: value for key, value in schema.items() if key not in noise}
