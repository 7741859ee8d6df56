"""The queries of sums: days within bounds, and what they are narrowed to."""

from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema, model_validator

from api.http.pagination import OneOf, Page, PageSize, Query, Text, query, refuse
from domain.analytics.counts import Dimension
from domain.calling_rules.schedule import list_zones
from domain.errors import InvalidRequest, InvalidTimezone

MAX_DAYS = 92
USUAL_DAYS = 28


class Format(StrEnum):
    JSON = "json"
    CSV = "csv"


def _day(text: Any, info: ValidationInfo) -> date:
    try:
        if len(text) != len("2026-03-29"):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise refuse(InvalidRequest, info, "must be a day such as 2026-03-29") from None


def _zone(name: Any, info: ValidationInfo) -> str:
    if name not in list_zones():
        raise refuse(InvalidTimezone, info, "must be an IANA name such as Europe/Berlin")
    return str(name)


Day = Annotated[date | None, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]


class AnswerRateQuery(Query):
    by: Annotated[Dimension, OneOf(Dimension, InvalidRequest)] = Field(
        default=Dimension.HOUR, description="What to group by; times are those of the person called."
    )
    from_: Day = Field(default=None, alias="from", description="The first day; else 27 days before the last.")
    to: Day = Field(default=None, description=f"The last day, included; else today. At most {MAX_DAYS} days.")
    batch_job_id: Text = Field(default=None, description="Only calls of this job.")
    from_number: Text = Field(default=None, description="Only calls from this number, in E.164.")
    format: Annotated[Format, OneOf(Format, InvalidRequest)] = Field(
        default=Format.JSON, description="`csv` holds all entries, whatever the page."
    )
    page: Page = 1
    page_size: PageSize = 100

    @model_validator(mode="after")
    def _bounded(self) -> "AnswerRateQuery":
        days = (self.last - self.first).days + 1
        if not 1 <= days <= MAX_DAYS:
            reason = f"must be a span of 1 to {MAX_DAYS} days, to {self.last.isoformat()}"
            raise InvalidRequest(f"from {reason}.", [{"field": "from", "reason": reason}])
        return self

    @property
    def last(self) -> date:
        """Today, where it is the latest; of a range that begins long ago its first days."""
        today = (datetime.now(UTC) + timedelta(hours=14)).date()
        if self.to is not None or self.from_ is None:
            return self.to or today
        return max(self.from_, min(today, _after(self.from_, MAX_DAYS - 1)))

    @property
    def first(self) -> date:
        return self.from_ or max(date.min, _before(self.last, USUAL_DAYS - 1))


class WeekQuery(Query):
    timezone: Annotated[str, BeforeValidator(_zone), WithJsonSchema({"type": "string"})] = Field(
        default="UTC", description="Whose clock says how far this week has come: an IANA name."
    )


def _after(day: date, days: int) -> date:
    return day + timedelta(days=min(days, (date.max - day).days))


def _before(day: date, days: int) -> date:
    return day - timedelta(days=min(days, (day - date.min).days))


AnswerRateQueryDep = Annotated[AnswerRateQuery, query(AnswerRateQuery)]
WeekQueryDep = Annotated[WeekQuery, query(WeekQuery)]
