"""The parameters that an agent receives with a call, made to fit what a carrier can pass on."""

import re
from collections.abc import Callable, Mapping

from domain.calls.agent_parameters import RESERVED_PREFIX

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


def sip_header(name: str) -> str:
    """`first name` is `X-first-name`."""
    return f"X-{_NOT_HEADER.sub('-', name).strip('-') or 'Field'}"


def sip_header_value(value: str) -> str:
    """In one line: a line break would begin another header."""
    return _CONTROL.sub(" ", value)
