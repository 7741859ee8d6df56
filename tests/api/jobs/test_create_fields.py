"""What create says is wrong with fields, numbers and credits, and the order in which errors answer."""

from decimal import Decimal
from typing import Any

import httpx

from store.db.engine import Database
from tests.api.client import CONTACTS, Api, Tenant, new_tenant, refused


async def test_names_are_stored_to_the_last_code_point(api: Api) -> None:
    job = await api.job(await api.new_job(name="🎈" * 200, description="🎈" * 1000))
    assert (job["name"], job["description"]) == ("🎈" * 200, "🎈" * 1000)


async def test_all_bad_fields_are_named_at_once(api: Api) -> None:
    body = refused(await api.send(name=..., maxAttempts=11, onOverlap="ignore"), 400, "invalid_request")
    assert {detail["field"] for detail in body["details"]} == {"name", "maxAttempts", "onOverlap"}


async def test_a_number_of_somebody_else_does_not_exist(api: Api, other: Tenant) -> None:
    for number in (other.pipeline, "phone_000000000000000000000000", "nonsense"):
        refused(await api.send(fromPhoneNumberId=number), 404, "phone_number_not_found")
        refused(await api.upload(fromPhoneNumberId=number), 404, "phone_number_not_found")


async def test_a_number_needs_an_agent_that_can_talk(api: Api) -> None:
    bare = refused(await api.send(fromPhoneNumberId=api.tenant.no_agent), 400, "no_outbound_agent")
    text = refused(await api.send(fromPhoneNumberId=api.tenant.text), 400, "no_outbound_agent")
    assert bare["error"] != text["error"]


async def test_the_free_credits_must_cover_the_unrounded_estimate(http: httpx.AsyncClient, records: Database) -> None:
    api = Api(http, await new_tenant(records, credits=Decimal("0.10")))
    three = [{"phone": f"+120255501{last:02d}"} for last in range(3)]  # 3 x $0.035 = $0.105, shown as $0.11
    body = refused(await api.send(three), 400, "insufficient_credits")
    assert "$0.11" in body["error"]
    assert "$0.10" in body["error"]
    assert (await api.send(three[:2])).status_code == 200  # holds $0.07
    refused(await api.send(three[2:]), 400, "insufficient_credits")


async def test_an_organization_without_a_ledger_is_never_short(http: httpx.AsyncClient, records: Database) -> None:
    api = Api(http, await new_tenant(records, credits=None))
    assert (await api.send()).status_code == 200


async def test_the_first_thing_wrong_answers(api: Api, other: Tenant) -> None:
    """Key, role, body, fields, number, file or contacts, credits: mended one by one."""
    path, junk = "/batch/create", {"content": b"{", "headers": {"Content-Type": "application/json"}}
    refused(await api.http.post(path, **junk), 401, "unauthorized")
    junk["headers"]["x-api-key"] = api.tenant.member
    refused(await api.http.post(path, **junk), 403, "forbidden")
    refused(await api.send_raw(b"{", "application/json"), 400, "invalid_request")

    wrong: dict[str, Any] = {
        "maxAttempts": 0,
        "timezone": "Mars/Base",
        "scheduledStartTime": "2001-01-01T00:00Z",
        "fromPhoneNumberId": other.pipeline,
        "contacts": [{"phone": "1"}],
    }
    refused(await api.send(**wrong), 400, "invalid_request")
    del wrong["maxAttempts"]
    refused(await api.send(**wrong), 400, "invalid_timezone")
    del wrong["timezone"]
    refused(await api.send(**wrong), 400, "past_scheduled_time")
    del wrong["scheduledStartTime"]
    refused(await api.send(**wrong), 404, "phone_number_not_found")
    wrong["fromPhoneNumberId"] = api.tenant.text
    refused(await api.send(**wrong), 400, "no_outbound_agent")
    del wrong["fromPhoneNumberId"]
    refused(await api.send(**wrong), 400, "invalid_phone_format")


async def test_the_file_is_judged_after_the_number_and_before_the_credits(
    http: httpx.AsyncClient, records: Database
) -> None:
    api = Api(http, await new_tenant(records, credits=Decimal(0)))
    refused(await api.upload(b"", fromPhoneNumberId="phone_none"), 404, "phone_number_not_found")
    refused(await api.upload(b""), 400, "invalid_csv")
    refused(await api.upload(b"name\nAda\n"), 400, "missing_phone_column")
    refused(await api.upload(), 400, "insufficient_credits")


async def test_numbers_of_other_open_jobs_are_told_skipped_or_rejected(api: Api, other: Tenant) -> None:
    first = await api.new_job()
    both = [*CONTACTS, {"phone": "+12025550102"}]
    body = refused(await api.send(both, onOverlap="reject"), 409, "overlapping_contacts")
    assert [detail["row"] for detail in body["details"]] == [1]
    refused(await api.send(onOverlap="skip"), 400, "no_valid_contacts")

    warned = (await api.send(both)).json()
    assert warned["totalContacts"] == 2
    assert any("row 1" in warning for warning in warned["validation"]["warnings"])
    await api.post(f"/batch/jobs/{warned['batchJobId']}/cancel")

    skipped = (await api.send(both, onOverlap="skip")).json()
    assert skipped["totalContacts"] == 1
    job = await api.job(skipped["batchJobId"])
    assert [contact["phoneNumber"] for contact in job["contacts"]] == ["+12025550102"]
    await api.post(f"/batch/jobs/{skipped['batchJobId']}/cancel")

    assert (await Api(api.http, other).send(onOverlap="reject")).status_code == 200
    await api.post(f"/batch/jobs/{first}/cancel")
    assert (await api.send(onOverlap="reject")).status_code == 200
