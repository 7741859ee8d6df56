"""A job's page while it is watched: one look and one rendering for everybody who watches it, every two seconds at most.

A hundred viewers of a running job cost little more than one: what is sent to each is a text that is there already.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import ExitStack
from typing import Annotated, Any, NamedTuple, TypeVar

from anyio import Event
from fastapi import APIRouter, Depends, Response
from sse_starlette import ServerSentEvent

from api.dependencies import JobsDep, service
from api.jobs.event_routes import STOP_SECONDS, EventAnswer, JobFeedDep
from api.jobs.feed import Watcher
from api.jobs.lookup import JobId, find_job
from console.findings import JobFacts
from console.job import FactsReaderDep, render_live
from console.job_lists import Lists, ListsReaderDep, View, ViewDep
from console.pages import FrameDep, PageRoute
from domain.jobs.models import Caller

EVERY_SECONDS = 2.0
AT_LEAST_EVERY_SECONDS = 10.0  # what it waits for changes without any contact that does
HEARTBEAT_SECONDS = 15
SEND_SECONDS = 30.0
MAX_SECONDS = 3600.0  # then the browser connects again
MAX_KEPT = 200

T = TypeVar("T")

router = APIRouter(route_class=PageRoute)


class Seen(NamedTuple):
    """A job's page as one viewer has it."""

    upper: str
    lists: Lists

    def since(self, sent: "Seen | None") -> str:
        """What has changed since `sent`, as HTML; nothing where nothing has."""
        upper = self.upper if sent is None or sent.upper != self.upper else ""
        return upper + self.lists.since(None if sent is None else sent.lists)


class _Kept(NamedTuple):
    at: float
    made: "asyncio.Task[Any]"


class LiveJobs:
    """What the pages of watched jobs look like now: by job, and of its lists what somebody looks at."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[object, ...], _Kept] = OrderedDict()

    async def html(self, caller: Caller, job_id: str, read: Callable[[], Coroutine[Any, Any, JobFacts]]) -> str:
        """As it was less than EVERY_SECONDS ago. Raises what `read` raises."""
        made = await self._share((caller.organization_id, job_id), lambda: _render(read))
        return made[caller.role.may_change]

    async def lists(
        self, caller: Caller, job_id: str, view: View, read: Callable[[], Coroutine[Any, Any, Lists]]
    ) -> Lists:
        """The same of its lists."""
        return await self._share((caller.organization_id, job_id, view.query), read)

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
    stopping, caller = Event(), frame.caller
    with ExitStack() as opening:
        watcher = opening.enter_context(feed.watch(id, caller))
        opened = opening.pop_all()

    async def look() -> Seen:
        upper, listed = await asyncio.gather(
            live.html(caller, id, lambda: reader.read(caller, id)),
            live.lists(caller, id, view, lambda: lists.read(caller, id, view)),
        )
        return Seen(upper, listed)

    return EventAnswer(
        opened,
        _events(watcher, look, stopping),
        ping=HEARTBEAT_SECONDS,
        send_timeout=SEND_SECONDS,
        shutdown_event=stopping,
        shutdown_grace_period=STOP_SECONDS,
    )


@router.get("/live/jobs/{id}")
async def part(frame: FrameDep, id: JobId, reader: FactsReaderDep, lists: ListsReaderDep, view: ViewDep) -> Response:
    """The same once, right after something was done. Raises JobNotFound."""
    facts, listed = await asyncio.gather(reader.read(frame.caller, id), lists.read(frame.caller, id, view))
    seen = Seen(render_live(facts, may_change=frame.may_change), listed)
    return Response(seen.since(None), media_type="text/html")


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


async def _render(read: Callable[[], Coroutine[Any, Any, JobFacts]]) -> dict[bool, str]:
    facts = await read()
    return {may_change: render_live(facts, may_change=may_change) for may_change in (True, False)}


def _failed(task: "asyncio.Task[Any]") -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)
