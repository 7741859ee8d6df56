"""The organization's pages: what they show is what the API says, and members do not act on them."""

import json
import re

import pytest

from store.calls.gates import ORGANIZATION_STOPPED
from tests.api.client import Api
from tests.console.browsing import Visitor, words

PAGES = ("organization", "numbers", "agents", "keys", "credits", "webhooks", "activity", "do-not-call", "analytics")
CONTROLS = re.compile(r"data-(?:post|delete|send|open)=")
LISTED = "+12025550142"


@pytest.mark.parametrize("name", PAGES)
async def test_a_member_sees_every_page_without_its_buttons(member: Visitor, name: str) -> None:
    page = await member.read(f"/console/{name}")
    assert CONTROLS.findall(page) == []
    assert 'aria-current="page"' in page


@pytest.mark.parametrize("name", PAGES)
async def test_an_owner_acts_by_routes_that_are_there(visitor: Visitor, name: str) -> None:
    """Each control names a method and an address of the API."""
    described = (await visitor.client.get("/openapi.json")).json()["paths"]
    templates = [(re.sub(r"\{\w+\}", "[^/]+", path), methods) for path, methods in described.items()]
    page = await visitor.read(f"/console/{name}")
    sent = re.findall(r'data-send="(\w+) ([^"]+)"', page)
    sent += [("POST", path) for path in re.findall(r'data-post="([^"]+)"', page)]
    sent += [("DELETE", path) for path in re.findall(r'data-delete="([^"]+)"', page)]
    unknown = [
        (method, path)
        for method, path in sent
        if not any(re.fullmatch(shape, path) and method.lower() in methods for shape, methods in templates)
    ]
    assert unknown == []


async def test_what_is_stopped_is_told_with_the_next_step(visitor: Visitor, api: Api) -> None:
    assert "Nothing holds calls back." in await visitor.text("/console/organization")
    stopped = await visitor.send("POST", "/organization/stop")
    assert stopped.json()["message"] == "Everything is paused. No call starts until it is resumed."
    await api.post(f"/phone-numbers/{api.tenant.pipeline}/close")
    text = await visitor.text("/console/organization")
    assert f"The whole organization {ORGANIZATION_STOPPED} Press Resume calling above." in text
    assert "then open the number: on the page Numbers." in text
    assert "Closed" in await visitor.text("/console/numbers")


async def test_lines_and_credits_are_told_by_job(visitor: Visitor, api: Api) -> None:
    job_id = await api.new_job(name="Running one", concurrentCallLimit=4, priority=7)
    await api.post(f"/batch/jobs/{job_id}/start")
    text = await visitor.text("/console/organization")
    assert "Running one 4 7 1" in text
    credits = await visitor.text("/console/credits")
    assert "Balance $100.00" in credits
    assert "Held for a new job" in credits
    assert "Running one $0.035" in credits


async def test_keys_are_listed_never_what_they_are(visitor: Visitor, api: Api) -> None:
    page = await visitor.read("/console/keys")
    assert api.tenant.owner not in page
    assert words(page).count("Valid") >= 3
    made = await visitor.send("POST", "/api-keys", json={"name": "Nightly", "role": "member"})
    assert made.json()["key"] not in await visitor.read("/console/keys")
    assert "Nightly" in await visitor.text("/console/keys")


async def test_the_do_not_call_list_is_masked_searched_and_exported(visitor: Visitor, api: Api) -> None:
    note = {"numbers": [LISTED, "+12025550143"], "note": "=asked by letter"}
    assert (await visitor.send("POST", "/do-not-call", json=note)).json()["added"] == 2
    page = await visitor.read("/console/do-not-call")
    assert LISTED not in page
    assert "…42" in page
    assert LISTED in await visitor.read("/console/do-not-call?numbers=shown")
    assert "…43" not in await visitor.read("/console/do-not-call?search=0142")
    assert "Not on the list" in await visitor.text("/console/do-not-call?search=999")
    file = (await visitor.client.get("/console/do-not-call/export")).text
    assert f"{LISTED},api,'=asked by letter" in file
    assert file.lstrip("\ufeff").splitlines()[0] == "phone,source,note,added_by,added_at"
    activity = await visitor.text("/console/activity")
    assert "do not call: 2" in activity
    assert "file: do-not-call" in activity
    assert LISTED not in activity


async def test_an_exported_list_can_be_sent_back(visitor: Visitor, api: Api) -> None:
    await visitor.send("POST", "/do-not-call", json={"numbers": [LISTED]})
    file = (await visitor.client.get("/console/do-not-call/export")).content
    again = await visitor.send("POST", "/do-not-call", files={"file": ("list.csv", file)})
    assert (again.json()["added"], again.json()["alreadyListed"]) == (0, 1)


async def test_a_webhook_shows_its_deliveries(visitor: Visitor) -> None:
    hook = {"url": "https://hooks.example.test/x", "events": ["batch.completed"]}
    id = (await visitor.send("POST", "/webhooks", json=hook)).json()["id"]
    await visitor.send("POST", f"/webhooks/{id}/test")
    text = await visitor.text(f"/console/webhooks/{id}")
    assert "webhook.test" in text
    assert "pending" in text
    assert "No delivery stands there." in await visitor.text(f"/console/webhooks/{id}?status=failed")
    assert (await visitor.client.get("/console/webhooks/webhook_0")).status_code == 404


async def test_analytics_are_a_page_and_a_file(visitor: Visitor) -> None:
    text = await visitor.text("/console/analytics?by=weekday")
    assert "By weekday" in text
    assert "No calls in these days" in text
    file = await visitor.client.get("/console/analytics?by=weekday&format=csv")
    assert file.headers["content-type"].startswith("text/csv")
    assert (await visitor.client.get("/console/analytics?by=moon")).status_code == 400


async def test_a_new_job_begins_like_an_earlier_one(visitor: Visitor, api: Api, member: Visitor) -> None:
    job_id = await api.new_job(name="Spring", concurrentCallLimit=7, callingWindow="uk")
    page = await visitor.read(f"/console/new?like={job_id}")
    assert 'value="Spring"' in page
    assert re.search(r'name="concurrentCallLimit"[^>]*value="7"', page)
    assert '<option value="uk" selected>' in page
    assert (await visitor.client.get("/console/new?like=batch_0")).status_code == 404
    assert (await member.client.get("/console/new")).status_code == 403


async def test_only_numbers_that_can_talk_are_offered(visitor: Visitor, api: Api) -> None:
    page = await visitor.read("/console/new")
    offered = re.findall(r'<option value="(phone_\w+)"', page)
    assert set(offered) == {api.tenant.pipeline, api.tenant.realtime}


async def test_the_columns_of_a_file_are_read_as_a_jobs_are(visitor: Visitor) -> None:
    async def columns(content: bytes) -> tuple[int, dict[str, object]]:
        headers = {"Origin": visitor.origin, "X-CSRF-Token": visitor.csrf}
        answer = await visitor.client.post("/console/columns", files={"file": ("x", content)}, headers=headers)
        return answer.status_code, json.loads(answer.text)

    text = "mobil;nombre\n+34910000001;Íñigo\n\n+34910000002;Ana\n".encode("cp1252")
    status, found = await columns(text)
    assert (status, found["columns"]) == (200, ["mobil", "nombre"])
    assert found["rows"] == [["+34910000001", "Íñigo"], ["+34910000002", "Ana"]]
    status, found = await columns(b"")
    assert (status, found["code"]) == (400, "invalid_csv")


async def test_names_are_known_whatever_page_is_shown(visitor: Visitor, api: Api) -> None:
    for index in range(25):
        await visitor.send("POST", "/api-keys", json={"name": f"Key {index}", "role": "member"})
    text = await visitor.text("/console/activity?page=2&pageSize=5")
    assert "owner key created" in text
