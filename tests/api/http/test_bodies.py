"""Bodies: their limits, their encodings, and that a client sees why its upload was refused."""

import asyncio
import json
import time
from collections.abc import AsyncIterator

import httpx
import pytest

from store.db.engine import Database
from tests.api.client import CONTACTS, CSV, Api, new_tenant, numbers, refused

MEGABYTE = 1024 * 1024


def form(*parts: tuple[str, bytes], boundary: str = "limit", closed: bool = True) -> bytes:
    head = "".join
    body = b"".join(
        head(f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n').encode() + content + b"\r\n"
        for name, content in parts
    )
    return body + (f"--{boundary}--\r\n".encode() if closed else b"")


async def chunks(size: int, head: bytes = b"") -> AsyncIterator[bytes]:
    yield head
    for _ in range(size // MEGABYTE):
        yield b"x" * MEGABYTE


FILE_HEAD = b'--limit\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nphone\n'


@pytest.mark.parametrize("size", [11, 70])
async def test_a_file_over_ten_megabytes_is_refused_and_the_client_sees_why(api: Api, size: int) -> None:
    answer = await api.http.post(
        "/batch/create",
        content=chunks(size * MEGABYTE, FILE_HEAD),
        headers=api.key | {"Content-Type": "multipart/form-data; boundary=limit"},
    )
    body = refused(answer, 400, "invalid_csv")
    assert "10 MB" in body["error"]


async def test_a_json_body_over_its_limit_is_refused(api: Api) -> None:
    answer = await api.http.post(
        "/batch/create", content=chunks(40 * MEGABYTE), headers=api.key | {"Content-Type": "application/json"}
    )
    assert "32 MB" in refused(answer, 400, "invalid_request")["error"]


@pytest.mark.parametrize("how", ["no key", "member", "no such address"])
async def test_whoever_is_refused_unread_sees_why(api: Api, how: str) -> None:
    path = "/nowhere" if how == "no such address" else "/batch/create"
    headers = {"x-api-key": api.tenant.member} if how == "member" else {}
    answer = await api.http.post(
        path, content=chunks(20 * MEGABYTE), headers=headers | {"Content-Type": "application/json"}
    )
    assert answer.status_code == {"no key": 401, "member": 403, "no such address": 404}[how]


async def test_no_client_can_send_for_ever(api: Api) -> None:
    """Past the drain the connection is closed; what was sent till then is bounded."""
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield FILE_HEAD
        while sent < 1000 * MEGABYTE:
            sent += MEGABYTE
            yield b"x" * MEGABYTE

    try:
        answer = await api.http.post(
            "/batch/create",
            content=endless(),
            headers=api.key | {"Content-Type": "multipart/form-data; boundary=limit"},
        )
    except httpx.TransportError:
        pass
    else:
        assert answer.headers["Connection"] == "close"
    assert sent < 100 * MEGABYTE


async def test_the_connection_serves_on_after_a_refusal(api: Api) -> None:
    answer = await api.http.post(
        "/batch/create",
        content=chunks(12 * MEGABYTE, FILE_HEAD),
        headers=api.key | {"Content-Type": "multipart/form-data; boundary=limit"},
    )
    assert answer.status_code == 400
    assert (await api.get("/batch/jobs")).status_code == 200


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "text/csv",
        "application/xml",
        "application/octet-stream",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=other",
        "multipart/form-data; boundary=" + "b" * 300,
        "multipart/mixed; boundary=limit",
        "nonsense",
    ],
)
async def test_a_body_of_no_known_kind_is_an_invalid_request(api: Api, content_type: str | None) -> None:
    body = form(("fromPhoneNumberId", api.tenant.pipeline.encode()), ("name", b"Test"), ("file", CSV))
    refused(await api.send_raw(body, content_type), 400, "invalid_request")


async def test_a_form_that_ends_too_early_is_refused(api: Api) -> None:
    parts = (("fromPhoneNumberId", api.tenant.pipeline.encode()), ("name", b"Test"), ("file", CSV))
    kind = "multipart/form-data; boundary=limit"
    refused(await api.send_raw(form(*parts, closed=False), kind), 400, "invalid_request")
    refused(await api.send_raw(b"", kind), 400, "invalid_request")
    assert (await api.send_raw(form(*parts), kind)).status_code == 200  # `file` without a file name, too


async def test_a_part_without_a_name_is_refused(api: Api) -> None:
    body = b"--limit\r\nContent-Type: text/plain\r\n\r\nx\r\n--limit--\r\n"
    refused(await api.send_raw(body, "multipart/form-data; boundary=limit"), 400, "invalid_request")


async def test_a_form_has_a_limited_number_of_parts(api: Api) -> None:
    body = form(*((f"f{index}", b"") for index in range(201)))
    refused(await api.send_raw(body, "multipart/form-data; boundary=limit"), 400, "invalid_request")


async def test_text_that_is_not_utf8_is_refused_by_name(api: Api) -> None:
    body = form(("fromPhoneNumberId", api.tenant.pipeline.encode()), ("name", b"\xff\xfe"), ("file", CSV))
    answer = refused(await api.send_raw(body, "multipart/form-data; boundary=limit"), 400, "invalid_request")
    assert answer["details"][0]["field"] == "name"


async def test_a_compressed_body_is_refused_in_words(api: Api) -> None:
    body = json.dumps({"fromPhoneNumberId": api.tenant.pipeline, "name": "Test", "contacts": CONTACTS})
    answer = await api.send_raw(body.encode(), "application/json", **{"Content-Encoding": "gzip"})
    assert "compressed" in refused(answer, 400, "invalid_request")["error"]
    plain = await api.send_raw(body.encode(), "application/json", **{"Content-Encoding": "identity"})
    assert plain.status_code == 200


async def test_other_requests_are_answered_while_a_large_file_is_read(
    http: httpx.AsyncClient, records: Database
) -> None:
    """Under 200 ms is the promise; three times that is given, and three tries, because machines that test are busy."""
    longest = [await longest_wait(http, records)]
    while longest[-1] >= 0.6 and len(longest) < 3:
        longest.append(await longest_wait(http, records))
    assert longest[-1] < 0.6, longest


async def longest_wait(http: httpx.AsyncClient, records: Database) -> float:
    """Seconds, for a look at the process's health while 10,000 rows of 1 KB are read."""
    api = Api(http, await new_tenant(records, credits=None))
    rows = [f"{number},{'x' * 900}" for number in numbers(10_000)]
    upload = asyncio.create_task(api.upload("\n".join(["phone,note", *rows]).encode()))
    waits: list[float] = []
    while not upload.done():
        await asyncio.sleep(0.01)
        started = time.monotonic()
        assert (await http.get("/healthz")).status_code == 200
        waits.append(time.monotonic() - started)
    assert (await upload).json()["totalContacts"] == 10_000
    assert len(waits) >= 10
    return max(waits)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    "preamble", ["", "This is a multi-part message\r\nin MIME format.\n", "\r\n", "x" * 60_000 + "\n"]
)
@pytest.mark.parametrize("size", [7, 1_000_000])
async def test_forms_with_a_preamble_and_with_lf_are_read(api: Api, end: str, preamble: str, size: int) -> None:
    """In small chunks too, and with a file that has line ends of both kinds."""
    if size == 7 and len(preamble) > 1000:
        return
    rows = 'phone,note\r\n+12025550101,a\n+12025550102,"b\n\nc"\n'
    fields = {"fromPhoneNumberId": api.tenant.pipeline, "name": "By hand"}
    parts = [f'Content-Disposition: form-data; name="{name}"{end}{end}{text}{end}' for name, text in fields.items()]
    parts.append(f'Content-Type: text/csv{end}Content-Disposition: form-data; name="file"{end}{end}{rows}{end}')
    body = (preamble + "".join(f"--cut{end}{part}" for part in parts) + f"--cut--{end}").encode()

    async def in_pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(body), size):
            yield body[at : at + size]

    answer = await api.http.post(
        "/batch/create", content=in_pieces(), headers={**api.key, "Content-Type": "multipart/form-data; boundary=cut"}
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["totalContacts"] == 2
    job = await api.job(answer.json()["batchJobId"])
    assert job["name"] == "By hand"
    assert [contact["contactData"]["note"] for contact in job["contacts"]] == ["a", "b\n\nc"]
