"""The organization's do-not-call list: no calls are placed to its numbers."""

import re
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from pydantic import Field

from api.auth import KEYS, AdminDep, MemberDep
from api.contacts.openapi import DO_NOT_CALL_BODY
from api.contacts.reader import ContactReader, source_of
from api.contacts.schemas import (
    A_BATCH,
    NUMBER,
    BlockedJobView,
    DoNotCallAdded,
    DoNotCallEntry,
    DoNotCallPage,
    DoNotCallPreview,
    DoNotCallRemoved,
    DoNotCallUndone,
)
from api.dependencies import BodyBudgetDep, DoNotCallDep, ForkPoolDep, OrganizationsDep
from api.http.bodies import read_body
from api.http.errors import NotFound
from api.http.idempotency import REPLAYABLE, CreateContext, IdempotentDep
from api.http.openapi import REQUEST_ID
from api.http.pagination import PageQuery, Text, query
from api.http.responses import errors
from api.jobs.in_flight import CallStopperDep
from api.jobs.nudge import NudgesDep
from domain.calling_rules.do_not_call import ListedNumber
from domain.errors import InvalidPhoneFormat
from domain.phone.location import only_country
from store.calls.in_flight import CallScope

E164 = re.compile(r"\+[1-9][0-9]{1,14}")

router = APIRouter(prefix="/do-not-call", tags=["do not call"], dependencies=KEYS)


Written = Annotated[
    str,
    Path(description="E.164, URL-encoded.", examples=[NUMBER], json_schema_extra={"pattern": f"^{E164.pattern}$"}),
]


BatchId = Annotated[str, Path(description="Of the answer to adding them.", examples=[A_BATCH])]


async def number(number: Written) -> str:
    """The number in the path. Raises InvalidPhoneFormat."""
    if not E164.fullmatch(number):
        raise InvalidPhoneFormat("A number in the address is E.164, such as +12025550101, the + written as %2B.")
    return number


NumberDep = Annotated[str, Depends(number)]


class DoNotCallQuery(PageQuery):
    search: Text = Field(default=None, description="Only numbers with these digits in them.")


DoNotCallQueryDep = Annotated[DoNotCallQuery, query(DoNotCallQuery)]


@router.get("", operation_id="listDoNotCall", responses=errors(400, 401, 503))
async def list_numbers(caller: MemberDep, query: DoNotCallQueryDep, do_not_call: DoNotCallDep) -> DoNotCallPage:
    """List the numbers that are not called, newest first; `search` is a part of a number.

    Error codes: `invalid_page`, `invalid_page_size`.
    """
    found = await do_not_call.list_page(caller.organization_id, query.search, query.page, query.page_size)
    return DoNotCallPage(
        entries=[_view(entry) for entry in found.entries],
        **query.of(found.total),
    )


@router.post(
    "",
    operation_id="addDoNotCall",
    responses=errors(400, 401, 403, 409, 503) | REPLAYABLE,
    openapi_extra=DO_NOT_CALL_BODY,
)
async def add_numbers(
    caller: AdminDep,
    request: Request,
    do_not_call: DoNotCallDep,
    organizations: OrganizationsDep,
    stopper: CallStopperDep,
    idempotent: IdempotentDep,
    nudges: NudgesDep,
    pool: ForkPoolDep,
    budget: BodyBudgetDep,
) -> DoNotCallAdded:
    """Add numbers: as JSON, where one bad number rejects them all, or as a CSV or XLSX file with a `phone` column.

    In a file bad rows are skipped and reported: they are NOT listed. Numbers are read as the people of
    `defaultCountry` write them, else of the one country that the organization may call; ranges that the numbering data
    do not know are listed too. From the answer on no call to these numbers starts: contacts of
    open jobs that wait to be called end as `blocked`. Calls that are live go on. Numbers that are listed already
    keep their entry.

    Error codes: `invalid_request`, `invalid_phone_format`, `no_valid_contacts`, `too_many_contacts`,
    `invalid_csv`, `missing_phone_column`, `idempotency_conflict`.
    """
    mine = caller.organization_id

    async def add(context: CreateContext) -> DoNotCallAdded:
        allowed = (await organizations.get(mine)).allowed_countries
        read = await ContactReader(pool, mine).read_numbers(body, only_country(allowed))
        batch_id = context.new_id("dnc")
        added = await do_not_call.add(
            mine, read.numbers, source=source_of(body), by=caller.key_id, note=read.note, batch_id=batch_id
        )
        not_stopped = await stopper.wait(CallScope(organization_id=mine, numbers=tuple(read.numbers)))
        nudges.jobs(added.job_ids)
        return DoNotCallAdded(
            added=added.new,
            batch_id=batch_id if added.new else None,
            already_listed=len(read.numbers) - added.new,
            contacts_blocked=added.blocked,
            calls_not_stopped=not_stopped,
            validation=read.report,
        )

    with budget.share(mine) as share:
        body = await read_body(request, share, "numbers")
        return await idempotent.answer(DoNotCallAdded, body, add)


@router.post(
    "/numbers/preview",
    operation_id="previewDoNotCall",
    responses=errors(400, 401, 403, 503),
    openapi_extra=DO_NOT_CALL_BODY | REQUEST_ID,
)
async def preview_numbers(
    caller: AdminDep,
    request: Request,
    do_not_call: DoNotCallDep,
    organizations: OrganizationsDep,
    pool: ForkPoolDep,
    budget: BodyBudgetDep,
) -> DoNotCallPreview:
    """Say what adding these numbers would come to: whose contacts would not be called any more. Nothing is changed.

    Error codes: as of adding them.
    """
    mine = caller.organization_id
    with budget.share(mine) as share:
        body = await read_body(request, share, "numbers")
        allowed = (await organizations.get(mine)).allowed_countries
        read = await ContactReader(pool, mine).read_numbers(body, only_country(allowed))
        found = await do_not_call.preview(mine, read.numbers)
        return DoNotCallPreview(
            would_be_added=found.new,
            already_listed=len(read.numbers) - found.new,
            contacts_blocked=sum(job.contacts for job in found.jobs),
            jobs=[BlockedJobView(batch_job_id=job.id, name=job.name, contacts=job.contacts) for job in found.jobs],
            validation=read.report,
        )


@router.delete("/batches/{batchId}", operation_id="undoDoNotCall", responses=errors(401, 403, 503))
async def undo_batch(
    caller: AdminDep,
    batchId: BatchId,  # noqa: N803  the contract's name
    do_not_call: DoNotCallDep,
    nudges: NudgesDep,
) -> DoNotCallUndone:
    """Take back what one request listed. Idempotent. Numbers that were listed before or otherwise stay listed.

    Contacts of jobs that have not ended, which became `blocked` because of it, wait to be called again. `removed` is 0
    where there is no such batch, or it was taken back before.
    """
    undone = await do_not_call.undo(caller.organization_id, batchId, by=caller.key_id)
    nudges.jobs(undone.job_ids)
    return DoNotCallUndone(removed=undone.removed, contacts_restored=undone.restored)


@router.get("/{number}", operation_id="getDoNotCall", responses=errors(400, 401, 404, 503))
async def get_number(caller: MemberDep, number: NumberDep, do_not_call: DoNotCallDep) -> DoNotCallEntry:
    """Look up one number. Error codes: `not_found` where it is not on the list; `invalid_phone_format`."""
    entry = await do_not_call.find(caller.organization_id, number)
    if entry is None:
        raise NotFound("This number is not on the do-not-call list.")
    return _view(entry)


@router.delete("/{number}", operation_id="removeDoNotCall", responses=errors(400, 401, 403, 503))
async def remove_number(caller: AdminDep, number: NumberDep, do_not_call: DoNotCallDep) -> DoNotCallRemoved:
    """Take a number off the list. Idempotent: `removed` tells whether this request did it.

    Contacts that ended as `blocked` stay so. Error codes: `invalid_phone_format`.
    """
    removed = await do_not_call.remove(caller.organization_id, number, by=caller.key_id)
    return DoNotCallRemoved(removed=removed)


def _view(entry: ListedNumber) -> DoNotCallEntry:
    values: dict[str, Any] = entry.model_dump()
    return DoNotCallEntry(**values)
