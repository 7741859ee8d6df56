"""Answers as the contract has them: the fields that a test does not give are filled in from the OpenAPI page."""

import re
from functools import cache
from typing import Any

from api.app import create_app
from settings import Settings

Schema = dict[str, Any]
TEXTS = {"date-time": "2026-11-24T12:00:00Z", "date": "2026-11-24"}
PLAIN: dict[str, Any] = {"integer": 0, "number": 0.0, "boolean": False, "array": []}


def completed(line: str, answer: Any) -> Any:
    """The answer to a request line; one that the API does not have stays as it is."""
    method, _, path = line.partition(" ")
    for template, operations in _page()["paths"].items():
        pattern = re.sub(r"\\\{[^/]+\\\}", "[^/]+", re.escape(template))
        if method.lower() in operations and re.fullmatch(pattern, path):
            content = operations[method.lower()]["responses"]["200"].get("content", {})
            schema = content.get("application/json", {}).get("schema")
            return answer if schema is None else _filled(schema, answer)
    return answer


@cache
def _page() -> Schema:
    return create_app(Settings()).openapi()


def _filled(schema: Schema, value: Any) -> Any:
    schema = _plain(schema)
    if isinstance(value, list):
        return [_filled(schema.get("items", {}), one) for one in value]
    if not isinstance(value, dict):
        return value
    known = schema.get("properties", {})
    missing = [name for name in schema.get("required", ()) if name not in value]
    given = {name: _filled(known.get(name, {}), one) for name, one in value.items()}
    return given | {name: _default(known[name]) for name in missing}


def _default(schema: Schema) -> Any:
    if any(option.get("type") == "null" for option in schema.get("anyOf", ())):
        return None
    schema = _plain(schema)
    if "const" in schema or "enum" in schema:
        return schema.get("const", next(iter(schema.get("enum", ())), None))
    if schema["type"] == "object":
        return _filled(schema, {})
    return PLAIN.get(schema["type"], TEXTS.get(schema.get("format", ""), "…"))


def _plain(schema: Schema) -> Schema:
    """Behind references, and beside null."""
    for many in ("anyOf", "oneOf", "allOf"):
        if many in schema:
            return _plain(next(one for one in schema[many] if one.get("type") != "null"))
    return _plain(_page()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]) if "$ref" in schema else schema
