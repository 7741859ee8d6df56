"""Bodies of the OpenAPI page for contacts and for the do-not-call list."""

from typing import Any

from api.http.openapi import body, file_form, json_content, without_default
from domain.contacts.named_columns import NamedColumns
from domain.contacts.number_list import Note
from domain.contacts.number_options import NumberOptions
from domain.requests.limits import MAX_CONTACTS, MAX_FIELDS
from domain.requests.request_model import describe_fields, describe_form_fields

E164 = r"^\+[1-9][0-9]{6,14}$"
# By hand, as contacts and numbers are read by the thousand, and their errors name rows: no model reads one of them.
NUMBER: dict[str, Any] = {"type": "string", "pattern": E164, "description": "E.164.", "examples": ["+12025550101"]}
CONTACTS: dict[str, Any] = {
    "type": "array",
    "minItems": 1,
    "maxItems": MAX_CONTACTS,
    "items": {
        "type": "object",
        "required": ["phone"],
        "maxProperties": MAX_FIELDS,
        "properties": {
            "phone": NUMBER,
            "name": {"description": "Text, as a rule; kept as it came.", "examples": ["Ada"]},
        },
        "additionalProperties": True,
    },
}
NUMBERS: dict[str, Any] = {"type": "array", "minItems": 1, "maxItems": MAX_CONTACTS, "items": NUMBER}
_COLUMNS = {name: without_default(schema) for name, schema in describe_fields(NamedColumns).items()}
_COLUMNS_IN_FORM = {name: without_default(schema) for name, schema in describe_form_fields(NamedColumns).items()}
_WRITING = describe_fields(NumberOptions)
_WRITING_IN_FORM = describe_form_fields(NumberOptions)
_WRITING_OF_NUMBERS = {name: without_default(schema) for name, schema in _WRITING_IN_FORM.items()}
_WRITING_OF_NUMBERS_IN_JSON = {name: without_default(schema) for name, schema in _WRITING.items()}

APPEND_BODY = body(
    {
        **file_form(_COLUMNS_IN_FORM | _WRITING_IN_FORM),
        "application/json": json_content(
            {"contacts": CONTACTS, **_COLUMNS, **_WRITING},
            {"contacts": [{"phone": "+12025550103", "name": "Grace"}]},
            ["contacts"],
        ),
    }
)
DO_NOT_CALL_BODY = body(
    {
        "application/json": json_content(
            {"numbers": NUMBERS, **describe_fields(Note), **_WRITING_OF_NUMBERS_IN_JSON},
            {"numbers": ["+12025550101", "+12025550102"], "note": "Asked not to be called again."},
            ["numbers"],
        ),
        **file_form(
            {**describe_form_fields(Note), "phoneColumn": _COLUMNS_IN_FORM["phoneColumn"], **_WRITING_OF_NUMBERS}
        ),
    }
)
