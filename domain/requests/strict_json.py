"""JSON as a request may hold it: what PostgreSQL and every client can read back, and nothing else."""

import codecs
import json
import math
from collections.abc import Iterator
from typing import Any

from domain.errors import InvalidRequest
from domain.requests.limits import shortened

_LONGEST_PATH = 200  # characters
MAX_DEPTH = 100  # levels of arrays and objects; no contact needs more, and stacks are finite
_CHARSETS = frozenset(
    {"ascii", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "iso8859-1", "cp1252"}
)


class _NoNumber:
    """Stands in the tree where a number cannot be kept, so that the walk knows the path."""


def parse_json(body: bytes, charset: str | None = None) -> Any:
    """Decode and parse a body. A charset we do not know is read as UTF-8, which JSON is (RFC 8259).

    Raises InvalidRequest, with the path in the details where a value is to blame: NaN, Infinity and numbers
    that become infinite, unpaired surrogates, U+0000, more than 100 levels. Of equal keys the last counts.
    """
    try:
        text = body.decode(_encoding(body, charset))
    except UnicodeError:
        raise InvalidRequest("The body cannot be decoded: send JSON in UTF-8.") from None
    return parse_json_text(text.removeprefix("\ufeff"), "body")


def parse_json_text(text: str, name: str) -> Any:
    """Parse JSON text, the body or a field of that name. Raises InvalidRequest as `parse_json`."""
    try:
        value = json.loads(text, parse_constant=_no_number, parse_float=_finite, parse_int=_kept_int)
    except RecursionError:
        raise _too_deep(name) from None
    except json.JSONDecodeError as error:
        raise InvalidRequest(f"The {name} is not valid JSON: line {error.lineno}, column {error.colno}.") from None
    _refuse_unstorable(value, "" if name == "body" else name)
    return value


def text_problem(text: str) -> str | None:
    """Say why a text cannot be stored, or None."""
    if "\0" in text:
        return "holds the character U+0000"
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        return "holds an unpaired surrogate"
    return None


def _encoding(body: bytes, charset: str | None) -> str:
    try:
        known = codecs.lookup(charset).name if charset else None
    except (LookupError, ValueError):  # ValueError: U+0000 in the name
        known = None
    return known if known in _CHARSETS and known is not None else json.detect_encoding(body)


def _no_number(_: str) -> _NoNumber:
    return _NoNumber()


def _finite(text: str) -> float | _NoNumber:
    number = float(text)
    return number if math.isfinite(number) else _NoNumber()


def _kept_int(text: str) -> int | _NoNumber:
    try:
        return int(text)
    except ValueError:  # more digits than Python writes back
        return _NoNumber()


def _refuse_unstorable(value: Any, name: str) -> None:
    todo: list[tuple[str, int, Any]] = [(name, 0, value)]
    while todo:
        path, depth, value = todo.pop()
        if depth > MAX_DEPTH:
            raise _too_deep(path)
        problem = _problem(value)
        if problem is not None:
            raise _refused(path, problem)
        todo.extend(reversed(list(_children(path, depth, value))))


def _children(path: str, depth: int, value: Any) -> Iterator[tuple[str, int, Any]]:
    if isinstance(value, dict):
        for key, child in value.items():
            yield (f"{path}.{key}" if path else key), depth + 1, child
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield f"{path}[{index}]", depth + 1, child


def _problem(value: Any) -> str | None:
    if isinstance(value, str):
        return text_problem(value)
    if isinstance(value, _NoNumber):
        return "is not a finite number that can be stored"
    if isinstance(value, dict):
        problem = next(filter(None, map(text_problem, value)), None)
        return problem and f"has a key that {problem}"
    return None


def _refused(path: str, problem: str) -> InvalidRequest:
    path = shortened(path, _LONGEST_PATH) if path else "body"
    return InvalidRequest(f"{path} {problem}.", [{"path": path, "reason": problem}])


def _too_deep(path: str) -> InvalidRequest:
    return _refused(path.split("[", 1)[0].split(".", 1)[0], f"is nested deeper than {MAX_DEPTH} levels")
