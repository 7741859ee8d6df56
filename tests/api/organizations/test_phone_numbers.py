"""Numbers by the API: whose they are, what is kept secret of them, and that none vanishes from under a job."""

from typing import Any

import pytest
import sqlalchemy as sa

from store.db.engine import Database
from store.db.vault import Vault
from store.organizations.carrier_credentials import CarrierCredentials
from tests.api.client import SECRET, Api, Tenant, grant, refused
from tests.api.jobs.test_control import dial
from tests.api.managing import as_platform, ask
from tests.builders import a_caller_id

SID = "AC0123456789abcdef0123456789abcdef"
SETTINGS = {"accountSid": SID, "authToken": "hush-hush"}
TRUNK = "PJSIP/{number}@trunk2"
ASTERISK = {"carrier": "asterisk"}


async def created(api: Api, **fields: Any) -> dict[str, Any]:
    answer = await api.post("/phone-numbers", json={"number": api.tenant.granted} | fields)
    assert answer.status_code == 200, answer.text
    number: dict[str, Any] = answer.json()
    return number


async def test_a_number_is_added_and_seen(api: Api, records: Database) -> None:
    await grant(records, api.tenant.id, "+442071838750")
    number = await created(
        api, number="+442071838750", label="London", outboundAgentId=api.tenant.agent_id, callsPerSecond=2.5
    )
    assert number["id"].startswith("phone_")
    assert {name: value for name, value in number.items() if name not in {"id", "createdAt"}} == {
        "number": "+442071838750",
        "country": "GB",
        "label": "London",
        "outboundAgentId": api.tenant.agent_id,
        "callsPerSecond": 2.5,
        "carrier": "twilio",
        "ownCarrierSettings": False,
    }
    assert (await api.get(f"/phone-numbers/{number['id']}")).json() == number
    assert (await api.get("/phone-numbers", search="londo")).json()["phoneNumbers"] == [number]
    assert (await api.get("/phone-numbers", search="718387")).json()["total"] == 1
    assert (await api.get("/phone-numbers")).json()["total"] == 5


async def test_a_number_that_was_not_granted_is_refused(api: Api, other: Tenant) -> None:
    for number in (other.granted, a_caller_id()):
        answer = await api.post("/phone-numbers", json={"number": number})
        assert "number" in refused(answer, 403, "not_granted")["error"]
    own = await api.post("/phone-numbers", json={"number": other.granted, "carrierSettings": SETTINGS})
    assert own.status_code == 200
    path = f"/phone-numbers/{own.json()['id']}"
    back = await ask(api.http, api.tenant.owner, "PATCH", path, {"carrierSettings": None})
    refused(back, 403, "not_granted")


async def test_the_platform_grants_numbers_and_trunks(api: Api, other: Tenant) -> None:
    path, number = f"/organizations/{api.tenant.id}/carrier-grants", a_caller_id()
    for wanted in ({"number": number}, {"carrier": "asterisk", "trunk": TRUNK}):
        answer = await as_platform(api.http, "POST", path, wanted)
        assert answer.status_code == 200, answer.text
        assert (await as_platform(api.http, "POST", path, wanted)).json() == answer.json()
    listed = await as_platform(api.http, "GET", path)
    assert (await api.get("/organization/carrier-grants")).json() == listed.json()
    assert [grant["name"] for grant in listed.json()["grants"]][-2:] == [number, TRUNK]
    theirs = await as_platform(api.http, "POST", f"/organizations/{other.id}/carrier-grants", {"number": number})
    refused(theirs, 409, "granted_to_another")


async def test_a_grant_in_use_is_not_taken_back(api: Api) -> None:
    path, number = f"/organizations/{api.tenant.id}/carrier-grants", a_caller_id()
    grant_id = (await as_platform(api.http, "POST", path, {"number": number})).json()["id"]
    phone = (await api.post("/phone-numbers", json={"number": number, "outboundAgentId": api.tenant.agent_id})).json()
    job_id = await api.new_job(fromPhoneNumberId=phone["id"])
    refused(await as_platform(api.http, "DELETE", f"{path}/{grant_id}"), 409, "in_use")
    await api.post(f"/batch/jobs/{job_id}/cancel")
    taken = await as_platform(api.http, "DELETE", f"{path}/{grant_id}")
    assert taken.json() == {"success": True, "id": grant_id}
    refused(await as_platform(api.http, "DELETE", f"{path}/{grant_id}"), 404, "grant_not_found")
    refused(await api.send(fromPhoneNumberId=phone["id"]), 403, "not_granted")


@pytest.mark.parametrize("wanted", [{}, {"number": "+12025550171", "trunk": TRUNK}, {"number": "12"}, {"trunk": ""}])
async def test_what_is_wrong_with_a_grant_is_named(api: Api, wanted: dict[str, Any]) -> None:
    answer = await as_platform(api.http, "POST", f"/organizations/{api.tenant.id}/carrier-grants", wanted)
    assert refused(answer, 400, "invalid_request")["details"][0]["field"] in {"number", "trunk"}


async def test_a_job_can_call_from_it(api: Api) -> None:
    number = await created(api, outboundAgentId=api.tenant.agent_id)
    assert (await api.job(await api.new_job(fromPhoneNumberId=number["id"])))["fromPhoneNumberId"] == number["id"]


async def test_carrier_settings_are_kept_sealed_and_never_shown(api: Api, records: Database) -> None:
    number = await created(api, carrierSettings=SETTINGS)
    assert number["ownCarrierSettings"] is True
    for answer in (await api.get("/phone-numbers"), await api.get(f"/phone-numbers/{number['id']}")):
        assert "hush" not in answer.text
        assert SID not in answer.text
    async with records.connect() as connection:
        rows = (await connection.execute(sa.text("SELECT * FROM carrier_accounts"))).all()
    assert "hush" not in str(rows)
    account = number["id"].replace("phone_", "twilio_")
    assert await CarrierCredentials(records, Vault.from_setting(SECRET)).read_settings(account) == SETTINGS
    assert await CarrierCredentials(records, Vault.from_setting("x" * 32)).read_settings(account) is None
    assert await CarrierCredentials(records, Vault.from_setting(SECRET)).read_settings("twilio") is None


async def test_a_number_of_asterisk_has_a_trunk_of_its_own_and_changes_it(api: Api, records: Database) -> None:
    await grant(records, api.tenant.id, api.tenant.granted, "asterisk", TRUNK, "PJSIP/{number}@trunk3")
    number = await created(api, carrier="asterisk", carrierSettings={"trunk": TRUNK})
    path, account = f"/phone-numbers/{number['id']}", number["id"].replace("phone_", "asterisk_")
    kept = CarrierCredentials(records, Vault.from_setting(SECRET))
    assert (number["carrier"], number["ownCarrierSettings"]) == ("asterisk", True)
    assert "trunk2" not in (await api.get(path)).text
    assert await kept.read_settings(account) == {"trunk": TRUNK}
    wrong = await ask(api.http, api.tenant.owner, "PATCH", path, {"carrierSettings": SETTINGS})
    assert refused(wrong, 400, "invalid_request")["details"][0]["field"] == "carrierSettings.trunk"
    other = {"carrierSettings": {"trunk": "PJSIP/{number}@trunk3"}}
    assert (await ask(api.http, api.tenant.owner, "PATCH", path, other)).status_code == 200
    assert await kept.read_settings(account) == other["carrierSettings"]
    back = await ask(api.http, api.tenant.owner, "PATCH", path, {"carrierSettings": None})
    assert back.json()["ownCarrierSettings"] is False


async def test_carrier_settings_change_while_no_call_through_them_is_live(api: Api, records: Database) -> None:
    number = await created(api, outboundAgentId=api.tenant.agent_id)
    path, account = f"/phone-numbers/{number['id']}", number["id"].replace("phone_", "twilio_")
    changed = await ask(api.http, api.tenant.owner, "PATCH", path, {"carrierSettings": SETTINGS, "label": "Own"})
    assert (changed.json()["ownCarrierSettings"], changed.json()["label"]) == (True, "Own")
    job_id = await api.new_job(fromPhoneNumberId=number["id"])
    dial_id = await dial(records, job_id, f"CA-{job_id}")
    async with records.begin() as connection:
        live = sa.text("UPDATE dials SET carrier_account_id = :account WHERE id = :id")
        await connection.execute(live, {"account": account, "id": dial_id})
        closed = sa.text("UPDATE carrier_accounts SET closed_until = now() + interval '1 hour' WHERE id = :account")
        await connection.execute(closed, {"account": account})
    body = refused(
        await ask(api.http, api.tenant.owner, "PATCH", path, {"carrierSettings": SETTINGS | {"authToken": "new"}}),
        409,
        "in_use",
    )
    assert body["details"] == [{"id": job_id, "reason": "uses this phone number"}]
    async with records.begin() as connection:
        await connection.execute(sa.text("UPDATE dials SET ended_at = now() WHERE id = :id"), {"id": dial_id})
    mended = {"carrierSettings": SETTINGS | {"authToken": "new"}}
    assert (await ask(api.http, api.tenant.owner, "PATCH", path, mended)).status_code == 200
    async with records.connect() as connection:
        gate = sa.text("SELECT closed_until FROM carrier_accounts WHERE id = :account")
        assert (await connection.execute(gate, {"account": account})).scalar_one() is None
    back = await ask(api.http, api.tenant.owner, "PATCH", path, {"carrierSettings": None})
    assert back.json()["ownCarrierSettings"] is False


async def test_a_number_in_use_is_not_removed(api: Api) -> None:
    number = await created(api, outboundAgentId=api.tenant.agent_id)
    job_id = await api.new_job(fromPhoneNumberId=number["id"])
    path = f"/phone-numbers/{number['id']}"
    body = refused(await api.http.delete(path, headers=api.key), 409, "in_use")
    assert body["details"] == [{"id": job_id, "reason": "uses this phone number"}]
    await api.post(f"/batch/jobs/{job_id}/cancel")
    assert (await api.http.delete(path, headers=api.key)).json() == {"success": True, "id": number["id"]}
    refused(await api.get(path), 404, "phone_number_not_found")
    refused(await api.send(fromPhoneNumberId=number["id"]), 404, "phone_number_not_found")
    assert (await api.job(job_id))["fromPhoneNumberId"] == number["id"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"number": "2025550171"}, "number"),
        ({"number": "+1 202 555 0171"}, "number"),
        ({"number": "+120255501"}, "number"),
        ({"callsPerSecond": 0}, "callsPerSecond"),
        ({"callsPerSecond": 1001}, "callsPerSecond"),
        ({"callsPerSecond": 0.0001}, "callsPerSecond"),
        ({"carrier": "pigeon"}, "carrier"),
        ({"carrierSettings": {"accountSid": SID}}, "carrierSettings.authToken"),
        ({"carrierSettings": {"accountSid": "me", "authToken": "x"}}, "carrierSettings.accountSid"),
        ({"carrierSettings": SETTINGS | {"region": "ie1"}}, "carrierSettings.region"),
        ({"carrierSettings": {"trunk": TRUNK}}, "carrierSettings.accountSid"),
        ({"carrierSettings": TRUNK}, "carrierSettings"),
        (ASTERISK | {"carrierSettings": SETTINGS}, "carrierSettings.trunk"),
        (ASTERISK | {"carrierSettings": {"trunk": TRUNK, "url": "http://x"}}, "carrierSettings.url"),
        (ASTERISK | {"carrierSettings": {"trunk": "PJSIP/trunk2"}}, "carrierSettings.trunk"),
        ({"label": 5}, "label"),
    ],
)
async def test_what_is_wrong_with_a_number_is_named(api: Api, fields: dict[str, Any], field: str) -> None:
    answer = await api.post("/phone-numbers", json={"number": api.tenant.granted} | fields)
    body = refused(answer, 400, "invalid_request")
    assert body["details"][0]["field"] == field
    assert "2025550171" not in answer.text


async def test_agents_of_others_do_not_exist(api: Api, other: Tenant) -> None:
    answer = await api.post("/phone-numbers", json={"number": api.tenant.granted} | {"outboundAgentId": other.agent_id})
    refused(answer, 404, "agent_not_found")
    path = f"/phone-numbers/{api.tenant.no_agent}"
    answer = await ask(api.http, api.tenant.owner, "PATCH", path, {"outboundAgentId": other.agent_id})
    refused(answer, 404, "agent_not_found")
