"""Pages of a job and of its contacts while they are watched.

One look and one rendering for everybody who watches the same, every two seconds at most.

A hundred viewers of a running job cost little more than one: what is sent to each is a text that is there already.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import ExitStack
from functools import partial
from typing import Annotated, Any, NamedTuple, TypeVar

from anyio import Event
from fastapi import APIRouter, Depends, Response
from sse_starlette import ServerSentEvent

from api.dependencies import JobsDep, service
from api.jobs.event_routes import STOP_SECONDS, EventAnswer, JobFeedDep
from api.jobs.feed import JobFeed, Watcher
from api.jobs.lookup import JobId, find_job
from console.findings import JobFacts
from console.job import ContactDep, ContactReaderDep, FactsReaderDep, render_live, render_live_contact
from console.job_lists import KeptRows, Lists, ListsReader, ListsReaderDep, View, ViewDep, render_row
from console.pages import FrameDep, PageRoute
from domain.jobs.models import Caller

EVERY_SECONDS = 2.0
AT_LEAST_EVERY_SECONDS = 10.0  # what it waits for changes without any contact that does
HEARTBEAT_SECONDS = 15
SEND_SECONDS = 30.0
MAX_SECONDS = 3600.0  # then the browser connects again
MAX_KEPT = 200

Parts = tuple[str, ...]
T = TypeVar("T")

router = APIRouter(route_class=PageRoute)


class Seen(NamedTuple):
    """A page as one viewer has it. `parts`: HTML, each sent where it changed; `lists`: of a job's page."""

    parts: tuple[str, ...]
    lists: Lists | None = None

    def since(self, sent: "Seen | None") -> str:
        """What has changed since `sent`, as HTML; nothing where nothing has."""
        changed = self.parts
        if sent is not None:
            changed = tuple(part for part, old in zip(self.parts, sent.parts, strict=True) if part != old)
        lists = "" if self.lists is None else self.lists.since(None if sent is None else sent.lists)
        return "".join(changed) + lists


class _Kept(NamedTuple):
    at: float
    made: "asyncio.Task[Any]"


class LiveJobs:
    """What the pages of watched jobs look like now: by job, and of its lists what somebody looks at."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[object, ...], _Kept] = OrderedDict()
        self.rows = KeptRows()

    async def job(self, caller: Caller, job_id: str, read: Callable[[], Coroutine[Any, Any, JobFacts]]) -> Parts:
        """As it was less than EVERY_SECONDS ago. Raises what `read` raises."""
        made = await self._share((caller.organization_id, job_id), lambda: _render(read))
        return made[caller.role.may_change]

    async def lists(self, caller: Caller, job_id: str, view: View, reader: ListsReader) -> Lists:
        """The same of its lists."""
        of_job = (caller.organization_id, job_id)
        pages = view.activity.page, view.activity.page_size
        around = partial(self._share, (*of_job, pages), lambda: reader.read_around(caller, job_id, view))
        return await self._share((*of_job, view.query), lambda: reader.read(caller, job_id, view, self.rows, around()))

    async def contact(self, caller: Caller, contact_id: str, read: Callable[[], Coroutine[Any, Any, Parts]]) -> Parts:
        """The same of one of its contacts."""
        return await self._share((caller.organization_id, contact_id, caller.role.may_change), read)

    async def _share(self, key: tuple[object, ...], make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        now = time.monotonic()
        kept = self._kept.get(key)
        if kept is None or now - kept.at >= EVERY_SECONDS or _failed(kept.made):
            kept = _Kept(now, asyncio.create_task(make()))
            self._kept[key] = kept
            self._kept.move_to_end(key)
            if len(self._kept) > MAX_KEPT:
                self._kept.popitem(last=False)
        made: T = await asyncio.shield(kept.made)
        return made


LiveJobsDep = Annotated[LiveJobs, service(LiveJobs)]


async def _existing(frame: FrameDep, id: JobId, jobs: JobsDep) -> None:
    """Raises JobNotFound."""
    await find_job(jobs, frame.caller.organization_id, id)


@router.get("/jobs/{id}/stream", dependencies=[Depends(_existing)])
async def stream(
    frame: FrameDep,
    id: JobId,
    reader: FactsReaderDep,
    lists: ListsReaderDep,
    view: ViewDep,
    feed: JobFeedDep,
    live: LiveJobsDep,
) -> Response:
    """What changes on the job's page: how it goes, the contacts that are looked at, who did what; numbers masked.

    Raises JobNotFound, Unavailable.
    """
    caller = frame.caller
    opened, watcher = _watch(feed, id, caller)

    async def look() -> Seen:
        parts, listed = await asyncio.gather(
            live.job(caller, id, lambda: reader.read(caller, id)), live.lists(caller, id, view, lists)
        )
        return Seen(parts, listed)

    return _answer(opened, watcher, look)


@router.get("/jobs/{id}/contacts/{contactId}/stream")
async def contact_stream(
    frame: FrameDep,
    id: JobId,
    contact: ContactDep,
    reader: ContactReaderDep,
    feed: JobFeedDep,
    live: LiveJobsDep,
) -> Response:
    """What changes on a contact's page. Raises ContactNotFound, Unavailable."""
    caller = frame.caller
    opened, watcher = _watch(feed, id, caller)

    async def read() -> Parts:
        return render_live_contact(*await reader.read(caller, id, contact.id), may_change=frame.may_change)

    async def look() -> Seen:
        return Seen(await live.contact(caller, contact.id, read))

    return _answer(opened, watcher, look)


@router.get("/live/jobs/{id}")
async def part(frame: FrameDep, id: JobId, reader: FactsReaderDep, lists: ListsReaderDep, view: ViewDep) -> Response:
    """The same once, right after something was done. Raises JobNotFound."""
    facts, listed = await asyncio.gather(reader.read(frame.caller, id), lists.read(frame.caller, id, view, render_row))
    seen = Seen(render_live(facts)[frame.may_change], listed)
    return Response(seen.since(None), media_type="text/html")


@router.get("/live/jobs/{id}/contacts/{contactId}")
async def contact_part(frame: FrameDep, id: JobId, contact: ContactDep, reader: ContactReaderDep) -> Response:
    """The same once. Raises ContactNotFound."""
    parts = render_live_contact(*await reader.read(frame.caller, id, contact.id), may_change=frame.may_change)
    return Response("".join(parts), media_type="text/html")


def _watch(feed: JobFeed, job_id: str, caller: Caller) -> tuple[ExitStack, Watcher]:
    """Raises Unavailable."""
    with ExitStack() as opening:
        watcher = opening.enter_context(feed.watch(job_id, caller))
        return opening.pop_all(), watcher


def _answer(opened: ExitStack, watcher: Watcher, look: Callable[[], Awaitable[Seen]]) -> EventAnswer:
    stopping = Event()
    return EventAnswer(
        opened,
        _events(watcher, look, stopping),
        ping=HEARTBEAT_SECONDS,
        send_timeout=SEND_SECONDS,
        shutdown_event=stopping,
        shutdown_grace_period=STOP_SECONDS,
    )


async def _events(
    watcher: Watcher, look: Callable[[], Awaitable[Seen]], stopping: Event
) -> AsyncIterator[ServerSentEvent]:
    until, sent = time.monotonic() + MAX_SECONDS, None
    while time.monotonic() < until and not stopping.is_set():
        seen = await look()
        if html := seen.since(sent):
            yield ServerSentEvent(event="part", data=html)
        sent = seen
        await asyncio.sleep(EVERY_SECONDS)
        try:
            async with asyncio.timeout(AT_LEAST_EVERY_SECONDS - EVERY_SECONDS):
                await watcher.wait()
        except TimeoutError:
            continue
        known = watcher.take()
        if known is None:  # the job is gone, or the key that signed in
            return
        if known.state.over:
            yield ServerSentEvent(event="part", data=(await look()).since(None))
            yield ServerSentEvent(event="end", data="over")
            return


async def _render(read: Callable[[], Coroutine[Any, Any, JobFacts]]) -> dict[bool, Parts]:
    return render_live(await read())


def _failed(task: "asyncio.Task[Any]") -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)
