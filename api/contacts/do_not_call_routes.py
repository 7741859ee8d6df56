"""The organization's do-not-call list: nobody on it is called."""

import re
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, BackgroundTasks, Depends, Path, Request

from api.contacts.read_numbers import read_numbers, source_of
from api.dependencies import KEYS, CallerDep, ChangerDep, PartsDep
from api.http.bodies import Form, JsonBody, read_body
from api.http.error_responses import errors
from api.http.errors import NotFound
from api.http.idempotency import TAKES_KEY, CreateContext, OnceDep
from api.http.pagination import PageQueryDep
from api.jobs.control_openapi import DO_NOT_CALL_BODY, DO_NOT_CALL_QUERY
from api.jobs.control_schemas import NUMBER, DoNotCallAdded, DoNotCallEntry, DoNotCallPage, DoNotCallRemoved
from api.jobs.in_flight import wait_for_in_flight_requests
from api.jobs.nudge import nudge_all
from api.parts import Parts
from domain.calling_rules.do_not_call import ListedNumber
from domain.errors import InvalidPhoneFormat
from domain.jobs.models import Caller

E164 = re.compile(r"\+[1-9][0-9]{1,14}")

router = APIRouter(prefix="/do-not-call", tags=["do not call"], dependencies=KEYS)


Written = Annotated[
    str,
    Path(description="E.164, URL-encoded.", examples=[NUMBER], json_schema_extra={"pattern": f"^{E164.pattern}$"}),
]


async def number(number: Written) -> str:
    """The number in the path. Raises InvalidPhoneFormat."""
    if not E164.fullmatch(number):
        raise InvalidPhoneFormat("A number in the address is E.164, such as +12025550101, the + written as %2B.")
    return number


NumberDep = Annotated[str, Depends(number)]


@router.get("", operation_id="listDoNotCall", responses=errors(400, 401, 503), openapi_extra=DO_NOT_CALL_QUERY)
async def list_numbers(caller: CallerDep, query: PageQueryDep, parts: PartsDep) -> DoNotCallPage:
    """List the numbers that are not called, newest first; `search` is a part of a number.

    Error codes: `invalid_page`, `invalid_page_size`.
    """
    found = await parts.do_not_call.page(caller.organization_id, query.search, query.page, query.page_size)
    return DoNotCallPage(
        entries=[_view(entry) for entry in found.entries],
        total=found.total,
        page=query.page,
        page_size=query.page_size,
    )


@router.post(
    "",
    operation_id="addDoNotCall",
    responses=errors(400, 401, 403, 409, 503),
    openapi_extra=DO_NOT_CALL_BODY | TAKES_KEY,
)
async def add_numbers(
    caller: ChangerDep, request: Request, parts: PartsDep, once: OnceDep, afterwards: BackgroundTasks
) -> DoNotCallAdded:
    """Add numbers: as JSON, where one bad number rejects them all, or as a CSV or XLSX file with a `phone` column.

    In a file bad rows are skipped and reported. From the answer on no call to these numbers starts: contacts of
    open jobs that wait to be called end as `blocked`. Calls that are live go on. Numbers that are listed already
    keep their entry.

    Error codes: `invalid_request`, `invalid_phone_format`, `no_valid_contacts`, `too_many_contacts`,
    `invalid_csv`, `missing_phone_column`, `idempotency_conflict`.
    """
    body = await read_body(request, "numbers")
    return await once.answer(DoNotCallAdded, body, partial(_add, body, caller, parts, afterwards))


async def _add(
    body: Form | JsonBody, caller: Caller, parts: Parts, afterwards: BackgroundTasks, _: CreateContext
) -> DoNotCallAdded:
    read = await read_numbers(body)
    organization_id = caller.organization_id
    added = await parts.do_not_call.add(
        organization_id, read.numbers, source=source_of(body), by=caller.key_id, note=read.note
    )
    await wait_for_in_flight_requests(
        lambda: parts.placing.count_for_numbers(organization_id, read.numbers), organization_id
    )
    nudge_all(afterwards, parts, added.job_ids)
    return DoNotCallAdded(
        added=added.new,
        already_listed=len(read.numbers) - added.new,
        contacts_blocked=added.blocked,
        validation=read.report,
    )


@router.get("/{number}", operation_id="getDoNotCall", responses=errors(400, 401, 404, 503))
async def get_number(caller: CallerDep, number: NumberDep, parts: PartsDep) -> DoNotCallEntry:
    """Look up one number. Error codes: `not_found` where it is not on the list; `invalid_phone_format`."""
    entry = await parts.do_not_call.get(caller.organization_id, number)
    if entry is None:
        raise NotFound("This number is not on the do-not-call list.")
    return _view(entry)


@router.delete("/{number}", operation_id="removeDoNotCall", responses=errors(400, 401, 403, 503))
async def remove_number(caller: ChangerDep, number: NumberDep, parts: PartsDep) -> DoNotCallRemoved:
    """Take a number off the list. Said twice it means the same: `removed` says whether this request did it.

    Contacts that ended as `blocked` stay so. Error codes: `invalid_phone_format`.
    """
    removed = await parts.do_not_call.remove(caller.organization_id, number, by=caller.key_id)
    return DoNotCallRemoved(removed=removed)


def _view(entry: ListedNumber) -> DoNotCallEntry:
    values: dict[str, Any] = entry.model_dump()
    return DoNotCallEntry(**values)
