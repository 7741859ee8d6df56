"""Agents by the API: whose they are, and that none vanishes while somebody needs it."""

from typing import Any

import pytest

from tests.api.client import Api, refused
from tests.api.managing import AGENT, ask


async def created(api: Api, **fields: Any) -> dict[str, Any]:
    answer = await api.post("/agents", json=AGENT | fields)
    assert answer.status_code == 200, answer.text
    agent: dict[str, Any] = answer.json()
    return agent


async def test_an_agent_is_added_and_seen(api: Api) -> None:
    agent = await created(api, architecture="realtime")
    assert agent["id"].startswith("agent_")
    assert {name: agent[name] for name in ("name", "architecture", "audio", "audioUrl")} == {
        "name": "Ava",
        "architecture": "realtime",
        "audio": "websocket",
        "audioUrl": "wss://agent.example.com/calls",
    }
    assert (await api.get(f"/agents/{agent['id']}")).json() == agent
    page = (await api.get("/agents", search="av")).json()
    assert (page["agents"], page["total"], page["page"], page["pageSize"]) == ([agent], 1, 1, 20)
    assert (await api.get("/agents")).json()["total"] == 4  # those it began with, and this one
    assert (await api.get("/agents", page=2, pageSize=3)).json()["agents"] == [agent]


async def test_an_agent_changes_for_jobs_to_come(api: Api) -> None:
    job_id = await api.new_job()
    changed = await ask(
        api.http, api.tenant.owner, "PATCH", f"/agents/{api.tenant.agent_id}", {"name": "Bea", "architecture": "text"}
    )
    assert (changed.json()["name"], changed.json()["architecture"]) == ("Bea", "text")
    assert (await api.job(job_id))["agentId"] == api.tenant.agent_id
    refused(await api.send(), 400, "no_outbound_agent")


async def test_an_agent_in_use_is_not_removed(api: Api) -> None:
    agent = await created(api)
    wanted = {"number": api.tenant.granted, "outboundAgentId": agent["id"]}
    number = (await api.post("/phone-numbers", json=wanted)).json()
    body = refused(await api.http.delete(f"/agents/{agent['id']}", headers=api.key), 409, "in_use")
    assert body["details"] == [{"id": number["id"], "reason": "uses this agent"}]
    job_id = await api.new_job(fromPhoneNumberId=number["id"])
    await ask(api.http, api.tenant.owner, "PATCH", f"/phone-numbers/{number['id']}", {"outboundAgentId": None})
    body = refused(await api.http.delete(f"/agents/{agent['id']}", headers=api.key), 409, "in_use")
    assert body["details"] == [{"id": job_id, "reason": "uses this agent"}]
    assert (await api.get(f"/agents/{agent['id']}")).status_code == 200


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": 5}, "name"),
        ({"audioUrl": "agent.example.com"}, "audioUrl"),
        ({"audioUrl": "https://agent.example.com"}, "audioUrl"),
        ({"audio": "sip"}, "audioUrl"),
        ({"audio": "fax"}, "audio"),
        ({"architecture": "human"}, "architecture"),
        ({"url": "wss://x"}, "url"),
    ],
)
async def test_what_is_wrong_with_an_agent_is_named(api: Api, fields: dict[str, Any], field: str) -> None:
    body = refused(await api.post("/agents", json=AGENT | fields), 400, "invalid_request")
    assert body["details"][0]["field"] == field


async def test_an_address_must_fit_its_kind_after_a_change_too(api: Api) -> None:
    agent = await created(api)
    answer = await ask(api.http, api.tenant.owner, "PATCH", f"/agents/{agent['id']}", {"audio": "sip"})
    refused(answer, 400, "invalid_request")
    both = {"audio": "sip", "audioUrl": "sip:ava@example.com"}
    answer = await ask(api.http, api.tenant.owner, "PATCH", f"/agents/{agent['id']}", both)
    assert answer.json()["audioUrl"] == "sip:ava@example.com"


@pytest.mark.parametrize(
    "agent",
    [
        {"audioUrl": "ws://169.254.169.254/latest"},
        {"audioUrl": "wss://127.0.0.1:8000/calls"},
        {"audioUrl": "ws://2130706433/"},
        {"audio": "twiml", "audioUrl": "http://[::1]/twiml"},
        {"audio": "sip", "audioUrl": "sip:+19005550101@carrier.example"},
    ],
)
async def test_no_agent_is_in_a_private_network_or_a_telephone(api: Api, agent: dict[str, Any]) -> None:
    answer = await api.post("/agents", json=AGENT | agent)
    assert refused(answer, 400, "invalid_request")["details"][0]["field"] == "audioUrl"
    known = (await api.post("/agents", json=AGENT)).json()["id"]
    refused(await ask(api.http, api.tenant.owner, "PATCH", f"/agents/{known}", agent), 400, "invalid_request")
