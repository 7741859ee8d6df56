"""What a person with nothing but a key sees: numbers, agents, credits, webhooks."""

import json
from typing import Any

from domain.webhooks.events import SUBSCRIBABLE
from tests.cli.answers import sent
from tests.cli.conftest import FakeApi, Run

HOOK = {
    "id": "webhook_1",
    "url": "https://crm.example.com",
    "description": None,
    "events": ["batch.completed"],
    "creditsBelow": "10.00",
    "enabled": True,
    "disabledReason": None,
    "failingSince": None,
    "createdAt": "2026-11-24T12:00:00Z",
}


def page(name: str, *entries: dict[str, Any]) -> tuple[int, Any]:
    return 200, {name: list(entries), "total": len(entries), "page": 1, "pageSize": 100}


def test_numbers_and_agents_are_listed(run: Run, api: FakeApi) -> None:
    number = {"id": "phone_1", "number": "+12025550101", "label": "[red]Main", "outboundAgentId": "agent_1"}
    api.will("GET /phone-numbers", page("phoneNumbers", number))
    api.will("GET /agents", page("agents", {"id": "agent_1", "name": "Ava", "audioUrl": "wss://a.example"}))
    numbers, agents = run("number", "list"), run("agent", "list")
    assert (numbers.code, agents.code) == (0, 0)
    for said in ("phone_1", "+12025550101", "[red]Main", "page 1, 1 number\n"):
        assert said in numbers.out
    for said in ("agent_1", "Ava", "wss://a.example"):
        assert said in agents.out


def test_credits_are_shown_with_what_holds_them(run: Run, api: FakeApi) -> None:
    entry = {"at": "2026-11-24T12:00:00.123Z", "kind": "topup", "balanceDelta": "10.00", "heldDelta": "0.00"}
    hold = {"batchJobId": "batch_1", "name": "Spring", "amount": "2.00"}
    credits = {"unlimited": False, "balance": "10.00", "held": "2.00", "free": "8.00", "holds": [hold]}
    answer = credits | {"entries": [entry], "total": 1, "page": 1, "pageSize": 20}
    api.will("GET /organization/credits", (200, answer), (200, answer | {"unlimited": True}))
    out = run("credits", "show").out
    for said in ("$8.00", "held for Spring: $2.00 (batch_1)", "topup", "2026-11-24 12:00:00Z"):
        assert said in out
    assert "unlimited" in run("credits", "show").out


def test_without_any_key_it_is_said_how_to_get_one(run: Run) -> None:
    ended = run("number", "list")
    assert ended.code == 2
    assert "--key, OUTDIAL_KEY, or a profile" in ended.err


def test_a_webhook_is_added_for_all_events_unless_some_are_named(run: Run, api: FakeApi) -> None:
    api.will("POST /webhooks", (200, HOOK | {"secret": "whsec_x"}))
    assert "whsec_x" in run("webhook", "create", HOOK["url"]).out  # type: ignore[arg-type]
    assert sent(api) == {"url": HOOK["url"], "events": list(SUBSCRIBABLE)}
    run("webhook", "create", "https://x", "--event", "batch.completed", "--description", "CRM")
    assert json.loads(api.requests[1].body) == {
        "url": "https://x",
        "events": ["batch.completed"],
        "description": "CRM",
    }


def test_webhooks_are_shown_changed_and_removed(run: Run, api: FakeApi) -> None:
    api.will("GET /webhooks", (200, {"webhooks": [HOOK], "total": 1}))
    api.will("GET /webhooks/webhook_1", (200, HOOK))
    api.will("PATCH /webhooks/webhook_1", (200, HOOK))
    api.will("DELETE /webhooks/webhook_1", (200, {"success": True, "id": "webhook_1"}))
    listed = run("webhook", "list").out
    assert "https://crm.example.com" in listed
    assert listed.endswith("1 webhook\n")
    assert "batch.completed" in run("webhook", "show", "webhook_1").out
    assert run("webhook", "change", "webhook_1", "--disable", "--address", "https://x").code == 0
    assert json.loads(api.requests[2].body) == {"url": "https://x", "enabled": False}
    assert run("webhook", "remove", "webhook_1").out == "webhook_1 is removed.\n"


def test_deliveries_are_looked_at_and_sent_again(run: Run, api: FakeApi) -> None:
    delivery = {"id": "msg_1", "type": "batch.completed", "status": "failed", "attempts": 3, "responseCode": 500}
    path = "/webhooks/webhook_1"
    api.will(f"GET {path}/deliveries", page("deliveries", delivery))
    api.will(f"POST {path}/deliveries/replay", (200, {"success": True, "replayed": 3}))
    api.will(f"POST {path}/deliveries/msg_1/replay", (200, delivery))
    api.will(f"POST {path}/test", (200, delivery))
    api.will(f"POST {path}/rotate-secret", (200, HOOK | {"secret": "whsec_y"}))
    out = run("webhook", "deliveries", "webhook_1", "--status", "failed").out
    assert api.requests[0].line.endswith("?status=failed&page=1&pageSize=20")
    for said in ("msg_1", "500", "page 1, 1 delivery\n"):
        assert said in out
    assert "replayed  3" in run("webhook", "replay", "webhook_1").out
    assert "msg_1" in run("webhook", "replay", "webhook_1", "msg_1").out
    assert "msg_1" in run("webhook", "test", "webhook_1").out
    assert "whsec_y" in run("webhook", "rotate-secret", "webhook_1").out
