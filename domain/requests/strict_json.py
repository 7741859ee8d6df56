"""JSON as a request may hold it: what PostgreSQL and every client can read back, and nothing else."""

import codecs
import json
import math
import re
from collections.abc import Iterable, Iterator
from typing import Any

from domain.errors import InvalidRequest
from domain.requests.limits import shortened

MAX_DEPTH = 100  # levels of arrays and objects; no contact needs more, and stacks are finite
MAX_OPTIONS = 10_000  # values in a body of settings, whose largest lists have hundreds
MAX_VALUES = 2_100_000  # values in a body of contacts: 10,000 of 200 fields, and room for what is inside of them

_LONGEST_PATH = 200  # characters
_VALUES_OF_A_CONTAINER = 3  # an array or object takes as much memory as so many values
_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*+"')
_HIGH, _LOW = r"\\u[dD][89abAB][0-9a-fA-F]{2}", r"\\u[dD][c-fC-F]"
_SUSPICIOUS = re.compile(rf"\\u0000|\\\\u|{_HIGH}(?!{_LOW})|(?<!{_HIGH}){_LOW}")  # escapes that may be of no character
_SURROGATE = re.compile("[\ud800-\udfff]")
_CHARSETS = frozenset(
    {"ascii", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "iso8859-1", "cp1252"}
)


class _NoNumber:
    """Stands in the tree where a number cannot be kept, so that the walk knows the path."""


def parse_json(body: bytes, charset: str | None = None, *, max_values: int = MAX_OPTIONS) -> Any:
    """Decode and parse a body. A charset we do not know is read as UTF-8, which JSON is (RFC 8259).

    Raises InvalidRequest, with the path in the details where a value is to blame: NaN, Infinity and numbers
    that become infinite, unpaired surrogates, U+0000, more than 100 levels; and for more values than `max_values`,
    an array or object counted as three, before any is made. Of equal keys the last counts.
    """
    try:
        text = body.decode(_encoding(body, charset))
    except UnicodeError:
        raise InvalidRequest("The body cannot be decoded: send JSON in UTF-8.") from None
    return parse_json_text(text.removeprefix("\ufeff"), "body", max_values=max_values)


def parse_json_text(text: str, name: str, *, max_values: int = MAX_OPTIONS) -> Any:
    """Parse JSON text, the body or a field of that name. Raises InvalidRequest as `parse_json`."""
    if has_more_values(text, max_values):
        raise InvalidRequest(f"The {name} holds too many values: at most {max_values:,} are read.")
    unstorable: list[_NoNumber] = []
    try:
        value = _load(text, unstorable)
    except RecursionError:
        raise _too_deep(name) from None
    except json.JSONDecodeError as error:
        raise InvalidRequest(f"The {name} is not valid JSON: line {error.lineno}, column {error.colno}.") from None
    if unstorable or _SUSPICIOUS.search(text) or _is_too_deep(value):
        _refuse_unstorable(value, "" if name == "body" else name)
    return value


def has_more_values(text: str, most: int) -> bool:
    """Whether JSON text holds more values than these, counted by its punctuation: nothing is parsed.

    What stands in strings does not count; they are set aside only where it could matter.
    """
    return _count_marks(text) > most and _count_marks(_STRINGS.sub("", text)) > most


def _count_marks(text: str) -> int:
    return text.count(",") + _VALUES_OF_A_CONTAINER * (text.count("[") + text.count("{"))


def text_problem(text: str) -> str | None:
    """Say why a text cannot be stored, or None."""
    if "\0" in text:
        return "holds the character U+0000"
    if not text.isascii() and _SURROGATE.search(text):
        return "holds an unpaired surrogate"
    return None


def _encoding(body: bytes, charset: str | None) -> str:
    try:
        known = codecs.lookup(charset).name if charset else None
    except (LookupError, ValueError):  # ValueError: U+0000 in the name
        known = None
    return known if known in _CHARSETS and known is not None else json.detect_encoding(body)


def _load(text: str, unstorable: list[_NoNumber]) -> Any:
    """Parse; numbers that cannot be kept are noted, and each has a stand-in in the tree."""

    def no_number(_: str) -> _NoNumber:
        unstorable.append(stand_in := _NoNumber())
        return stand_in

    def finite(written: str) -> float | _NoNumber:
        number = float(written)
        return number if math.isfinite(number) else no_number(written)

    def kept_int(written: str) -> int | _NoNumber:
        try:
            return int(written)
        except ValueError:  # more digits than Python writes back
            return no_number(written)

    return json.loads(text, parse_constant=no_number, parse_float=finite, parse_int=kept_int)


def _is_too_deep(value: Any) -> bool:
    """Level by level, without a path: what is in order costs no more than a look at each value."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(MAX_DEPTH + 1):
        if not level:
            return False
        level = [child for container in level for child in _values(container) if type(child) in {dict, list}]
    return bool(level)


def _values(container: Any) -> Iterable[Any]:
    return container.values() if isinstance(container, dict) else container


def _refuse_unstorable(value: Any, name: str) -> None:
    """Raises InvalidRequest for the first value, in the order of the text, that cannot be stored.

    Only that one's path is written: keys may be long, and there may be many values.
    """
    keys: list[str | int] = []
    todo: list[Iterator[tuple[str | int, Any]]] = []
    while True:
        if (problem := _problem(value)) is not None:
            raise _refused(_write_path(name, keys), problem)
        if len(keys) > MAX_DEPTH and isinstance(value, dict | list):
            raise _too_deep(_write_path(name, keys[:1]))
        todo.append(_children(value))
        keys.append("")
        while (following := next(todo[-1], None)) is None:
            todo.pop()
            keys.pop()
            if not todo:
                return
        keys[-1], value = following


def _children(value: Any) -> Iterator[tuple[str | int, Any]]:
    if isinstance(value, dict):
        return iter(value.items())
    return iter(enumerate(value)) if isinstance(value, list) else iter(())


def _write_path(name: str, keys: Iterable[str | int]) -> str:
    path = name
    for key in keys:
        path += f"[{key}]" if isinstance(key, int) else f".{key}" if path else key
    return path


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
