"""HEAD and OPTIONS of every address, and pages of other origins in browsers."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest

from api import unknown_keys
from api.app import create_app
from api.http import server
from domain.requests.origins import parse_origins
from stack.ports import free_port
from tests.api.client import Api, Served, refused, serve, settings_for
from tests.api.test_every_route import routes

PAGE = "https://app.example.com"
PER_REQUEST = {"date", "x-request-id", "content-length"}  # the last: of answers that hold a time


def lasting(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in PER_REQUEST}


async def test_head_of_every_get_answers_as_get_without_a_body(api: Api) -> None:
    job_id = await api.new_job()
    paths = {each.path.replace("{id}", job_id) for each in await routes(api.http) if each.method == "GET"}
    assert {"/healthz", "/readyz", "/batch/jobs", f"/batch/jobs/{job_id}/results"} < paths
    for path in [*sorted(paths - {f"/batch/jobs/{job_id}/events"}), "/docs", "/openapi.json", "/v1/batch/jobs", "/no"]:
        got = await api.get(path)
        head = await api.http.head(path, headers=api.key)
        assert (path, head.status_code, head.content) == (path, got.status_code, b"")
        assert (path, lasting(head)) == (path, lasting(got))
    assert (await api.http.head("/batch/jobs", headers=api.key)).headers["content-length"] != "0"


async def test_head_of_a_stream_ends(api: Api) -> None:
    job_id = await api.new_job()
    head = await asyncio.wait_for(api.http.head(f"/batch/jobs/{job_id}/events", headers=api.key), timeout=10)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"].startswith("text/event-stream")
    assert (await api.get("/batch/jobs")).status_code == 200  # over the same connection


async def test_head_asks_for_a_key_and_of_a_post_is_refused(api: Api) -> None:
    assert (await api.http.head("/batch/jobs")).status_code == 401
    answer = await api.http.head("/batch/create", headers=api.key)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST, OPTIONS")


async def test_options_of_every_route_names_its_methods(api: Api) -> None:
    for route in await routes(api.http):
        answer = await api.http.options(route.path.replace("{id}", "1").replace("{number}", "1"))
        assert (route, answer.status_code, answer.content) == (route, 204, b"")
        allowed = answer.headers["Allow"].split(", ")
        assert {route.method, "OPTIONS"} <= set(allowed)
        assert ("HEAD" in allowed) == ("GET" in allowed)
    assert (await api.http.options("/docs")).headers["Allow"] == "GET, HEAD, OPTIONS"
    refused(await api.http.options("/nowhere"), 404, "not_found")


async def test_without_origins_no_answer_has_cors_headers(api: Api) -> None:
    for answer in (
        await api.http.get("/batch/jobs", headers={**api.key, "Origin": PAGE}),
        await api.http.options("/batch/jobs", headers=asked_by(PAGE)),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control-") or name == "vary"]


@pytest.fixture(scope="module")
def opened(shared_database_url: str) -> Iterator[Served]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{free_port()}")
        served = serve(create_app(settings_for(shared_database_url, cors_origins=f"{PAGE}, http://localhost:5173")))
    yield served
    served.stop()


def asked_by(origin: str) -> dict[str, str]:
    """What a browser sends before a request with a key."""
    return {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
    }


@pytest.mark.parametrize("origin", [PAGE, "http://localhost:5173"])
async def test_a_page_of_an_origin_that_is_set_may_call(opened: Served, api: Api, origin: str) -> None:
    async with httpx.AsyncClient(base_url=opened.url, timeout=30) as http:
        asked = await http.options("/v1/do-not-call", headers=asked_by(origin))
        assert asked.status_code == 204
        assert asked.headers["Access-Control-Allow-Origin"] == origin
        assert asked.headers["Access-Control-Allow-Methods"] == "GET, POST, HEAD, OPTIONS"
        allowed = asked.headers["Access-Control-Allow-Headers"].lower().split(", ")
        assert {"authorization", "x-api-key", "content-type", "idempotency-key", "last-event-id"} <= set(allowed)
        assert "X-Request-Id" in asked.headers
        answers = [
            await http.get("/batch/jobs", headers={**api.key, "Origin": origin}),
            await http.get("/batch/jobs", headers={"Origin": origin}),
            await http.get("/nowhere", headers={"Origin": origin}),
            await http.get("/healthz", headers={"Origin": origin, **{f"X-{each}": "1" for each in range(200)}}),
            await http.get("/batch/jobs", headers={"Origin": origin, **{f"X-{each}": "1" for each in range(200)}}),
        ]
    assert [answer.status_code for answer in answers] == [200, 401, 404, 200, 431]
    for answer in answers:
        assert answer.headers["Access-Control-Allow-Origin"] == origin
        assert answer.headers["Vary"] == "Origin"
        assert "Access-Control-Allow-Credentials" not in answer.headers
        shown = answer.headers["Access-Control-Expose-Headers"].split(", ")
        assert {"X-Request-Id", "Retry-After", "X-RateLimit-Remaining", "Content-Disposition"} <= set(shown)


HEAD = f"GET /batch/jobs HTTP/1.1\r\nHost: outdial\r\nOrigin: {PAGE}\r\n"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (f"{HEAD}X-Long: {'a' * 80_000}\r\n\r\n", 431),
        (f"{HEAD}X-Long: {'a' * 80_000}", 431),  # of which no end comes
        (f"{HEAD}no header\r\n\r\n", 400),
        (HEAD, 408),  # the rest never comes
    ],
)
async def test_a_page_reads_what_is_refused_before_it_is_parsed(
    opened: Served, monkeypatch: pytest.MonkeyPatch, sent: str, status: int
) -> None:
    monkeypatch.setattr(server, "HEADER_SECONDS", 0.3)
    url = httpx.URL(opened.url)

    def exchange() -> list[str]:
        with closing(socket.create_connection((url.host, url.port), timeout=10)) as connection:
            connection.sendall(sent.encode())
            return connection.makefile("rb").read().decode().partition("\r\n\r\n")[0].split("\r\n")

    line, *headers = await asyncio.to_thread(exchange)
    assert line.split()[1] == str(status)
    assert {f"access-control-allow-origin: {PAGE}", "vary: origin"} <= {header.lower() for header in headers}


@pytest.mark.parametrize(("origin", "allowed"), [(PAGE, PAGE), ("https://evil.test", None)])
async def test_a_page_reads_why_its_flood_of_keys_is_refused(
    opened: Served, monkeypatch: pytest.MonkeyPatch, origin: str, allowed: str | None
) -> None:
    monkeypatch.setattr(unknown_keys, "MAX_FAILURES", 2)
    monkeypatch.setattr(unknown_keys, "FAILURES_PER_SECOND", 0.01)
    async with httpx.AsyncClient(base_url=opened.url, timeout=30) as http:
        for number in range(5):
            headers = {"Origin": origin, "x-api-key": f"od_{origin[-5:]}_{number}"}
            answer = await http.get("/batch/jobs", headers=headers)
    assert answer.status_code == 429
    assert (answer.headers.get("Access-Control-Allow-Origin"), answer.headers["Vary"]) == (allowed, "Origin")
    assert answer.headers["Retry-After"]


@pytest.mark.parametrize(
    "origin", ["https://app.example.com.evil.test", "http://app.example.com", f"{PAGE}:8443", "null"]
)
async def test_a_page_of_another_origin_may_not(opened: Served, api: Api, origin: str) -> None:
    async with httpx.AsyncClient(base_url=opened.url, timeout=30) as http:
        asked = await http.options("/batch/create", headers=asked_by(origin))
        got = await http.get("/batch/jobs", headers={**api.key, "Origin": origin})
    assert (asked.status_code, got.status_code) == (204, 200)  # a browser judges by the headers
    for answer in (asked, got):
        assert not [name for name in answer.headers if name.startswith("access-control-")]
        assert answer.headers["Vary"] == "Origin"


@pytest.mark.parametrize(
    "wrong",
    ["*", "app.example.com", f"{PAGE}/", f"{PAGE}:443", "https://App.example.com", "ftp://a.test", "https://*.a.test"],
)
def test_what_no_browser_sends_as_an_origin_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"OUTDIAL_CORS_ORIGINS: .* is no origin such as https://app\.example\.com"):
        parse_origins(f"{PAGE}, {wrong}")


def test_origins() -> None:
    assert parse_origins(f" {PAGE},http://[::1]:8080, ") == {PAGE, "http://[::1]:8080"}
