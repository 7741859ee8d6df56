"""What the client sends again, to a server that fails as it is told."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from outdial_client import ApiError, AsyncOutdial, NoAnswer, Outdial, UnexpectedAnswer

from tests.serving import beside, served

AGENTS = {"agents": [], "total": 0, "page": 1, "pageSize": 20}
EVENT = {
    **{"batchJobId": "batch_1", "at": "2026-11-24T12:00:00Z", "statusReason": None, "totalContacts": 1},
    **{"contactsProcessed": 0, "successfulCalls": 0, "failedCalls": 0, "actualStartTime": None, "completedAt": None},
    **{"statusBreakdown": {}, "waitingFor": None, "contacts": [], "contactsMore": False},
}


@dataclass
class Failing:
    """Answers in turn; None hangs up."""

    url: str = ""
    answers: list[web.Response | None] = field(default_factory=list)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        await request.read()
        self.requests.append((request.method, {name.lower(): one for name, one in request.headers.items()}))
        answer = self.answers.pop(0)
        if answer is None:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        return answer

    def keys(self) -> list[str | None]:
        return [headers.get("idempotency-key") for _, headers in self.requests]


def refused(status: int, code: str, **headers: str) -> web.Response:
    return web.json_response({"success": False, "error": "Not now.", "code": code}, status=status, headers=headers)


def events(*blocks: tuple[str, str, str]) -> web.Response:
    lines: list[str] = []
    for kind, id, status in blocks:
        lines += [f"event: {kind}", f"id: {id}", f"data: {json.dumps({**EVENT, 'status': status})}", "", ": ping", ""]
    text = "".join(f"{line}\r\n" for line in lines)
    return web.Response(body=text.encode(), content_type="text/event-stream")


@pytest.fixture
def failing() -> Iterator[Failing]:
    there = Failing()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", there.answer)
    with beside(served(app)) as there.url:
        yield there


@pytest.fixture
def outdial(failing: Failing) -> Iterator[Outdial]:
    with Outdial("od_secret", failing.url) as client:
        yield client


def test_a_429_is_sent_again_when_the_api_says(failing: Failing, outdial: Outdial) -> None:
    failing.answers = [refused(429, "rate_limited", **{"Retry-After": "1"}), web.json_response(AGENTS)]
    began = time.monotonic()
    assert outdial.list_agents().total == 0
    assert time.monotonic() - began >= 1
    assert len(failing.requests) == 2


def test_a_change_that_may_have_been_done_is_not_sent_again(failing: Failing, outdial: Outdial) -> None:
    failing.answers = [None]
    with pytest.raises(NoAnswer) as lost:
        outdial.pause_batch_job("batch_1")
    assert lost.value.sent
    failing.answers = [refused(503, "unavailable")]
    with pytest.raises(ApiError, match="Not now"):
        outdial.pause_batch_job("batch_1")
    assert len(failing.requests) == 2


def test_a_creation_is_sent_again_with_the_same_key(failing: Failing, outdial: Outdial) -> None:
    agent = {"id": "agent_1", "name": "A", "architecture": "pipeline", "audio": "websocket", "createdAt": None}
    failing.answers = [
        None,
        web.Response(status=502, text="<html>"),
        web.json_response(agent | {"audioUrl": "wss://a"}),
    ]
    assert outdial.create_agent({"name": "A", "audioUrl": "wss://a"}).id == "agent_1"
    first, *others = failing.keys()
    assert first
    assert others == [first, first]


def test_it_gives_up_where_the_api_wants_to_be_left_alone_for_long(failing: Failing, outdial: Outdial) -> None:
    failing.answers = [refused(429, "rate_limited", **{"Retry-After": "3600"})]
    with pytest.raises(ApiError) as limited:
        outdial.list_agents()
    assert limited.value.retry_after == 3600
    failing.answers = [web.Response(status=502, text="<html>") for _ in range(3)]
    with pytest.raises(UnexpectedAnswer):
        outdial.list_agents()
    assert len(failing.requests) == 4


def broken_off() -> list[web.Response | None]:
    """A stream in two answers, between which nothing answers."""
    return [
        events(("snapshot", "7", "running"), ("change", "8", "running")),
        None,
        events(("change", "9", "completed"), ("end", "9-end", "of a later version"), ("change", "10", "completed")),
    ]


WHOLE = [
    *(("snapshot", "7", "running"), ("change", "8", "running")),
    *(("change", "9", "completed"), ("end", "9-end", "of a later version")),
]


def test_a_stream_that_breaks_off_goes_on_after_the_last_event(failing: Failing, outdial: Outdial) -> None:
    failing.answers = broken_off()
    seen = [(event.kind, event.id, event.data.status) for event in outdial.watch_batch_job("batch_1")]
    assert seen == WHOLE
    assert [headers.get("last-event-id") for _, headers in failing.requests] == [None, "8", "8"]


async def test_without_blocking_the_same_is_sent_again(failing: Failing) -> None:
    async with AsyncOutdial("od_secret", failing.url) as outdial:
        failing.answers = broken_off()
        seen = [(one.kind, one.id, one.data.status) async for one in outdial.watch_batch_job("batch_1")]
        assert seen == WHOLE
        failing.answers = [None, web.json_response(AGENTS), None]
        assert (await outdial.list_agents()).total == 0
        with pytest.raises(NoAnswer):
            await outdial.pause_batch_job("batch_1")
    assert [headers.get("last-event-id") for _, headers in failing.requests] == [None, "8", "8", None, None, None]


def test_who_waits_is_told_why_and_nothing_is_sent_again_where_nobody_wants_it(failing: Failing) -> None:
    told: list[tuple[str, bool]] = []
    with Outdial("od_secret", failing.url, on_retry=lambda error, wait: told.append((str(error), wait > 0))) as outdial:
        failing.answers = [refused(503, "unavailable"), web.json_response(AGENTS), refused(503, "unavailable"), None]
        assert outdial.list_agents().total == 0
        once = outdial.with_retries(0)
        with pytest.raises(ApiError) as away:
            once.list_agents()
        with pytest.raises(NoAnswer):
            list(once.watch_batch_job("batch_1"))
    assert told == [("Not now. (unavailable)", True)]
    assert (away.value.passing, away.value.may_be_done) == (True, True)
    assert len(failing.requests) == 4
