"""Bodies and queries of the OpenAPI page for steering jobs and for the do-not-call list."""

from collections.abc import Iterable
from typing import Any

from api.http.openapi import CONTACTS, FILE, PAGE_QUERY, form
from api.jobs.create_fields import E164, FIELDS, IN_FORM, in_form, without_default
from domain.contacts.number_list import MAX_NOTE_LENGTH
from domain.jobs.change import CHANGEABLE, EMPTYABLE
from domain.jobs.column_fields import NAMING_FIELDS
from domain.requests.limits import MAX_CONTACTS

NOTE: dict[str, Any] = {
    "type": ["string", "null"],
    "maxLength": MAX_NOTE_LENGTH,
    "default": None,
    "examples": ["Asked not to be called again."],
}
NUMBERS: dict[str, Any] = {
    "type": "array",
    "minItems": 1,
    "maxItems": MAX_CONTACTS,
    "items": {"type": "string", "pattern": E164, "description": "E.164.", "examples": ["+12025550101"]},
}


def body(content: dict[str, Any], *, required: bool = True) -> dict[str, Any]:
    """The `requestBody` of an endpoint: a schema, or schema and example, for each content type."""
    return {"requestBody": {"required": required, "content": content}}


def json_body(
    properties: dict[str, Any], example: dict[str, Any], *, needed: list[str] | None = None, required: bool = True
) -> dict[str, Any]:
    return body({"application/json": json_content(properties, example, needed)}, required=required)


def json_content(
    properties: dict[str, Any], example: dict[str, Any], needed: list[str] | None = None
) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    if needed:
        schema["required"] = needed
    return {"schema": schema, "example": example}


def change_content(properties: dict[str, Any], example: dict[str, Any]) -> dict[str, Any]:
    """The fields of a change: at least one of them, and no other."""
    schema = {"type": "object", "properties": properties, "minProperties": 1, "additionalProperties": False}
    return {"schema": schema, "example": example}


def _fields(names: Iterable[str], fields: dict[str, Any]) -> dict[str, Any]:
    """Fields of create by name; none of them has a default here."""
    return {name: without_default(fields[name]) for name in sorted(names)}


DO_NOT_CALL_QUERY: dict[str, Any] = {
    "parameters": [
        {
            "name": "search",
            "in": "query",
            "required": False,
            "description": "Only numbers with these digits in them.",
            "schema": {"type": "string"},
        },
        *PAGE_QUERY["parameters"],
    ]
}
DO_NOT_CALL_BODY = body(
    {
        "application/json": json_content(
            {"numbers": NUMBERS, "note": NOTE},
            {"numbers": ["+12025550101", "+12025550102"], "note": "Asked not to be called again."},
            ["numbers"],
        ),
        **form(
            {
                "type": "object",
                "required": ["file"],
                "properties": {"file": FILE, "note": in_form(NOTE), **_fields({"phoneColumn"}, IN_FORM)},
            }
        ),
    }
)
OPT_OUT_BODY = json_body({"note": NOTE}, {"note": "Asked not to be called again."}, required=False)


def _change(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """A field of a change: null takes it away, where that is possible."""
    types = schema.get("type")
    if name in EMPTYABLE or not isinstance(types, list):
        return schema
    without_null = schema | {"type": [type for type in types if type != "null"]}
    if "enum" in schema:
        without_null["enum"] = [choice for choice in schema["enum"] if choice is not None]
    return without_null


CHANGE_BODY = body(
    {
        "application/json": change_content(
            {name: _change(name, schema) for name, schema in _fields(CHANGEABLE, FIELDS).items()},
            {"concurrentCallLimit": 20, "endTime": "2027-05-03T18:00", "timezone": "Europe/Berlin"},
        )
    }
)
APPEND_BODY = body(
    {
        **form(
            {
                "type": "object",
                "required": ["file"],
                "properties": {"file": FILE, **_fields(NAMING_FIELDS, IN_FORM)},
            }
        ),
        "application/json": json_content(
            {"contacts": CONTACTS, **_fields(NAMING_FIELDS, FIELDS)},
            {"contacts": [{"phone": "+12025550103", "name": "Grace"}]},
            ["contacts"],
        ),
    }
)
