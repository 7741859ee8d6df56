"""A page of every endpoint, from the OpenAPI document that the API serves."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")
HEADING = re.compile(r"^(#+)", re.MULTILINE)

Json = Mapping[str, Any]


def endpoints_page(document: Json) -> str:
    """Markdown: the endpoints by tag, then the models that they name."""
    lines = ["# Every endpoint", "", f"Version {document['info']['version']}, made from the OpenAPI document.", ""]
    for tag, endpoints in _by_tag(document).items():
        lines += [f"## {tag}", ""]
        for method, path, operation in endpoints:
            lines += _endpoint(method, path, operation)
    lines += ["## Models", ""]
    for name, schema in sorted(document.get("components", {}).get("schemas", {}).items()):
        lines += _model(name, schema)
    return "\n".join(lines)


def _by_tag(document: Json) -> dict[str, list[tuple[str, str, Json]]]:
    found: dict[str, list[tuple[str, str, Json]]] = {}
    for path, operations in document["paths"].items():
        for method in METHODS:
            if method in operations:
                tag, *_ = operations[method].get("tags") or ["Other"]
                found.setdefault(tag, []).append((method, path, operations[method]))
    return found


def _endpoint(method: str, path: str, operation: Json) -> Iterator[str]:
    yield from (f"### `{method.upper()} {path}`", "", f"**{operation.get('summary', '')}**", "")
    if operation.get("description"):
        yield from (_prose(operation["description"]), "")
    rows = [(f"`{each['name']}`", each["in"], each.get("schema", {}), each) for each in operation.get("parameters", [])]
    if rows:
        yield from ("| parameter | in | type | |", "|---|---|---|---|")
        yield from (f"| {name} | {where} | {_kind(schema)} | {_cell(each)} |" for name, where, schema, each in rows)
        yield ""
    for kind, body in operation.get("requestBody", {}).get("content", {}).items():
        yield from (f"Body `{kind}`: {_kind(body.get('schema', {}))}", "")
        yield from _fields(body.get("schema", {}))
    yield from ("| status | answer | |", "|---|---|---|")
    for status, answer in operation["responses"].items():
        kinds = {_kind(content.get("schema", {})) for content in answer.get("content", {}).values()}
        yield f"| {status} | {', '.join(sorted(kinds - {''}))} | {_cell(answer)} |"
    yield ""


def _model(name: str, schema: Json) -> Iterator[str]:
    yield from (f"### {name}", "")
    if schema.get("description"):
        yield from (_prose(schema["description"]), "")
    if schema.get("enum"):
        yield from (", ".join(f"`{value}`" for value in schema["enum"]), "")
    yield from _fields(schema)


def _fields(schema: Json) -> Iterator[str]:
    required = schema.get("required", [])
    if schema.get("properties"):
        yield from ("| field | type | |", "|---|---|---|")
        for field, each in schema["properties"].items():
            yield f"| `{field}`{' (required)' if field in required else ''} | {_kind(each)} | {_cell(each)} |"
        yield ""


def _kind(schema: Json) -> str:
    """A link to a model, or what JSON calls it."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return " or ".join(dict.fromkeys(_kind(each) for each in schema[several]))
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {})) or 'anything'}"
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    return str(schema.get("format") or schema.get("type") or "")


def _prose(text: str) -> str:
    """Its headings below ours."""
    return HEADING.sub(r"###\1", text.strip())


def _cell(described: Json) -> str:
    return " ".join(str(described.get("description", "")).replace("|", "\\|").split())
