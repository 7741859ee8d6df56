"""Objects and arrays as many clients write them in forms: `callingWindow[from]=09:00`, `requiredFields[]=name`.

axios, jQuery, PHP and Rails write them so. A rule that is written so is read like its JSON; one that cannot be read is
named, and never left unheard.
"""

import json
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from domain.requests.limits import quoted

MAX_LEVELS = 5
MAX_INDEX = 200  # of an element of an array

_NESTED = re.compile(r"([^\[\].]+)[\[.].*", re.DOTALL)
_BRACKETED = re.compile(rf"[^\[\].]+((?:\[[^\[\]]*\]){{1,{MAX_LEVELS}}})")
_KEY = re.compile(r"\[([^\[\]]*)\]")


Note = Callable[[str, str], None]  # takes a field, and what is wrong with it


class _Unclear(Exception):
    """Names that do not make one value."""


def find_root(name: str) -> str | None:
    """The field that a name such as `callingWindow[from]` or `callingWindow.from` is a part of; None: it is a whole."""
    found = _NESTED.fullmatch(name)
    return None if found is None else found[1]


def note_parts(names: Collection[str], known: Collection[str], note: Note) -> None:
    """Parts of known fields where only whole ones are read: a rule must not go unheard."""
    for name in names:
        root = find_root(name)
        if root is not None and name not in known and root in known:
            note(root, f"is read whole, not as {quoted(name)}")


def join_brackets(form: Mapping[str, str], types: Collection[str], note: Note) -> dict[str, str]:
    """The form with bracketed fields of these names, objects and arrays, as JSON text. What is unclear is noted."""
    whole: dict[str, str] = {}
    parts: dict[str, list[tuple[list[str], str]]] = {}
    for name, text in form.items():
        root = find_root(name)
        if root is None or root not in types:
            whole[name] = text
        elif (match := _BRACKETED.fullmatch(name)) is None or root in form:
            given = "also given as a whole" if root in form else "write callingWindow[from], or JSON text in one field"
            note(root, f"cannot be read from {quoted(name)}: {given}")
        elif text.strip():
            parts.setdefault(root, []).append((_KEY.findall(match[1]), text))
    for root, found in parts.items():
        try:
            whole[root] = json.dumps(_build(found))
        except _Unclear as unclear:
            note(root, f"cannot be read from its parts in brackets: {unclear}")
    return whole


def _build(parts: list[tuple[list[str], str]]) -> Any:
    """One value of its parts: an array where the keys are empty or numbers, else an object."""
    if any(not keys for keys, _ in parts):
        if len(parts) > 1:
            raise _Unclear("a value is given twice")
        return parts[0][1]
    inside: dict[str, list[tuple[list[str], str]]] = {}
    for place, (keys, text) in enumerate(parts):
        key = keys[0] or str(place)
        inside.setdefault(key, []).append((keys[1:], text))
    if all(key.isascii() and key.isdigit() for key in inside):
        if any(len(key) > 3 or int(key) > MAX_INDEX for key in inside):
            raise _Unclear(f"an array has at most {MAX_INDEX} elements")
        return [_build(inside[key]) for key in sorted(inside, key=int)]
    return {key: _build(found) for key, found in inside.items()}
