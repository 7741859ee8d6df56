"""Calls on an organization's own carrier account: it has the secret that signs their events, and binds nobody by it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import sqlalchemy as sa
from aiohttp import web
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from api.app import create_app
from store.db.engine import Database
from tests.api.calls.test_carrier_callbacks import event, key_of, row_of
from tests.api.client import PUBLIC_URL, Api, serve, settings_for
from tests.api.jobs.test_control import dial, running
from tests.serving import served

SETTINGS = {"accountSid": "AC" + "1" * 32, "authToken": "known-to-the-organization"}


@dataclass
class TrueCarrier:
    """What the carrier itself says of calls: status and duration by call id. Of others it knows nothing."""

    calls: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    api: Api | None = None

    async def answer(self, request: web.Request) -> web.Response:
        call_id = request.match_info["call"].removesuffix(".json")
        self.asked.append(call_id)
        found = self.calls.get(call_id)
        if found is None:
            return web.json_response({"code": 20404, "message": "Not found", "status": 404}, status=404)
        return web.json_response({"sid": call_id, **found})

    async def live_dial(self, records: Database) -> tuple[str, str, str]:
        """A dial, answered a minute ago, on a number that has an account of its own: account, dial, key."""
        assert self.api is not None
        wanted = {"number": self.api.tenant.granted, "carrierSettings": SETTINGS}
        number = (await self.api.post("/phone-numbers", json=wanted)).json()
        account = number["id"].replace("phone_", "twilio_")
        dial_id = await dial(records, await running(self.api), None)
        async with records.begin() as connection:
            own = sa.text(
                "UPDATE dials SET carrier_account_id = :account, call_id = 'CA-' || id, state = 'answered',"
                " asked_at = now() - interval '65 seconds', answered_at = now() - interval '60 seconds' WHERE id = :id"
            )
            await connection.execute(own, {"account": account, "id": dial_id})
        return account, dial_id, await key_of(records, dial_id)


@pytest.fixture
async def carrier(api: Api, shared_database_url: str, temporal_away: None) -> AsyncIterator[TrueCarrier]:
    carrier, app = TrueCarrier(), web.Application()
    app.router.add_get("/2010-04-01/Accounts/{account}/Calls/{call}", carrier.answer)
    async with served(app) as address:
        running_api = serve(create_app(settings_for(shared_database_url, twilio_base_url=address)))
        async with httpx.AsyncClient(base_url=running_api.url, timeout=30) as http:
            carrier.api = Api(http, api.tenant)
            yield carrier
        await asyncio.to_thread(running_api.stop)


async def tell(carrier: TrueCarrier, account: str, key: str, form: dict[str, str]) -> None:
    """An event that the organization signs."""
    assert carrier.api is not None
    address = f"/carriers/{account}/events?dial={quote(key, safe='')}"
    signature = RequestValidator(SETTINGS["authToken"]).compute_signature(PUBLIC_URL + address, form)
    answer = await carrier.api.http.post(address, data=form, headers={"X-Twilio-Signature": signature})
    assert answer.status_code == 204, answer.text


async def soon(happens: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(10):
        while not await happens():
            await asyncio.sleep(0.05)


async def test_a_live_call_that_is_said_to_be_over_keeps_its_line(carrier: TrueCarrier, records: Database) -> None:
    account, dial_id, key = await carrier.live_dial(records)
    carrier.calls[f"CA-{dial_id}"] = {"status": "in-progress"}

    await tell(carrier, account, key, {"CallSid": f"CA-{dial_id}", "CallStatus": "completed", "CallDuration": "0"})

    async def asked_to_the_last() -> bool:
        return len(carrier.asked) == 3

    await soon(asked_to_the_last)
    await asyncio.sleep(0.1)
    assert await row_of(records, dial_id) == ("answered", f"CA-{dial_id}", None)


async def test_the_carriers_own_record_is_what_is_charged(carrier: TrueCarrier, records: Database) -> None:
    account, dial_id, key = await carrier.live_dial(records)
    carrier.calls[f"CA-{dial_id}"] = {"status": "completed", "duration": "57"}

    false = {"CallSid": f"CA-{dial_id}", "CallStatus": "busy", "SipResponseCode": "486", "CallDuration": "0"}
    await tell(carrier, account, key, false)

    async def over() -> bool:
        return bool((await row_of(records, dial_id))[2])

    await soon(over)
    async with records.connect() as connection:
        query = sa.text("SELECT outcome, call_seconds, sip_code, cost FROM dials WHERE id = :id")
        row: Any = (await connection.execute(query, {"id": dial_id})).one()
    assert (row.outcome, row.call_seconds, row.sip_code) == ("answered", 57, None)
    assert row.cost > 0


async def test_a_call_that_the_carrier_does_not_know_ends_nothing(carrier: TrueCarrier, records: Database) -> None:
    account, dial_id, key = await carrier.live_dial(records)

    await tell(carrier, account, key, {"CallSid": f"CA-{dial_id}", "CallStatus": "completed"})

    async def asked() -> bool:
        return bool(carrier.asked)

    await soon(asked)
    await asyncio.sleep(0.2)
    assert (await row_of(records, dial_id))[0] == "answered"


async def test_the_services_account_does_not_speak_for_an_organizations_own(
    carrier: TrueCarrier, records: Database
) -> None:
    _, dial_id, key = await carrier.live_dial(records)
    assert carrier.api is not None

    form = {"CallSid": f"CA-{dial_id}", "CallStatus": "completed", "CallDuration": "9"}
    assert (await event(carrier.api.http, key, form)).status_code == 204

    assert await row_of(records, dial_id) == ("answered", f"CA-{dial_id}", None)


@pytest.mark.parametrize(("asked_ago", "most"), [("10 seconds", 16), ("1 day", 930)])
async def test_no_event_makes_a_call_longer_than_it_can_have_been(
    api: Api, records: Database, asked_ago: str, most: int
) -> None:
    dial_id = await dial(records, await running(api), None)
    async with records.begin() as connection:
        earlier = sa.text("UPDATE dials SET asked_at = now() - CAST(:ago AS text)::interval WHERE id = :id")
        await connection.execute(earlier, {"ago": asked_ago, "id": dial_id})

    form = {"CallSid": f"CA-{dial_id}", "CallStatus": "completed", "CallDuration": "86400"}
    await event(api.http, await key_of(records, dial_id), form)

    async with records.connect() as connection:
        seconds = sa.text("SELECT call_seconds FROM dials WHERE id = :id")
        assert (await connection.execute(seconds, {"id": dial_id})).scalar_one() in range(most - 2, most + 5)
