"""What carriers call back: signed, recorded once, answered at once."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import sqlalchemy as sa
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from api.app import create_app
from carriers import EventRequest
from domain.calls.models import CallReport, CallState
from stack.ports import free_port
from store.db.engine import Database
from tests.api.client import AUTH_TOKEN, PUBLIC_URL, Api, refused, serve, settings_for
from tests.api.jobs.test_control import dial, running


async def event(
    http: httpx.AsyncClient, key: str | None, form: dict[str, str], *, token: str = AUTH_TOKEN, path: str = "/carriers"
) -> httpx.Response:
    """Call back as the carrier does: signed over the public address, whatever host it reached."""
    address = f"{path}/twilio/events" + ("" if key is None else f"?dial={quote(key, safe='')}")
    signature = RequestValidator(token).compute_signature(PUBLIC_URL + address, form)
    return await http.post(address, data=form, headers={"X-Twilio-Signature": signature})


async def key_of(records: Database, dial_id: str) -> str:
    query = sa.text("SELECT contact_id || ':' || number_of_dial FROM dials WHERE id = :id")
    async with records.connect() as connection:
        return str((await connection.execute(query, {"id": dial_id})).scalar_one())


async def row_of(records: Database, dial_id: str) -> Any:
    query = sa.text("SELECT state, call_id, outcome FROM dials WHERE id = :id")
    async with records.connect() as connection:
        return tuple((await connection.execute(query, {"id": dial_id})).one())


async def a_dial(api: Api, records: Database) -> tuple[str, str, str]:
    """A live job's dial without a call id: the job, the dial, its key."""
    job_id = await running(api)
    dial_id = await dial(records, job_id, None)
    async with records.begin() as connection:  # a talk is never longer than the time since it was asked for
        earlier = sa.text("UPDATE dials SET asked_at = asked_at - interval '2 minutes' WHERE id = :id")
        await connection.execute(earlier, {"id": dial_id})
    return job_id, dial_id, await key_of(records, dial_id)


def said(dial_id: str, status: str, **more: str) -> dict[str, str]:
    return {"CallSid": f"CA-{dial_id}", "CallStatus": status, "To": "+12025550101", **more}


async def test_a_call_is_followed_from_ringing_to_its_end(api: Api, records: Database) -> None:
    job_id, dial_id, key = await a_dial(api, records)
    for status, state in (("ringing", "ringing"), ("in-progress", "answered")):
        answer = await event(api.http, key, said(dial_id, status))
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer.headers["X-Request-Id"]
        assert await row_of(records, dial_id) == (state, f"CA-{dial_id}", None)
    await event(api.http, key, said(dial_id, "completed", CallDuration="61", SipResponseCode="200"))
    contact = (await api.job(job_id))["contacts"][0]
    assert (contact["status"], contact["roomName"]) == ("completed", f"CA-{dial_id}")
    assert (contact["callDuration"], contact["errorCode"]) == (61, None)


@pytest.mark.parametrize(("answered_by", "outcome"), [("machine_start", "answered"), ("fax", "fax")])
async def test_who_answered_may_be_reported_after_the_end(
    api: Api, records: Database, answered_by: str, outcome: str
) -> None:
    """The machine detection's callback is a request of its own: it may be overtaken by the end of a short call."""
    job_id, dial_id, key = await a_dial(api, records)
    await event(api.http, key, said(dial_id, "in-progress"))
    await event(api.http, key, said(dial_id, "completed", CallDuration="9", SipResponseCode="200"))

    answer = await event(api.http, key, {"CallSid": f"CA-{dial_id}", "AnsweredBy": answered_by})

    assert answer.status_code == 204
    contact = (await api.get(f"/batch/jobs/{job_id}/contacts/{key.partition(':')[0]}")).json()
    assert (contact["status"], contact["answeredBy"], contact["attemptCount"]) == ("completed", "machine", 1)
    [shown] = contact["dials"]
    assert (shown["outcome"], shown["answeredBy"], shown["rang"]) == (outcome, "machine", True)


async def test_a_forged_event_is_refused(api: Api, records: Database) -> None:
    _, dial_id, key = await a_dial(api, records)
    form = said(dial_id, "completed", CallDuration="61")
    refused(await event(api.http, key, form, token="another"), 403, "forbidden")
    unsigned = await api.http.post("/carriers/twilio/events", params={"dial": key}, data=form)
    refused(unsigned, 403, "forbidden")
    moved = await api.http.post(
        "/carriers/twilio/events",
        params={"dial": "contact_other:1"},
        data=form,
        headers={"X-Twilio-Signature": RequestValidator(AUTH_TOKEN).compute_signature(PUBLIC_URL, form)},
    )
    refused(moved, 403, "forbidden")
    assert (await row_of(records, dial_id))[0] == "asked"


async def test_an_event_that_cannot_be_read_is_refused(api: Api, records: Database) -> None:
    _, _, key = await a_dial(api, records)
    refused(await event(api.http, key, {"CallStatus": "ringing"}), 400, "invalid_request")
    refused(await event(api.http, key, {"CallSid": "CA1", "CallStatus": "teleported"}), 400, "invalid_request")
    refused(await event(api.http, "\0:1", said("x", "ringing")), 400, "invalid_request")
    refused(await event(api.http, key, said("\0", "ringing")), 400, "invalid_request")


@pytest.mark.parametrize("key", ["contact_000000000000000000000000:1", "nonsense", "contact_1:x", "", None])
async def test_an_event_of_no_known_dial_is_taken_and_forgotten(http: httpx.AsyncClient, key: str | None) -> None:
    answer = await event(http, key, {"CallSid": "CA-unknown", "CallStatus": "ringing"})
    assert answer.status_code == 204


async def test_an_account_that_does_not_exist(http: httpx.AsyncClient) -> None:
    refused(await http.post("/carriers/acme/events", data={"CallSid": "CA1"}), 404, "not_found")


@pytest.mark.parametrize(
    "odd",
    [
        {"SequenceNumber": "1" + "0" * 12},
        {"CallDuration": "1" + "0" * 30},
        {"Timestamp": "2026-11-27T10:00:00Z"},
        {"ErrorCode": "1\0", "RecordingUrl": "https://x/\0"},
    ],
)
async def test_a_field_that_cannot_be_used_costs_no_event(api: Api, records: Database, odd: dict[str, str]) -> None:
    _, dial_id, key = await a_dial(api, records)
    await event(api.http, key, said(dial_id, "in-progress"))

    answer = await event(api.http, key, said(dial_id, "completed", **odd))

    assert answer.status_code == 204
    assert (await row_of(records, dial_id))[0] == "ended"


async def test_the_address_under_v1_is_signed_as_it_is(api: Api, records: Database) -> None:
    _, dial_id, key = await a_dial(api, records)
    answer = await event(api.http, key, said(dial_id, "ringing"), path="/v1/carriers")
    assert answer.status_code == 204
    assert (await row_of(records, dial_id))[0] == "ringing"


async def test_with_the_database_away_the_carrier_is_asked_to_send_again(temporal_away: None) -> None:
    url = f"postgresql+psycopg://postgres@127.0.0.1:{free_port()}/nothing"
    served = serve(create_app(settings_for(url)))
    try:
        async with httpx.AsyncClient(base_url=served.url, timeout=20) as http:
            answer = await event(http, "contact_1:1", {"CallSid": "CA1", "CallStatus": "ringing"})
            refused(answer, 503, "unavailable")
    finally:
        served.stop()


class Recorder:
    """A carrier with a memory of what it was told to hang up."""

    name = "recorder"

    def __init__(self) -> None:
        self.hung_up: list[str] = []
        self.closed = False

    def read_event(self, request: EventRequest) -> CallReport:
        return CallReport(call_id=request.body.decode(), state=CallState.RINGING)

    async def hang_up(self, call_id: str) -> None:
        self.hung_up.append(call_id)

    async def close(self) -> None:
        self.closed = True


@pytest.fixture
async def recorder(shared_database_url: str, temporal_away: None) -> AsyncIterator[tuple[Recorder, str]]:
    carrier = Recorder()
    served = serve(create_app(settings_for(shared_database_url), {"twilio": carrier}))  # type: ignore[dict-item]
    yield carrier, served.url
    await asyncio.to_thread(served.stop)
    assert carrier.closed


async def test_a_second_call_for_one_dial_is_hung_up(
    api: Api, records: Database, recorder: tuple[Recorder, str]
) -> None:
    carrier, url = recorder
    _, _, key = await a_dial(api, records)
    async with httpx.AsyncClient(base_url=url) as http:
        address = f"/carriers/twilio/events?dial={quote(key, safe='')}"
        for call_id in (f"first-{key}", f"second-{key}"):
            assert (await http.post(address, content=call_id)).status_code == 204
        await http.get("/healthz")
    for _ in range(100):
        if carrier.hung_up:
            break
        await asyncio.sleep(0.02)
    assert carrier.hung_up == [f"second-{key}"]


async def test_an_address_of_events_takes_no_other_method(api: Api) -> None:
    answer = await api.http.get("/carriers/twilio/events")

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST, OPTIONS")
