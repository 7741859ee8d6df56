"""Why nothing is called, and closing and opening a number, by API."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from domain.calls.gates import GateScope
from store.calls.due_page import DuePages
from store.calls.gates import Gates
from store.db.engine import Database
from tests.api.client import Api, Tenant, refused
from tests.api.jobs.test_control import running
from tests.api.managing import ask


async def gates(api: Api) -> list[dict[str, Any]]:
    answer = await api.get("/organization/gates")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["gates"]
    return found


async def _waits_for(records: Database, job: str) -> str | None:
    """What holds all calls of a job."""
    page = await DuePages(records).read(job, datetime.now(UTC), 10)
    return None if page.held is None else page.held.detail


async def test_a_closed_number_places_no_call_and_says_why_until_it_is_opened(api: Api, records: Database) -> None:
    job, number = await running(api), api.tenant.pipeline
    assert await gates(api) == []
    for _ in range(2):
        closed = await api.post(f"/phone-numbers/{number}/close")
        assert (closed.status_code, closed.json()["callsOnTheirWay"]) == (200, 0), closed.text
    (gate,) = await gates(api)
    assert (gate["scope"], gate["phoneNumberId"], gate["closedUntil"]) == ("number", number, None)
    assert gate["nextStep"] == f"Send POST /phone-numbers/{number}/open."
    assert (await _waits_for(records, job)) == "The number was closed, until it is opened."
    assert (await api.post(f"/phone-numbers/{number}/open")).status_code == 200
    assert await gates(api) == []
    assert await _waits_for(records, job) is None
    log = (await api.get("/organization/activity")).json()["activity"]
    done = [(one["action"], one["details"]) for one in log if one["action"] in {"number_closed", "number_opened"}]
    assert done == [("number_opened", {"phoneNumberId": number}), ("number_closed", {"phoneNumberId": number})]


async def test_what_an_operator_closed_an_organization_does_not_open(api: Api, records: Database) -> None:
    number = api.tenant.pipeline
    await api.post(f"/phone-numbers/{number}/close")
    await Gates(records).close(GateScope.NUMBER, number)
    assert "whoever runs this service" in (await gates(api))[0]["nextStep"].lower()
    assert "Ask them" in refused(await api.post(f"/phone-numbers/{number}/open"), 403, "forbidden")["error"]
    await Gates(records).open(GateScope.NUMBER, number)
    assert (await api.post(f"/phone-numbers/{number}/open")).status_code == 200


async def test_what_the_carrier_refused_is_told_with_its_time_and_a_step(api: Api, records: Database) -> None:
    values = {"number": api.tenant.pipeline}
    close = "closed_until = now() + interval '5 minutes', closed_reason = 'Its caller id was refused.'"
    async with records.begin() as connection:
        await connection.execute(sa.text(f"UPDATE phone_numbers SET {close} WHERE id = :number"), values)
    (gate,) = await gates(api)
    assert (gate["scope"], gate["reason"]) == ("number", "Its caller id was refused.")
    assert gate["closedUntil"] is not None
    assert "Mend what the reason says" in gate["nextStep"]
    assert (await api.post(f"/phone-numbers/{api.tenant.pipeline}/open")).status_code == 200
    assert await gates(api) == []


async def test_a_stop_is_told_first(api: Api) -> None:
    await api.post("/organization/stop")
    (gate,) = await gates(api)
    assert (gate["scope"], gate["nextStep"]) == ("organization", "Send POST /organization/resume.")


async def test_a_member_may_look_and_nobody_closes_the_number_of_another(api: Api, other: Tenant) -> None:
    assert (await ask(api.http, api.tenant.member, "GET", "/organization/gates")).status_code == 200
    for what in ("close", "open"):
        mine = f"/phone-numbers/{api.tenant.pipeline}/{what}"
        refused(await ask(api.http, api.tenant.member, "POST", mine), 403, "forbidden")
        refused(await ask(api.http, other.owner, "POST", mine), 404, "phone_number_not_found")
