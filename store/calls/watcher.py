"""Dials that moved: one read for many dials."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from store.calls.dial_rows import CHANNEL, DialRow
from store.calls.dials import Dials
from store.db.listen import RECONNECT_SECONDS, Notices, in_background, wait_until

GATHER_SECONDS = 0.002  # notices of one transaction arrive together, and are answered with one read
READ_ALL_SECONDS = 15.0  # so often all followed dials are read, in case a notice was lost

logger = logging.getLogger(__name__)


class Follower:
    """The newest state of one dial, and a way to wait for the next."""

    def __init__(self) -> None:
        self._has_news = False
        self._waiting: asyncio.Future[None] | None = None
        self._dial: DialRow | None = None

    def seed(self, dial: DialRow) -> None:
        """Remember what is known already: only what differs from it is news. News that waits may be newer."""
        if not self._has_news:
            self._dial = dial

    def notify(self, dial: DialRow) -> None:
        """Take what was read, which may be no news."""
        if self._dial is None or _position(dial) != _position(self._dial):
            self._has_news = True
            self.wake()
        self._dial = dial

    def wake(self) -> None:
        """End the wait, news or not."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def wait(self, seconds: float) -> DialRow | None:
        """Return the dial as soon as it moved; None after `seconds` without news, or when it is woken.

        One at a time waits, without a task of its own: a worker follows thousands of calls.
        """
        if not self._has_news:
            loop = asyncio.get_running_loop()
            self._waiting = loop.create_future()
            timer = loop.call_later(max(0.0, seconds), self.wake)
            try:
                await self._waiting
            finally:
                timer.cancel()
                self._waiting = None
        if not self._has_news:
            return None
        self._has_news = False
        return self._dial


def _position(dial: DialRow) -> tuple[object, ...]:
    """What a dial's follower acts on."""
    return dial.state, dial.call_id, dial.ended_at, dial.hang_up_reason


class DialWatch:
    """Followers register first and read afterwards, so that nothing falls between."""

    def __init__(self, dials: Dials, notices: Notices) -> None:
        self._dials = dials
        self._notices = notices
        self._followers: dict[str, set[Follower]] = {}
        self._moved: set[str] = set()
        self._awake = asyncio.Event()
        notices.subscribe(CHANNEL, self._mark_all, self._mark)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listen and read while the block runs."""
        async with self._notices.running(), in_background(self._read_moved()):
            yield

    @contextmanager
    def follow(self, dial_id: str) -> Iterator[Follower]:
        """Register for one dial's news."""
        follower = Follower()
        self._followers.setdefault(dial_id, set()).add(follower)
        try:
            yield follower
        finally:
            self._followers[dial_id].discard(follower)
            if not self._followers[dial_id]:
                del self._followers[dial_id]

    def _mark_all(self) -> None:
        self._mark(*self._followers)

    def _mark(self, *dial_ids: str) -> None:
        followed = self._followers.keys() & dial_ids
        if followed:
            self._moved |= followed
            self._awake.set()

    async def _read_moved(self) -> None:
        clock = asyncio.get_running_loop().time
        read_all_at = clock() + READ_ALL_SECONDS
        while True:
            if await wait_until(read_all_at, self._awake):
                self._mark_all()
                read_all_at = clock() + READ_ALL_SECONDS
            await asyncio.sleep(GATHER_SECONDS)
            self._awake.clear()
            moved, self._moved = self._moved & self._followers.keys(), set()
            if moved:
                await self._notify(moved)

    async def _notify(self, dial_ids: set[str]) -> None:
        try:
            for dial in await self._dials.get_many(sorted(dial_ids)):
                for follower in self._followers.get(dial.id, ()):
                    follower.notify(dial)
        except Exception as error:  # the database is away: everything is read again when it is back
            logger.warning("followed dials could not be read (%s); trying again", type(error).__name__)
            await asyncio.sleep(RECONNECT_SECONDS)
            self._mark(*dial_ids)
