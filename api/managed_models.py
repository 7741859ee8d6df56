"""What is sent and answered about an organisation and what belongs to it: agents, numbers, keys, credits."""

import re
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)

from api.json_bodies import Body
from api.models import Answer, ContactFrequency, Dollars, Moment
from domain.calls import Audio
from domain.money import MICRO
from domain.phones import PhoneProblem, read_phone
from domain.places import is_country
from domain.presets import PRESETS
from domain.statuses import Architecture, Role
from domain.window_json import MOST_DATES, window_from_json
from domain.windows import CallingWindow, Weekday
from store.ledger import EntryKind

AN_ORGANIZATION = "org_0123456789abcdef01234567"
AN_AGENT = "agent_0123456789abcdef01234567"
A_NUMBER = "phone_0123456789abcdef01234567"
A_KEY = "key_0123456789abcdef01234567"
A_JOB = "batch_0123456789abcdef01234567"
A_WINDOW = {"from": "09:00", "to": "20:00", "weekdays": ["mon", "tue", "wed", "thu", "fri"], "holidays": "US"}

LINE = r"^[^\u0000]*[^\s\u0000][^\u0000]*$"  # any text that is not blank
DECIMAL = re.compile(r"[0-9]{1,10}(\.[0-9]{1,18})?")
MILLI = Decimal("0.001")
MOST_DOLLARS = Decimal(1_000_000_000)
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
            {"type": "number", "minimum": least, "maximum": int(MOST_DOLLARS)},
        ],
    }


def _window(value: Any) -> CallingWindow | None:
    return None if value is None else window_from_json(value)


WHOLE = BeforeValidator(_whole)
Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    Field(json_schema_extra={"pattern": LINE}),
]
Label = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=200), Field(json_schema_extra={"pattern": r"^[^\u0000]*$"})
]
Address = Annotated[str, StringConstraints(max_length=2000, pattern=r"^(wss?://|sips?:|https?://)[!-~]+$")]
Future = Annotated[AwareDatetime, BeforeValidator(_moment)]
Number = Annotated[
    str,
    AfterValidator(_e164),
    WithJsonSchema({"type": "string", "pattern": r"^\+[1-9][0-9]{6,14}$", "description": "E.164."}),
]
Country = Annotated[str, AfterValidator(_country), WithJsonSchema({"type": "string", "pattern": r"^([A-Z]{2}|\*)$"})]
TIME = {"type": "string", "pattern": "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"}
WINDOW: dict[str, Any] = {
    "description": "The name of a preset, or an object; null: calls at any hour, where a job has no window.",
    "examples": [A_WINDOW, "us-federal"],
    "anyOf": [
        {"type": "string", "enum": sorted(PRESETS)},
        {
            "type": "object",
            "required": ["from", "to"],
            "properties": {
                "from": TIME,
                "to": TIME,
                "weekdays": {
                    "type": ["array", "null"],
                    "minItems": 1,
                    "items": {"type": "string", "enum": list(Weekday)},
                },
                "holidays": {
                    "description": "A country or a part of one (`US`, `US-FL`), or dates.",
                    "anyOf": [
                        {"type": "string", "examples": ["US"]},
                        {"type": "array", "maxItems": MOST_DATES, "items": {"type": "string", "format": "date"}},
                        {"type": "null"},
                    ],
                },
            },
        },
        {"type": "null"},
    ],
}
Window = Annotated[CallingWindow | None, BeforeValidator(_window), WithJsonSchema(WINDOW)]
CallLimit = Annotated[int, Field(ge=1, le=1000, description="Calls at once, of all jobs together."), WHOLE]
Lines = Annotated[int, Field(ge=0, le=1000, description="Of the limit, kept free for other calls."), WHOLE]
Countries = Annotated[
    tuple[Country, ...],
    Field(min_length=1, max_length=300, description='Whose numbers may be called; `["*"]`: all.'),
]
Pacing = Annotated[
    Decimal,
    BeforeValidator(partial(_number, places=MILLI, least=MILLI, most=Decimal(1000))),
    WithJsonSchema(
        {"type": "number", "minimum": 0.001, "maximum": 1000, "description": "Calls a second, of all jobs."}
    ),
]
Amount = Annotated[
    Decimal,
    BeforeValidator(partial(_number, places=MICRO, least=MICRO, most=MOST_DOLLARS)),
    WithJsonSchema(_dollars("(?!0+(\\.0+)?$)", least=0.000001)),
]
Beginning = Annotated[
    Decimal,
    BeforeValidator(partial(_number, places=MICRO, least=Decimal(0), most=MOST_DOLLARS)),
    WithJsonSchema(_dollars("", least=0)),
]


FITTING: list[Any] = [  # what `audioUrl` must look like for each `audio`; the first where it is not sent
    {"properties": {"audio": {"enum": [kind.value]}, "audioUrl": {"pattern": pattern}}, "required": required}
    for kind, pattern, required in (
        (Audio.WEBSOCKET, "^wss?://", ["audioUrl"]),
        (Audio.SIP, "^sips?:", ["audio", "audioUrl"]),
        (Audio.TWIML, "^https?://", ["audio", "audioUrl"]),
    )
]


class FrequencyCaps(Body):
    """Null, or not sent: no cap."""

    calls_per_24_hours: Annotated[int, Field(ge=1, le=100), WHOLE] | None = Field(default=None, alias="callsPer24Hours")
    calls_per_7_days: Annotated[int, Field(ge=1, le=100), WHOLE] | None = Field(default=None, alias="callsPer7Days")
    quiet_hours: Annotated[int, Field(ge=1, le=8760), WHOLE] | None = Field(
        default=None, description="After a conversation."
    )


class ChangedOrganization(Body):
    """What is not sent stays."""

    name: Line = ""
    concurrent_call_limit: CallLimit = 5
    reserved_lines: Lines = 0
    calling_window: Window = None
    contact_frequency: FrequencyCaps | None = None
    allowed_countries: Countries | None = None


class NewOrganization(Body):
    name: Line
    concurrent_call_limit: CallLimit = 5
    credits: Beginning | None = Field(default=None, description="Dollars to begin with; null: unlimited.")
    allowed_countries: Countries | None = None


class NewAgent(Body):
    model_config = ConfigDict(json_schema_extra={"anyOf": FITTING})

    name: Line
    architecture: Architecture = Field(
        default=Architecture.PIPELINE, description="How it talks; it decides the rate. `text` cannot hold calls."
    )
    audio: Audio = Field(default=Audio.WEBSOCKET, description="What kind of address `audioUrl` is.")
    audio_url: Address = Field(description="Where the call's audio goes: wss://, sip: or, for TwiML, https://.")


class ChangedAgent(Body):
    """What is not sent stays."""

    name: Line = ""
    architecture: Architecture = Architecture.PIPELINE
    audio: Audio = Audio.WEBSOCKET
    audio_url: Address = ""


class CarrierSettings(Body):
    """An account at the carrier. Kept encrypted, and never shown again."""

    account_sid: Annotated[str, StringConstraints(pattern=r"^AC[0-9a-fA-F]{32}$")]
    auth_token: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[!-~]+$")]


class NewPhoneNumber(Body):
    number: Number
    label: Label | None = None
    outbound_agent_id: str | None = Field(default=None, description="Without one no job can call from it.")
    calls_per_second: Pacing = Decimal(1)
    carrier: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]{0,30}$")] = Field(
        default="twilio", description="Through which its calls go: one that this server is set up with."
    )
    carrier_settings: CarrierSettings | None = Field(
        default=None, description="An account of its own at Twilio; else that of the service. Never shown again."
    )


class ChangedPhoneNumber(Body):
    """What is not sent stays."""

    label: Label | None = None
    outbound_agent_id: str | None = None
    calls_per_second: Pacing = Decimal(1)
    carrier_settings: CarrierSettings | None = Field(default=None, description="Null: the service's account.")


class NewKey(Body):
    name: Line
    role: Role = Field(description="Not above the role of the key that asks.")
    expires_at: Future | None = Field(default=None, description="From then on the key is nobody's; null: never.")


class TopUp(Body):
    organization_id: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    amount: Amount


class Balance(Answer):
    balance: Dollars = Field(description="Top-ups less the cost of calls.")
    held: Dollars = Field(description="For calls to come, and for live ones.")
    free: Dollars = Field(description="What new jobs may hold.")


class OrganizationView(Answer):
    """An organisation and the rules for all of its jobs."""

    id: str = Field(examples=[AN_ORGANIZATION])
    name: str = Field(examples=["Clinic"])
    concurrent_call_limit: int = Field(description="Calls at once, of all jobs together.", examples=[5])
    reserved_lines: int = Field(description="Of the limit, kept free for other calls.", examples=[0])
    calling_window: dict[str, Any] | None = Field(
        description="For jobs that have none of their own.", examples=[A_WINDOW]
    )
    contact_frequency: ContactFrequency | None = Field(description="Over all jobs.")
    allowed_countries: list[str] | None = Field(
        description='Whose numbers may be called; `["*"]`: all; null: the countries of its own numbers.',
        examples=[["US", "CA"]],
    )
    credits: Balance | None = Field(description="Null: unlimited.")


class CreatedOrganization(OrganizationView):
    """With the key of its owner, which is shown this once."""

    owner_key_id: str = Field(examples=[A_KEY])
    owner_key: str = Field(examples=["od_…"])


class OrganizationPage(Answer):
    organizations: list[OrganizationView]
    total: int = Field(examples=[1])
    page: int = Field(examples=[1])
    page_size: int = Field(examples=[20])


class AgentView(Answer):
    """A voice agent, which lives elsewhere."""

    id: str = Field(examples=[AN_AGENT])
    name: str = Field(examples=["Ava"])
    architecture: Architecture
    audio: Audio
    audio_url: str = Field(examples=["wss://agent.example.com/calls"])
    created_at: Moment | None


class AgentPage(Answer):
    """Agents, oldest first. A page past the end is empty."""

    agents: list[AgentView]
    total: int = Field(examples=[1])
    page: int = Field(examples=[1])
    page_size: int = Field(examples=[20])


class PhoneNumberView(Answer):
    """A number to call from."""

    id: str = Field(examples=[A_NUMBER])
    number: str = Field(examples=["+12025550171"])
    country: str | None = Field(description="ISO 3166 code.", examples=["US"])
    label: str | None = Field(examples=["Main"])
    outbound_agent_id: str | None = Field(description="Who holds its calls.", examples=[AN_AGENT])
    calls_per_second: float = Field(examples=[1.0])
    carrier: str = Field(examples=["twilio"])
    own_carrier_settings: bool = Field(description="Whether it calls through an account of its own.")
    created_at: Moment | None


class PhoneNumberPage(Answer):
    """Numbers, oldest first. A page past the end is empty."""

    phone_numbers: list[PhoneNumberView]
    total: int = Field(examples=[1])
    page: int = Field(examples=[1])
    page_size: int = Field(examples=[20])


class KeyView(Answer):
    """A key, never what it is."""

    id: str = Field(examples=[A_KEY])
    name: str = Field(examples=["Nightly import"])
    role: Role
    created_at: Moment
    expires_at: Moment | None
    revoked_at: Moment | None
    last_used_at: Moment | None = Field(description="To the minute.")


class IssuedKeyView(KeyView):
    """The only answer that shows the key."""

    key: str = Field(examples=["od_…"])


class KeyPage(Answer):
    """Keys, oldest first, the revoked ones too."""

    api_keys: list[KeyView]
    total: int = Field(examples=[1])
    page: int = Field(examples=[1])
    page_size: int = Field(examples=[20])


class LedgerEntry(Answer):
    """A line of the ledger, which is never changed."""

    id: str = Field(examples=["entry_0123456789abcdef01234567"])
    kind: EntryKind
    balance_delta: Dollars
    held_delta: Dollars
    batch_job_id: str | None = Field(examples=[A_JOB])
    call_id: str | None = Field(examples=["call_0123456789abcdef01234567"])
    at: Moment


class HoldView(Answer):
    batch_job_id: str = Field(examples=[A_JOB])
    name: str = Field(examples=["Appointments in May"])
    amount: Dollars


class CreditsView(Answer):
    """Credits in dollars, what is held for whom, and a page of the ledger, newest first."""

    unlimited: bool = Field(description="Nothing is held then; costs count all the same.")
    balance: Dollars = Field(description="Top-ups less the cost of calls.")
    held: Dollars = Field(description="What jobs and live calls hold together.")
    free: Dollars
    live_calls: Dollars = Field(description="Of what is held, for calls that are live.")
    holds: list[HoldView] = Field(description="For calls to come, by job: the largest, 100 at most.")
    entries: list[LedgerEntry]
    total: int = Field(description="Entries.", examples=[1])
    page: int = Field(examples=[1])
    page_size: int = Field(examples=[20])


class ToppedUp(Answer):
    success: Literal[True] = True
    organization_id: str = Field(examples=[AN_ORGANIZATION])
    amount: Dollars
    credits: Balance


class Removed(Answer):
    success: Literal[True] = True
    id: str
