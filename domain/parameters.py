"""What an agent is told of the person it talks to."""

import json
from collections.abc import Mapping
from typing import Any


def call_parameters(data: Mapping[str, Any]) -> dict[str, str]:
    """A contact's name and custom fields as text, in their order; the number itself is not among them."""
    return {key: _text(value) for key, value in data.items() if key.lower() != "phone"}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
