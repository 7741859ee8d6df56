"""Results and rejected rows as files, written a few rows at a time."""

import csv
import io
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from api.http.csv_text import BOM, LINE_END, to_csv
from api.http.middleware import at_least_rate
from domain.calls.evidence import DialEvidence
from domain.contacts.export import escape_reject_cell, escape_row_text
from domain.contacts.rejects import REASON_COLUMN, Reject, Rejects
from domain.jobs.models import Contact
from domain.json_model import format_timestamp
from domain.statuses import ContactStatus
from store.db.copy_text import json_text
from store.jobs.export import Result, ResultFile

JSON_LINES = "application/jsonl; charset=utf-8"


class FileAnswer(StreamingResponse):
    """A file on its way. `opened` is closed whatever happens: the end, an error, a client that leaves or hardly reads.

    An error on the way breaks the connection: the last chunk is never sent, so that nobody takes a part for the whole.
    """

    def __init__(self, opened: AsyncExitStack, parts: AsyncIterator[str], name: str, media_type: str) -> None:
        headers = {
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }
        super().__init__(parts, headers=headers, media_type=media_type)
        self._opened = opened

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._opened:
            await super().__call__(scope, receive, at_least_rate(scope, send))


async def csv_results(file: ResultFile, names: Mapping[str, str]) -> AsyncIterator[str]:
    """Their columns, then ours under `names`."""
    yield BOM + to_csv([[*file.columns, *names.values()]])
    async for batch in file.batches:
        yield to_csv([_cells(file.columns, result) for result in batch])


async def json_results(file: ResultFile, names: Mapping[str, str]) -> AsyncIterator[str]:
    """One object a line: the contact's own fields as they came, then ours."""
    async for batch in file.batches:
        yield "".join(json_text(_line(result, names)) + "\n" for result in batch)


async def csv_rejects(file: Rejects | None, batches: AsyncIterator[list[Reject]]) -> AsyncIterator[str]:
    """The reason, then the cells; delimited as the file was."""
    kept = file or Rejects(header=())
    yield BOM + _reject_line(REASON_COLUMN, kept.header, kept.delimiter)
    async for batch in batches:
        yield "".join(_reject_line(reject.reason, reject.cells, kept.delimiter) for reject in batch)


async def begun(parts: AsyncIterator[str]) -> AsyncIterator[str]:
    """The same parts, of which the first two were made: what fails at once fails before the answer begins."""
    first = [part async for part in _at_most(parts, 2)]

    async def all_of_them() -> AsyncIterator[str]:
        for part in first:
            yield part
        async for part in parts:
            yield part

    return all_of_them()


async def _at_most(parts: AsyncIterator[str], count: int) -> AsyncIterator[str]:
    for _ in range(count):
        try:
            yield await anext(parts)
        except StopAsyncIteration:
            return


def _cells(columns: Sequence[str], result: Result) -> list[Any]:
    data = result.contact.data
    return [*(data.get(column) for column in columns), *_ours(result).values()]


def _line(result: Result, names: Mapping[str, str]) -> dict[str, Any]:
    return {**result.contact.data, **{names[name]: value for name, value in _ours(result).items()}}


def _ours(result: Result) -> dict[str, Any]:
    """In the order of domain.contacts.export.RESULT_COLUMNS."""
    contact = result.contact
    completed = contact.status is ContactStatus.COMPLETED
    return {
        "status": contact.status,
        "errorCode": None if completed else contact.error_code,
        "failureReason": contact.failure_reason,
        "attemptCount": contact.attempts,
        "dials": contact.dials,
        "lastAttemptAt": contact.last_attempt_at and format_timestamp(contact.last_attempt_at),
        "completedAt": contact.completed_at and format_timestamp(contact.completed_at),
        "callDuration": contact.call_seconds,
        "answeredBy": contact.answered_by,
        "roomName": contact.call_id,
        "cost": None if result.cost is None else str(result.cost),
        "externalId": contact.external_id,
        **_conversation(contact),
        "contactId": contact.id,
        **_last_dial(result.last_dial),
    }


def _conversation(contact: Contact) -> dict[str, Any]:
    said = contact.conversation
    return {
        "disposition": said and said.disposition,
        "summary": said and said.summary,
        "data": said and said.data,
        "transcriptUrl": said and said.transcript_url,
        "recordingUrl": said and said.recording_url,
    }


def _last_dial(dial: DialEvidence | None) -> dict[str, Any]:
    return {
        "outcome": dial and dial.outcome,
        "faultOf": dial and dial.fault_of,
        "rang": dial and dial.rang,
        "endedBy": dial and dial.ended_by,
        "secondsToRinging": dial and dial.seconds_to_ringing,
        "secondsToAnswer": dial and dial.seconds_to_answer,
        "carrierCode": dial and dial.carrier_code,
    }


def _reject_line(reason: str, cells: Sequence[str], delimiter: str) -> str:
    if isinstance(cells, str):
        return f"{_delimited([reason], delimiter)}{delimiter}{escape_row_text(cells, delimiter)}{LINE_END}"
    return _delimited([reason, *cells], delimiter) + LINE_END


def _delimited(cells: Sequence[str], delimiter: str) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=LINE_END)
    writer.writerow([escape_reject_cell(cell) for cell in cells])
    return text.getvalue().removesuffix(LINE_END)
