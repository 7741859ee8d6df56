"""What carriers come back for: what an answered call is connected to; and where they leave a recording."""

from urllib.parse import quote
from xml.etree import ElementTree as ET

import httpx
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from store.db.engine import Database
from tests.api.calls.test_carrier_callbacks import a_dial, event, said
from tests.api.client import AUTH_TOKEN, PUBLIC_URL, Api, refused

FORM = {"CallSid": "CA1", "CallStatus": "in-progress"}


async def ask(http: httpx.AsyncClient, key: str, token: str = AUTH_TOKEN) -> httpx.Response:
    address = f"/carriers/twilio/instructions?dial={quote(key, safe='')}"
    signature = RequestValidator(token).compute_signature(PUBLIC_URL + address, FORM)
    return await http.post(address, data=FORM, headers={"X-Twilio-Signature": signature})


async def test_the_carrier_is_told_where_the_audio_goes_and_the_contacts_fields(api: Api, records: Database) -> None:
    _, dial_id, key = await a_dial(api, records)

    answer = await ask(api.http, key)

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/xml")
    stream = ET.fromstring(answer.text).find("./Connect/Stream")
    assert stream is not None
    assert stream.attrib["url"] == "wss://agent.example.test"
    told = {parameter.attrib["name"]: parameter.attrib["value"] for parameter in stream}
    assert told["outdial_call_id"] == dial_id
    assert "phone" not in told


async def test_nobody_else_is_told(api: Api, records: Database) -> None:
    _, _, key = await a_dial(api, records)

    refused(await ask(api.http, key, token="another"), 403, "forbidden")
    refused(await api.http.post("/carriers/twilio/instructions", params={"dial": key}, data=FORM), 403, "forbidden")


async def test_calls_and_carriers_that_are_not_there(http: httpx.AsyncClient) -> None:
    for key in ("contact_000000000000000000000000:1", "nonsense", "", "\0:1"):
        refused(await ask(http, key), 404, "not_found")
    refused(await http.post("/carriers/acme/instructions", data=FORM), 404, "not_found")


async def test_a_recording_is_kept_with_the_call(api: Api, records: Database) -> None:
    job_id, dial_id, key = await a_dial(api, records)
    await event(api.http, key, said(dial_id, "completed", CallDuration="61", SipResponseCode="200"))
    url = "https://api.twilio.com/2010-04-01/Accounts/AC1/Recordings/RE1"
    ready = {"CallSid": f"CA-{dial_id}", "RecordingSid": "RE1", "RecordingStatus": "completed", "RecordingUrl": url}

    for _ in range(2):
        assert (await event(api.http, key, ready)).status_code == 204

    contact = (await api.job(job_id))["contacts"][0]
    assert contact["status"] == "completed"
    results = (await api.get(f"/batch/jobs/{job_id}/results")).text.splitlines()
    assert url in results[1]
