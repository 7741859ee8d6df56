"""Reading what a client sent into a model. What is wrong is gathered, so that one answer names it all."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from domain.errors import InvalidRequest
from domain.requests.field_types import Nested
from domain.requests.form_brackets import find_root, join_brackets, note_parts
from domain.requests.limits import quoted
from domain.requests.request_model import REQUEST, aliases, field_types
from domain.requests.strict_json import parse_json_text, text_problem

MAX_WARNINGS = 100
MAX_PROBLEMS = 100  # in the details of one answer
MAX_PROBLEMS_SAID = 20  # in its sentence

M = TypeVar("M", bound=BaseModel)


class Problems:
    """Which fields are wrong, and why."""

    def __init__(self, order: Sequence[str] = ()) -> None:
        self._order = list(order)
        self._noted: list[dict[str, Any]] = []

    def note(self, field: str, reason: str) -> None:
        self._noted.append({"field": field, "reason": reason})

    def raise_if_any(self) -> None:
        """Raises InvalidRequest that names every field noted: in the order given, before what is inside of it."""
        if self._noted:
            details = sorted(self._noted, key=self._rank)
            said = [f"{problem['field']} {problem['reason']}" for problem in details[:MAX_PROBLEMS_SAID]]
            if len(details) > MAX_PROBLEMS_SAID:
                said.append(f"and {len(details) - MAX_PROBLEMS_SAID:,} more problems")
            raise InvalidRequest(f"{', '.join(said)}.", details[:MAX_PROBLEMS])

    def _rank(self, problem: Mapping[str, Any]) -> tuple[int, bool]:
        field, _, inside = problem["field"].partition(".")
        return self._order.index(field) if field in self._order else -1, bool(inside)


def require_object(body: Any) -> dict[str, Any]:
    """The fields of a JSON body. Raises InvalidRequest where it is no object."""
    if not isinstance(body, dict):
        raise InvalidRequest("The body must be a JSON object.")
    return body


def drop_nulls(body: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a JSON body in which null is not given."""
    return {name: value for name, value in body.items() if value is not None}


def read_form_values(form: Mapping[str, str], problems: Problems, *kinds: type[BaseModel]) -> dict[str, Any]:
    """The fields of a form: text, where blank is not given, and objects and arrays of these models are JSON.

    Text that begins like no object, array or text in quotes is taken as it stands. Objects and arrays in brackets are
    read too, `callingWindow[from]`; other parts of these fields are noted.
    """
    types = {alias: field_types(kind)[name] for kind in kinds for alias, name in aliases(kind).items()}
    form = join_brackets(form, [name for name, one in types.items() if one.is_json_in_forms], problems.note)
    note_parts(form, types, problems.note)
    given: dict[str, Any] = {name: text for name, text in form.items() if text.strip()}
    for name in [name for name in given if name in types and types[name].is_json_in_forms]:
        text = given.pop(name).strip()
        problem, value = _json_of(text, name)
        if problem is None:
            given[name] = value
        else:
            problems.note(name, problem)
    return given


def read_model(kind: type[M], given: Mapping[str, Any], problems: Problems) -> M:
    """Read the fields of that model, by the contract's names; others are left alone.

    What is wrong is noted: then the answer serves only to go on and to find what else is wrong.
    """
    names = aliases(kind)
    given = parse_texts(kind, given, problems)
    try:
        return kind.model_validate({name: value for name, value in given.items() if name in names}, **REQUEST)
    except ValidationError as error:
        for found in error.errors(include_url=False, include_input=False):
            problems.note(*_problem(kind, found))
        return kind.model_construct()


def parse_texts(kind: type[BaseModel], given: Mapping[str, Any], problems: Problems) -> dict[str, Any]:
    """The same fields with the objects and arrays of that model that were sent as JSON text, as forms send them.

    What cannot be read is noted, and left out.
    """
    types = {alias: field_types(kind)[name] for alias, name in aliases(kind).items()}
    read = dict(given)
    for name, text in given.items():
        is_json = name in types and types[name].is_json_in_forms and isinstance(text, str)
        if is_json and text.lstrip().startswith(("{", "[")):
            problem, value = _json_of(text.strip(), name)
            if problem is None:
                read[name] = value
            else:
                problems.note(name, problem)
                del read[name]
    return read


def list_unknown(names: Collection[str], known: Collection[str]) -> list[str]:
    """Warnings that name the fields nobody reads. Parts of known ones are read, or are errors."""
    unknown = [name for name in names if name not in known and find_root(name) not in known]
    return [f"The unknown field {quoted(name)} was ignored." for name in unknown[:MAX_WARNINGS]]


def _json_of(text: str, name: str) -> tuple[str | None, Any]:
    """What is wrong with the text of a form's field, if anything, and what it holds."""
    if (problem := text_problem(text)) is not None or not text.startswith(("{", "[", '"')):
        return problem, text
    try:
        return None, parse_json_text(text, name)
    except InvalidRequest as refused:
        return "cannot be read as JSON: " + refused.sentence.rstrip("."), None


def _problem(kind: type[BaseModel], error: ErrorDetails) -> tuple[str, str]:
    where, context = [*map(str, error["loc"])], error.get("ctx", {})
    if error["type"] == "missing":
        return ".".join(where), "is required"
    if error["type"] == "extra_forbidden":
        unknown = where.pop()
        inside = field_types(kind)[aliases(kind)[where[-1]]]
        known = sorted(aliases(inside.model)) if isinstance(inside, Nested) else []
        return ".".join(where), f"has no field {quoted(unknown)}, only {', '.join(known)}"
    return ".".join(filter(None, [*where, context.get("path")])), context["reason"]
