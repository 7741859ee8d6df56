"""What a request's head says is enough to refuse it: before it is parsed, and the same where it came in pieces."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import ExitStack, closing

import pytest

from api import unknown_keys
from api.http import admission
from api.http.admission import AdmissionRules, Head, RefusalLog, read_raw_head
from api.http.errors import InvalidHttp, Overloaded, RateLimited
from api.http.limits import LARGE_BODY_BYTES, MAX_LARGE_OF_A_KEY, MAX_REQUESTS_OF_A_KEY
from api.unknown_keys import UnknownKeys
from tests.api.client import Api, Served
from tests.api.http.test_server import connect, read_answers
from tests.api.test_unknown_keys import a_key
from tests.waiting import eventually

HEAD = "{method} {path} HTTP/1.1\r\nHost: outdial\r\nAuthorization: Bearer {key}\r\n{more}\r\n"


def head(key: str = "", path: str = "/batch/jobs", more: str = "", method: str = "GET") -> bytes:
    return HEAD.format(method=method, path=path, key=key, more=more).encode()


def test_a_heads_path_and_key_are_read_as_the_parser_reads_them() -> None:
    sent = read_raw_head(head("od_x", "/batch/jobs?page=2"))
    assert sent is not None
    assert (sent.head.path, sent.head.token, sent.forwarded, sent.alone) == ("/batch/jobs", "od_x", False, True)
    other = read_raw_head(b"GET / HTTP/1.1\r\nX-API-Key:od_y \r\nx-forwarded-FOR: 192.0.2.1\r\n\r\n")
    assert other is not None
    assert (other.head.token, other.forwarded) == ("od_y", True)
    none = read_raw_head(b"GET / HTTP/1.1\r\nHost: outdial\r\n\r\nAuthorization: od_z\r\n\r\n")
    assert none is not None
    assert (none.head.key, none.alone) == (b"", False)


@pytest.mark.parametrize("more", ["Content-Length: 3\r\n", "transfer-encoding: chunked\r\n", "Connection: close\r\n"])
def test_a_connection_is_not_used_again_where_something_follows(more: str) -> None:
    sent = read_raw_head(head(more=more))
    assert sent is not None
    assert not sent.alone


@pytest.mark.parametrize(
    "data",
    [b"GET / HT", head()[:-1], head(method="HEAD"), head(path="/batch%2Fjobs"), b"GET / HTTP/1.0\r\n\r\n", b"\r\n\r\n"],
)
def test_what_only_a_parser_should_judge_is_left_to_it(data: bytes) -> None:
    assert read_raw_head(data) is None


def test_who_waits_and_who_does_not() -> None:
    rules = AdmissionRules(lambda token, source: 1.5 if (token, source) == ("junk", "192.0.2.1") else 0.0)

    def refusal(path: str, sent: str, source: str = "192.0.2.1") -> object:
        return rules.refusal(Head(path, sent.encode()), source)

    waits = refusal("/batch/jobs", "Bearer junk")
    assert isinstance(waits, RateLimited)
    assert waits.headers == {"Retry-After": "2"}
    assert isinstance(refusal("/batch/jobs", "junk"), RateLimited)
    for path, sent in [("/batch/jobs", "Bearer known"), ("/batch/jobs", ""), ("/healthz", "Bearer junk")]:
        assert refusal(path, sent) is None
    for path in ("/calls/call_1/result", "/v1/calls/call_1/result", "/carriers/twilio/status"):
        assert refusal(path, "Bearer junk") is None, path
    assert refusal("/batch/jobs", "Bearer junk", "192.0.2.2") is None
    with ExitStack() as taken:
        for _ in range(MAX_REQUESTS_OF_A_KEY):
            taken.enter_context(rules.admitted(Head("/batch/jobs", b"Bearer known")))
        assert isinstance(refusal("/batch/jobs", "Bearer known"), Overloaded)
        assert refusal("/healthz", "Bearer known") is None
    assert refusal("/batch/jobs", "Bearer known") is None


def test_a_key_has_fewer_places_for_large_bodies_and_gives_them_back_once() -> None:
    rules = AdmissionRules(lambda *_: 0.0)
    large = read_raw_head(head("od_x", "/batch/create", f"Content-Length: {LARGE_BODY_BYTES + 1}\r\n", "POST"))
    chunked = read_raw_head(head("od_x", "/batch/create", "Transfer-Encoding: chunked\r\n", "POST"))
    small = read_raw_head(head("od_x", "/batch/create", f"Content-Length: {LARGE_BODY_BYTES}\r\n", "POST"))
    assert large is not None
    assert chunked is not None
    assert small is not None
    with ExitStack() as taken:
        leave, *_ = [taken.enter_context(rules.admitted(large.head)) for _ in range(MAX_LARGE_OF_A_KEY)]
        assert isinstance(rules.refusal(large.head, ""), Overloaded)
        assert isinstance(rules.refusal(chunked.head, ""), Overloaded)
        assert rules.refusal(small.head, "") is None
        assert rules.refusal(large.head._replace(key=b"another"), "") is None
        leave()
        leave()
        assert rules.refusal(large.head, "") is None
        taken.enter_context(rules.admitted(large.head))
        assert isinstance(rules.refusal(large.head, ""), Overloaded)
    assert rules.refusal(large.head, "") is None


async def test_a_flood_is_one_line_of_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(admission, "LOG_SECONDS", 0.02)
    refusals = RefusalLog()
    with caplog.at_level(logging.WARNING):
        for _ in range(1000):
            refusals.count(Overloaded())
        refusals.count(InvalidHttp())
        await asyncio.sleep(0.1)
        refusals.count(Overloaded())
        await asyncio.sleep(0.1)
    assert [record.getMessage().partition("status: ")[2] for record in caplog.records] == [
        "400: 1, 503: 1000",
        "503: 1",
    ]


@pytest.fixture
async def flooded(api: Api, served: Served, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """Our address has sent many unknown keys; the organization's key is known."""
    monkeypatch.setattr(unknown_keys, "MAX_FAILURES", 3)
    monkeypatch.setattr(unknown_keys, "FAILURES_PER_SECOND", 1e-6)
    assert (await api.get("/batch/jobs")).status_code == 200

    async def is_flooded() -> bool:
        answer = await api.http.get("/batch/jobs", headers={"x-api-key": "none at all"})
        return answer.status_code == 429

    await eventually(is_flooded, 10)
    yield
    served.app.state.services[UnknownKeys]._failures.clear()


@pytest.mark.usefixtures("flooded")
async def test_a_connection_that_sent_an_unknown_key_takes_the_next_request(api: Api) -> None:
    with closing(connect(api.http)) as connection:
        for sent, status in [(a_key(), 429), (api.tenant.owner, 200), ("no key", 429), (api.tenant.owner, 200)] * 2:
            connection.sendall(head(sent))
            ((found, body),) = await asyncio.to_thread(read_answers, connection)
            assert found == status, body


@pytest.mark.usefixtures("flooded")
async def test_a_head_in_pieces_is_refused_as_a_whole_one(api: Api) -> None:
    answers = []
    for pieces in (1, 2):
        with closing(connect(api.http)) as connection:
            whole = head(a_key())
            for start in range(0, len(whole), -(-len(whole) // pieces)):
                connection.sendall(whole[start : start - (-len(whole) // pieces)])
                await asyncio.sleep(0.05)
            answers += await asyncio.to_thread(read_answers, connection)
    assert answers[0][0] == answers[1][0] == 429
    assert answers[0][1].keys() == answers[1][1].keys()


@pytest.mark.usefixtures("flooded")
async def test_who_still_sends_a_body_reads_why_it_is_refused(api: Api) -> None:
    body = b"x" * 5_000_000
    more = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    with closing(connect(api.http)) as connection:
        connection.sendall(head(a_key(), "/batch/create", more, "POST"))
        await asyncio.to_thread(connection.sendall, body)
        ((status, answer),) = await asyncio.to_thread(read_answers, connection)
    assert (status, answer["code"]) == (429, "rate_limited")


@pytest.mark.usefixtures("flooded")
async def test_what_needs_no_look_up_goes_on(api: Api) -> None:
    assert (await api.http.get("/healthz", headers={"x-api-key": "none"})).status_code == 200
    assert (await api.http.get("/docs")).status_code == 200
    assert (await api.get("/batch/jobs")).status_code == 200
    refused = await api.http.get("/batch/jobs", headers={"x-api-key": "none", "Connection": "keep-alive"})
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert refused.headers["Cache-Control"] == "no-store"
    assert refused.headers["X-Request-Id"].startswith("req_")
