"""The operations of the OpenAPI page, as the template prints them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from clients.generate.naming import pascal, snake
from clients.generate.schemas import (
    EVENT,
    EVENTS,
    FILE,
    FORM,
    JSON,
    Named,
    Operation,
    Schema,
    body_name,
    body_of,
    operations,
)

PLAIN = {"string": "str", "integer": "int", "boolean": "bool", "number": "float"}
KEY = "Idempotency-Key"
NOT_ARGUMENTS = {KEY, "X-Request-Id", "Last-Event-ID", "ticket"}  # a ticket is for pages, that send no header


@dataclass(frozen=True)
class Parameter:
    name: str  # the API's
    type: str

    @property
    def argument(self) -> str:
        return snake(self.name)


@dataclass(frozen=True)
class Pages:
    """How an answer in pages is read."""

    item: str  # the model of one
    items: str  # attribute of the answer
    total: str
    page: str  # arguments of the operation
    size: str
    name: str  # of the iterating method


@dataclass(frozen=True)
class Described:
    method: str
    path: str
    name: str
    doc: str
    ids: list[str]
    query: list[Parameter]
    fixed: dict[str, str]  # a query parameter that says what this method reads
    body: str | None
    body_needed: bool
    takes_file: bool
    sends_file: str | None  # the media type of a body that is a file
    takes_key: bool
    answer: str | None  # None: a file, or events
    event: str | None
    pages: Pages | None

    @property
    def call(self) -> str:
        """The path, as an expression."""
        ids = ", ".join(f"{snake(one)}={snake(one)}" for one in self.ids)
        template = self.path
        for one in self.ids:
            template = template.replace(f"{{{one}}}", f"{{{snake(one)}}}")
        return f'path_of("{template}", {ids})' if ids else f'"{template}"'


def describe(page: dict[str, Any], named: Named) -> Iterator[Described]:
    """Each operation; two where it answers as JSON or as a file."""
    for method, path, operation in operations(page):
        content = _content(operation)
        described = _describe(method, path, operation, named)
        if JSON in content and len(content) > 1:
            yield described(suffix="", answer=_answer(content), fixed={})
            yield described(suffix="_csv", answer=None, fixed={"format": "csv"})
        else:
            yield described(suffix="", answer=_answer(content), fixed={})


def _describe(method: str, path: str, operation: Operation, named: Named) -> Any:
    parameters = operation.get("parameters", [])
    given = [one for one in parameters if one["in"] == "query" and one["name"] not in NOT_ARGUMENTS]
    content = operation.get("requestBody", {}).get("content", {})
    body = body_of(operation)
    events = EVENTS in _content(operation)

    def made(suffix: str, answer: str | None, fixed: dict[str, str]) -> Described:
        name = snake(operation["operationId"]) + suffix
        both = JSON in _content(operation) and len(_content(operation)) > 1
        query = [
            Parameter(one["name"], _type(one["schema"], named))
            for one in given
            if not (both and one["name"] == "format") and not (fixed and one["name"] in {"page", "pageSize"})
        ]
        return Described(
            method=method,
            path=path,
            name=name,
            doc=operation.get("description") or operation.get("summary", ""),
            ids=[one["name"] for one in parameters if one["in"] == "path"],
            query=query,
            fixed=fixed,
            body=None if body is None else f"models.{body_name(operation)}",
            body_needed=bool(operation.get("requestBody", {}).get("required")),
            takes_file=FORM in content,
            sends_file=FILE if FILE in content else None,
            takes_key=any(one["name"] == KEY for one in parameters),
            answer=answer,
            event=f"models.{EVENT}" if events else None,
            pages=_pages(name, query, named.schemas.get((answer or "").removeprefix("models."), {})),
        )

    return made


def _content(operation: Operation) -> dict[str, Any]:
    found: dict[str, Any] = operation["responses"]["200"].get("content", {})
    return found


def _answer(content: dict[str, Any]) -> str | None:
    if JSON not in content:
        return None
    reference = content[JSON]["schema"].get("$ref")
    return f"models.{reference.rpartition('/')[2]}" if reference else "Model"


def _type(schema: Schema, named: Named) -> str:
    if "enum" in schema:
        choice = named.choice(schema)
        return f"models.{choice} | str" if choice else "str"
    return "date | str" if schema.get("format") == "date" else PLAIN[schema["type"]]


def _pages(name: str, query: list[Parameter], answer: Schema) -> Pages | None:
    """By the names that all lists share: `page`, `pageSize`, `total`, or the same of the list's own."""
    properties = answer.get("properties", {})
    lists = {one: schema["items"]["$ref"] for one, schema in properties.items() if "$ref" in schema.get("items", {})}
    arguments = {one.name for one in query}
    for items, reference in lists.items():
        own = f"{items}Page" in arguments
        page, size = (f"{items}Page", f"{items}PageSize") if own else ("page", "pageSize")
        total = f"{items}Total" if own else "total"
        if page not in arguments or size not in arguments or total not in properties:
            continue
        _, _, noun = name.partition("_")
        iterating = f"iterate_{noun}" if name.startswith("list_") else f"iterate_{noun}_{snake(items)}"
        item = f"models.{pascal(reference.rpartition('/')[2])}"
        return Pages(item, snake(items), snake(total), snake(page), snake(size), iterating)
    return None
