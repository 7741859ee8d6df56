"""What is answered about an organization and what belongs to it: agents, numbers, keys, its log."""

from typing import Any, Literal

from pydantic import Field

from api.billing.schemas import Balance
from api.http.examples import A_GRANT, A_JOB, A_KEY, A_NUMBER, A_WINDOW, AN_AGENT, AN_ORGANIZATION
from domain.audit import Action
from domain.calls.models import Audio
from domain.jobs.views import ContactFrequency
from domain.json_model import JsonModel, Timestamp
from domain.quotas import Quota
from domain.statuses import Architecture, GrantKind, Role


class OrganizationView(JsonModel):
    """An organization and the rules for all of its jobs."""

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
    stopped_at: Timestamp | None = Field(
        description="Since then no call of any job starts, until the organization is resumed; null: it is not stopped."
    )
    retention_days: int | None = Field(
        description="After which a job that has ended loses its contacts' data; null: the platform's.", examples=[90]
    )
    credits: Balance | None = Field(description="Null: unlimited.")


class CreatedOrganization(OrganizationView):
    """With the key of its owner, which is shown this once."""

    owner_key_id: str = Field(examples=[A_KEY])
    owner_key: str = Field(examples=["od_…"])


class OrganizationPage(JsonModel):
    organizations: list[OrganizationView]
    total: int = Field(examples=[1])
    page: int = Field(examples=[1])
    page_size: int = Field(examples=[20])


class QuotaView(JsonModel):
    quota: Quota
    used: int = Field(examples=[12])
    limit: int | None = Field(description="Null: no limit.", examples=[1000])


class QuotaList(JsonModel):
    """All of them, always in this order."""

    quotas: list[QuotaView]


class AgentView(JsonModel):
    """A voice agent, which lives elsewhere."""

    id: str = Field(examples=[AN_AGENT])
    name: str = Field(examples=["Ava"])
    architecture: Architecture
    audio: Audio
    audio_url: str = Field(examples=["wss://agent.example.com/calls"])
    created_at: Timestamp | None


class AgentPage(JsonModel):
    """Agents, oldest first. A page past the end is empty."""

    agents: list[AgentView]
    total: int = Field(examples=[1])
    page: int = Field(examples=[1])
    page_size: int = Field(examples=[20])


class PhoneNumberView(JsonModel):
    """A number to call from."""

    id: str = Field(examples=[A_NUMBER])
    number: str = Field(examples=["+12025550171"])
    country: str | None = Field(description="ISO 3166 code.", examples=["US"])
    label: str | None = Field(examples=["Main"])
    outbound_agent_id: str | None = Field(description="Who holds its calls.", examples=[AN_AGENT])
    calls_per_second: float = Field(examples=[1.0])
    carrier: str = Field(examples=["twilio"])
    own_carrier_settings: bool = Field(description="Whether it has settings of its own at the carrier.")
    created_at: Timestamp | None


class PhoneNumberPage(JsonModel):
    """Numbers, oldest first. A page past the end is empty."""

    phone_numbers: list[PhoneNumberView]
    total: int = Field(examples=[1])
    page: int = Field(examples=[1])
    page_size: int = Field(examples=[20])


class KeyView(JsonModel):
    """A key, never what it is."""

    id: str = Field(examples=[A_KEY])
    name: str = Field(examples=["Nightly import"])
    role: Role
    created_at: Timestamp
    expires_at: Timestamp | None
    revoked_at: Timestamp | None
    last_used_at: Timestamp | None = Field(description="To the minute.")


class IssuedKeyView(KeyView):
    """The only answer that shows the key."""

    key: str = Field(examples=["od_…"])


class KeyPage(JsonModel):
    """Keys, oldest first, the revoked ones too."""

    api_keys: list[KeyView]
    total: int = Field(examples=[1])
    page: int = Field(examples=[1])
    page_size: int = Field(examples=[20])


class GrantView(JsonModel):
    """A number or trunk that an organization may use on a carrier account of the service."""

    id: str = Field(examples=[A_GRANT])
    carrier: str = Field(examples=["twilio"])
    kind: GrantKind
    name: str = Field(description="The number, E.164, or the trunk.", examples=["+12025550171"])
    granted_at: Timestamp


class GrantList(JsonModel):
    """Grants, oldest first."""

    grants: list[GrantView]
    total: int = Field(examples=[1])


class ActivityEntry(JsonModel):
    """Something that was done. No entry holds a phone number."""

    id: str = Field(examples=["activity_0123456789abcdef01234567"])
    at: Timestamp
    job_id: str | None = Field(description="Null for what was done to the organization.", examples=[A_JOB])
    actor: str = Field(
        description="The id of an API key; of a call, for its agent; `temporal`, an operator from Temporal's side;"
        " `operator`, one on the database; `outdial`, a rule of the service.",
        examples=["key_0123456789abcdef01234567"],
    )
    action: Action = Field(examples=["changed"])
    details: dict[str, Any] = Field(examples=[{"concurrentCallLimit": 20}])


class ActivityPage(JsonModel):
    """What was done, newest first. A page past the end is empty."""

    activity: list[ActivityEntry]
    total: int = Field(examples=[1])
    page: int = Field(examples=[1])
    page_size: int = Field(examples=[20])


class Stopped(JsonModel):
    """Every job is paused."""

    success: Literal[True] = True
    message: str = Field(examples=["Everything is paused. No call starts until it is resumed."])
    batch_job_ids: tuple[str, ...] = Field(description="Jobs that this request paused.", examples=[[A_JOB]])
    live_calls: int = Field(description="Left to end by themselves, or hung up.", examples=[50])
    calls_not_stopped: int = Field(
        default=0,
        description="Calls that the carrier had not let ring yet and that could not be called off within 20 seconds.",
        examples=[0],
    )


class Resumed(JsonModel):
    """What a stop paused goes on."""

    success: Literal[True] = True
    message: str = Field(examples=["What the stop paused goes on."])
    batch_job_ids: tuple[str, ...] = Field(description="Jobs that this request resumed.", examples=[[A_JOB]])


class ClosedGateView(JsonModel):
    """Why no call starts. `scope`: the whole organization, the carrier account of a number, or the number alone."""

    scope: Literal["organization", "account", "number"]
    phone_number_id: str | None = Field(
        default=None, description="The number whose calls are held.", examples=[A_NUMBER]
    )
    carrier: str | None = Field(default=None, examples=["twilio"])
    reason: str = Field(examples=["The carrier refused the account."])
    closed_until: Timestamp | None = Field(
        default=None, description="Then one call goes first, and opens the gate if it is taken; null: a person must."
    )
    next_step: str = Field(examples=["Send POST /organization/resume."])


class ClosedGates(JsonModel):
    """Empty: nothing of this kind holds a call."""

    gates: list[ClosedGateView]


class NumberClosed(JsonModel):
    """No call starts from it."""

    success: Literal[True] = True
    message: str = Field(examples=["No call starts from this number until it is opened. Live calls go on."])
    id: str = Field(examples=[A_NUMBER])
    calls_on_their_way: int = Field(
        description="Requests of before, of which it is not known yet whether they became calls.", examples=[0]
    )


class NumberOpened(JsonModel):
    """Calls may start from it."""

    success: Literal[True] = True
    message: str = Field(examples=["Calls may start from this number."])
    id: str = Field(examples=[A_NUMBER])
