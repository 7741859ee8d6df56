"""Changes of jobs for everybody who watches: one look of the process at the database for all of them.

Places are bounded for each key and organization, so that no tenant takes them all, and a key that was revoked or has
expired loses its streams within seconds.
"""

import asyncio
import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from api.http.errors import Unavailable
from domain.jobs.models import Caller
from store.jobs.change_feed import MAX_CHANGES, ChangeFeed, ContactChange, Look
from store.organizations.api_keys import ApiKeys

EVERY_SECONDS = 0.5
SHARE = 4  # a look is followed by a pause at least so many times as long
AFTER_ERROR_SECONDS = 2.0
KEYS_EVERY_SECONDS = 3.0  # between two looks at the keys of those who watch
MAX_WATCHERS = 500  # of one process
MAX_OF_AN_ORGANIZATION = 100
MAX_OF_A_KEY = 50
TOO_MANY = "Too many jobs are being watched. Try again in a moment."
TOO_MANY_OF_YOURS = "Your {who} watches {most} jobs already. Close one of its streams first."

log = logging.getLogger("api.jobs.feed")


class Watcher:
    """What one client has not been told yet: how the job stands, and who changed."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self._news = asyncio.Event()
        self._look: Look | None = None
        self._changes: dict[str, ContactChange] = {}
        self._more = False
        self._gone = False

    def saw(self, look: Look) -> None:
        """Remember what the client knows already."""
        self._look = look

    def tell(self, look: Look, changes: tuple[ContactChange, ...], *, more: bool) -> None:
        """Take what was seen; it is news where the job stands differently or somebody changed."""
        if changes or self._look is None or look.state != self._look.state:
            self._news.set()
        self._look = look
        self._more = self._more or more
        for change in changes:
            self._changes.pop(change.id, None)
            self._changes[change.id] = change

    def gone(self) -> None:
        """The job was deleted, or its key is no longer valid: there is nothing more to tell."""
        self._gone = True
        self._news.set()

    async def wait(self) -> None:
        """Until there is news."""
        await self._news.wait()

    def take(self) -> Look | None:
        """All that is new; None where the job is gone."""
        self._news.clear()
        changes, more = tuple(self._changes.values()), self._more
        self._changes, self._more = {}, False
        if self._gone or self._look is None:
            return None
        return Look(
            at=self._look.at,
            state=self._look.state,
            changes=changes[-MAX_CHANGES:],
            more=more or len(changes) > MAX_CHANGES,
        )


class JobFeed:
    """Looks while somebody watches, and at no other time."""

    def __init__(self, feed: ChangeFeed, keys: ApiKeys) -> None:
        self._feed = feed
        self._keys = keys
        self._keys_looked_at = -math.inf
        self._watchers: dict[str, set[Watcher]] = {}
        self._since: datetime | None = None
        self._told: dict[str, set[ContactChange]] = {}  # of the last look, which the next one overlaps
        self._looking: asyncio.Task[None] | None = None

    async def look(self, organization_id: str, job_id: str, since: datetime | None) -> Look | None:
        """One look at a job of an organization; None where it has none of this id."""
        return (await self._feed.look([job_id], since, organization_id)).get(job_id)

    @contextmanager
    def watch(self, job_id: str, caller: Caller) -> Iterator[Watcher]:
        """Watch a job. Register first, then look, so that nothing falls between. Raises Unavailable."""
        self._check_room(caller)
        watcher = Watcher(caller)
        self._watchers.setdefault(job_id, set()).add(watcher)
        if self._looking is None or self._looking.done():
            self._since, self._told = None, {}
            self._looking = asyncio.create_task(self._look_on())
        try:
            yield watcher
        finally:
            self._watchers[job_id].discard(watcher)
            if not self._watchers[job_id]:
                del self._watchers[job_id]

    def _check_room(self, caller: Caller) -> None:
        callers = [watcher.caller for watcher in self._everybody()]
        if len(callers) >= MAX_WATCHERS:
            raise Unavailable(TOO_MANY)
        if sum(other.key_id == caller.key_id for other in callers) >= MAX_OF_A_KEY:
            raise Unavailable(TOO_MANY_OF_YOURS.format(who="API key", most=MAX_OF_A_KEY))
        if sum(other.organization_id == caller.organization_id for other in callers) >= MAX_OF_AN_ORGANIZATION:
            raise Unavailable(TOO_MANY_OF_YOURS.format(who="organization", most=MAX_OF_AN_ORGANIZATION))

    def _everybody(self) -> Iterator[Watcher]:
        for watchers in self._watchers.values():
            yield from watchers

    async def aclose(self) -> None:
        """Look no more."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    async def _look_on(self) -> None:
        loop = asyncio.get_running_loop()
        while self._watchers:
            begun = loop.time()
            pause = EVERY_SECONDS
            try:
                await self._look_at_all()
                if loop.time() - self._keys_looked_at >= KEYS_EVERY_SECONDS:
                    await self._look_at_keys()
                    self._keys_looked_at = loop.time()
            except Exception as error:  # the database is away: what changed meanwhile is told when it is back
                log.warning("Watched jobs could not be read (%s); trying again", type(error).__name__)
                pause = AFTER_ERROR_SECONDS
            await asyncio.sleep(max(pause, SHARE * (loop.time() - begun)))

    async def _look_at_all(self) -> None:
        """The first look only says since when: what it finds is told with who changed, by the second."""
        asked, first = list(self._watchers), self._since is None
        found = await self._feed.look(asked, self._since)
        told, self._told = self._told, {job_id: set(look.changes) for job_id, look in found.items()}
        self._since = min((look.at for look in found.values()), default=self._since)
        for job_id in asked:
            look, watchers = found.get(job_id), self._watchers.get(job_id, ())
            if look is None:
                for watcher in watchers:
                    watcher.gone()
            elif not first:
                known: set[ContactChange] = told.get(job_id, set())
                new = tuple(change for change in look.changes if change not in known)
                for watcher in watchers:
                    watcher.tell(look, new, more=look.more and len(new) == MAX_CHANGES)

    async def _look_at_keys(self) -> None:
        watchers = list(self._everybody())
        valid = await self._keys.find_valid({watcher.caller.key_id for watcher in watchers})
        for watcher in watchers:
            if watcher.caller.key_id not in valid:
                watcher.gone()
