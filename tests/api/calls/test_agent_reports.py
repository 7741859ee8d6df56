"""What agents report of their calls, with the token of the call or a key of the organization."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from store.db.engine import Database
from store.db.vault import Vault
from tests.api.client import SECRET, Api, Tenant, refused
from tests.api.results import Rows

AT = datetime.now(UTC) - timedelta(hours=1)
REPORT = {
    "disposition": "confirmed",
    "summary": "=Ada keeps her appointment.",
    "data": {"slot": "09:00", "guests": [1, None]},
    "transcriptUrl": "https://agent.example/t/1",
    "recordingUrl": "https://agent.example/r/1",
}


def bearer(token: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def token_of(call: str) -> str:
    token = Vault([SECRET]).call_token(call)
    assert token is not None
    return token


@pytest.fixture
async def job(api: Api, records: Database) -> Rows:
    return Rows(records, await api.new_job())


@pytest.fixture
async def call(job: Rows) -> str:
    [contact] = await job.contact_ids()
    return await job.answered(contact, 1, AT)


async def report(http: httpx.AsyncClient, call: str, body: Any, token: str | None = None) -> httpx.Response:
    headers = bearer(token or token_of(call))
    return await http.post(f"/calls/{call}/result", json=body, headers=headers)


async def test_an_agents_report_is_shown_everywhere(api: Api, http: httpx.AsyncClient, job: Rows, call: str) -> None:
    answer = await report(http, call, REPORT)

    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert said["callId"] == call
    assert {name: said["conversation"][name] for name in REPORT} == REPORT
    [contact] = (await api.job(job.job_id))["contacts"]
    assert contact["conversation"] == said["conversation"]
    detail = (await api.get(f"/batch/jobs/{job.job_id}/contacts/{contact['id']}")).json()
    assert detail["conversation"] == detail["dials"][0]["conversation"] == said["conversation"]
    [line] = (await api.get(f"/batch/jobs/{job.job_id}/results", format="jsonl")).text.splitlines()
    assert {name: json.loads(line)[name] for name in REPORT} == REPORT
    [row] = csv.DictReader(io.StringIO((await api.get(f"/batch/jobs/{job.job_id}/results")).text))
    assert row["disposition"] == "confirmed"
    assert row["summary"] == "'=Ada keeps her appointment."
    assert json.loads(row["data"]) == REPORT["data"]


async def test_of_every_field_the_last_word_counts(http: httpx.AsyncClient, call: str) -> None:
    await report(http, call, {"disposition": "maybe", "summary": "Ada thinks about it."})

    said = (await report(http, call, {"disposition": "confirmed", "summary": None})).json()["conversation"]

    assert (said["disposition"], said["summary"], said["data"]) == ("confirmed", "Ada thinks about it.", None)


async def test_a_contact_shows_its_last_conversation(api: Api, http: httpx.AsyncClient, job: Rows, call: str) -> None:
    [contact] = await job.contact_ids()
    second = await job.answered(contact, 2, AT)
    await report(http, second, {"disposition": "second"})
    await report(http, call, {"disposition": "first, said late"})

    detail = (await api.get(f"/batch/jobs/{job.job_id}/contacts/{contact}")).json()

    assert detail["conversation"]["disposition"] == "second"
    assert [dial["conversation"]["disposition"] for dial in detail["dials"]] == ["first, said late", "second"]


async def test_a_token_speaks_of_its_own_call_only(
    api: Api, other: Tenant, http: httpx.AsyncClient, job: Rows, call: str
) -> None:
    [contact] = await job.contact_ids()
    second = await job.answered(contact, 2, AT)
    body = {"disposition": "sold"}

    refused(await report(http, call, body, token_of(second)), 401, "unauthorized")
    refused(await report(http, call, body, "nonsense"), 401, "unauthorized")
    refused(await http.post(f"/calls/{call}/result", json=body), 401, "unauthorized")
    refused(await report(http, call, body, other.owner), 404, "call_not_found")
    refused(await report(http, "call_0", body, token_of("call_0")), 404, "call_not_found")
    refused(await http.get(f"/batch/jobs/{job.job_id}", headers=bearer(token_of(call))), 401, "unauthorized")


async def test_the_token_opens_the_opt_out(api: Api, http: httpx.AsyncClient, call: str) -> None:
    answer = await http.post(f"/calls/{call}/opt-out", headers=bearer(token_of(call)))

    assert answer.status_code == 200, answer.text
    [entry] = (await api.get("/do-not-call")).json()["entries"]
    assert (entry["source"], entry["addedBy"]) == ("agent", call)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, None),
        ({"color": "red"}, None),
        ([], None),
        ({"disposition": "x" * 101}, "disposition"),
        ({"summary": "x" * 10_001}, "summary"),
        ({"summary": 5}, "summary"),
        ({"data": [1]}, "data"),
        ({"data": {"x": "é" * 8192}}, "data"),
        ({"recordingUrl": "javascript:alert(1)"}, "recordingUrl"),
        ({"transcriptUrl": "https://"}, "transcriptUrl"),
        ({"transcriptUrl": "https://[x"}, "transcriptUrl"),
        ({"transcriptUrl": "https://a.example/" + "x" * 2000}, "transcriptUrl"),
        ({"disposition": "a\x00b"}, None),
    ],
)
async def test_what_cannot_be_kept_is_refused(http: httpx.AsyncClient, call: str, body: Any, field: str | None) -> None:
    answer = refused(await report(http, call, body), 400, "invalid_request")

    if field is not None:
        assert [detail["field"] for detail in answer["details"]] == [field]


async def test_a_body_that_is_too_large_is_refused(http: httpx.AsyncClient, call: str) -> None:
    refused(await report(http, call, {"data": {"x": "y" * 70_000}}), 400, "invalid_request")


async def test_a_deleted_job_takes_its_conversations_with_it(
    api: Api, http: httpx.AsyncClient, job: Rows, call: str
) -> None:
    await report(http, call, REPORT)
    await job.ended()
    assert (await api.http.delete(f"/batch/jobs/{job.job_id}", headers=api.key)).status_code == 200

    refused(await report(http, call, REPORT), 404, "call_not_found")
    refused(await report(http, call, REPORT, api.tenant.owner), 404, "call_not_found")


@pytest.mark.parametrize(("audio", "good", "stale"), [("twiml", 14, 16), ("websocket", 23 * 60, 25 * 60)])
async def test_a_token_that_travelled_in_a_url_outlives_its_call_by_minutes_only(
    http: httpx.AsyncClient, records: Database, call: str, audio: str, good: int, stale: int
) -> None:
    async def end(minutes: int) -> None:
        job = "id = (SELECT job_id FROM dials WHERE id = :call)"
        async with records.begin() as connection:
            values = {"call": call, "audio": audio, "minutes": minutes}
            await connection.execute(sa.text(f"UPDATE batch_jobs SET audio = :audio WHERE {job}"), values)
            ended = "ended_at = now() - make_interval(mins => :minutes)"
            await connection.execute(sa.text(f"UPDATE dials SET {ended} WHERE id = :call"), values)

    await end(good)
    assert (await report(http, call, {"disposition": "ok"})).status_code == 200
    await end(stale)
    refused(await report(http, call, {"disposition": "ok"}), 404, "call_not_found")
