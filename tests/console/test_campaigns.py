"""Campaigns in the console: a list, and one page with all that concerns their jobs together."""

from tests.api.client import Api
from tests.console.browsing import Visitor

FILE = b"phone,name\n+12025550101,Ada\n+12025550102,Bo\n+12,Cy\n"


async def a_campaign(api: Api, name: str = "Spring <b>list</b>", file: bytes = FILE) -> str:
    body = {"name": name, "fromPhoneNumberId": api.tenant.pipeline}
    id = str((await api.post("/campaigns", json=body)).json()["campaignId"])
    headers = api.key | {"Content-Type": "text/csv"}
    if file:
        answer = await api.http.put(f"/campaigns/{id}/contacts", content=file, headers=headers)
        assert answer.status_code == 200, answer.text
    return id


async def test_campaigns_are_listed_and_filtered(visitor: Visitor, api: Api) -> None:
    assert "No campaigns yet" in await visitor.text("/console/campaigns")
    id = await a_campaign(api)
    page = await visitor.read("/console/campaigns")
    assert "Spring &lt;b&gt;list&lt;/b&gt;" in page
    assert f"/console/campaigns/{id}" in page
    assert "0 of 2" in page
    assert "No campaign fits" in await visitor.text("/console/campaigns?status=running")
    assert "Spring" in await visitor.text("/console/live/campaigns?status=draft")


async def test_a_campaign_is_started_paused_and_cancelled_on_its_page(visitor: Visitor, api: Api) -> None:
    id = await a_campaign(api)
    page = await visitor.text(f"/console/campaigns/{id}")
    assert "3 rows: 2 to call, 1 that cannot be called" in page
    assert "Start now" in page
    assert (await visitor.send("POST", f"/campaigns/{id}/start")).status_code == 200
    page = await visitor.text(f"/console/live/campaigns/{id}")
    assert "Jobs begun 1 of 1, 1 open" in page
    assert "Part 1 Starting 2" in page
    assert (await visitor.send("POST", f"/campaigns/{id}/pause")).status_code == 200
    assert "Resume" in await visitor.text(f"/console/campaigns/{id}")
    assert (await visitor.send("POST", f"/campaigns/{id}/cancel", json={"hangUp": True})).status_code == 200
    page = await visitor.text(f"/console/campaigns/{id}")
    assert "Not called 2 100 %" in page
    assert "Cancel the campaign" in page  # the dialog, which no button opens any more
    assert 'data-open="cancel"' not in await visitor.read(f"/console/live/campaigns/{id}")
    activity = await visitor.text("/console/activity")
    assert "started a campaign" in activity
    assert "cancelled a campaign" in activity


async def test_a_file_that_is_not_in_yet_says_how_it_goes_on(visitor: Visitor, api: Api) -> None:
    id = await a_campaign(api, file=b"")
    page = await visitor.text(f"/console/campaigns/{id}")
    assert "Its file is not in yet. 0 bytes are in" in page
    assert "Start now" not in page


async def test_who_takes_the_results_is_on_record(visitor: Visitor, member: Visitor, api: Api) -> None:
    id = await a_campaign(api)
    assert "+12025550102,Bo,pending" in await member.read(f"/console/campaigns/{id}/results")
    assert "Cancel" not in await member.text(f"/console/campaigns/{id}")
    assert id in await visitor.text("/console/activity")


async def test_a_campaign_of_others_is_not_there(visitor: Visitor) -> None:
    answer = await visitor.client.get("/console/campaigns/campaign_0123456789abcdef01234567")
    assert answer.status_code == 404
