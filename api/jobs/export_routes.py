"""What became of a job's contacts: one with its dials, all as a file, and what was rejected."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Annotated, Any

from fastapi import APIRouter, Path

from api.auth import KEYS, MemberDep
from api.dependencies import ResultsDep
from api.http.csv_text import CSV
from api.http.errors import ContactNotFound
from api.http.responses import errors
from api.jobs.export_schemas import ContactDetail, DialView
from api.jobs.exports import JSON_LINES, FileAnswer, begun, csv_rejects, csv_results, json_results
from api.jobs.lookup import ID, JobId
from api.jobs.queries import ExportQueryDep, Format
from domain.calls.agent_report import render_conversation
from domain.calls.evidence_view import render_evidence_fields
from domain.contacts.export import CONTESTED_NAMES, MAX_COLUMNS, name_result_columns
from domain.contacts.views import render_contact_fields
from domain.errors import InvalidRequest
from store.jobs.export import Dial, DialedContact, RejectFile, ResultFile

router = APIRouter(prefix="/batch/jobs/{id}", tags=["results"], dependencies=KEYS)
A_CONTACT = "contact_0123456789abcdef01234567"
ContactId = Annotated[str, Path(description="A contact's id.", examples=[A_CONTACT])]


MEDIA_TYPES = {Format.CSV: CSV, Format.JSON_LINES: JSON_LINES}


def _file(example: str, **others: Any) -> dict[int | str, dict[str, Any]]:
    content = {"text/csv": {"schema": {"type": "string"}, "example": example}} | others
    return {200: {"description": "The file.", "content": content}}


_LINE: dict[str, Any] = {
    "itemSchema": {"type": "object", "description": "The contact's own fields as they came, then ours."},
    "example": '{"phone":"+12025550101","name":"Ada","status":"completed","errorCode":null}\n',
}
RESULTS = _file("phone,name,status,errorCode,…\r\n+12025550101,Ada,completed,,…\r\n", **{"application/jsonl": _LINE})
REJECTS = _file("outdial_reason,phone,name\r\nphone is too short,+1202,Ada\r\n")


@router.get("/contacts/{contactId}", operation_id="getContact", responses=errors(401, 404, 429, 503))
async def contact(
    caller: MemberDep,
    id: JobId,
    contactId: ContactId,  # noqa: N803  the contract's name
    results: ResultsDep,
) -> ContactDetail:
    """Look at one contact: how it stands, and every dial made for it.

    Error codes: `contact_not_found`, also where the job is not there.
    """
    found = None
    if ID.fullmatch(contactId):
        found = await results.find_contact(caller.organization_id, id, contactId)
    if found is None:
        raise ContactNotFound("There is no such contact in this job.")
    return _detail(found)


@router.get(
    "/results",
    operation_id="downloadResults",
    status_code=200,
    response_class=FileAnswer,
    responses=errors(400, 401, 404, 429, 503) | RESULTS,
)
async def download_results(caller: MemberDep, query: ExportQueryDep, id: JobId, results: ResultsDep) -> FileAnswer:
    """Download what became of every contact, in file order, as it stands at one instant.

    First the contacts' own columns (of JSON contacts that differ, all of them, in the order in which they appear), then
    `status`, `errorCode`, `failureReason`, `attemptCount`, `dials`, `lastAttemptAt`, `completedAt`, `callDuration`,
    `answeredBy`, `roomName`, `cost` (dollars), `externalId`, `disposition`, `summary`, `data`, `transcriptUrl`,
    `recordingUrl`, `contactId`, and of the last dial `outcome`, `faultOf`, `rang`, `endedBy`, `secondsToRinging`,
    `secondsToAnswer`, `carrierCode` (see `GET /outcomes`). Where a contact has a column of such a name, in any letter
    case, that one keeps it and ours begins with `outdial_`.

    CSV is UTF-8. A cell that begins with `=`, `+`, `-`, `@`, a tab or a carriage return gets a leading `'`, so that no
    spreadsheet runs it, except E.164 numbers and plain decimals; numbers, objects and arrays of JSON contacts are
    written as JSON. JSON Lines holds every value as it is. A download that breaks off ends without its last chunk:
    HTTP clients report it as incomplete.

    Error codes: `job_not_found`; `invalid_request` for another `format`, and for CSV where contacts have more than
    2,000 different fields; `unavailable` while several other downloads are under way.
    """
    opened = results.open_results(caller.organization_id, id, names_for(query.format))
    return await answer_results(opened, id, query.format)


@router.get(
    "/rejects",
    operation_id="downloadRejects",
    status_code=200,
    response_class=FileAnswer,
    responses=errors(401, 404, 429, 503) | REJECTS,
)
async def rejects(caller: MemberDep, id: JobId, results: ResultsDep) -> FileAnswer:
    """Download the rows of the job's file that were rejected, to be mended and sent again.

    Rows of files that were added later follow, where the columns are the same; else they are told in the answer to that
    request only, and a warning says so.

    The first column, `outdial_reason`, says what is wrong; then come the file's own columns and cells, delimited as
    the file was. Send the file again as it is: that column is ignored, and so is the `'` of cells that a spreadsheet
    would take for formulas. Contacts that came as JSON have no rejected rows: the file is a header only.

    Error codes: `job_not_found`; `unavailable` while several other downloads are under way.
    """
    return await answer_rejects(results.open_rejects(caller.organization_id, id), id)


def names_for(wanted: Format) -> Sequence[str] | None:
    """The columns that are looked for before the first row; None: all."""
    return CONTESTED_NAMES if wanted is Format.JSON_LINES else None


async def answer_results(opened: AbstractAsyncContextManager[ResultFile], id: str, wanted: Format) -> FileAnswer:
    """The file of a job or a campaign. Raises InvalidRequest where CSV would have too many columns."""
    async with AsyncExitStack() as opening:
        file = await opening.enter_async_context(opened)
        parts = await begun(_rendered(file, wanted))
        return FileAnswer(opening.pop_all(), parts, f"{id}-results.{wanted}", MEDIA_TYPES[wanted])


async def answer_rejects(opened: AbstractAsyncContextManager[RejectFile], id: str) -> FileAnswer:
    """The rejected rows of a job or a campaign."""
    async with AsyncExitStack() as opening:
        file = await opening.enter_async_context(opened)
        parts = await begun(csv_rejects(file.file, file.batches))
        return FileAnswer(opening.pop_all(), parts, f"{id}-rejects.csv", CSV)


def _rendered(file: ResultFile, wanted: Format) -> AsyncIterator[str]:
    """The parts of the file. Raises InvalidRequest where CSV would have too many columns."""
    if wanted is Format.JSON_LINES:
        return json_results(file, name_result_columns(file.columns))
    if len(file.columns) > MAX_COLUMNS:
        raise InvalidRequest(
            f"The contacts have more than {MAX_COLUMNS:,} different fields: ask for format=jsonl.",
            [{"field": "format", "reason": "csv has too many columns"}],
        )
    return csv_results(file, name_result_columns(file.columns))


def _detail(found: DialedContact) -> ContactDetail:
    return ContactDetail(**render_contact_fields(found.contact), dials=[_render_dial(dial) for dial in found.dials])


def _render_dial(dial: Dial) -> DialView:
    return DialView(
        id=dial.id,
        number=dial.number_of_dial,
        asked_at=dial.asked_at,
        ringing_at=dial.ringing_at,
        answered_at=dial.answered_at,
        ended_at=dial.ended_at,
        outcome=dial.outcome,
        **render_evidence_fields(dial.evidence),
        duration=dial.call_seconds,
        answered_by=dial.answered_by,
        cost=dial.cost,
        carrier_call_id=dial.call_id,
        conversation=dial.conversation and render_conversation(dial.conversation),
    )
