"""Who may see the console, and that nobody acts through a browser without its user."""

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.statuses import Role
from store.organizations.api_keys import ApiKeys
from store.organizations.console_sessions import ConsoleSessions
from tests.api.client import Api, Served, Tenant
from tests.console.browsing import CSRF, Visitor


async def test_who_is_not_signed_in_is_asked_to_and_comes_back(served: Served, tenant: Tenant) -> None:
    async with Visitor.at(served.url) as visitor:
        asked = await visitor.client.get("/console?status=running")
        assert (asked.status_code, asked.headers["location"]) == (
            303,
            "/console/sign-in?next=%2Fconsole%3Fstatus%3Drunning",
        )
        entered = await visitor.sign_in(tenant.owner, next="/console?status=running")
        assert (entered.status_code, entered.headers["location"]) == (303, "/console?status=running")
        assert "Signed in as owner" in await visitor.text("/console")


@pytest.mark.parametrize("wanted", ["https://example.com/", "//example.com", "/console//example.com/\\", "/docs", "x"])
async def test_signing_in_leads_to_our_own_pages_only(served: Served, tenant: Tenant, wanted: str) -> None:
    async with Visitor.at(served.url) as visitor:
        entered = await visitor.sign_in(tenant.owner, next=wanted)
        assert entered.headers["location"] == "/console"


async def test_no_script_reads_the_cookie_and_no_other_site_sends_it_with_a_form(
    served: Served, tenant: Tenant
) -> None:
    async with Visitor.at(served.url) as visitor:
        [cookie] = (await visitor.sign_in(tenant.owner)).headers.get_list("set-cookie")
        assert {"HttpOnly", "SameSite=lax", "Path=/console"} <= set(cookie.split("; "))
        assert "Secure" not in cookie
        assert tenant.owner not in cookie


async def test_over_https_the_cookie_goes_nowhere_else(served: Served, tenant: Tenant) -> None:
    """A proxy on this machine says that the browser came over https."""
    proxy = {"X-Forwarded-Proto": "https"}
    async with httpx.AsyncClient(base_url=served.url, headers=proxy) as client:
        asked = await client.get("/console/sign-in")
        form = {"csrf": CSRF.findall(asked.text)[0], "key": tenant.owner}
        headers = {
            "Origin": served.url.replace("http:", "https:"),
            "Cookie": asked.headers["set-cookie"].split(";")[0],  # a client over http does not send it
        }
        entered = await client.post("/console/sign-in", data=form, headers=headers)
        assert "Secure" in entered.headers["set-cookie"]


@pytest.mark.parametrize("key", ["", "od_wrong", "odp_platform-of-the-tests", "ods_" + "x" * 43])
async def test_what_is_no_key_of_an_organization_signs_nobody_in(served: Served, key: str) -> None:
    async with Visitor.at(served.url) as visitor:
        refused = await visitor.sign_in(key)
        assert refused.status_code == 403
        assert 'role="alert"' in refused.text
        assert (await visitor.client.get("/console")).status_code == 303


async def test_a_session_is_over_with_its_key(served: Served, tenant: Tenant, records: AsyncEngine) -> None:
    issued = await ApiKeys(records).create(tenant.id, Role.ADMIN, "to be revoked")
    async with Visitor.at(served.url) as visitor:
        await visitor.sign_in(issued.key)
        assert (await visitor.client.get("/console")).status_code == 200
        await ApiKeys(records).revoke(tenant.id, issued.id)
        gone = await visitor.client.get("/console")
        assert (gone.status_code, gone.headers["location"]) == (303, "/console/sign-in")
        assert 'outdial_console=""' in gone.headers["set-cookie"]


async def test_signing_out_ends_the_session_on_the_server_too(visitor: Visitor) -> None:
    token = visitor.client.cookies["outdial_console"]
    left = await visitor.client.post(
        "/console/sign-out", data={"csrf": visitor.csrf}, headers={"Origin": visitor.origin}
    )
    assert left.headers["location"] == "/console/sign-in"
    again = await visitor.client.get("/console", headers={"Cookie": f"outdial_console={token}"})
    assert again.status_code == 303


async def test_a_form_without_the_pages_token_or_from_elsewhere_changes_nothing(visitor: Visitor, api: Api) -> None:
    job_id = await api.new_job()
    path = f"/console/api/batch/jobs/{job_id}/pause"
    own = {"Origin": visitor.origin, "X-CSRF-Token": visitor.csrf}
    forged = [
        {"Origin": visitor.origin},
        own | {"X-CSRF-Token": "0" * 64},
        own | {"Origin": "https://evil.example"},
        own | {"Origin": "null"},
        {"X-CSRF-Token": visitor.csrf},  # nothing says where it comes from
        own | {"Authorization": f"Bearer {api.tenant.owner}", "X-CSRF-Token": ""},
    ]
    for headers in forged:
        refused = await visitor.client.post(path, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden"), headers
    assert (await api.job(job_id))["status"] != "paused"
    assert (await visitor.client.post(path, headers=own)).status_code == 200
    assert (await api.job(job_id))["status"] == "paused"


async def test_a_token_is_that_of_one_session(visitor: Visitor, member: Visitor, api: Api) -> None:
    job_id = await api.new_job()
    stolen = await visitor.send("POST", f"/batch/jobs/{job_id}/pause", headers={"X-CSRF-Token": member.csrf})
    assert stolen.status_code == 403


@pytest.mark.parametrize("path", ["/console/sign-in", "/console/sign-out"])
async def test_no_other_site_signs_anybody_in_or_out(visitor: Visitor, tenant: Tenant, path: str) -> None:
    fields = {"key": tenant.member, "csrf": "x"}
    assert (await visitor.client.post(path, data=fields, headers={"Origin": visitor.origin})).status_code == 403
    assert (await visitor.client.post(path, data=fields, headers={"Origin": "https://evil.example"})).status_code == 403
    assert (await visitor.client.get("/console")).status_code == 200


async def test_a_member_sees_and_cannot_act(member: Visitor, api: Api) -> None:
    job_id = await api.new_job(name="Not theirs to pause")
    page = await member.read("/console")
    assert "Not theirs to pause" in page
    assert "data-post" not in page
    refused = await member.send("POST", f"/batch/jobs/{job_id}/pause")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


async def test_without_a_session_the_consoles_way_to_the_api_is_closed(stranger: httpx.AsyncClient, api: Api) -> None:
    """Whatever key the request itself carries: pages have none."""
    asked = await stranger.get("/console/api/batch/jobs", headers=api.key)
    assert (asked.status_code, asked.json()["code"]) == (401, "unauthorized")


async def test_a_session_is_no_way_into_another_organization(
    visitor: Visitor, other: Tenant, http: httpx.AsyncClient
) -> None:
    job_id = await Api(http, other).new_job()
    assert (await visitor.send("GET", f"/batch/jobs/{job_id}")).status_code == 404


async def test_a_link_signs_in_once_and_on_this_machine_only(
    stranger: httpx.AsyncClient, tenant: Tenant, records: AsyncEngine
) -> None:
    [key, *_] = await ApiKeys(records).list_all(tenant.id)
    link = await ConsoleSessions(records).create_link(key.id)
    path = f"/console/enter?token={link}"
    for elsewhere in ({"Host": "outdial.example"}, {"X-Forwarded-For": "203.0.113.7"}):
        assert (await stranger.get(path, headers=elsewhere)).status_code == 403
    assert (await stranger.get(f"/console/enter?token={'x' * 40}")).status_code == 403
    entered = await stranger.get(path)
    assert (entered.status_code, entered.headers["location"]) == (303, "/console")
    assert (await stranger.get("/console")).status_code == 200
    stranger.cookies.clear()
    assert "used already" in (await stranger.get(path)).text
    assert (await stranger.get("/console")).status_code == 303


async def test_a_link_is_no_session(stranger: httpx.AsyncClient, tenant: Tenant, records: AsyncEngine) -> None:
    [key, *_] = await ApiKeys(records).list_all(tenant.id)
    link = await ConsoleSessions(records).create_link(key.id)
    for token in (link, str(link).replace("odl_", "ods_")):
        answer = await stranger.get("/console", headers={"Cookie": f"outdial_console={token}"})
        assert answer.status_code == 303


async def test_no_key_that_is_not_valid_gets_a_session(tenant: Tenant, records: AsyncEngine) -> None:
    issued = await ApiKeys(records).create(tenant.id, Role.ADMIN, "revoked")
    await ApiKeys(records).revoke(tenant.id, issued.id)
    sessions = ConsoleSessions(records)
    assert [await sessions.create(issued.id), await sessions.create_link(issued.id)] == [None, None]
    assert await sessions.create("key_0") is None
