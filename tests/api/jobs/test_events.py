"""Watching a job by server-sent events."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from api.jobs import feed as job_feed
from api.jobs.feed import JobFeed
from domain.statuses import Role
from store.db.engine import Database
from store.jobs.change_feed import ChangeFeed
from store.organizations.api_keys import ApiKeys
from tests.api.client import Api, Served, Tenant, numbers, refused
from tests.api.results import Rows

NOW = sa.func.clock_timestamp()
PATIENCE = 30.0  # seconds


@dataclass
class Event:
    kind: str
    id: str
    data: dict[str, Any]
    at: float


@dataclass(frozen=True)
class Keyed(Api):
    """A client of the organization with another of its keys."""

    other_key: str

    @property
    def key(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.other_key}"}


class Stream:
    """A client that reads events."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self._lines = answer.aiter_lines()

    async def next(self) -> Event | None:
        """The next event; None at the end of the stream."""
        async with asyncio.timeout(PATIENCE):
            fields: dict[str, str] = {}
            async for line in self._lines:
                name, _, value = line.partition(": ")
                if not line and "event" in fields:
                    at = asyncio.get_running_loop().time()
                    return Event(fields["event"], fields["id"], json.loads(fields["data"]), at)
                if name:
                    fields[name] = value
        return None

    async def until(self, kind: str) -> Event:
        while (event := await self.next()) is not None:
            if event.kind == kind:
                return event
        raise AssertionError(f"no {kind} came")

    async def change(self) -> Event:
        """The next change of contacts; what changes of the job alone may come in between."""
        while not (event := await self.until("change")).data["contacts"]:
            pass
        return event


@asynccontextmanager
async def watching(api: Api, job_id: str, last: str | None = None) -> AsyncIterator[Stream]:
    headers = api.key | ({} if last is None else {"Last-Event-ID": last})
    async with api.http.stream("GET", f"/batch/jobs/{job_id}/events", headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        yield Stream(answer)


@pytest.fixture
async def job(api: Api, records: Database) -> Rows:
    return Rows(records, await api.new_job(contacts=[{"phone": number} for number in numbers(3)]))


async def test_the_first_event_says_how_the_job_stands(api: Api, job: Rows) -> None:
    async with watching(api, job.job_id) as stream:
        first = await stream.next()

    assert first is not None
    assert first.kind == "snapshot"
    assert first.data["batchJobId"] == job.job_id
    assert (first.data["status"], first.data["totalContacts"], first.data["contactsProcessed"]) == ("pending", 3, 0)
    assert first.data["statusBreakdown"]["pending"] == 3
    assert (first.data["contacts"], first.data["contactsMore"]) == ([], False)
    assert first.data["waitingFor"] is None  # Temporal is away, and the rest is told


async def test_changes_follow_and_the_end_is_the_last(api: Api, job: Rows) -> None:
    one, two, three = await job.contact_ids()
    async with watching(api, job.job_id) as stream:
        await stream.next()
        await job.contact(one, status="dialing", last_attempt_at=NOW, external_id="patient-1")
        change = await stream.change()
        assert change.data["contacts"] == [
            {
                "id": one,
                "row": 1,
                "phone": f"…{numbers(1)[0][-2:]}",
                "externalId": "patient-1",
                "status": "dialing",
                "errorCode": None,
                "attemptCount": 0,
                "nextRetryAt": None,
                "callDuration": None,
                "answeredBy": None,
                "disposition": None,
            }
        ]
        await job.contact(
            one,
            status="completed",
            attempts=1,
            completed_at=NOW,
            call_seconds=7,
            answered_by="human",
            conversation={"disposition": "sold"},
        )
        change = await stream.change()
        assert [(c["status"], c["callDuration"], c["disposition"]) for c in change.data["contacts"]] == [
            ("completed", 7, "sold")
        ]
        assert change.data["successfulCalls"] == 1
        for contact in (two, three):
            await job.contact(contact, status="cancelled", completed_at=NOW)
        await job.ended("cancelled")
        end = await stream.until("end")
        assert await stream.next() is None

    assert end.data["status"] == "cancelled"
    assert end.data["contactsProcessed"] == 3


async def test_who_changed_before_the_first_look_is_told_with_the_counts(
    records: Database, job: Rows, api: Api
) -> None:
    one, *_ = await job.contact_ids()
    feed = JobFeed(ChangeFeed(records), ApiKeys(records))
    caller = await ApiKeys(records).find_caller(api.tenant.owner)
    assert caller is not None
    snapshot = (await ChangeFeed(records).look([job.job_id], None))[job.job_id]
    await job.contact(one, status="dialing", last_attempt_at=NOW)
    with feed.watch(job.job_id, caller) as watcher:
        watcher.saw(snapshot)
        async with asyncio.timeout(PATIENCE):
            await watcher.wait()
        told = watcher.take()
    await feed.aclose()

    assert told is not None
    assert [(change.id, change.status) for change in told.changes] == [(one, "dialing")]


async def test_a_stream_ends_with_the_last_call_not_before(api: Api, job: Rows) -> None:
    one, *_ = await job.contact_ids()
    await job.contact(one, status="dialing")
    await job.ended("cancelled")
    async with watching(api, job.job_id) as stream:
        snapshot = await stream.next()
        assert snapshot is not None
        assert snapshot.kind == "snapshot"
        await job.contact(one, status="completed", completed_at=NOW)
        assert (await stream.until("end")).data["successfulCalls"] == 1


async def test_whoever_comes_back_hears_who_changed_meanwhile(api: Api, job: Rows) -> None:
    one, two, _ = await job.contact_ids()
    await job.contact(two, status="busy", completed_at=datetime(2026, 1, 1, tzinfo=UTC))
    async with watching(api, job.job_id) as stream:
        first = await stream.next()
    assert first is not None
    await job.contact(one, status="no_answer", completed_at=NOW)

    async with watching(api, job.job_id, last=first.id) as stream:
        again = await stream.next()

    assert again is not None
    assert again.kind == "snapshot"
    assert [(c["id"], c["status"]) for c in again.data["contacts"]] == [(one, "no_answer")]
    assert int(again.id) > int(first.id)


async def test_whoever_knows_the_end_need_not_come_again(api: Api, job: Rows) -> None:
    await job.ended()
    async with watching(api, job.job_id) as stream:
        assert (await stream.next()).kind == "snapshot"  # type: ignore[union-attr]
        end = await stream.until("end")
        assert await stream.next() is None

    headers = api.key | {"Last-Event-ID": end.id}
    assert (await api.http.get(f"/batch/jobs/{job.job_id}/events", headers=headers)).status_code == 204


async def test_at_most_two_events_a_second(api: Api, job: Rows) -> None:
    one, *_ = await job.contact_ids()

    async def go_on() -> None:
        for attempt in range(20):
            await job.contact(one, attempts=attempt, last_attempt_at=NOW)
            await asyncio.sleep(0.1)
        await job.ended()

    times = []
    async with watching(api, job.job_id) as stream, asyncio.TaskGroup() as tasks:
        tasks.create_task(go_on())
        while (event := await stream.next()) is not None:
            times.append(event.at)

    assert 3 <= len(times) <= 8
    assert all(later - earlier > 0.3 for earlier, later in pairwise(times)), times


async def test_more_changes_than_are_told_are_said_to_be_more(api: Api, records: Database) -> None:
    job = Rows(records, await api.new_job(contacts=[{"phone": number} for number in numbers(101)]))
    async with records.begin() as connection:
        await connection.execute(
            sa.text("UPDATE contacts SET status = 'busy', completed_at = clock_timestamp() WHERE job_id = :job"),
            {"job": job.job_id},
        )

    async with watching(api, job.job_id, last="0") as stream:
        first = await stream.next()

    assert first is not None
    assert (len(first.data["contacts"]), first.data["contactsMore"]) == (100, True)


async def test_watchers_hold_no_connection_of_the_database(
    api: Api, records: Database, served: Served, job: Rows
) -> None:
    watchers = 15  # more than the pool has
    async with httpx.AsyncClient(base_url=served.url, timeout=30) as client:
        many = Api(client, api.tenant)
        contexts = [watching(many, job.job_id) for _ in range(watchers)]
        streams = await asyncio.gather(*(context.__aenter__() for context in contexts))
        firsts = await asyncio.gather(*(stream.next() for stream in streams))
        assert all(first is not None and first.kind == "snapshot" for first in firsts)
        assert (await api.get(f"/batch/jobs/{job.job_id}")).status_code == 200
        await job.ended()
        ends = await asyncio.gather(*(stream.until("end") for stream in streams))
        for context in contexts:
            await context.__aexit__(None, None, None)

    assert {end.data["status"] for end in ends} == {"completed"}


async def test_a_deleted_job_ends_its_streams(api: Api, job: Rows, records: Database) -> None:
    async with watching(api, job.job_id) as stream:
        await stream.next()
        async with records.begin() as connection:
            await connection.execute(sa.text("DELETE FROM batch_jobs WHERE id = :job"), {"job": job.job_id})
        assert await stream.next() is None


async def test_a_job_of_others_cannot_be_watched(api: Api, other: Tenant, http: httpx.AsyncClient, job: Rows) -> None:
    refused(await Api(http, other).get(f"/batch/jobs/{job.job_id}/events"), 404, "job_not_found")
    refused(await http.get(f"/batch/jobs/{job.job_id}/events"), 401, "unauthorized")


@pytest.mark.parametrize("change", ["revoked_at = now()", "expires_at = now()"])
async def test_a_key_that_is_no_longer_valid_loses_its_streams(
    api: Api, job: Rows, records: Database, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_feed, "KEYS_EVERY_SECONDS", 0.3)
    issued = await ApiKeys(records).create(api.tenant.id, Role.MEMBER, "leaves")
    theirs = Keyed(api.http, api.tenant, issued.key)
    async with watching(theirs, job.job_id) as stream, watching(api, job.job_id) as other:
        await stream.next()
        await other.next()
        async with records.begin() as connection:
            await connection.execute(sa.text(f"UPDATE api_keys SET {change} WHERE id = :id"), {"id": issued.id})
        assert await stream.next() is None
        one, *_ = await job.contact_ids()
        await job.contact(one, status="dialing", last_attempt_at=NOW)
        assert (await other.change()).data["contacts"][0]["id"] == one


async def test_no_key_and_no_organization_takes_all_streams(
    api: Api, other: Tenant, job: Rows, records: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_feed, "MAX_OF_A_KEY", 2)
    monkeypatch.setattr(job_feed, "MAX_OF_AN_ORGANIZATION", 3)
    member = Keyed(api.http, api.tenant, api.tenant.member)
    honest = Api(api.http, other)
    theirs = await honest.new_job()
    async with AsyncExitStack() as open_ones:
        streams = [await open_ones.enter_async_context(watching(client, job.job_id)) for client in (api, api, member)]
        assert all([await stream.next() for stream in streams])
        answer = await api.get(f"/batch/jobs/{job.job_id}/events")
        assert "API key" in refused(answer, 503, "unavailable")["error"]
        answer = await member.get(f"/batch/jobs/{job.job_id}/events")
        assert "organization" in refused(answer, 503, "unavailable")["error"]
        async with watching(honest, theirs) as stream:
            assert (await stream.next()) is not None
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while asyncio.get_running_loop().time() < deadline:  # as soon as their leaving is seen
        try:
            async with watching(api, job.job_id) as stream:
                assert (await stream.next()) is not None
            return
        except AssertionError:
            await asyncio.sleep(0.05)
    raise AssertionError("the places of streams that ended were never free again")
