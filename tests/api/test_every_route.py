"""What holds for every route of the page: a key, a role, and nothing of what belongs to others."""

import re
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from store.db.engine import Database
from tests.api.client import Api, Tenant
from tests.api.jobs.test_control import dial
from tests.api.managing import AGENT, ask

HOOK = {"url": "https://hooks.example.test/outdial", "events": ["batch.completed"]}
LISTED = "+12025550142"
FORGOTTEN = "+12025550144"
BATCH = "+12025550143"  # the number of a batch
OPEN = {"/healthz", "/readyz"}
PLATFORM = "/organizations/"
READ_BY_POST = {"/batch/validate", "/batch/jobs/{id}/events/ticket"}
PLATFORMS = {"/organizations", "/organization/credits"}
BODIES = {  # of routes that judge their body before what the path names
    "/batch/jobs/{id}": {"name": "Mine"},
    "/batch/jobs/{id}/contacts": {"contacts": [{"phone": "+12025550143"}]},
    "/batch/jobs/{id}/test": {"phone": "+12025550143"},
    "/calls/{id}/result": {"disposition": "interested"},
    "/webhooks/{id}": {"description": "Mine"},
}


@dataclass(frozen=True)
class Route:
    method: str
    path: str

    @property
    def changes(self) -> bool:
        return self.method != "GET" and self.path not in READ_BY_POST

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


async def routes(http: httpx.AsyncClient) -> list[Route]:
    page = (await http.get("/openapi.json")).json()
    return [Route(method.upper(), path) for path, methods in page["paths"].items() for method in methods]


TAKEN_OFF = [Route("DELETE", "/do-not-call/{number}"), Route("DELETE", "/do-not-call/batches/{batchId}")]


@pytest.fixture
async def theirs(http: httpx.AsyncClient, other: Tenant, records: Database) -> dict[str, str]:
    """The ids of what another organization has, by what stands before `{id}` in a path, or by the parameter's name."""
    them = Api(http, other)
    job_id = await them.new_job()
    campaign = {"name": "May", "fromPhoneNumberId": other.pipeline}
    hook = (await them.post("/webhooks", json=HOOK)).json()["id"]
    return {
        "/batch/jobs": job_id,
        "contactId": (await them.job(job_id))["contacts"][0]["id"],
        "/calls": await dial(records, job_id, f"CA-{job_id}"),
        "/campaigns": (await them.post("/campaigns", json=campaign)).json()["campaignId"],
        "/agents": (await them.post("/agents", json=AGENT)).json()["id"],
        "/phone-numbers": (await them.post("/phone-numbers", json={"number": other.granted})).json()["id"],
        "/api-keys": (await them.get("/api-keys")).json()["apiKeys"][0]["id"],
        "/webhooks": hook,
        "/privacy/requests": (await them.post("/privacy/forget", json={"phone": FORGOTTEN})).json()["id"],
        "deliveryId": "msg_0123456789abcdef01234567",
        "batchId": (await them.post("/do-not-call", json={"numbers": [BATCH]})).json()["batchId"],
        "number": LISTED,
    }


def filled(path: str, ids: dict[str, str]) -> str:
    before, _, _ = path.partition("/{id}")
    found = path.replace("{id}", ids.get(before, "none"))
    for name in ("contactId", "deliveryId", "batchId", "number"):
        found = found.replace(f"{{{name}}}", ids[name].replace("+", "%2B"))
    return found


async def test_every_route_needs_a_key_before_anything_else(http: httpx.AsyncClient, theirs: dict[str, str]) -> None:
    for route in await routes(http):
        if route.path in OPEN:
            continue
        answer = await http.request(route.method, filled(route.path, theirs), content=b"nonsense")
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized"), route


async def test_a_member_changes_nothing_anywhere(api: Api, theirs: dict[str, str]) -> None:
    for route in await routes(api.http):
        if route.path in OPEN or not (route.changes or route.path.startswith("/organizations")):
            continue
        answer = await ask(api.http, api.tenant.member, route.method, filled(route.path, theirs), {"nonsense": True})
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), route


async def test_a_member_reads_everything(http: httpx.AsyncClient, other: Tenant, theirs: dict[str, str]) -> None:
    """But for the stream of events, and for what is not there: a delivery, a listed number."""
    elsewhere = re.compile("/organizations.*|.*/events|.*{(deliveryId|number)}")
    for route in await routes(http):
        if route.method == "GET" and not elsewhere.fullmatch(route.path) and route.path not in OPEN:
            answer = await ask(http, other.member, "GET", filled(route.path, theirs))
            assert answer.status_code == 200, route


async def test_no_list_holds_what_belongs_to_others(api: Api, theirs: dict[str, str]) -> None:
    for route in await routes(api.http):
        if route.method == "GET" and "{" not in route.path and route.path != "/organizations":
            answer = await ask(api.http, api.tenant.owner, "GET", route.path)
            assert not [id for id in theirs.values() if id in answer.text], route


async def test_what_belongs_to_others_is_as_if_it_did_not_exist(api: Api, theirs: dict[str, str]) -> None:
    walked = 0
    for route in await routes(api.http):
        if "{" not in route.path or route.path.startswith(PLATFORM) or route in TAKEN_OFF:
            continue
        body: Any = None if route.method in {"GET", "DELETE"} else BODIES.get(route.path, {})
        answer = await ask(api.http, api.tenant.owner, route.method, filled(route.path, theirs), body)
        assert answer.status_code == 404, (route, answer.text)
        assert answer.json()["code"].endswith("not_found"), route
        none = {name: "+12025550149" if name == "number" else "none" for name in theirs}
        unknown = await ask(api.http, api.tenant.owner, route.method, filled(route.path, none), body)
        assert (unknown.status_code, unknown.json()["code"]) == (404, answer.json()["code"]), route
        walked += 1
    assert walked >= 30


async def test_what_others_have_is_untouched_by_such_a_walk(api: Api, other: Tenant, theirs: dict[str, str]) -> None:
    them = Api(api.http, other)
    await them.post("/do-not-call", json={"numbers": [LISTED]})
    before = await shown(them, theirs)
    for route in await routes(api.http):
        if "{" in route.path and route.changes:
            await ask(api.http, api.tenant.owner, route.method, filled(route.path, theirs), BODIES.get(route.path, {}))
    assert await shown(them, theirs) == before


async def shown(them: Api, theirs: dict[str, str]) -> list[Any]:
    paths = ["/agents", "/phone-numbers", "/webhooks", "/do-not-call", "/batch/jobs", "/organization"]
    paths += ["/campaigns", f"/campaigns/{theirs['/campaigns']}"]
    paths += [f"/batch/jobs/{theirs['/batch/jobs']}", f"/batch/jobs/{theirs['/batch/jobs']}/activity"]
    answers = [(await them.get(path)).json() for path in paths]
    for answer in answers:
        answer.pop("estimatedCompletionTime", None)  # moves with the clock
    return answers


async def test_mine_and_theirs_do_not_mix_in_one_address(api: Api, theirs: dict[str, str]) -> None:
    job_id = await api.new_job()
    mine = {"/batch/jobs": job_id}
    for method in ("GET", "DELETE"):
        path = filled("/batch/jobs/{id}/contacts/{contactId}", theirs | mine)
        answer = await ask(api.http, api.tenant.owner, method, path)
        assert (answer.status_code, answer.json()["code"]) == (404, "contact_not_found")


async def test_the_platforms_routes_open_to_no_key_of_an_organization(api: Api) -> None:
    for route in await routes(api.http):
        if route.path in PLATFORMS and route != Route("GET", "/organization/credits"):
            answer = await ask(api.http, api.tenant.owner, route.method, route.path, {})
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), route
