"""The parts of the OpenAPI page that FastAPI cannot derive: bodies and queries that we read by ourselves."""

from typing import Any

from fastapi import FastAPI

from api.http.lenient_forms import PART_LIMIT

TITLE = "Outdial"
DESCRIPTION = """Batch calling: a contact list goes in, every contact is called by an AI voice agent.

Send an API key with every request: `Authorization: Bearer <key>` or `x-api-key: <key>`. An error is
`{"success": false, "error", "code", "details"?}`; every answer carries an `X-Request-Id`.
The same paths exist under `/v1`.

A key belongs to one organization and has a role: owners and admins change things, members read. Whatever belongs to
another organization answers 404. When several things are wrong the first of this order answers: key, role, rate,
body, fields, what they name. Every POST that creates takes an `Idempotency-Key`: sent again with the same content, for
7 days, it is answered as the first time, with `Idempotent-Replayed: true`; with other content it is a 409
`idempotency_conflict`. A refused request (4xx) leaves its key free.

Each key may make so many requests a minute: `X-RateLimit-Limit`, `X-RateLimit-Remaining` and `X-RateLimit-Reset`
(seconds since 1970) tell where it stands, and beyond the limit a 429 `rate_limited` says when to go on (`Retry-After`).
Amounts are dollars, as strings. What is tagged `platform` takes the key of whoever runs this installation."""


# By hand: no model says what is in a file, and FastAPI's `UploadFile` is not how forms are read here.
FILE: dict[str, Any] = {
    "type": "string",
    "contentMediaType": "application/octet-stream",
    "format": "binary",
    "description": "CSV or XLSX (its first sheet) with a `phone` column: at most 10 MB and 10,000 contacts.",
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


def file_form(properties: dict[str, Any], needed: list[str] | None = None) -> dict[str, Any]:
    """A form with a file."""
    schema = {"type": "object", "required": ["file", *(needed or [])], "properties": {"file": FILE, **properties}}
    return {"multipart/form-data": {"schema": schema | {"maxProperties": PART_LIMIT}}}


def without_default(schema: dict[str, Any]) -> dict[str, Any]:
    """The same field of a change, where what is not given stays."""
    return {key: value for key, value in schema.items() if key != "default"}


# Any request may have one. It is described where no other header is: a generator of clients leaves out an import else.
REQUEST_ID: dict[str, Any] = {
    "parameters": [
        {
            "name": "X-Request-Id",
            "in": "header",
            "required": False,
            "description": "An id of your own for this request; the answer carries it.",
            "schema": {"type": "string"},
        }
    ]
}


def remove_validation_errors(application: FastAPI) -> None:
    """Take FastAPI's own 422 off the page: it never leaves."""
    derived = application.openapi

    def openapi() -> dict[str, Any]:
        page = derived()
        for methods in [*page["paths"].values(), *page["webhooks"].values()]:
            for operation in methods.values():
                operation["responses"].pop("422", None)
        for unused in ("HTTPValidationError", "ValidationError"):
            page["components"]["schemas"].pop(unused, None)
        return page

    application.openapi = openapi  # type: ignore[method-assign]


def without_prefill(schema: dict[str, Any]) -> dict[str, Any]:
    """A form's field that may be left out, whose input on the page is empty, or holds the default.

    The page sends every input that holds something: examples of all fields together make no sensible request. Empty is
    not given, in a form.
    """
    return {key: value for key, value in schema.items() if key != "examples"} | (
        {} if "default" in schema else {"examples": [""]}
    )
