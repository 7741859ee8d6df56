"""A job's page while it is watched: one look and one rendering for everybody who watches it, every two seconds at most.

A hundred viewers of a running job cost little more than one: what is sent to each is a text that is there already.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack
from typing import Annotated, NamedTuple

from anyio import Event
from fastapi import APIRouter, Depends, Response
from sse_starlette import ServerSentEvent

from api.dependencies import JobsDep, service
from api.jobs.event_routes import STOP_SECONDS, EventAnswer, JobFeedDep
from api.jobs.feed import Watcher
from api.jobs.lookup import JobId, find_job
from console.findings import JobFacts
from console.job import FactsReaderDep, render_live
from console.pages import FrameDep, PageRoute
from domain.jobs.models import Caller

EVERY_SECONDS = 2.0
AT_LEAST_EVERY_SECONDS = 10.0  # what it waits for changes without any contact that does
HEARTBEAT_SECONDS = 15
SEND_SECONDS = 30.0
MAX_SECONDS = 3600.0  # then the browser connects again
MAX_KEPT = 200

router = APIRouter(route_class=PageRoute)


class _Kept(NamedTuple):
    at: float
    html: "asyncio.Task[dict[bool, str]]"


class LiveJobs:
    """What the pages of watched jobs look like now, by job."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str], _Kept] = OrderedDict()

    async def html(self, caller: Caller, job_id: str, read: Callable[[], Awaitable[JobFacts]]) -> str:
        """As it was less than EVERY_SECONDS ago. Raises what `read` raises."""
        key, now = (caller.organization_id, job_id), time.monotonic()
        kept = self._kept.get(key)
        if kept is None or now - kept.at >= EVERY_SECONDS or _failed(kept.html):
            kept = _Kept(now, asyncio.create_task(_render(read)))
            self._kept[key] = kept
            self._kept.move_to_end(key)
            if len(self._kept) > MAX_KEPT:
                self._kept.popitem(last=False)
        return (await asyncio.shield(kept.html))[caller.role.may_change]


LiveJobsDep = Annotated[LiveJobs, service(LiveJobs)]


async def _existing(frame: FrameDep, id: JobId, jobs: JobsDep) -> None:
    """Raises JobNotFound."""
    await find_job(jobs, frame.caller.organization_id, id)


@router.get("/jobs/{id}/stream", dependencies=[Depends(_existing)])
async def stream(frame: FrameDep, id: JobId, reader: FactsReaderDep, feed: JobFeedDep, live: LiveJobsDep) -> Response:
    """The upper part of the job's page, each time that it has changed. Raises JobNotFound, Unavailable."""
    stopping, caller = Event(), frame.caller
    with ExitStack() as opening:
        watcher = opening.enter_context(feed.watch(id, caller))
        opened = opening.pop_all()

    async def look() -> str:
        return await live.html(caller, id, lambda: reader.read(caller, id))

    return EventAnswer(
        opened,
        _events(watcher, look, stopping),
        ping=HEARTBEAT_SECONDS,
        send_timeout=SEND_SECONDS,
        shutdown_event=stopping,
        shutdown_grace_period=STOP_SECONDS,
    )


@router.get("/live/jobs/{id}")
async def part(frame: FrameDep, id: JobId, reader: FactsReaderDep) -> Response:
    """The same once, right after something was done. Raises JobNotFound."""
    return Response(
        render_live(await reader.read(frame.caller, id), may_change=frame.may_change), media_type="text/html"
    )


async def _events(
    watcher: Watcher, look: Callable[[], Awaitable[str]], stopping: Event
) -> AsyncIterator[ServerSentEvent]:
    until, sent = time.monotonic() + MAX_SECONDS, ""
    while time.monotonic() < until and not stopping.is_set():
        html = await look()
        if html != sent:
            sent = html
            yield ServerSentEvent(event="part", data=html)
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
            yield ServerSentEvent(event="part", data=await look())
            yield ServerSentEvent(event="end", data="over")
            return


async def _render(read: Callable[[], Awaitable[JobFacts]]) -> dict[bool, str]:
    facts = await read()
    return {may_change: render_live(facts, may_change=may_change) for may_change in (True, False)}


def _failed(task: "asyncio.Task[dict[bool, str]]") -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)
