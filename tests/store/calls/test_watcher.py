"""Followers are notified of the moves of their dial that they act on: at once, and also when a notice was lost."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager

import pytest
import sqlalchemy as sa

from domain.calls.models import AnsweredBy, CallState, HangUpReason, OnMachine, Outcome
from store.calls import watcher as watching
from store.calls.dial_rows import CHANNEL, DialRow
from store.calls.dials import Dials
from store.calls.watcher import DialWatch, Follower
from store.db import listen as notices
from store.db.listen import Notices, in_background
from store.tables import dials
from tests.store.calling import Calling, a_caller

QUIET = 0.3  # seconds without a notice
AT_ONCE = 5.0  # seconds on a busy machine; the silence after which everything is read lasts 15


@pytest.fixture
async def watch(shared: Calling, shared_database_url: str) -> AsyncIterator[DialWatch]:
    async with _listening_watch(shared, shared_database_url) as watch:
        yield watch


async def test_a_follower_is_notified_of_a_change_right_after_it_began(
    shared: Calling, shared_database_url: str
) -> None:
    """Also while the LISTEN connection is still being made."""
    _, call = await shared.a_call()

    watch = DialWatch(shared.dials, Notices(shared_database_url))
    async with watch.running():
        with watch.follow(await call.id()) as follower:
            follower.seed(await call.now())
            await call.is_busy()

            assert (await _news(follower)).state is CallState.ENDED


async def test_a_follower_is_notified_of_every_move_that_it_acts_on(shared: Calling, watch: DialWatch) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 1, on_machine=OnMachine.HANG_UP)
    call = await job.call()

    with watch.follow(await call.id()) as follower:
        await call.queues()
        await call.rings()
        await call.answers()
        assert await follower.wait(QUIET) is None
        await call.answers(AnsweredBy.MACHINE)
        assert (await _news(follower)).hang_up_reason is HangUpReason.MACHINE
        await call.completes()
        ended = await _news(follower)

    assert (ended.state, ended.outcome, ended.contact_status) == (CallState.ENDED, Outcome.ANSWERED, "completed")


@pytest.mark.parametrize("ending", ["not placed", "given up", "hang up"])
async def test_our_own_changes_are_news_too(shared: Calling, watch: DialWatch, ending: str) -> None:
    job, call = await shared.a_call()

    with watch.follow(await call.id()) as follower:
        match ending:
            case "not placed":
                await call.is_not_placed()
            case "given up":
                await call.is_given_up()
            case _:
                await job.cancel(hang_up=True)
        news = await _news(follower)

    assert (news.outcome, news.hang_up_reason) == {
        "not placed": (Outcome.CARRIER_ERROR, None),
        "given up": (Outcome.UNKNOWN, None),
        "hang up": (None, HangUpReason.CALLED_OFF),
    }[ending]


async def test_all_followers_of_a_dial_are_notified_and_nobody_else(shared: Calling, watch: DialWatch) -> None:
    (_, call), (_, other) = await shared.a_call(), await shared.a_call()
    dial_id, other_id = await call.id(), await other.id()

    with watch.follow(dial_id) as one, watch.follow(dial_id) as two, watch.follow(other_id) as stranger:
        stranger.seed(await other.now())
        await call.is_busy()

        assert [(await _news(follower)).id for follower in (one, two)] == [dial_id, dial_id]
        assert await stranger.wait(0.2) is None


async def test_what_is_known_already_is_no_news_and_does_not_replace_news_that_waits(shared: Calling) -> None:
    _, call = await shared.a_call()
    before = await call.now()
    follower = Follower()
    follower.seed(before)

    follower.notify(before)
    assert await follower.wait(0) is None

    await call.completes()
    follower.notify(await call.now())
    follower.seed(before)
    assert (await _news(follower)).state is CallState.ENDED


async def test_notices_lost_while_the_connection_is_cut_are_made_up(
    shared: Calling, watch: DialWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "RECONNECT_SECONDS", 0.3)
    calls = [call for _, call in [await shared.a_call() for _ in range(3)]]
    ids = [await call.id() for call in calls]

    with watch.follow(ids[0]) as one, watch.follow(ids[1]) as two, watch.follow(ids[2]) as three:
        for follower, call in zip((one, two, three), calls, strict=True):
            follower.seed(await call.now())
        assert await _cut(shared) == 1
        await calls[0].is_busy()
        await calls[1].completes()
        states = [(await _news(follower)).state for follower in (one, two)]
        await _until_listening(shared)
        await calls[2].is_busy()
        states.append((await _news(three)).state)

    assert states == [CallState.ENDED] * 3


async def test_after_a_silence_all_followed_dials_are_read(
    shared: Calling, shared_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "READ_ALL_SECONDS", 0.2)
    _, call = await shared.a_call()

    async with _listening_watch(shared, shared_database_url) as watch:
        with watch.follow(await call.id()) as follower:
            follower.seed(await call.now())
            await shared.change(dials, dials.c.contact_id == call.contact_id, state="ringing")  # and no notice

            assert (await _news(follower)).state is CallState.RINGING


async def test_a_lost_notice_is_made_up_for_although_others_arrive(
    shared: Calling, shared_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that dies after its commit sends none, and all others go on."""
    monkeypatch.setattr(watching, "READ_ALL_SECONDS", 0.5)
    (_, call), (_, busy) = await shared.a_call(), await shared.a_call()

    async with _listening_watch(shared, shared_database_url) as watch:
        with watch.follow(await call.id()) as follower, watch.follow(await busy.id()):
            follower.seed(await call.now())
            async with in_background(_notices_without_end(shared, await busy.id())):
                await shared.change(dials, dials.c.contact_id == call.contact_id, state="ringing")  # and no notice

                assert (await _news(follower)).state is CallState.RINGING


async def test_a_reading_that_fails_is_made_again(
    shared: Calling, shared_database_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(watching, "RECONNECT_SECONDS", 0.1)
    _, call = await shared.a_call()
    unsteady = UnsteadyDials(shared)

    watch = DialWatch(unsteady, Notices(shared_database_url))
    async with watch.running():
        await _until_listening(shared)
        with watch.follow(await call.id()) as follower:
            await call.is_busy()

            assert (await _news(follower)).state is CallState.ENDED

    assert unsteady.failures_left == 0
    assert "+1" not in caplog.text


async def test_a_follower_that_cannot_be_notified_stops_nobody_elses_news(
    shared: Calling, watch: DialWatch, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(watching, "RECONNECT_SECONDS", 0.1)
    (_, call), (_, other) = await shared.a_call(), await shared.a_call()

    with watch.follow(await call.id()) as broken, watch.follow(await other.id()) as follower:
        with monkeypatch.context() as bug:
            bug.setattr(broken, "notify", _mistaken)
            await call.is_busy()
            async with asyncio.timeout(AT_ONCE):
                while "KeyError" not in caplog.text:
                    await asyncio.sleep(0.02)
        await other.is_busy()

        assert [(await _news(each)).state for each in (broken, follower)] == [CallState.ENDED] * 2


async def test_many_moves_are_answered_with_few_reads(shared: Calling, shared_database_url: str) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 20)
    calls = [await job.call(which) for which in range(20)]
    ids = [await call.id() for call in calls]
    counting = CountingDials(shared)
    watch = DialWatch(counting, Notices(shared_database_url))

    async with watch.running():
        await _until_listening(shared)
        with ExitStack() as stack:
            followers = [stack.enter_context(watch.follow(dial_id)) for dial_id in ids]
            await asyncio.gather(*(call.is_busy() for call in calls))
            states = {(await _news(follower)).state for follower in followers}

    assert states == {CallState.ENDED}
    assert counting.reads < 20


async def test_a_watch_that_ends_leaves_no_connection(shared: Calling, shared_database_url: str) -> None:
    async with _listening_watch(shared, shared_database_url):
        assert await _listeners(shared) == 1

    async with asyncio.timeout(AT_ONCE):
        while await _listeners(shared):
            await asyncio.sleep(0.02)


async def _notices_without_end(calling: Calling, dial_id: str) -> None:
    announcing = sa.text("SELECT announce(:channel, :dial)")
    while True:
        async with calling.engine.begin() as connection:
            await connection.execute(announcing, {"channel": CHANNEL, "dial": dial_id})
        await asyncio.sleep(0.05)


def _mistaken(_: DialRow) -> None:
    raise KeyError("a mistake of ours")


class UnsteadyDials(Dials):
    """The database is away for the first two readings."""

    def __init__(self, calling: Calling) -> None:
        super().__init__(calling.engine)
        self.failures_left = 2

    async def get_many(self, dial_ids: Sequence[str]) -> list[DialRow]:
        if self.failures_left:
            self.failures_left -= 1
            raise ConnectionError
        return await super().get_many(dial_ids)


class CountingDials(Dials):
    def __init__(self, calling: Calling) -> None:
        super().__init__(calling.engine)
        self.reads = 0

    async def get_many(self, dial_ids: Sequence[str]) -> list[DialRow]:
        self.reads += 1
        return await super().get_many(dial_ids)


async def _news(follower: Follower) -> DialRow:
    dial = await follower.wait(AT_ONCE)
    assert dial is not None, "no news"
    return dial


@asynccontextmanager
async def _listening_watch(calling: Calling, url: str) -> AsyncIterator[DialWatch]:
    watch = DialWatch(calling.dials, Notices(url))
    async with watch.running():
        await _until_listening(calling)
        yield watch


async def _until_listening(calling: Calling) -> None:
    async with asyncio.timeout(AT_ONCE):
        while not await _listeners(calling):
            await asyncio.sleep(0.02)


OF_WATCH = "FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'outdial-watch'"


async def _listeners(calling: Calling) -> int:
    async with calling.engine.connect() as connection:
        query = sa.text(f"SELECT count(*) {OF_WATCH} AND query LIKE 'LISTEN%' AND state = 'idle'")
        return int((await connection.execute(query)).scalar_one())


async def _cut(calling: Calling) -> int:
    async with calling.engine.connect() as connection:
        return len((await connection.execute(sa.text(f"SELECT pg_terminate_backend(pid) {OF_WATCH}"))).all())
