"""The kinds of fields that JSON bodies have: how each is read, and how the OpenAPI page describes it."""

import re
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, StringConstraints, WithJsonSchema

from domain.calling_rules.window import CallingWindow
from domain.calling_rules.window_field import EXAMPLES
from domain.calling_rules.window_field import Window as WindowField
from domain.calling_rules.window_format import parse_window
from domain.calls.models import Audio
from domain.money import MICRO
from domain.phone.location import is_country
from domain.phone.numbers import PhoneProblem, read_phone
from domain.privacy import MAX_RETENTION_DAYS, MIN_RETENTION_DAYS
from domain.requests.request_model import nullable

LINE = r"^[^\u0000]*[^\s\u0000][^\u0000]*$"  # any text that is not blank
DECIMAL = re.compile(r"[0-9]{1,10}(\.[0-9]{1,18})?")
MILLI = Decimal("0.001")
MAX_DOLLARS = Decimal(1_000_000_000)
MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)")
SCHEMES = {
    Audio.WEBSOCKET: ("ws://", "wss://"),
    Audio.SIP: ("sip:", "sips:"),
    Audio.TWIML: ("http://", "https://"),
}


def _moment(value: Any) -> Any:
    if value is None:
        return None
    try:
        if isinstance(value, str) and MOMENT.fullmatch(value):
            return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ValueError("must be a time with its offset, such as 2027-01-31T09:00:00Z")


def _e164(value: str) -> str:
    read = read_phone(value)
    if isinstance(read, PhoneProblem):
        raise ValueError(read.reason)
    return read


def _country(value: str) -> str:
    if not is_country(value):
        raise ValueError("must be an ISO 3166 code in capital letters, such as US, or *")
    return value


def _number(value: Any, *, places: Decimal, least: Decimal, most: Decimal) -> Decimal:
    """A number, rounded half-up to `places`; or one written as a string, exactly as it stands."""
    number = _as_decimal(value)
    if number is None or number > most:
        raise ValueError(f"must be a decimal number of at most {most:f}")
    rounded = number.quantize(places, ROUND_HALF_UP)
    if isinstance(value, str) and number != rounded:
        raise ValueError(f"must have at most {-int(places.as_tuple().exponent)} decimals")
    if rounded < least:
        raise ValueError(f"must be at least {least:f}")
    return rounded


def _as_decimal(value: Any) -> Decimal | None:
    if isinstance(value, str):
        return Decimal(value) if DECIMAL.fullmatch(value) else None
    return Decimal(str(value)) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _whole(value: Any) -> Any:
    """JSON knows one kind of numbers: 5.0 is 5."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _dollars(positive: str, *, least: float) -> dict[str, Any]:
    return {
        "description": "Dollars; a number is rounded to six decimals, a string is exact.",
        "anyOf": [
            {"type": "string", "pattern": f"^{positive}[0-9]{{1,9}}(\\.[0-9]{{1,6}})?$"},
            {"type": "number", "minimum": least, "maximum": int(MAX_DOLLARS)},
        ],
    }


def _window(value: Any) -> CallingWindow | None:
    return None if value is None else parse_window(value)


WHOLE = BeforeValidator(_whole)
RequiredText = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    Field(json_schema_extra={"pattern": LINE}),
]
OptionalText = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=200), Field(json_schema_extra={"pattern": r"^[^\u0000]*$"})
]
AudioUrl = Annotated[str, StringConstraints(max_length=2000, pattern=r"^(wss?://|sips?:|https?://)[!-~]+$")]
Moment = Annotated[AwareDatetime, BeforeValidator(_moment)]
E164Number = Annotated[
    str,
    AfterValidator(_e164),
    WithJsonSchema({"type": "string", "pattern": r"^\+[1-9][0-9]{6,14}$", "description": "E.164."}),
]
Country = Annotated[str, AfterValidator(_country), WithJsonSchema({"type": "string", "pattern": r"^([A-Z]{2}|\*)$"})]
WINDOW = nullable(WindowField().schema()) | {
    "default": None,
    "examples": EXAMPLES,
    "description": "When people may be called, in the time zone of each, where a job has no window of its own; null: at"
    " any hour.",
}
OrganizationWindow = Annotated[CallingWindow | None, BeforeValidator(_window), WithJsonSchema(WINDOW)]
CallLimit = Annotated[int, Field(ge=1, le=1000, description="Calls at once, of all jobs together."), WHOLE]
RetentionDays = Annotated[
    int,
    Field(
        ge=MIN_RETENTION_DAYS,
        le=MAX_RETENTION_DAYS,
        description="After which a job that has ended loses its contacts' data, for good; null: the platform's.",
    ),
    WHOLE,
]
ReservedLines = Annotated[int, Field(ge=0, le=1000, description="Of the limit, kept free for other calls."), WHOLE]
Countries = Annotated[
    tuple[Country, ...],
    Field(min_length=1, max_length=300, description='Whose numbers may be called; `["*"]`: all.'),
]
CallsPerSecond = Annotated[
    Decimal,
    BeforeValidator(partial(_number, places=MILLI, least=MILLI, most=Decimal(1000))),
    WithJsonSchema(
        {"type": "number", "minimum": 0.001, "maximum": 1000, "description": "Calls a second, of all jobs."}
    ),
]
PositiveDollars = Annotated[
    Decimal,
    BeforeValidator(partial(_number, places=MICRO, least=MICRO, most=MAX_DOLLARS)),
    WithJsonSchema(_dollars("(?!0+(\\.0+)?$)", least=0.000001)),
]
InitialCredits = Annotated[
    Decimal,
    BeforeValidator(partial(_number, places=MICRO, least=Decimal(0), most=MAX_DOLLARS)),
    WithJsonSchema(_dollars("", least=0)),
]
