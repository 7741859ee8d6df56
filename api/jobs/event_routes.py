"""A job as it goes on, as server-sent events."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Any

from anyio import Event
from fastapi import APIRouter, Header, Response
from pydantic import Field, WithJsonSchema
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.types import Receive, Scope, Send

from api.auth import KEYS, MemberDep
from api.dependencies import JobsDep, VaultDep, service
from api.http.errors import JobNotFound
from api.http.json_body import inline_refs
from api.http.responses import errors
from api.jobs.feed import JobFeed, Watcher
from api.jobs.lookup import JobId, find_job
from api.jobs.schemas import WaitingFor
from api.jobs.tickets import EventTicket, WatcherDep, issue_ticket
from api.jobs.waiting import ASK_SECONDS, WaitingJobs
from domain.calls.models import AnsweredBy
from domain.json_model import JsonModel, Timestamp
from domain.phone.masking import mask_number
from domain.statuses import ContactStatus, JobStatus
from store.jobs.change_feed import MAX_CHANGES, ContactChange, Look

BETWEEN_SECONDS = 0.5  # two events of one client
HEARTBEAT_SECONDS = 15
SEND_SECONDS = 30.0  # a client that does not read for so long has left
STOP_SECONDS = 2.0  # for streams to end when the process does
MAX_SECONDS = 3600.0  # then the client connects again
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
OVER = "-end"  # ends the id of the last event

JobFeedDep = Annotated[JobFeed, service(JobFeed)]
WaitingJobsDep = Annotated[WaitingJobs, service(WaitingJobs)]
_ID = re.compile(r"([0-9]{1,16})(?:-end)?")

router = APIRouter(prefix="/batch/jobs/{id}", tags=["results"], dependencies=KEYS)


class ChangedContact(JsonModel):
    id: str = Field(examples=["contact_0123456789abcdef01234567"])
    row: int = Field(description="Of its file, or its place in `contacts`.", examples=[17])
    phone: str = Field(description="Its last digits; the job's pages have the number.", examples=["…01"])
    external_id: str | None
    status: ContactStatus
    error_code: str | None
    attempt_count: int
    next_retry_at: Timestamp | None
    call_duration: int | None
    answered_by: AnsweredBy | None
    disposition: str | None


class JobEvent(JsonModel):
    """The `data` of every event."""

    batch_job_id: str
    at: Timestamp
    status: JobStatus
    status_reason: str | None
    total_contacts: int
    contacts_processed: int
    successful_calls: int
    failed_calls: int
    actual_start_time: Timestamp | None
    completed_at: Timestamp | None
    status_breakdown: dict[ContactStatus, int]
    waiting_for: WaitingFor | None = Field(
        description="Why nobody is dialed now, a few seconds old at most; null where somebody is, or it cannot be told."
    )
    contacts: list[ChangedContact] = Field(description=f"Who changed, the latest last; {MAX_CHANGES} at most.")
    contacts_more: bool = Field(description="Others changed as well: read the job's pages.")


EXAMPLE = (
    "event: snapshot\r\nid: 1801558800000000\r\n"
    'data: {"batchJobId":"batch_0123456789abcdef01234567","status":"running","contacts":[],…}\r\n\r\n'
)
_DATA = JobEvent.model_json_schema(mode="serialization")
_EVENT: dict[str, Any] = {
    "type": "object",
    "required": ["event", "id", "data"],
    "properties": {
        "event": {"type": "string", "enum": ["snapshot", "change", "end"]},
        "id": {"type": "string"},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": inline_refs(_DATA, _DATA.pop("$defs")),
        },
    },
}
STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The events.",
        "content": {"text/event-stream": {"itemSchema": _EVENT, "example": EXAMPLE}},
    },
    204: {"description": "The client was told the end already: an `EventSource` does not connect again."},
}
LastEventId = Annotated[
    str | None,
    WithJsonSchema({"type": "string"}),  # a header is no null
    Header(
        alias="Last-Event-ID",
        description="The id of the last event that the client has. One that is none of ours is ignored.",
        openapi_examples={"snapshot": {"value": "1801558800000000"}},
    ),
]


@router.get(
    "/events",
    operation_id="watchBatchJob",
    response_class=EventSourceResponse,
    responses=errors(401, 404, 429, 503) | STREAM,
)
async def events(
    caller: WatcherDep, id: JobId, feed: JobFeedDep, waiting: WaitingJobsDep, last: LastEventId = None
) -> Response:
    """Watch a job: how it stands now (`snapshot`), then every change (`change`), at most two events a second.

    The `data` of an event is a JSON object: `batchJobId`, `at`, `status`, `statusReason`, `totalContacts`,
    `contactsProcessed`, `successfulCalls`, `failedCalls`, `actualStartTime`, `completedAt`, `statusBreakdown`,
    `waitingFor`, and `contacts` that changed (`id`, `row`, `phone`, `externalId`, `status`, `errorCode`,
    `attemptCount`, `nextRetryAt`, `callDuration`, `answeredBy`, `disposition`), 100 at most; `contactsMore` says that
    there are others. When the job has ended and its last call too, the last event is `end` and the stream closes. With
    `Last-Event-ID` the snapshot holds who changed meanwhile. A comment every 15 seconds keeps the connection alive;
    after an hour it closes, to be opened again, and seconds after its key was revoked or has expired.

    A page in a browser, whose `EventSource` sends no headers, opens it with a `ticket` in place of a key.

    Error codes: `job_not_found`; `unavailable` where too many watch already: 50 streams of a key, 100 of an
    organization, 500 of a process.
    """
    last = last or ""
    stopping = Event()
    with ExitStack() as opening:
        watcher = opening.enter_context(feed.watch(id, caller))  # first: who finds no place costs no look
        known = await feed.look(caller.organization_id, id, None)
        if known is None:
            raise JobNotFound(id)
        if known.state.over and last.endswith(OVER):
            return Response(status_code=204)
        opened = opening.pop_all()

    async def look() -> Look | None:
        return await feed.look(caller.organization_id, id, _since(last))

    return EventAnswer(
        opened,
        _events(watcher, look, partial(waiting.read, id), stopping),
        ping=HEARTBEAT_SECONDS,
        send_timeout=SEND_SECONDS,
        shutdown_event=stopping,
        shutdown_grace_period=STOP_SECONDS,
    )


@router.post(
    "/events/ticket",
    operation_id="createEventTicket",
    responses=errors(400, 401, 404, 429, 503),
)
async def create_ticket(caller: MemberDep, id: JobId, jobs: JobsDep, vault: VaultDep) -> EventTicket:
    """Get a ticket that opens this job's stream of events for a minute, and nothing else, without a key in the address.

    A stream that was opened goes on for as long as any, and ends when the key that asked for the ticket is revoked. An
    `EventSource` that lost its connection later needs a new ticket.

    Error codes: `job_not_found`; `secrets_unavailable` where the service has no `OUTDIAL_SECRET`.
    """
    await find_job(jobs, caller.organization_id, id)
    return issue_ticket(vault, caller, id)


class EventAnswer(EventSourceResponse):
    """A stream of events. `opened` is closed whatever happens: the end, an error, a client that leaves."""

    def __init__(self, opened: ExitStack, events: AsyncIterator[ServerSentEvent], **others: Any) -> None:
        super().__init__(events, **others)
        self._opened = opened

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._opened:
            await super().__call__(scope, receive, send)


async def _events(
    watcher: Watcher,
    look_now: Callable[[], Awaitable[Look | None]],
    ask: Callable[[], Awaitable[WaitingFor | None]],
    stopping: Event,
) -> AsyncIterator[ServerSentEvent]:
    """What a job waits for changes without its contacts: it is asked again where there is no news for a while."""
    loop = asyncio.get_running_loop()
    until = loop.time() + MAX_SECONDS
    look = await look_now()
    if look is None:
        return
    watcher.saw(look)
    told = None if look.state.status.ended else await ask()
    yield _event("snapshot", look, told)
    while not look.state.over:
        await asyncio.sleep(BETWEEN_SECONDS)
        is_news = await _news(watcher, stopping, min(until, loop.time() + ASK_SECONDS))
        look = watcher.take()
        if look is None or stopping.is_set() or loop.time() >= until:
            return
        waits = None if look.state.status.ended else await ask()
        if not look.state.over and (is_news or waits != told):
            yield _event("change", look, waits)
        told = waits
    yield _event("end", look)


async def _news(watcher: Watcher, stopping: Event, until: float) -> bool:
    """Wait for news, or for the process to stop; False where none came in time."""
    try:
        async with asyncio.timeout_at(until):
            await _first_of(watcher.wait(), stopping.wait())
    except TimeoutError:
        return False
    return True


async def _first_of(*waits: Coroutine[None, None, object]) -> None:
    tasks = [asyncio.create_task(wait) for wait in waits]
    try:
        ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            task.result()
    finally:
        for task in tasks:
            task.cancel()


def _since(last_event_id: str) -> datetime | None:
    """The instant that an id of ours names; None for what is none."""
    found = _ID.fullmatch(last_event_id)
    return None if found is None else EPOCH + timedelta(microseconds=int(found[1]))


def _event(kind: str, look: Look, waiting_for: WaitingFor | None = None) -> ServerSentEvent:
    microseconds = (look.at - EPOCH) // timedelta(microseconds=1)
    id = f"{microseconds}{OVER if kind == 'end' else ''}"
    return ServerSentEvent(event=kind, id=id, data=_job_event(look, waiting_for).model_dump_json(by_alias=True))


def _job_event(look: Look, waiting_for: WaitingFor | None) -> JobEvent:
    state, counts = look.state, look.state.counts
    return JobEvent(
        batch_job_id=state.id,
        at=look.at,
        status=state.status,
        status_reason=state.status_reason,
        total_contacts=state.total_contacts,
        contacts_processed=counts.processed,
        successful_calls=counts.successful,
        failed_calls=counts.failed,
        actual_start_time=state.actual_start_time,
        completed_at=state.completed_at,
        status_breakdown=counts.by_status,
        waiting_for=waiting_for,
        contacts=[_changed(change) for change in look.changes],
        contacts_more=look.more,
    )


def _changed(change: ContactChange) -> ChangedContact:
    return ChangedContact(
        id=change.id,
        row=change.row,
        phone=mask_number(change.number),
        external_id=change.external_id,
        status=change.status,
        error_code=None if change.status is ContactStatus.COMPLETED else change.error_code,
        attempt_count=change.attempts,
        next_retry_at=change.next_retry_at,
        call_duration=change.call_seconds,
        answered_by=change.answered_by,
        disposition=change.disposition,
    )
