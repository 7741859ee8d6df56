"""The do-not-call list: look up, add, upload, export."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import HTMLResponse, StreamingResponse

from api.auth import MemberDep
from api.contacts.do_not_call_routes import DoNotCallQuery, DoNotCallQueryDep, list_numbers
from api.contacts.schemas import DoNotCallEntry, DoNotCallPage
from api.dependencies import AuditLogDep, DoNotCallDep
from api.http.csv_text import BOM, CSV, to_csv
from console.job import SHOWN
from console.pages import FrameDep, PageRoute, page
from domain.audit import Action
from domain.jobs.models import Caller
from store.contacts.do_not_call import DoNotCall

PAGE_SIZE = 100

router = APIRouter(route_class=PageRoute)


@router.get("/do-not-call")
async def do_not_call(
    frame: FrameDep,
    listed: Annotated[DoNotCallPage, Depends(list_numbers)],
    query: DoNotCallQueryDep,
    audit: AuditLogDep,
    numbers: str = "",
) -> HTMLResponse:
    """The list, masked unless asked for; the asking is recorded."""
    if numbers == SHOWN:
        details = {"doNotCall": len(listed.entries)}
        await audit.record(frame.caller.organization_id, Action.NUMBERS_SHOWN, by=frame.caller.key_id, details=details)
    return page(frame, "do-not-call.html", listed=listed, query=query, shown=numbers == SHOWN)


@router.get("/do-not-call/export")
async def export(caller: MemberDep, numbers: DoNotCallDep, audit: AuditLogDep) -> StreamingResponse:
    """All of the list as a file. Who took it is recorded."""
    details = {"file": "do-not-call"}
    await audit.record(caller.organization_id, Action.NUMBERS_SHOWN, by=caller.key_id, details=details)
    headers = {"Content-Disposition": 'attachment; filename="do-not-call.csv"', "Cache-Control": "no-store"}
    return StreamingResponse(_lines(caller, numbers), media_type=CSV, headers=headers)


async def _lines(caller: Caller, numbers: DoNotCall) -> AsyncIterator[str]:
    """A file that the list takes again: its first column is `phone`."""
    yield BOM + to_csv([["phone", "source", "note", "added_by", "added_at"]])
    page, more = 1, True
    while more:
        query = DoNotCallQuery.model_validate({"page": str(page), "pageSize": str(PAGE_SIZE)})
        listed = await list_numbers(caller, query, numbers)
        yield to_csv([_cells(entry) for entry in listed.entries])
        page, more = page + 1, page * PAGE_SIZE < listed.total


def _cells(entry: DoNotCallEntry) -> list[str]:
    return [entry.number, entry.source.value, entry.note or "", entry.added_by, entry.added_at.isoformat()]
