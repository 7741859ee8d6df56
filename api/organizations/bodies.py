"""What is sent about an organization and what belongs to it: agents, numbers, keys."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import ConfigDict, Field, StringConstraints, WithJsonSchema

from api.http.field_types import (
    WHOLE,
    AudioUrl,
    CallLimit,
    CallsPerSecond,
    Countries,
    E164Number,
    InitialCredits,
    Moment,
    OptionalText,
    OrganizationWindow,
    RequiredText,
    ReservedLines,
    RetentionDays,
)
from api.http.json_body import Body
from carriers.registry import settings_of_numbers
from domain.calling_rules.frequency_caps import CALLS, HOURS
from domain.calls.models import Audio
from domain.requests.field_types import Integer
from domain.statuses import Architecture, Role

# By hand: no model says how the form of one field depends on another.
FITTING: list[Any] = [  # what `audioUrl` must look like for each `audio`; the first where it is not sent
    {"properties": {"audio": {"enum": [kind.value]}, "audioUrl": {"pattern": pattern}}, "required": required}
    for kind, pattern, required in (
        (Audio.WEBSOCKET, "^wss?://", ["audioUrl"]),
        (Audio.SIP, "^sips?:", ["audio", "audioUrl"]),
        (Audio.TWIML, "^https?://", ["audio", "audioUrl"]),
    )
]


def _bounds(number: Integer) -> Any:
    """Those of a job's own caps."""
    return Field(ge=number.lowest, le=number.highest)


class FrequencyCaps(Body):
    """Null, or not sent: no cap."""

    calls_per_24_hours: Annotated[int, _bounds(CALLS), WHOLE] | None = Field(default=None, alias="callsPer24Hours")
    calls_per_7_days: Annotated[int, _bounds(CALLS), WHOLE] | None = Field(default=None, alias="callsPer7Days")
    quiet_hours: Annotated[int, _bounds(HOURS), WHOLE] | None = Field(
        default=None, description="During a conversation, and after it."
    )


class ChangedOrganization(Body):
    """What is not sent stays."""

    name: RequiredText = ""
    concurrent_call_limit: CallLimit = 5
    reserved_lines: ReservedLines = 0
    calling_window: OrganizationWindow = None
    contact_frequency: FrequencyCaps | None = None
    allowed_countries: Countries | None = None
    retention_days: RetentionDays | None = None


class NewOrganization(Body):
    name: RequiredText
    concurrent_call_limit: CallLimit = 5
    credits: InitialCredits | None = Field(default=None, description="Dollars to begin with; null: unlimited.")
    allowed_countries: Countries | None = None


class NewAgent(Body):
    model_config = ConfigDict(json_schema_extra={"anyOf": FITTING})

    name: RequiredText
    architecture: Architecture = Field(
        default=Architecture.PIPELINE, description="How it talks; it decides the rate. `text` cannot hold calls."
    )
    audio: Audio = Field(default=Audio.WEBSOCKET, description="What kind of address `audioUrl` is.")
    audio_url: AudioUrl = Field(description="Where the call's audio goes: wss://, sip: or, for TwiML, https://.")


class ChangedAgent(Body):
    """What is not sent stays."""

    name: RequiredText = ""
    architecture: Architecture = Architecture.PIPELINE
    audio: Audio = Audio.WEBSOCKET
    audio_url: AudioUrl = ""


CarrierCredentials = Annotated[  # which of them it must be depends on the number's carrier
    dict[str, Any], WithJsonSchema({"anyOf": [kind.model_json_schema() for kind in settings_of_numbers().values()]})
]


class NewPhoneNumber(Body):
    number: E164Number
    label: OptionalText | None = None
    outbound_agent_id: str | None = Field(default=None, description="Without one no job can call from it.")
    calls_per_second: CallsPerSecond = Decimal(1)
    carrier: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]{0,30}$")] = Field(
        default="twilio", description="Through which its calls go: one that this server is set up with."
    )
    carrier_settings: CarrierCredentials | None = Field(
        default=None, description="Of its own at the carrier; else those of the service. Never shown again."
    )


class ChangedPhoneNumber(Body):
    """What is not sent stays."""

    label: OptionalText | None = None
    outbound_agent_id: str | None = None
    calls_per_second: CallsPerSecond = Decimal(1)
    carrier_settings: CarrierCredentials | None = Field(default=None, description="Null: those of the service.")


class NewGrant(Body):
    carrier: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]{0,30}$")] = Field(
        default="twilio", description="At which carrier of the service."
    )
    number: E164Number | None = Field(default=None, description="To call from; this or `trunk`.")
    trunk: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern="^[!-~]+$")] | None = Field(
        default=None,
        description="As `carrierSettings` write it: PJSIP/{number}@trunk2.",
        examples=["PJSIP/{number}@trunk2"],
    )


class NewKey(Body):
    name: RequiredText
    role: Role = Field(description="Not above the role of the key that asks.")
    expires_at: Moment | None = Field(default=None, description="From then on the key is not valid; null: never.")
