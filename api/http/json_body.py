"""Small JSON bodies: read into a model, its errors named field by field, and described for the OpenAPI page."""

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from domain.errors import InvalidRequest
from domain.requests.limits import MAX_FIELDS, shortened
from domain.requests.reading import MAX_PROBLEMS
from domain.requests.strict_json import parse_json

MAX_FIELD_LENGTH = 200  # characters of a field's path, in an answer that names it
REASONS = {
    "missing": "is required",
    "extra_forbidden": "is not a field of this request",
    "string_type": "must be a string",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_type": "must be true or false",
    "enum": "must be one of {expected}",
    "literal_error": "must be {expected}",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "decimal_max_places": "must have at most {decimal_places} decimals",
    "timezone_aware": "must have an offset, such as Z",
    "value_error": "{error}",
}


class Body(BaseModel):
    """The base of JSON bodies: the contract's names, no others, and no value taken for one of another kind."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, alias_generator=to_camel)


Read = TypeVar("Read", bound=Body)
Checked = TypeVar("Checked", bound=BaseModel)


def parse_body(kind: type[Read], content: bytes) -> Read:
    """Read a body. Raises InvalidRequest that names every field to blame."""
    sent = parse_json(content)
    if not isinstance(sent, dict):
        raise InvalidRequest("The body must be a JSON object.")
    if len(sent) > MAX_FIELDS:
        raise InvalidRequest(f"The body may have at most {MAX_FIELDS} fields.")
    return validate_value(kind, sent)


def validate_value(kind: type[Checked], sent: dict[str, Any], *within: str) -> Checked:
    """Read what was sent, as the value of the field `within`. Raises InvalidRequest that names every field to blame."""
    try:
        return kind.model_validate_json(json.dumps(sent))
    except ValidationError as error:
        details = [_detail(found, within) for found in error.errors(include_url=False, include_input=False)]
        raise InvalidRequest(f"{details[0]['field']} {details[0]['reason']}.", details[:MAX_PROBLEMS]) from None


def _detail(found: ErrorDetails, within: tuple[str, ...]) -> dict[str, Any]:
    reason = REASONS.get(found["type"])
    text = found["msg"] if reason is None else reason.format(**found.get("ctx", {}))
    field = shortened(".".join(map(str, (*within, *found["loc"]))), MAX_FIELD_LENGTH)
    return {"field": field or "body", "reason": text}


def describe_body(kind: type[Body], example: Mapping[str, Any], *, required: bool = True) -> dict[str, Any]:
    """The `openapi_extra` of an endpoint with such a body."""
    schema = kind.model_json_schema(mode="validation")
    written = inline_refs(schema, schema.pop("$defs", {})) | {"title": kind.__name__}
    content = {"application/json": {"schema": written, "example": example}}
    return {"requestBody": {"required": required, "content": content}}


def describe_change(kind: type[Body], example: Mapping[str, Any]) -> dict[str, Any]:
    """The same of a body in which what is not sent stays: its fields have no defaults."""
    extra = describe_body(kind, example)
    for field in extra["requestBody"]["content"]["application/json"]["schema"]["properties"].values():
        field.pop("default", None)
    return extra


def inline_refs(schema: Any, definitions: Mapping[str, Any]) -> Any:
    """The same schema without references, as these bodies are used once each, and without titles made of names."""
    if isinstance(schema, list):
        return [inline_refs(part, definitions) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        rest = {name: value for name, value in schema.items() if name != "$ref"}
        return inline_refs(definitions[schema["$ref"].rpartition("/")[2]] | rest, definitions)
    return {
        name: inline_refs(value, definitions)
        for name, value in schema.items()
        if not (name == "title" and isinstance(value, str))
    }
