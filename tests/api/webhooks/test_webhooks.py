"""Webhooks over the API: who may have what sent where, and what is shown of it."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from api.app import create_app
from domain.webhooks.events import AttemptResult, EventType
from domain.webhooks.messages import BatchMessage, ContactMessage, render_body
from store.db.engine import Database
from store.db.vault import Vault
from store.jobs.lifecycle import JobLifecycle
from store.webhooks.outbox import Outbox
from tests.api.client import SECRET, Api, Tenant, refused, serve, settings_for

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)  # workflows run behind the clock here
URL = "https://hooks.example.test/outdial"
ALL = ["batch.started", "batch.cancelled", "contact.finished"]


async def create(api: Api, **fields: Any) -> dict[str, Any]:
    made = await api.post("/webhooks", json={"url": URL, "events": ALL} | fields)
    assert made.status_code == 200, made.text
    answer: dict[str, Any] = made.json()
    return answer


async def patch(api: Api, id: str, **fields: Any) -> httpx.Response:
    return await api.http.patch(f"/webhooks/{id}", json=fields, headers=api.key)


async def delete(api: Api, id: str) -> httpx.Response:
    return await api.http.delete(f"/webhooks/{id}", headers=api.key)


async def all_sent(records: Database, made: dict[str, Any], job_id: str) -> list[bytes]:
    """Deliver what a webhook is told of a job; the bodies in their order."""
    outbox = Outbox(records, Vault([SECRET]))
    sent = []
    while (sending := await outbox.take(made["id"], job_id, LONG_AGO)) is not None:
        assert (sending.url, sending.secrets) == (URL, (made["secret"],))
        sent.append(render_body(sending.event))
        await outbox.record_result(sending.id, AttemptResult(code=204), LONG_AGO)
    return sent


async def test_a_webhook_is_made_and_its_secret_shown_this_once(api: Api, records: Database) -> None:
    made = await create(api, description=" Our CRM ", creditsBelow=2.5)
    secret, created_at = made.pop("secret"), made.pop("createdAt")
    assert made == {
        "id": made["id"],
        "url": URL,
        "description": "Our CRM",
        "events": ALL,
        "creditsBelow": "2.50",
        "enabled": True,
        "disabledReason": None,
        "failingSince": None,
    }
    assert made["id"].startswith("webhook_")
    assert secret.startswith("whsec_")
    assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32

    listed = (await api.get("/webhooks")).json()
    assert listed == {"webhooks": [made | {"createdAt": created_at}], "total": 1}
    shown = await api.get(f"/webhooks/{made['id']}")
    assert shown.json() == listed["webhooks"][0]
    changed = await patch(api, made["id"], description="Other")
    for answer in (shown, changed):
        assert "whsec" not in answer.text
    async with records.connect() as connection:
        query = sa.text("SELECT * FROM webhook_endpoints WHERE id = :id")
        stored = str((await connection.execute(query, {"id": made["id"]})).one())
    assert secret not in stored
    assert secret.removeprefix("whsec_") not in stored


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"url": "http://hooks.example.test"}, "https"),
        ({"url": "https://127.0.0.1/x"}, "private network"),
        ({"url": "https://localhost:9/x"}, "private network"),
        ({"url": "https://2130706433/"}, "private network"),
        ({"url": "https://0x7f.1/"}, "private network"),
        ({"url": 17}, "url must be a string"),
        ({"url": None}, "url is required"),
        ({"events": []}, "events"),
        ({"events": ["batch.vanished"]}, "events"),
        ({"events": None}, "events is required"),
        ({"description": "x" * 1001}, "description"),
        ({"creditsBelow": 0}, "creditsBelow"),
    ],
)
async def test_what_no_webhook_can_be_made_of(api: Api, fields: dict[str, Any], said: str) -> None:
    answer = await api.post("/webhooks", json={"url": URL, "events": ALL} | fields)
    assert said in refused(answer, 400, "invalid_request")["error"]
    assert (await api.get("/webhooks")).json()["total"] == 0


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"x"', b"\xff"])
async def test_a_body_that_is_no_object(api: Api, body: bytes) -> None:
    made = await create(api)
    refused(await api.post("/webhooks", content=body), 400, "invalid_request")
    answer = await api.http.patch(f"/webhooks/{made['id']}", content=body, headers=api.key)
    refused(answer, 400, "invalid_request")


async def test_a_webhook_is_changed(api: Api) -> None:
    made = await create(api, description="Our CRM")
    changed = await patch(api, made["id"], events=["credits.low"], url=URL + "/2", creditsBelow="100")
    assert changed.status_code == 200
    assert changed.json() | {"events": ["credits.low"]} == changed.json()
    assert (changed.json()["url"], changed.json()["creditsBelow"]) == (URL + "/2", "100.00")
    assert changed.json()["description"] == "Our CRM"
    assert (await patch(api, made["id"], description=None)).json()["description"] is None
    assert (await patch(api, made["id"])).json()["events"] == ["credits.low"]
    refused(await patch(api, made["id"], url="https://10.0.0.1"), 400, "invalid_request")
    refused(await patch(api, made["id"], secret="whsec_mine"), 400, "invalid_request")
    refused(await patch(api, made["id"], enabled="perhaps"), 400, "invalid_request")


async def test_a_disabled_webhook_is_neither_tested_nor_replayed(api: Api) -> None:
    made = await create(api)
    told = (await api.post(f"/webhooks/{made['id']}/test")).json()
    refused(await api.get(f"/webhooks/{made['id']}/deliveries/{told['id']}0"), 404, "delivery_not_found")
    disabled = (await patch(api, made["id"], enabled=False)).json()
    assert (disabled["enabled"], disabled["disabledReason"]) == (False, "Disabled by request.")
    assert (await patch(api, made["id"], enabled=False)).json() == disabled
    for path in ("test", "deliveries/replay", f"deliveries/{told['id']}/replay"):
        refused(await api.post(f"/webhooks/{made['id']}/{path}"), 400, "invalid_status")
    enabled = (await patch(api, made["id"], enabled=True)).json()
    assert (enabled["enabled"], enabled["disabledReason"]) == (True, None)
    assert (await api.post(f"/webhooks/{made['id']}/test")).status_code == 200


async def test_a_secret_is_rotated(api: Api) -> None:
    made = await create(api)
    rotated = (await api.post(f"/webhooks/{made['id']}/rotate-secret")).json()
    assert rotated["secret"].startswith("whsec_")
    assert rotated["secret"] != made["secret"]
    assert {**rotated, "secret": ""} == {**made, "secret": ""}


async def test_a_webhook_is_deleted_with_its_log(api: Api, records: Database) -> None:
    made = await create(api)
    await api.post(f"/webhooks/{made['id']}/test")
    assert (await delete(api, made["id"])).json() == {"success": True, "id": made["id"]}
    refused(await delete(api, made["id"]), 404, "webhook_not_found")
    refused(await api.get(f"/webhooks/{made['id']}/deliveries"), 404, "webhook_not_found")
    async with records.connect() as connection:
        query = sa.text("SELECT count(*) FROM webhook_deliveries WHERE endpoint_id = :id")
        assert (await connection.execute(query, {"id": made["id"]})).scalar_one() == 0


async def test_the_log_tells_what_waits(api: Api) -> None:
    made = await create(api)
    job_id = await api.new_job()
    await api.post(f"/batch/jobs/{job_id}/start")
    await api.post(f"/batch/jobs/{job_id}/cancel")
    log = (await api.get(f"/webhooks/{made['id']}/deliveries")).json()
    assert [delivery["type"] for delivery in log["deliveries"]] == ["batch.cancelled", "contact.finished", ALL[0]]
    assert (log["total"], log["page"], log["pageSize"]) == (3, 1, 20)
    delivery = log["deliveries"][1]
    assert delivery["id"].startswith("msg_")
    assert delivery["contactId"].startswith("contact_")
    assert {**delivery, "id": "", "contactId": "", "createdAt": "", "nextAttemptAt": ""} == {
        "id": "",
        "type": "contact.finished",
        "batchJobId": job_id,
        "contactId": "",
        "status": "pending",
        "attempts": 0,
        "createdAt": "",
        "lastAttemptAt": None,
        "nextAttemptAt": "",
        "deliveredAt": None,
        "responseCode": None,
        "responseBody": None,
        "lastError": None,
    }
    assert (await api.get(f"/webhooks/{made['id']}/deliveries/{delivery['id']}")).json() == delivery
    second = (await api.get(f"/webhooks/{made['id']}/deliveries", page=2, pageSize=2)).json()
    assert [found["type"] for found in second["deliveries"]] == ["batch.started"]
    none = (await api.get(f"/webhooks/{made['id']}/deliveries", status="failed", page=9)).json()
    assert (none["deliveries"], none["total"]) == ([], 0)
    for name, code in (("status", "invalid_status"), ("page", "invalid_page"), ("pageSize", "invalid_page_size")):
        refused(await api.get(f"/webhooks/{made['id']}/deliveries", **{name: "odd"}), 400, code)


async def test_what_was_refused_is_replayed_under_its_id(api: Api, records: Database) -> None:
    made = await create(api)
    told = [(await api.post(f"/webhooks/{made['id']}/test")).json() for _ in range(2)]
    outbox = Outbox(records, Vault([SECRET]))
    for delivery in told:
        await outbox.record_result(delivery["id"], AttemptResult(error="Refused.", refused=True), LONG_AGO)
        found = await api.get(f"/webhooks/{made['id']}/deliveries/{delivery['id']}")
        assert (found.json()["status"], found.json()["lastError"]) == ("refused", "Refused.")
    again = (await api.post(f"/webhooks/{made['id']}/deliveries/{told[0]['id']}/replay")).json()
    assert (again["id"], again["status"], again["deliveredAt"]) == (told[0]["id"], "pending", None)
    replayed = await api.post(f"/webhooks/{made['id']}/deliveries/replay")
    assert replayed.json() == {"success": True, "replayed": 1}


async def test_what_is_sent_is_what_the_api_shows(
    api: Api, tenant: Tenant, records: Database, control: JobLifecycle
) -> None:
    made = await create(api)
    job_id = await api.new_job()
    await api.post(f"/batch/jobs/{job_id}/start")
    await api.post(f"/batch/jobs/{job_id}/cancel")
    sent = await all_sent(records, made, job_id)
    shown = await api.job(job_id)
    finished = ContactMessage.model_validate_json(sent[1]).model_dump(mode="json", by_alias=True)
    assert finished["data"] == {
        "batchJobId": job_id,
        "contact": shown["contacts"][0],
        "outcome": None,
        "evidence": None,
        "test": False,
        "testOf": None,
    }
    cancelled = BatchMessage.model_validate_json(sent[2]).model_dump(mode="json", by_alias=True)
    assert cancelled["type"] == "batch.cancelled"
    assert cancelled["data"] == {name: shown[name] for name in cancelled["data"]}


async def test_what_is_told_of_a_test_call_names_the_job_that_it_tries(api: Api, records: Database) -> None:
    made = await create(api)
    job_id = await api.new_job(scheduledStartTime="2027-05-03T09:00Z")
    tried = (await api.post(f"/batch/jobs/{job_id}/test", json={"phone": "+13105550177"})).json()["batchJobId"]
    await api.post(f"/batch/jobs/{tried}/start")
    await api.post(f"/batch/jobs/{tried}/cancel")
    sent = [json.loads(body) for body in await all_sent(records, made, tried)]
    assert [body["type"] for body in sent] == ["batch.started", "contact.finished", "batch.cancelled"]
    assert [body["data"]["testOf"] for body in sent] == [job_id] * 3
    assert [body["data"]["test"] for body in sent] == [True] * 3


async def test_an_operator_may_allow_places_in_private_networks(
    shared_database_url: str, tenant: Tenant, temporal_away: None
) -> None:
    served = serve(create_app(settings_for(shared_database_url, webhook_allow_private="127.0.0.1:9, 10.0.0.0/8")))
    try:
        async with httpx.AsyncClient(base_url=served.url, timeout=20) as client:
            api = Api(client, tenant)
            assert (await create(api, url="http://127.0.0.1:9/hooks"))["url"] == "http://127.0.0.1:9/hooks"
            await create(api, url="https://10.1.2.3/hooks")
            answer = await api.post("/webhooks", json={"url": "http://127.0.0.1:10/", "events": ALL})
            assert "private network" in refused(answer, 400, "invalid_request")["error"]
    finally:
        served.stop()


async def test_there_may_be_twenty_webhooks(api: Api) -> None:
    for _ in range(20):
        await create(api)
    answer = await api.post("/webhooks", json={"url": URL, "events": ALL})
    assert "20" in refused(answer, 400, "too_many_webhooks")["error"]


async def test_the_page_tells_what_webhooks_carry(http: httpx.AsyncClient) -> None:
    page = (await http.get("/openapi.json")).json()
    assert set(page["webhooks"]) == set(EventType)
    finished = page["webhooks"]["contact.finished"]["post"]
    assert finished["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith("/ContactMessage")
    assert {parameter["name"] for parameter in finished["parameters"]} == {
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
    }
