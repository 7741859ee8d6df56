"""What an agent receives about the call and the person it talks to."""

import json
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

RESERVED_PREFIX = "outdial_"  # begins the names that are ours: no field of a contact that is named so is passed on
CALL_ID = "outdial_call_id"
CALL_TOKEN = "outdial_call_token"  # noqa: S105  a name
API_URL = "outdial_api"  # where the agent reports: `{outdial_api}/calls/{outdial_call_id}/result`

MIN_WRITTEN_DIGITS = 7  # fewer are no number as people write one, but a part of it

_SEPARATORS = re.compile(r"[^a-z0-9]+")
_LIKE_A_NUMBER = re.compile(r"[+(]?[\d\s()./-]+")
_BETWEEN = re.compile(r"\(0\)|\D")  # digits, and the 0 that is not dialed from abroad


class Loss(StrEnum):
    """What a carrier cannot pass on of a parameter."""

    CUT = "cut"
    LEFT_OUT = "left_out"


def build_contact_parameters(data: Mapping[str, Any], number: str) -> dict[str, str]:
    """A contact's name and custom fields as text, in their order; the number is not among them, however written."""
    texts = {key: _format(value) for key, value in data.items()}
    return {key: text for key, text in texts.items() if not is_reserved(key) and not _is_number(key, text, number)}


def build_call_parameters(call_id: str, token: str | None, api: str) -> dict[str, str]:
    """What the agent needs to report on the call; without a token it needs a key of its own."""
    own = {CALL_ID: call_id, API_URL: api}
    return own if token is None else {**own, CALL_TOKEN: token}


def replace_number(data: Mapping[str, Any], number: str, other: str) -> dict[str, Any]:
    """The same fields for another number, wherever the contact's own stood."""
    return {key: other if _is_number(key, _format(value), number) else value for key, value in data.items()}


def is_reserved(key: str) -> bool:
    """However a carrier may write the name: as a SIP header blanks become dashes and case does not count."""
    return _SEPARATORS.sub("_", key.lower()).strip("_").startswith(RESERVED_PREFIX)


def _is_number(key: str, text: str, number: str) -> bool:
    written = text.strip().removeprefix("'")
    if key.lower() == "phone" or written == number:
        return True
    digits = _BETWEEN.sub("", written).lstrip("0") if _LIKE_A_NUMBER.fullmatch(written) else ""
    return len(digits) >= MIN_WRITTEN_DIGITS and number.endswith(digits)


def _format(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
