"""Forgetting and exporting over HTTP: who may, what is answered, what is not logged."""

import logging

import pytest

from store.db.engine import Database
from tests.api.client import Api, refused
from tests.api.jobs.test_control import dial, end_dial, running


async def test_a_live_call_is_409_and_afterwards_there_is_a_receipt(
    api: Api, records: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    job_id = await running(api)
    call = await dial(records, job_id, f"CA-{job_id}")
    number = (await api.job(job_id))["contacts"][0]["phoneNumber"]

    refused(await api.post("/privacy/forget", json={"phone": number}), 409, "person_on_the_phone")
    await end_dial(records, call)
    answer = await api.post("/privacy/forget", json={"phone": number})
    assert answer.status_code == 200, answer.text
    receipt = answer.json()

    assert receipt["status"] == "pending"
    assert (receipt["deleted"]["contacts"], receipt["deleted"]["calls"]) == (1, 1)
    assert [call["state"] for call in receipt["atCarriers"]] == ["pending"]
    assert number not in answer.text
    read = (await api.get(f"/privacy/requests/{receipt['id']}")).json()
    assert read | {"requestedAt": ""} == receipt | {"requestedAt": ""}
    contact = (await api.job(job_id))["contacts"][0]
    assert (contact["phoneNumber"], contact["contactData"]) == ("erased", {})
    activity = (await api.get("/organization/activity")).text
    assert receipt["id"] in activity
    assert number not in activity
    assert number[-8:] not in caplog.text


async def test_what_is_known_is_exported(api: Api) -> None:
    job_id = await api.new_job()
    number = (await api.job(job_id))["contacts"][0]["phoneNumber"]
    await api.post("/do-not-call", json={"numbers": [number], "note": "asked"})

    known = (await api.post("/privacy/export", json={"phone": number})).json()

    assert [contact["job_id"] for contact in known["contacts"]] == [job_id]
    assert known["contacts"][0]["data"]["phone"] == number
    assert [entry["note"] for entry in known["doNotCall"]] == ["asked"]
    assert "person_exported" in (await api.get("/organization/activity")).text


@pytest.mark.parametrize("path", ["/privacy/forget", "/privacy/export"])
async def test_a_number_is_e164_and_in_the_body(api: Api, path: str) -> None:
    refused(await api.post(path, json={"phone": "0202 555 0101"}), 400, "invalid_request")
    refused(await api.post(path, json={}), 400, "invalid_request")
    refused(await api.post(f"{path}?phone=%2B12025550101", json={}), 400, "invalid_request")
    refused(await api.get("/privacy/requests/erasure_0"), 404, "not_found")
