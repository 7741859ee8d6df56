"""The HTTP server as sockets meet it: upgrades that are ignored, heads and bodies that do not come, full houses."""

import asyncio
import json
import socket
import time
from contextlib import ExitStack, closing

import httpx
import pytest

from api.http import limits, middleware, server
from domain.statuses import Role
from store.db.engine import Database
from store.organizations.api_keys import ApiKeys
from tests.api.client import Api, Served, Tenant, refused
from tests.waiting import eventually

H2C = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n"
HALF = (
    "POST /batch/create HTTP/1.1\r\nHost: outdial\r\nAuthorization: Bearer {key}\r\n"
    "Content-Type: application/json\r\nContent-Length: 5000\r\n\r\n "
)


def connect(http: httpx.AsyncClient, timeout: float = 10.0) -> socket.socket:
    return socket.create_connection((http.base_url.host, http.base_url.port), timeout=timeout)


def read_answers(connection: socket.socket, count: int = 1) -> list[tuple[int, dict[str, object]]]:
    """The next answers of a connection: status and JSON body."""
    found = []
    stream = connection.makefile("rb")
    for _ in range(count):
        status = int(stream.readline().split()[1])
        length = 0
        while (line := stream.readline().strip()) != b"":
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        found.append((status, json.loads(stream.read(length))))
    return found


def ended(connection: socket.socket) -> bool:
    try:
        return connection.recv(65536) == b""
    except ConnectionResetError:
        return True


def post(path: str, key: str, body: bytes, *, framing: str = "") -> bytes:
    framing = framing or f"Content-Length: {len(body)}\r\n"
    return (
        f"POST {path} HTTP/1.1\r\nHost: outdial\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\n{H2C}{framing}\r\n"
    ).encode() + body


def chunked(body: bytes) -> bytes:
    half = len(body) // 2
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:half], body[half:])) + b"0\r\n\r\n"


@pytest.mark.parametrize("way", ["length", "chunked", "in two packets"])
async def test_a_body_after_an_offer_to_upgrade_is_read(api: Api, way: str) -> None:
    body = json.dumps({"fromPhoneNumberId": api.tenant.pipeline, "name": "h2c", "contacts": []}).encode()
    sent = post("/batch/create", api.tenant.owner, body)
    if way == "chunked":
        sent = post("/batch/create", api.tenant.owner, chunked(body), framing="Transfer-Encoding: chunked\r\n")
    parts = [sent[: -len(body)], sent[-len(body) :]] if way == "in two packets" else [sent]

    def exchange() -> list[tuple[int, dict[str, object]]]:
        with closing(connect(api.http)) as connection:
            for part in parts:
                connection.sendall(part)
                time.sleep(0.05)
            first = read_answers(connection)
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: outdial\r\n\r\n")  # the connection goes on
            return first + read_answers(connection)

    (status, answer), alive = await asyncio.to_thread(exchange)
    assert (status, answer["code"]) == (400, "no_valid_contacts"), answer  # it knew that the list is empty
    assert alive == (200, {"status": "ok"})


async def test_what_a_cancel_asks_is_heard_with_an_offer_to_upgrade(api: Api) -> None:
    job = await api.new_job(scheduledFor="2099-01-01T09:00:00Z", timezone="UTC")

    def cancel() -> tuple[int, dict[str, object]]:
        with closing(connect(api.http)) as connection:
            connection.sendall(post(f"/batch/jobs/{job}/cancel", api.tenant.owner, b'{"hangUp": "perhaps"}'))
            return read_answers(connection)[0]

    status, answer = await asyncio.to_thread(cancel)
    assert (status, answer["code"]) == (400, "invalid_request"), "an empty body would have cancelled it"
    assert (await api.job(job))["status"] == "pending"


async def test_too_many_headers_are_refused(api: Api) -> None:
    answer = await api.http.get("/batch/jobs", headers=api.key | {f"X-{number}": "a" for number in range(120)})
    refused(answer, 431, "headers_too_large")


@pytest.mark.parametrize("pieces", [1, 40])
async def test_headers_beyond_their_size_are_refused(api: Api, pieces: int) -> None:
    """In one packet and in many, of which the end never comes."""

    def send() -> tuple[int, dict[str, object]]:
        with closing(connect(api.http)) as connection:
            connection.sendall(b"GET /batch/jobs HTTP/1.1\r\nHost: outdial\r\n")
            for number in range(pieces):
                connection.sendall(b"X-%d: %s\r\n" % (number, b"a" * (80_000 // pieces)))
            if pieces == 1:
                connection.sendall(b"\r\n")
            return read_answers(connection)[0]

    status, answer = await asyncio.to_thread(send)
    assert (status, answer["code"]) == (431, "headers_too_large")


async def test_what_is_no_http_is_refused_as_everything_is(api: Api) -> None:
    def send() -> tuple[int, dict[str, object]]:
        with closing(connect(api.http)) as connection:
            connection.sendall(b"\x16\x03\x01\x02\x00\r\n\r\n")
            found = read_answers(connection)[0]
            assert ended(connection)
            return found

    status, answer = await asyncio.to_thread(send)
    assert (status, answer["success"], answer["code"]) == (400, False, "invalid_request")


async def test_a_head_that_does_not_come_ends_the_connection(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HEADER_SECONDS", 0.3)

    def half() -> tuple[int, dict[str, object]]:
        with closing(connect(api.http)) as connection:
            for byte in b"GET /healthz HT":
                connection.sendall(bytes([byte]))
            found = read_answers(connection)[0]
            assert ended(connection)
            return found

    def nothing() -> bool:
        with closing(connect(api.http)) as connection:
            return ended(connection)

    status, answer = await asyncio.to_thread(half)
    assert (status, answer["code"]) == (408, "request_timeout")
    assert await asyncio.to_thread(nothing)


async def test_a_second_request_has_its_own_time(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HEADER_SECONDS", 0.5)

    def two() -> list[tuple[int, dict[str, object]]]:
        request = b"GET /healthz HTTP/1.1\r\nHost: outdial\r\n\r\n"
        with closing(connect(api.http)) as connection:
            found = []
            for _ in range(3):
                connection.sendall(request[:20])
                time.sleep(0.3)
                connection.sendall(request[20:])
                found += read_answers(connection)
            return found

    assert [status for status, _ in await asyncio.to_thread(two)] == [200, 200, 200]


@pytest.mark.parametrize(("name", "seconds"), [("BODY_IDLE_SECONDS", 0.3), ("BODY_GRACE_SECONDS", 0.3)])
async def test_a_body_that_does_not_come_is_given_up(
    api: Api, monkeypatch: pytest.MonkeyPatch, name: str, seconds: float
) -> None:
    """It stands still, or trickles at less than the least rate."""
    monkeypatch.setattr(middleware, name, seconds)

    def trickle() -> tuple[int, dict[str, object]]:
        with closing(connect(api.http)) as connection:
            connection.sendall(HALF.format(key=api.tenant.owner).encode())
            until = time.monotonic() + 5
            while name == "BODY_GRACE_SECONDS" and time.monotonic() < until:
                try:
                    connection.sendall(b" ")
                except OSError:
                    break
                connection.settimeout(0.1)
                try:
                    if connection.recv(1, socket.MSG_PEEK):
                        break
                except TimeoutError:
                    continue
            connection.settimeout(10)
            return read_answers(connection)[0]

    status, answer = await asyncio.to_thread(trickle)
    assert (status, answer["code"]) == (408, "request_timeout")


@pytest.fixture
def few_connections(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(server, "MAX_CONNECTIONS", 20)
    return 20


async def test_idle_connections_make_room_for_requests(served: Served, few_connections: int) -> None:
    address = httpx.URL(served.url)
    with ExitStack() as open_ones:
        idle = [
            open_ones.enter_context(closing(socket.create_connection((address.host, address.port), timeout=10)))
            for _ in range(few_connections * 2)
        ]
        async with httpx.AsyncClient(base_url=served.url, timeout=10) as client:
            assert (await client.get("/healthz")).status_code == 200
        await eventually(lambda: sum(map(is_closed, idle)) >= few_connections, 5)


def is_closed(connection: socket.socket) -> bool:
    connection.settimeout(0)
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


async def hold_places(api: Api, keys: list[str], count: int, open_ones: ExitStack) -> None:
    """Requests whose bodies are half there, each with the next of the keys."""
    for number in range(count):
        connection = open_ones.enter_context(closing(connect(api.http)))
        await asyncio.to_thread(connection.sendall, HALF.format(key=keys[number % len(keys)]).encode())


async def until_status(api: Api, status: int) -> httpx.Response:
    deadline = time.monotonic() + 10
    while (answer := await api.get("/batch/jobs")).status_code != status and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
    return answer


async def test_more_requests_than_there_are_places_are_told_to_come_again(api: Api, records: Database) -> None:
    """Health is answered, and carriers have places of their own."""
    needed = limits.MAX_REQUESTS // limits.MAX_REQUESTS_OF_A_KEY
    keys = [(await ApiKeys(records).create(api.tenant.id, Role.OWNER, "one of many")).key for _ in range(needed)]
    with ExitStack() as open_ones:
        await hold_places(api, keys, limits.MAX_REQUESTS, open_ones)
        answer = await until_status(api, 503)
        refused(answer, 503, "unavailable")
        assert 1 <= int(answer.headers["Retry-After"]) <= 5
        assert (await api.http.get("/healthz")).status_code == 200
        refused(await api.http.post("/carriers/nobody/events"), 404, "not_found")
    assert (await until_status(api, 200)).status_code == 200


async def test_no_key_takes_all_places(api: Api, other: Tenant) -> None:
    with ExitStack() as open_ones:
        await hold_places(api, [other.owner], limits.MAX_REQUESTS_OF_A_KEY, open_ones)
        refused(await until_status(Api(api.http, other), 503), 503, "unavailable")
        assert (await api.get("/batch/jobs")).status_code == 200
