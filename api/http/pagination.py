"""Query parameters, read as the contract says: pages, page sizes, statuses, the organization."""

import re
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from starlette.datastructures import QueryParams

from api.auth import MemberDep, PlatformDep
from api.http.errors import ApiError, InvalidPage, InvalidPageSize, InvalidStatus, NotFound
from domain.jobs.models import Caller
from domain.model import Model
from domain.statuses import ContactStatus, JobStatus

LAST_PAGE = 10**9  # past the end of everything; beyond it a database would not count
NUMBER = re.compile(r"[0-9]{1,1000}")

Status = TypeVar("Status", bound=StrEnum)


class JobQuery(Model):
    status: JobStatus | None
    search: str | None
    page: int
    page_size: int
    test_of: str | None = None


class ContactQuery(Model):
    status: ContactStatus | None
    page: int
    page_size: int


class PageQuery(Model):
    search: str | None
    page: int
    page_size: int


async def job_query(caller: MemberDep, request: Request) -> JobQuery:
    """Raises NotFound, InvalidStatus, InvalidPage, InvalidPageSize."""
    query = request.query_params
    _own_organization(query, caller)
    return JobQuery(
        status=_status(query, "status", JobStatus),
        search=query.get("search", "").strip() or None,
        page=_number(query, "page", 1, LAST_PAGE, InvalidPage, clip=True),
        page_size=_number(query, "pageSize", 20, 100, InvalidPageSize),
        test_of=query.get("testOf", "").strip() or None,
    )


async def contact_query(_: MemberDep, request: Request) -> ContactQuery:
    """Raises InvalidStatus, InvalidPage, InvalidPageSize."""
    query = request.query_params
    return ContactQuery(
        status=_status(query, "contactStatus", ContactStatus),
        page=_number(query, "contactsPage", 1, LAST_PAGE, InvalidPage, clip=True),
        page_size=_number(query, "contactsPageSize", 50, 500, InvalidPageSize),
    )


async def page_query(_: MemberDep, request: Request) -> PageQuery:
    """Of a list of anything: `page`, `pageSize`, and `search` where it is offered. Raises as `job_query`."""
    return _page_query(request.query_params)


async def platform_page(_: PlatformDep, request: Request) -> PageQuery:
    """The same, for the platform's key."""
    return _page_query(request.query_params)


def _page_query(query: QueryParams) -> PageQuery:
    return PageQuery(
        search=query.get("search", "").strip() or None,
        page=_number(query, "page", 1, LAST_PAGE, InvalidPage, clip=True),
        page_size=_number(query, "pageSize", 20, 100, InvalidPageSize),
    )


JobQueryDep = Annotated[JobQuery, Depends(job_query)]
ContactQueryDep = Annotated[ContactQuery, Depends(contact_query)]
PageQueryDep = Annotated[PageQuery, Depends(page_query)]
PlatformPageDep = Annotated[PageQuery, Depends(platform_page)]


def _own_organization(query: QueryParams, caller: Caller) -> None:
    asked = query.get("organizationId", "").strip()
    if asked not in {"", caller.organization_id}:
        raise NotFound("There is no organization of this id.", [{"field": "organizationId", "reason": "not found"}])


def _status(query: QueryParams, field: str, statuses: type[Status]) -> Status | None:
    text = query.get(field, "").strip()
    if not text:
        return None
    if text not in set(statuses):
        reason = f"must be one of {', '.join(statuses)}"
        raise InvalidStatus(f"{field} {reason}.", [{"field": field, "reason": reason}])
    return statuses(text)


def _number(
    query: QueryParams,
    field: str,
    default: int,
    largest: int,
    error: Callable[..., ApiError],
    *,
    clip: bool = False,
) -> int:
    """A number from 1 to `largest`; `clip` takes a larger one for the largest."""
    text = query.get(field, "").strip()
    if not text:
        return default
    number = int(text) if NUMBER.fullmatch(text) else 0
    if number < 1 or (number > largest and not clip):
        reason = "must be a whole number from 1" + ("" if clip else f" to {largest}")
        raise error(f"{field} {reason}.", [{"field": field, "reason": reason}])
    return min(number, largest)
