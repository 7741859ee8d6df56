"""Sums of calls as clients read them."""

from datetime import date

from pydantic import Field

from domain.analytics.counts import Dimension
from domain.json_model import Dollars, JsonModel, Timestamp


class CallSums(JsonModel):
    """Attempts are calls that reached a person's line, or should have: what the carrier did not put through is none."""

    attempts: int = Field(description="Calls placed, by how they counted for their contacts.", examples=[412])
    answered: int = Field(description="By a person, a machine or nobody knows whom.", examples=[173])
    answered_by_people: int = Field(description="As far as the carrier or the agent told.", examples=[120])
    answered_by_machines: int = Field(examples=[41])
    answer_rate: float | None = Field(
        description="Answered of attempts, from 0 to 1; null without attempts.", examples=[0.4199]
    )
    talk_seconds: int = Field(description="By the carrier's clock.", examples=[10120])
    cost: Dollars


class GroupKey(JsonModel):
    """What the calls of a group have in common."""

    key: str | None = Field(
        description=(
            "By `hour`: `0` to `23`; `weekday`: `mon` to `sun`; `day`: `2026-03-29`; `number`: E.164; `country`: ISO "
            "3166, null for numbers of no country; `attempt`: from `1`; `job`: its id."
        ),
        examples=["9"],
    )
    name: str | None = Field(description="Of a job that is still there.", examples=[None])


class AnswerRate(CallSums, GroupKey):
    """The calls of one group."""


class AnswerRates(JsonModel):
    """Sums by a dimension: hours, weekdays, days and attempts in their order, all else the largest first."""

    by: Dimension
    from_: date = Field(alias="from", examples=["2026-03-02"])
    to: date = Field(examples=["2026-03-29"])
    counted_until: Timestamp | None = Field(
        description="Calls that ended later may not be counted yet; null: all are. Jobs are counted every few minutes."
    )
    overall: CallSums
    entries: list[AnswerRate]
    total: int = Field(description="Entries of all pages.", examples=[24])
    page: int = Field(examples=[1])
    page_size: int = Field(examples=[100])


class Weeks(JsonModel):
    """This week against last. Weeks begin on Monday, by the clock of the person called."""

    monday: date = Field(description="Of this week.", examples=["2026-03-23"])
    hour: int = Field(description="Of today, to which this week has come.", examples=[14])
    today: date = Field(examples=["2026-03-26"])
    timezone: str = Field(examples=["Europe/Berlin"])
    this_week: CallSums
    last_week_until_then: CallSums = Field(description="Last week up to the same weekday and hour.")
    last_week: CallSums = Field(description="All of it.")
    change: float | None = Field(
        description="By how much the answer rate differs from last week's until then; null where one had no attempts.",
        examples=[-0.0312],
    )
