"""Credits by the API: what there is, what is held for whom, and who may add some."""

from typing import Any

import pytest

from tests.api.client import Api, refused
from tests.api.managing import as_platform


async def test_a_job_holds_its_estimate(api: Api) -> None:
    job_id = await api.new_job(name="Reminders", contacts=[{"phone": "+12025550101"}, {"phone": "+12025550102"}])
    credits = (await api.get("/organization/credits")).json()
    sums = {name: credits[name] for name in ("unlimited", "balance", "held", "free", "liveCalls")}
    assert sums == {"unlimited": False, "balance": "100.00", "held": "0.07", "free": "99.93", "liveCalls": "0.00"}
    assert credits["holds"] == [{"batchJobId": job_id, "name": "Reminders", "amount": "0.07"}]
    assert [(entry["kind"], entry["balanceDelta"], entry["heldDelta"]) for entry in credits["entries"]] == [
        ("hold", "0.00", "0.07"),
        ("topup", "100.00", "0.00"),
    ]
    assert credits["entries"][0]["batchJobId"] == job_id
    assert (credits["total"], credits["page"], credits["pageSize"]) == (2, 1, 20)
    second = (await api.get("/organization/credits", page=2, pageSize=1)).json()["entries"]
    assert [entry["kind"] for entry in second] == ["topup"]


async def test_the_platform_tops_up(api: Api) -> None:
    top_up = {"organizationId": api.tenant.id, "amount": "2.5"}
    answer = await as_platform(api.http, "POST", "/organization/credits", top_up)
    assert answer.json() == {
        "success": True,
        "organizationId": api.tenant.id,
        "amount": "2.50",
        "credits": {"balance": "102.50", "held": "0.00", "free": "102.50"},
    }
    assert (await api.get("/organization/credits")).json()["free"] == "102.50"


async def test_the_same_top_up_sent_again_adds_nothing(api: Api) -> None:
    top_up = {"organizationId": api.tenant.id, "amount": 5}
    for expected in (None, "true", "true"):
        answer = await as_platform(
            api.http, "POST", "/organization/credits", top_up, Idempotency_Key=f"invoice {api.tenant.id}"
        )
        assert answer.headers.get("Idempotent-Replayed") == expected
        assert answer.json()["credits"]["balance"] == "105.00"
    assert (await api.get("/organization/credits")).json()["total"] == 2


@pytest.mark.parametrize("amount", [0, -1, "0", "-1", "", "1e3", "0.0000001", "many", None, True, 1_000_000_001, 1e300])
async def test_what_is_no_amount_is_refused(api: Api, amount: Any) -> None:
    top_up = {"organizationId": api.tenant.id, "amount": amount}
    body = refused(await as_platform(api.http, "POST", "/organization/credits", top_up), 400, "invalid_request")
    assert body["details"][0]["field"] == "amount"


async def test_an_organization_that_is_not_there_is_not_topped_up(api: Api) -> None:
    top_up = {"organizationId": "org_none", "amount": 1}
    answer = await as_platform(api.http, "POST", "/organization/credits", top_up)
    refused(answer, 404, "organization_not_found")
