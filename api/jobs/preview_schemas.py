"""What the API answers about a job that is not stored."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from domain.contacts.report import IntakeReport
from domain.json_model import JsonModel, Timestamp
from domain.statuses import JobStatus


class Binding(StrEnum):
    """Which limit decides how fast, and how far, a job gets."""

    JOB = "job"
    ORGANIZATION = "organization"
    CREDITS = "credits"
    WINDOW = "window"


class CountryCount(JsonModel):
    country: str | None = Field(description="ISO 3166; null: numbers of no country.", examples=["US"])
    contacts: int = Field(examples=[98])
    allowed: bool = Field(description="Whether the organization may call it.")


class ZoneCount(JsonModel):
    zones: list[str] | None = Field(
        description="All of them must allow a call; empty: the job's own; null: the contact's is unknown.",
        examples=[["America/New_York"]],
    )
    contacts: int = Field(examples=[61])


class Lines(JsonModel):
    job: int = Field(description="`concurrentCallLimit`.", examples=[10])
    organization: int = Field(description="Its own limit without the reserved lines.", examples=[5])
    usable: int = Field(description="The smaller of the two.", examples=[5])


class CreditCheck(JsonModel):
    needed: str = Field(description="Dollars.", examples=["3.500000"])
    free: str | None = Field(description="Dollars; null: unlimited.", examples=["96.500000"])
    enough: bool


class Obstacle(JsonModel):
    """Why `POST /batch/create` would refuse the same request now."""

    code: str = Field(examples=["insufficient_credits"])
    error: str


class Validated(JsonModel):
    """What creating this job would come to, now."""

    success: Literal[True] = True
    would_be_created: bool = Field(description="Whether `POST /batch/create` would take the same request now.")
    obstacles: list[Obstacle]
    total_contacts: int = Field(description="Whom the job would have.", examples=[100])
    blocked_contacts: int = Field(
        description="Of these, who would never be called: do-not-call list, countries.", examples=[2]
    )
    estimated_duration: str = Field(description="Two minutes a call, all lines, no retries.", examples=["40 minutes"])
    estimated_cost: str = Field(examples=["$3.50"])
    estimated_finish: Timestamp | None = Field(
        description="With the calling window; null where not everybody is likely reached."
    )
    status: JobStatus = Field(description="`pending` or `scheduled`.", examples=["pending"])
    scheduled_start_time: Timestamp | None
    message: str = Field(description="When calling starts, and which hours hold.")
    binding_limit: Binding = Field(
        description="`credits`: they do not cover the estimate; `window`: it, or the contacts' own earliest times,"
        " prolong the job or leave people out; else whose limit on concurrent calls is the smaller one."
    )
    lines: Lines
    credits: CreditCheck
    countries: list[CountryCount] = Field(description="Largest first.")
    timezones: list[ZoneCount] = Field(description="Largest first; 100 at most.")
    validation: IntakeReport
