"""The fields of create, as the OpenAPI page describes them."""

from typing import Any

from domain.calling_rules.presets import PRESETS
from domain.calling_rules.window import WEEK
from domain.calling_rules.window_format import MAX_DATES, MAX_HOURS
from domain.calls.models import OnMachine
from domain.calls.retries import DELAYS_MINUTES, RETRYABLE, OnDeclined, OnVoicemail
from domain.jobs.column_fields import MAX_NAME_LENGTH
from domain.jobs.rule_fields import MAX_DELAY_MINUTES, MAX_DELAYS
from domain.requests.limits import MAX_FIELDS

Schema = dict[str, Any]

NOT_BLANK = r"\S"
E164 = r"^\+[1-9][0-9]{6,14}$"
ZONE = "^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$"
MOMENT = (
    "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[T ]([01][0-9]|2[0-3]):[0-5][0-9]"
    r"(:[0-5][0-9](\.[0-9]{1,9})?)?(Z|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?)?$"
)


def _whole(default: int | None, lowest: int, highest: int, description: str) -> Schema:
    return {
        "type": ["integer", "null"],
        "default": default,
        "minimum": lowest,
        "maximum": highest,
        "description": description,
    }


def _moment(description: str, example: str) -> Schema:
    return {
        "type": ["string", "null"],
        "default": None,
        "pattern": MOMENT,
        "description": description,
        "examples": [example],
    }


def _column(description: str, example: str) -> Schema:
    return {
        "type": ["string", "null"],
        "default": None,
        "pattern": NOT_BLANK,
        "maxLength": MAX_NAME_LENGTH,
        "description": description,
        "examples": [example],
    }


def _object(description: str, properties: Schema, example: Schema, **more: Any) -> Schema:
    return {
        "type": ["object", "null"],
        "default": None,
        "description": description,
        "additionalProperties": False,
        "properties": properties,
        "examples": [example],
        **more,
    }


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
    "description": "Days on which nobody is called.",
}
_OTHER_HOURS: Schema = {
    "type": ["array", "null"],
    "maxItems": MAX_HOURS,
    "description": "Further hours, of these days or of others.",
    "items": {"type": "object", "required": ["from", "to"], "properties": _HOURS, "additionalProperties": False},
}


CALLING_WINDOW: Schema = {
    "anyOf": [
        {"type": "string", "enum": list(PRESETS)},
        {
            "type": "object",
            "required": ["from", "to"],
            "additionalProperties": False,
            "properties": {**_HOURS, "holidays": _HOLIDAYS, "also": _OTHER_HOURS, "preset": {"type": "null"}},
        },
        {
            "type": "object",
            "required": ["preset"],
            "additionalProperties": False,
            "properties": {"preset": {"type": "string", "enum": list(PRESETS)}, "holidays": _HOLIDAYS},
            "description": "Hours of a preset. As the API gives it back, with its hours, it is taken too.",
        },
        {"type": "null"},
    ],
    "default": None,
    "description": "When people may be called, in the time zone of each: `from` and `to` of a day, or a preset by"
    " name. The organization's unless given. In a form: the name, or JSON text.",
    "examples": [{"from": "09:00", "to": "20:00", "weekdays": ["mon", "tue", "wed"], "holidays": "US"}, "us-federal"],
}
RETRY_POLICY: Schema = _object(
    "Who is called again, and when. In a form: JSON text.",
    {
        "maxAttempts": _whole(3, 1, 10, "The same as `maxAttempts` beside it."),
        "delaysMinutes": {
            "type": ["array", "null"],
            "minItems": 1,
            "maxItems": MAX_DELAYS,
            "items": {"type": "integer", "minimum": 1, "maximum": MAX_DELAY_MINUTES},
            "default": list(DELAYS_MINUTES),
            "description": "After the first attempt, after the second …; the last one repeats.",
        },
        "retryableStatuses": {
            "type": ["array", "null"],
            "items": {"type": "string", "enum": list(RETRYABLE)},
            "default": list(RETRYABLE),
        },
        "onVoicemail": {"type": ["string", "null"], "enum": [*OnVoicemail, None], "default": OnVoicemail.COMPLETE},
        "onDeclined": {"type": ["string", "null"], "enum": [*OnDeclined, None], "default": OnDeclined.FAIL},
        "retriesFirst": {
            "type": ["boolean", "null"],
            "default": False,
            "description": "Those to be called again go before those not called yet.",
        },
    },
    {"delaysMinutes": [10, 60], "onVoicemail": "retry"},
)
ON_MACHINE: Schema = {
    "type": ["string", "null"],
    "enum": [*OnMachine, None],
    "default": OnMachine.TALK,
    "description": "What becomes of a call when the carrier tells that a machine answered it, some seconds after the"
    " agent began to speak: `talk` lets the agent go on, who may leave a message; `hangUp` ends it, and it costs what"
    " it lasted. Whether the contact is called again is `retryPolicy.onVoicemail`.",
    "examples": [OnMachine.HANG_UP],
}
CONTACT_FREQUENCY: Schema = _object(
    "Caps on calls to one number, over all jobs of the organization. In a form: JSON text.",
    {
        "callsPer24Hours": _whole(None, 1, 100, "Calls in any 24 hours."),
        "callsPer7Days": _whole(None, 1, 100, "Calls in any 7 days."),
        "quietHours": _whole(None, 1, 8760, "After a conversation."),
    },
    {"callsPer24Hours": 1, "callsPer7Days": 3},
)
MAX_COST: Schema = {
    "anyOf": [
        {"type": "string", "pattern": r"^(?!0+(\.0+)?$)[0-9]{1,9}(\.[0-9]{1,6})?$"},
        {"type": "number", "minimum": 0.000001, "maximum": 999_999_999},
        {"type": "null"},
    ],
    "default": None,
    "description": "Dollars, more than 0. No call begins that could go beyond it. A number is rounded to 6 decimals.",
    "examples": ["12.50"],
}
NAMED_COLUMNS: Schema = {
    "phoneColumn": _column("The column, in JSON the key, with the numbers, where it is not `phone`.", "mobile"),
    "timezoneColumn": _column(
        "The column with each contact's IANA time zone; blank: that of its number. A contact whose zone is unknown is"
        " not called, and `validation.warnings` names it.",
        "timezone",
    ),
    "notBeforeColumn": _column(
        "The column with the time before which a contact is not called, as `scheduledStartTime`; without an offset by"
        " the clock of its own zone.",
        "call_after",
    ),
    "externalIdColumn": _column("The column with your own id of each contact, given back everywhere.", "customer_id"),
    "requiredFields": {
        "type": ["array", "null"],
        "default": None,
        "maxItems": MAX_FIELDS,
        "items": {"type": "string", "pattern": NOT_BLANK},
        "description": "Columns without which a contact is not called. In a form: JSON text.",
        "examples": [["name", "appointment"]],
    },
}
RULES: Schema = {
    "priority": _whole(5, 1, 9, "The job's weight where jobs share lines: 9 gets nine times as many as 1."),
    "callingWindow": CALLING_WINDOW,
    "endTime": _moment(
        "As `scheduledStartTime`, after the start. Who is not reached by then is not called any more.",
        "2027-03-01T18:00",
    ),
    "startWithin": _whole(
        120, 1, MAX_DELAY_MINUTES, "Minutes. A start missed by more pauses the job instead of calling late."
    ),
    "retryPolicy": RETRY_POLICY,
    "onMachine": ON_MACHINE,
    "contactFrequency": CONTACT_FREQUENCY,
    "circuitBreaker": {
        "type": ["boolean", "null"],
        "default": True,
        "description": "Whether the job pauses itself when its last calls show that going on does harm.",
    },
    "maxCost": MAX_COST,
}
FIELDS: Schema = {
    "fromPhoneNumberId": {
        "type": "string",
        "pattern": NOT_BLANK,
        "description": "The number to call from; its outbound agent holds the conversation.",
        "examples": ["phone_0123456789abcdef01234567"],
    },
    "name": {"type": "string", "pattern": NOT_BLANK, "maxLength": 200, "examples": ["Appointments in May"]},
    "description": {"type": ["string", "null"], "maxLength": 1000, "default": None},
    "concurrentCallLimit": _whole(5, 1, 50, "Calls at once."),
    "maxAttempts": _whole(3, 1, 10, "For each contact, the first call counted."),
    "scheduledStartTime": _moment(
        "ISO 8601; without an offset wall-clock time in `timezone`; at most 366 days ahead.", "2027-03-01T09:00"
    ),
    "timezone": {
        "type": ["string", "null"],
        "default": "UTC",
        "pattern": ZONE,
        "description": "IANA name.",
        "examples": ["Europe/Berlin"],
    },
    "ringSeconds": _whole(45, 15, 120, "How long a call may ring."),
    "maxCallSeconds": _whole(900, 10, 14_400, "How long a call may last."),
    "onOverlap": {
        "type": ["string", "null"],
        "enum": ["warn", "skip", "reject", None],
        "default": "warn",
        "description": "What to do about numbers that another open job of the organization will call too.",
    },
    **RULES,
    **NAMED_COLUMNS,
}


def nullable(schema: Schema) -> Schema:
    """The same field where null is not given."""
    return schema | {"type": [schema["type"], "null"]}


def without_default(schema: Schema) -> Schema:
    """The same field of a change, where what is not given stays."""
    return {key: value for key, value in schema.items() if key != "default"}


def in_form(schema: Schema) -> Schema:
    """The same field of a form, where what is not given is left out: there is no null."""
    written = {key: value for key, value in schema.items() if (key, value) != ("default", None)}
    if isinstance(schema.get("type"), list):
        written["type"] = schema["type"][0]
    for choices in ("anyOf", "enum"):
        if choices in schema:
            written[choices] = [choice for choice in schema[choices] if choice not in (None, {"type": "null"})]
    return written


_TEXT = r'"[^"\\\x00-\x1f]*[^"\\\s\x00-\x1f][^"\\\x00-\x1f]*"'
TEXTS = rf"^\[({_TEXT}(, ?{_TEXT}){{0,{MAX_FIELDS - 1}}})?\]$"
IN_FORM: Schema = {name: in_form(schema) for name, schema in FIELDS.items()} | {
    "maxCost": without_default(MAX_COST) | {"anyOf": MAX_COST["anyOf"][:1]},
    "requiredFields": {
        "type": "string",
        "pattern": TEXTS,
        "description": "Columns without which a contact is not called, as a JSON array.",
        "examples": ['["name","appointment"]'],
    },
}
