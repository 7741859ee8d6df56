"""The settings of a job, declared once: name, type, bounds, default and description of each.

Derived from them are the bodies of create, PATCH and retry, `change` from Temporal's side, the row that is stored, the
OpenAPI page and the options of the command line. The details of an error come in the order of these fields.
"""

from datetime import datetime, timezone
from decimal import Decimal
from enum import Flag, auto
from typing import Annotated

from pydantic import Field

from domain.calling_rules.frequency_caps import ContactFrequency
from domain.calling_rules.schedule import InvalidMoment, parse_moment
from domain.calling_rules.window import CallingWindow
from domain.calling_rules.window_field import EXAMPLES, Window
from domain.calls.models import OnMachine
from domain.calls.retries import MAX_DELAY_MINUTES, RetryPolicy
from domain.requests.field_types import Boolean, Choice, Dollars, Integer, Nested, Text
from domain.requests.request_model import FieldType, RequestModel, Schema, invalid, read_text
from domain.statuses import OnOverlap

MAX_NAME_LENGTH = 200  # characters
NAME = Text(MAX_NAME_LENGTH, required=True)
NUMBER_ID = Text(required=True)
ATTEMPTS = Integer(1, 10)
DEFAULT_ATTEMPTS = 3
ZONE = "^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$"


class Accepted(Flag):
    """Where a setting may be sent, besides create."""

    PATCH = auto()
    NULL = auto()  # null in PATCH takes away what is set
    RETRY = auto()


PATCH, NULL, RETRY = Accepted


class Moment(FieldType):
    """A time as it is written: without an offset it is naive, wall-clock time in the job's `timezone`."""

    def read(self, value: object) -> datetime:
        try:
            written = parse_moment(read_text(value))
        except InvalidMoment as problem:
            raise invalid(problem.reason) from None
        return written.wall if written.offset is None else written.wall.replace(tzinfo=timezone(written.offset))

    def schema(self) -> Schema:
        day = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
        time = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?"
        return {"type": "string", "pattern": f"^{day}[T ]{time}(Z|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?)?$"}


class RequestedAttempts(RequestModel):
    max_attempts: Annotated[int | None, ATTEMPTS] = Field(
        default=None,
        description="The same as `maxAttempts` beside it.",
        json_schema_extra={"default": DEFAULT_ATTEMPTS},
    )


class RequestedRetryPolicy(RetryPolicy, RequestedAttempts):
    """As clients write it: `maxAttempts` may stand here, too."""


class JobSettings(RequestModel):
    """What clients set of a job, but for its contacts. Times are UTC once `times.resolve_times` has resolved them."""

    from_phone_number_id: Annotated[str, NUMBER_ID, RETRY] = Field(
        description="The number to call from; its outbound agent holds the conversation.",
        examples=["phone_0123456789abcdef01234567"],
    )
    name: Annotated[str, NAME, PATCH | RETRY] = Field(examples=["Appointments in May"])
    description: Annotated[str | None, Text(1000), PATCH | NULL] = None
    concurrent_call_limit: Annotated[int, Integer(1, 50), PATCH | RETRY] = Field(
        default=5, description="Calls at once."
    )
    max_attempts: Annotated[int, ATTEMPTS, PATCH | RETRY] = Field(
        default=DEFAULT_ATTEMPTS, description="For each contact, the first call counted."
    )
    retry_policy: Annotated[RetryPolicy, Nested(RequestedRetryPolicy)] = Field(
        default=RetryPolicy(),
        description="Who is called again, and when. In a form: JSON text.",
        examples=[{"delaysMinutes": [10, 60], "onVoicemail": "retry"}],
    )
    calling_window: Annotated[CallingWindow | None, Window(), PATCH | NULL] = Field(
        default=None,
        description="When people may be called, in the time zone of each: `from` and `to` of a day, or a preset by"
        " name. The organization's unless given. In a form: the name, or JSON text.",
        examples=EXAMPLES,
    )
    priority: Annotated[int, Integer(1, 9), PATCH] = Field(
        default=5, description="The job's weight where jobs share lines: 9 gets nine times as many as 1."
    )
    contact_frequency: Annotated[ContactFrequency | None, Nested(ContactFrequency), PATCH | NULL] = Field(
        default=None,
        description="Caps on calls to one number, over all jobs of the organization. In a form: JSON text.",
        examples=[{"callsPer24Hours": 1, "callsPer7Days": 3}],
    )
    on_machine: Annotated[OnMachine, Choice(OnMachine), PATCH] = Field(
        default=OnMachine.TALK,
        description="When a machine answered: `talk` lets the agent go on, who may leave a message; `hangUp` ends the"
        " call, and it costs what it lasted. The carrier reports it some seconds after the agent began to speak."
        " Whether the contact is called again is `retryPolicy.onVoicemail`.",
        examples=[OnMachine.HANG_UP],
    )
    start_within_minutes: Annotated[int, Integer(1, MAX_DELAY_MINUTES)] = Field(
        default=120,
        alias="startWithin",
        description="Minutes by which a start may be missed. A later one pauses the job instead of calling late.",
    )
    circuit_breaker: Annotated[bool, Boolean()] = Field(
        default=True,
        description="Whether the job pauses itself when its last calls show that going on does harm.",
    )
    max_cost: Annotated[Decimal | None, Dollars(), PATCH | NULL] = Field(
        default=None,
        description="What it may cost: dollars, more than 0. No call begins that could go beyond it. A number is"
        " rounded to 6 decimals.",
        examples=["12.50"],
    )
    ring_seconds: Annotated[int, Integer(15, 120)] = Field(default=45, description="How long a call may ring.")
    max_call_seconds: Annotated[int, Integer(10, 14_400)] = Field(default=900, description="How long a call may last.")
    on_overlap: Annotated[OnOverlap, Choice(OnOverlap)] = Field(  # create's alone: it is not kept
        default=OnOverlap.WARN,
        description="What to do about numbers that another open job of the organization will call too.",
    )
    overlap_days: Annotated[int, Integer(0, 30)] = Field(  # create's alone, as the last
        default=0,
        description="How many days `onOverlap` looks back: numbers that another job called in them count as well, ended"
        " jobs and deleted ones included.",
        examples=[7],
    )
    scheduled_start_time: Annotated[datetime | None, Moment(), PATCH | RETRY] = Field(  # None: now
        default=None,
        description="When calling starts: ISO 8601; without an offset wall-clock time in `timezone`; at most 366 days"
        " ahead.",
        examples=["2027-03-01T09:00"],
    )
    end_time: Annotated[datetime | None, Moment(), PATCH | NULL] = Field(
        default=None,
        description="When calling ends: as `scheduledStartTime`, after the start. Who is not reached by then is not"
        " called any more.",
        examples=["2027-03-01T18:00"],
    )
    timezone: Annotated[str, Text(pattern=ZONE), PATCH | RETRY] = Field(
        default="UTC", description="IANA name of the zone of such times.", examples=["Europe/Berlin"]
    )


TIMES = ("scheduledStartTime", "endTime", "timezone")  # checked together, after everything else


def list_accepted(where: Accepted) -> dict[str, str]:
    """The settings that may be sent there: our names by the contract's."""
    return {
        str(field.alias): name
        for name, field in JobSettings.model_fields.items()
        if any(isinstance(one, Accepted) and where in one for one in field.metadata)
    }
