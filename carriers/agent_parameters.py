"""The parameters that an agent receives with a call, made to fit what a carrier can pass on."""

import re
from collections.abc import Callable, Iterable, Mapping
from itertools import count

from domain.calls.agent_parameters import RESERVED_PREFIX, Loss

MAX_SIP_HEADER_CHARACTERS = 1_024  # of all headers of an address together
TRUNCATED = "outdial_truncated"  # says that parameters are missing or cut

_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_NOT_HEADER = re.compile(r"[^A-Za-z0-9-]+")

Parameters = dict[str, str]


def drop_longest(parameters: Mapping[str, str], is_too_long: Callable[[Parameters], bool]) -> Parameters:
    """Leave out the longest parameters until the rest fits, and say so. What is ours is never left out."""
    kept = dict(parameters)
    while is_too_long(kept) and (theirs := [name for name in kept if not name.startswith(RESERVED_PREFIX)]):
        del kept[max(theirs, key=lambda name: (len(name) + len(kept[name]), name))]
        kept[TRUNCATED] = "true"
    return kept


def find_left_out(parameters: Mapping[str, str], kept: Mapping[str, str]) -> dict[str, Loss]:
    """What `drop_longest` left out."""
    return {name: Loss.LEFT_OUT for name in parameters if name not in kept}


def write_names(names: Iterable[str], write: Callable[[str], str], separator: str) -> dict[str, str]:
    """How a carrier's rules let each parameter be named, each differently in whatever letter case.

    `write` may make one of several: `名前` and `住所` hold nothing that a header may have in its name. All are named
    before any is left out, so that a column has the same name in every call of a job.

    >>> write_names(["First Name", "first_name"], sip_header, "-")
    {'First Name': 'X-First-Name', 'first_name': 'X-first-name-2'}
    """
    written: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        first = write(name)
        made = (first if number == 1 else f"{first}{separator}{number}" for number in count(1))
        written[name] = next(own for own in made if own.lower() not in taken)
        taken.add(written[name].lower())
    return written


def sip_headers_of(parameters: Mapping[str, str]) -> dict[str, str]:
    """The names of the headers for these parameters, and for the one that says that some are missing."""
    return write_names(dict.fromkeys([TRUNCATED, *parameters]), sip_header, "-")


def sip_header(name: str) -> str:
    """`first name` is `X-first-name`."""
    return f"X-{_NOT_HEADER.sub('-', name).strip('-') or 'Field'}"


def sip_header_value(value: str) -> str:
    """In one line: a line break would begin another header."""
    return _CONTROL.sub(" ", value)
