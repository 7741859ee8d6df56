"""The schemas of the OpenAPI page as a generator of models wants them: each object and each choice has a name.

Bounds and defaults are left out: the API judges and fills in, so that a client of today may talk to an API of tomorrow.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from clients.generate.naming import pascal

Schema = dict[str, Any]
Operation = dict[str, Any]

JUDGED_BY_THE_API = {
    *("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"),
    *("pattern", "default", "title", "example", "examples", "const", "contentMediaType", "uniqueItems"),
}
JSON, FORM, EVENTS = "application/json", "multipart/form-data", "text/event-stream"
FILE = "text/csv"  # a body that is a file of any length
METHODS = ("get", "post", "patch", "put", "delete")
EVENT = "JobEvent"


class Named:
    """Schemas by name; what has none yet gets the name of the property that holds it."""

    def __init__(self, page: dict[str, Any]) -> None:
        self.schemas: dict[str, Schema] = {}
        known = page["components"]["schemas"]
        self._choices: dict[tuple[str, ...], str] = {_choice(one): name for name, one in known.items() if "enum" in one}
        for name, schema in known.items():
            self.schemas[name] = schema if "enum" in schema else {}
        for name, schema in known.items():
            if "enum" not in schema:
                self.schemas[name] = self._inside(schema, name)

    def add(self, name: str, schema: Schema) -> None:
        """A body or an event, and what is in it."""
        self.schemas[name] = self._inside(schema, name)

    def choice(self, schema: Schema) -> str | None:
        """The name of a choice that is known."""
        return self._choices.get(_choice(schema))

    def _inside(self, schema: Schema, owner: str) -> Schema:
        """An object whose properties refer to what they hold."""
        kept = {key: value for key, value in schema.items() if key not in JUDGED_BY_THE_API}
        kept.pop("anyOf", None)  # of a body: which fields go together
        if schema.get("additionalProperties") is False:
            del kept["additionalProperties"]
        properties = schema.get("properties", {})
        if properties:
            kept["properties"] = {name: self._value(one, name, owner) for name, one in properties.items()}
        return kept

    def _value(self, schema: Schema, name: str, owner: str) -> Schema:
        kept = {key: value for key, value in schema.items() if key not in JUDGED_BY_THE_API}
        if "anyOf" in kept:
            kept["anyOf"] = [self._value(one, name, owner) for one in kept["anyOf"]]
        if "items" in kept:
            kept["items"] = self._value(kept["items"], re.sub(r"(?<=s)es$|s$", "", name), owner)
        if "enum" in kept:
            return self._referring(kept, self._choice_name(kept, name))
        if "properties" in kept:
            return self._referring(kept, self._object_name(kept, name, owner))
        return kept

    def _choice_name(self, schema: Schema, name: str) -> str:
        wanted = _choice(schema)
        if wanted not in self._choices:
            chosen: str = self._free(pascal(name), f"{pascal(name)}Choice")
            self._choices[wanted] = chosen
            self.schemas[chosen] = {"type": "string", "enum": list(wanted)}
        return self._choices[wanted]

    def _object_name(self, schema: Schema, name: str, owner: str) -> str:
        """The same for the same object, wherever it is; with its owner's name where that one is taken by another."""
        inside = self._inside(schema, owner)
        inside.pop("description", None)
        for chosen in (f"{pascal(name)}Input", f"{owner}{pascal(name)}"):
            if self.schemas.setdefault(chosen, inside) == inside:
                return chosen
        raise AssertionError(f"{owner} has two objects that are called {name}")

    def _free(self, *names: str) -> str:
        return next(name for name in names if name not in self.schemas)

    @staticmethod
    def _referring(schema: Schema, name: str) -> Schema:
        """A reference, null too where the schema may be null."""
        reference: Schema = {"$ref": f"#/components/schemas/{name}"}
        nullable = "null" in schema.get("type", "") or None in schema.get("enum", ())
        found = {"anyOf": [reference, {"type": "null"}]} if nullable else reference
        return found | ({"description": schema["description"]} if "description" in schema else {})


def _choice(schema: Schema) -> tuple[str, ...]:
    return tuple(value for value in schema["enum"] if value is not None)


def operations(page: dict[str, Any]) -> Iterator[tuple[str, str, Operation]]:
    """Method, path and description of each, in the page's order."""
    for path, item in page["paths"].items():
        yield from ((method.upper(), path, item[method]) for method in METHODS if method in item)


def body_name(operation: Operation) -> str:
    return f"{pascal(operation['operationId'])}Body"


def body_of(operation: Operation) -> Schema | None:
    """One schema for JSON and form: what a file takes the place of need not be given."""
    content = operation.get("requestBody", {}).get("content", {})
    if JSON not in content:
        return None
    schema: Schema = content[JSON]["schema"]
    form = content.get(FORM, {}).get("schema", {})
    if not form:
        return schema
    added = {name: one for name, one in form["properties"].items() if name != "file"}
    needed = [name for name in schema.get("required", ()) if name in form.get("required", ())]
    return schema | {"properties": added | schema["properties"], "required": needed}


def name_all(page: dict[str, Any]) -> Named:
    """Everything that goes in or out, by name."""
    named = Named(page)
    for _, _, operation in operations(page):
        if (body := body_of(operation)) is not None:
            named.add(body_name(operation), body)
        event = operation["responses"].get("200", {}).get("content", {}).get(EVENTS)
        if event is not None:
            named.add(EVENT, event["itemSchema"]["properties"]["data"]["contentSchema"])
    return named


def models_page(named: Named) -> str:
    """An OpenAPI page of these schemas alone."""
    return json.dumps(
        {
            "openapi": "3.1.0",
            "info": {"title": "Outdial", "version": "1"},
            "paths": {},
            "components": {"schemas": named.schemas},
        }
    )
