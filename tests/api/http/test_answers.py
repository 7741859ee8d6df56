"""What holds for every answer: request ids, unknown addresses, failures of ours."""

import logging
import re

import httpx
import pytest
import sqlalchemy as sa

from api.app import create_app
from stack.ports import free_port
from store.db.engine import Database
from telemetry.logging import JsonLines
from tests.api.client import Api, Tenant, refused, serve, settings_for

NEW_ID = re.compile(r"req_[0-9a-f]{24}")


async def test_every_answer_carries_a_request_id(api: Api) -> None:
    for answer in (
        await api.get("/batch/jobs"),
        await api.get("/nowhere"),
        await api.http.get("/batch/jobs"),
        await api.get("/healthz"),
        await api.get("/docs"),
    ):
        assert NEW_ID.fullmatch(answer.headers["X-Request-Id"])


async def test_a_clients_own_request_id_comes_back(http: httpx.AsyncClient) -> None:
    answer = await http.get("/healthz", headers={"X-Request-Id": "order-17/retry:2"})
    assert answer.headers["X-Request-Id"] == "order-17/retry:2"


@pytest.mark.parametrize("sent", ["", "x" * 129, "two words", "ümlaut", "a;b", '"quoted"'])
async def test_a_request_id_that_is_not_sane_is_replaced(http: httpx.AsyncClient, sent: str) -> None:
    answer = await http.get("/healthz", headers={"X-Request-Id": sent.encode()})
    assert NEW_ID.fullmatch(answer.headers["X-Request-Id"])


@pytest.mark.parametrize("path", ["/nowhere", "/batch", "/v1", "/v2/batch/jobs", "/batch/jobs/"])
async def test_an_unknown_address_is_not_found(api: Api, path: str) -> None:
    refused(await api.get(path), 404, "not_found")


async def test_a_wrong_method_says_which_is_right(api: Api) -> None:
    answer = await api.get("/batch/create")
    refused(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == "POST, OPTIONS"
    answer = await api.http.delete("/batch/jobs", headers=api.key)
    refused(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"
    answer = await api.http.put("/v1/agents", headers=api.key)
    refused(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, POST, HEAD, OPTIONS"
    answer = await api.http.put("/webhooks/webhook_1/deliveries/replay", headers=api.key)
    refused(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == "POST, OPTIONS"


async def test_the_same_paths_exist_under_v1(api: Api) -> None:
    job_id = await api.new_job()
    assert (await api.get(f"/v1/batch/jobs/{job_id}")).json()["id"] == job_id
    assert (await api.get("/v1/batch/jobs")).json()["total"] == 1
    assert (await api.post(f"/v1/batch/jobs/{job_id}/cancel")).status_code == 200
    refused(await api.get("/v1/batch/create"), 405, "method_not_allowed")


@pytest.mark.parametrize("id", ["batch_%00", "batch_ü", "x" * 65, "%20", "a%2Fb%2Fc", "..%2f..%2fetc"])
async def test_what_cannot_be_an_id_names_no_job(api: Api, id: str) -> None:
    answer = await api.get(f"/batch/jobs/{id}")
    assert answer.status_code == 404
    assert answer.json()["code"] in {"job_not_found", "not_found"}


async def test_an_unexpected_failure_tells_nothing_of_its_cause(
    api: Api, records: Database, caplog: pytest.LogCaptureFixture
) -> None:
    job_id = await api.new_job()
    async with records.begin() as connection:
        await connection.execute(sa.text("UPDATE batch_jobs SET status = 'odd' WHERE id = :id"), {"id": job_id})
    answer = await api.get(f"/batch/jobs/{job_id}")
    body = refused(answer, 500, "internal_error")
    assert "odd" not in answer.text
    assert "Traceback" not in answer.text
    assert "details" not in body
    logged = [record for record in caplog.records if record.name == "api.http.exception_handlers"]
    assert logged[-1].exc_info is not None


async def test_a_database_that_is_away_is_unavailable(temporal_away: None) -> None:
    url = f"postgresql+psycopg://postgres@127.0.0.1:{free_port()}/nothing"
    served = serve(create_app(settings_for(url)))
    try:
        async with httpx.AsyncClient(base_url=served.url, timeout=20) as client:
            answer = await client.get("/batch/jobs", headers={"x-api-key": "od_" + "x" * 43})
            body = refused(answer, 503, "unavailable")
            assert "127.0.0.1" not in answer.text
            assert "details" not in body
            assert answer.headers["Retry-After"]
            assert (await client.get("/healthz")).status_code == 200
            ready = await client.get("/readyz")
            assert ready.status_code == 503
            assert ready.json()["parts"]["database"] == {"ok": False, "detail": "cannot be reached"}
    finally:
        served.stop()


def test_no_log_line_shows_a_phone_number() -> None:
    record = logging.LogRecord(
        "api", logging.ERROR, "", 0, "call to %s failed, dial=%%2B%s", (NUMBER, "4915112345678"), None
    )
    line = JsonLines().format(record)
    assert "2025550101" not in line
    assert "15112345678" not in line
    assert "…01" in line
    bare = JsonLines().format(logging.LogRecord("api", logging.ERROR, "", 0, "a call to 12025550101", None, None))
    assert ("2025550101" in bare, "…01" in bare) == (False, True)


NUMBER = "+12025550101"


async def test_requests_are_logged_without_numbers(api: Api, tenant: Tenant, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    await api.send([{"phone": NUMBER}, {"phone": "+1202555010"}])
    await api.upload(b"phone\n+12025550101\n12025550102\n")
    written = "\n".join(JsonLines().format(record) for record in caplog.records)
    assert "POST /batch/create 200" in written
    assert "2025550101" not in written
    assert tenant.owner not in written
