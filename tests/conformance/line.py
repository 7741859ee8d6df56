"""A carrier under judgement: its bed, an adapter, and an ear where its events arrive as in the API and the worker."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import quote

from aiohttp import web

from carriers import Carrier, CarrierAway, EventRequest, Gone, NotPlaced, SearchOrder, Streaming
from carriers.clock import boot_time
from domain.calls.models import CallOrder, CallReport, CallState
from tests.conformance.bed import CALLER, Bed
from tests.serving import served
from tests.waiting import SOON, eventually

SEND_WITHIN_SECONDS = 15.0
SEARCH_SLACK, SEARCH_FOR = timedelta(seconds=5), timedelta(seconds=20)  # about when it was asked for, as the worker's
T = TypeVar("T")

_contacts = itertools.count(1)


class Ear:
    """Where all that is told of calls arrives, in its order; `writes`: a report is taken only while it is set."""

    def __init__(self, patience_seconds: float = SOON) -> None:
        self.reports: list[CallReport] = []
        self.connections = 0
        self.writes = asyncio.Event()
        self.writes.set()
        self._patience_seconds = patience_seconds
        self._deaf = False

    def heard(self, call_id: str) -> list[CallReport]:
        return [report for report in self.reports if report.call_id == call_id]

    async def hear(self, call_id: str, state: CallState) -> CallReport:
        """Wait for the event that a call has come so far."""
        (report, *_) = await self.eventually(lambda: [one for one in self.heard(call_id) if one.state is state])
        return report

    async def eventually(self, question: Callable[[], Awaitable[T] | T]) -> T:
        return await eventually(question, self._patience_seconds)

    @contextmanager
    def deaf(self) -> Iterator[None]:
        """Within: events arrive, and nobody hears them."""
        self._deaf = True
        try:
            yield
        finally:
            self._deaf = False

    async def take(self, report: CallReport) -> None:
        await self.writes.wait()
        if not self._deaf:
            self.reports.append(report)

    @asynccontextmanager
    async def streaming(self, carrier: Carrier) -> AsyncIterator[None]:
        """Hold the carrier's stream, where it has one, as a worker does."""
        if not isinstance(carrier, Streaming):
            yield
            return
        listening = asyncio.create_task(carrier.stream(self.take, self._connected))
        try:
            await self.eventually(lambda: self.connections)
            yield
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    async def _connected(self) -> None:
        self.connections += 1


class Line(Ear):
    def __init__(self, bed: Bed) -> None:
        super().__init__(bed.patience_seconds)
        self.bed = bed
        self.events: list[EventRequest] = []
        self._asked: dict[str, datetime] = {}  # by key
        self._url = ""

    carrier: Carrier

    def order(self, digits: str, **changes: Any) -> CallOrder:
        """A call of a number of its own that ends as its digits say."""
        values: dict[str, Any] = {
            "key": f"contact_{next(_contacts):04}:1",
            "to": self.bed.number(digits),
            "from_": CALLER,
            "audio": self.bed.audio,
            "audio_url": self.bed.audio_url,
            "parameters": {"name": "Customer 0001", "plan": "A & B <gold>"},
            "ring_seconds": self.bed.ring_seconds,
            "max_call_seconds": self.bed.talk_seconds,
        }
        return CallOrder(**(values | changes))

    async def place(self, order: CallOrder, *, within: float = SEND_WITHIN_SECONDS) -> CallReport:
        url = f"{self._url}/carriers/{self.carrier.name}/events?dial={quote(order.key, safe='')}"
        self._asked[order.key] = datetime.now(UTC)
        return await self.carrier.place(order, callback_url=url, send_before=boot_time() + within)

    async def place_soon(self, order: CallOrder) -> CallReport:
        """Place as soon as the carrier takes calls again."""

        async def placed() -> CallReport | None:
            try:
                return await self.place(order)
            except NotPlaced:
                return None

        return await self.eventually(placed)

    def search(self, order: CallOrder, **changes: Any) -> SearchOrder:
        """What is known of a call that was asked for, or of one that never was."""
        asked = self._asked.get(order.key, datetime.now(UTC))
        values: dict[str, Any] = {
            "key": order.key,
            "to": order.to,
            "from_": order.from_,
            "asked_after": asked - SEARCH_SLACK,
            "asked_before": asked + SEARCH_FOR,
            "searched_at": datetime.now(UTC),
        }
        return SearchOrder(**(values | changes))

    async def ask(self, call_id: str, state: CallState) -> CallReport | Gone:
        """Ask until a call has come so far, or is gone; nothing is heard of it."""

        async def stands() -> CallReport | Gone | None:
            try:
                report = await self.carrier.fetch(call_id)
            except CarrierAway:
                return None
            return report if isinstance(report, Gone) or report.state.rank >= state.rank else None

        return await self.eventually(stands)

    async def attempts(self, order: CallOrder, expected: int) -> int:
        """How often the number was tried, by the far end's record, once that says `expected` or has had its time."""

        async def seen() -> int | None:
            count = len(await self.bed.seen(order.to))
            return count if count >= expected else None

        with suppress(AssertionError):
            await self.eventually(seen)
        return len(await self.bed.seen(order.to))

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Line"]:
        async with self._serving():
            try:
                await self.bed.start(self._url)
                self.carrier = self.bed.open()
                async with self.streaming(self.carrier):
                    yield self
                await self.carrier.close()
            finally:
                await self.bed.stop()

    @asynccontextmanager
    async def _serving(self) -> AsyncIterator[None]:
        app = web.Application()
        app.router.add_post("/carriers/{account}/events", self._take)
        async with served(app) as self._url:
            yield

    async def _take(self, request: web.Request) -> web.Response:
        event = EventRequest(
            url=f"{self._url}{request.raw_path}",
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await request.read(),
        )
        self.events.append(event)
        await self.take(self.carrier.read_event(event))
        return web.Response(status=204)
