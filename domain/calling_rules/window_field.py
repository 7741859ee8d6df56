"""A calling window as a field that clients send.

Its schema is written by hand: no model says that a window is a name, hours, or a name with what may stand beside it.
"""

from typing import Any

from domain.calling_rules.presets import PRESETS
from domain.calling_rules.window import WEEK, CallingWindow
from domain.calling_rules.window_format import MAX_DATES, MAX_HOURS, InvalidWindow, parse_window
from domain.requests.request_model import FieldType, Schema, invalid

_HOURS: Schema = {
    "from": {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$", "examples": ["09:00"]},
    "to": {"type": "string", "pattern": "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$", "examples": ["20:00"]},
    "weekdays": {
        "type": ["array", "null"],
        "minItems": 1,
        "items": {"type": "string", "enum": list(WEEK)},
        "description": "All, unless given.",
    },
}
_HOLIDAYS: Schema = {
    "anyOf": [
        {
            "type": "string",
            "pattern": "^[A-Z]{2}(-.{1,50})?$",
            "description": "A country or a part of one.",
            "examples": ["US", "US-FL"],
        },
        {"type": "array", "maxItems": MAX_DATES, "items": {"type": "string", "format": "date"}},
        {"type": "null"},
    ],
    "description": "Days on which no calls are placed.",
}
_OTHER_HOURS: Schema = {
    "type": ["array", "null"],
    "maxItems": MAX_HOURS,
    "description": "Further hours, of these days or of others.",
    "items": {"type": "object", "required": ["from", "to"], "properties": _HOURS, "additionalProperties": False},
}
EXAMPLES = [{"from": "09:00", "to": "20:00", "weekdays": ["mon", "tue", "wed"], "holidays": "US"}, "us-federal"]
_NAME: Schema = {"type": "string", "enum": list(PRESETS)}


class Window(FieldType):
    """The name of a preset, or an object with hours."""

    is_json_in_forms = True

    def read(self, value: Any) -> CallingWindow:
        try:
            return parse_window(value)
        except InvalidWindow as problem:
            raise invalid(problem.reason, problem.path) from None

    def schema(self) -> Schema:
        hours = {**_HOURS, "holidays": _HOLIDAYS, "also": _OTHER_HOURS, "preset": {"type": "null"}}
        of_preset = {
            "type": "object",
            "required": ["preset"],
            "additionalProperties": False,
            "properties": {"preset": _NAME, "holidays": _HOLIDAYS},
            "description": "Hours of a preset. As the API gives it back, with its hours, it is taken too.",
        }
        own = {"type": "object", "required": ["from", "to"], "additionalProperties": False, "properties": hours}
        return {"anyOf": [_NAME, own, of_preset]}
