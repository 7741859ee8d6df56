"""The queries of the list of jobs, of a job's contacts, and of its files."""

from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema, model_validator

from api.http.errors import InvalidPageSize, InvalidStatus, NotFound
from api.http.pagination import OneOf, Page, PageSize, Query, Text, query, whole
from domain.errors import InvalidRequest
from domain.jobs.models import Caller
from domain.statuses import ContactStatus, JobStatus


def _own(id: str, info: ValidationInfo) -> str:
    """The organization of the key that asks."""
    caller: Caller = info.context  # type: ignore[assignment]
    if id != caller.organization_id:
        raise NotFound("There is no organization of this id.", [{"field": "organizationId", "reason": "not found"}])
    return id


class YesNo(StrEnum):
    """A condition in a query."""

    YES = "true"
    NO = "false"


class JobQuery(Query):
    organization_id: Annotated[str | None, BeforeValidator(_own), WithJsonSchema({"type": "string"})] = Field(
        default=None, description="Not needed: the key names it."
    )
    status: Annotated[JobStatus | None, OneOf(JobStatus, InvalidStatus)] = Field(
        default=None, description="Only jobs that stand there."
    )
    search: Text = Field(default=None, description="Only jobs with this text in name or description.")
    test: Annotated[YesNo | None, OneOf(YesNo, InvalidRequest, "must be true or false")] = Field(
        default=None, description="`true`: test calls instead."
    )
    test_of: Text = Field(default=None, description="Only the test calls of this job.")
    page: Page = 1
    page_size: PageSize = 20


_CONTACTS_PAGE_SIZE = Annotated[
    int,
    whole(InvalidPageSize, 500),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": 500, "description": "Entries a page."}),
]


class ContactQuery(Query):
    page: Page = Field(default=1, description="The same as `contactsPage`, which wins.")
    page_size: _CONTACTS_PAGE_SIZE = Field(default=50, description="The same as `contactsPageSize`, which wins.")
    contact_status: Annotated[ContactStatus | None, OneOf(ContactStatus, InvalidStatus)] = Field(
        default=None, description="Only contacts that stand there."
    )
    contacts_search: Text = Field(default=None, description="Only contacts with these digits in their number.")
    contacts_page: Page = 1
    contacts_page_size: _CONTACTS_PAGE_SIZE = 50

    @model_validator(mode="after")
    def _as_elsewhere(self) -> "ContactQuery":
        """Take the names that all other lists have, where the contract's are not sent."""
        sent = self.model_fields_set
        page = self.contacts_page if "contacts_page" in sent else self.page
        size = self.contacts_page_size if "contacts_page_size" in sent else self.page_size
        return self.model_copy(update={"contacts_page": page, "contacts_page_size": size})


class Format(StrEnum):
    CSV = "csv"
    JSON_LINES = "jsonl"


class ExportQuery(Query):
    format: Annotated[Format, OneOf(Format, InvalidRequest, "must be csv or jsonl")] = Field(
        default=Format.CSV, description="`csv`, or `jsonl`: JSON Lines, one object a line."
    )


JobQueryDep = Annotated[JobQuery, query(JobQuery)]
ContactQueryDep = Annotated[ContactQuery, query(ContactQuery)]
ExportQueryDep = Annotated[ExportQuery, query(ExportQuery)]
