"""More contacts for a job that has not ended, or one less."""

from typing import Any

import httpx
import pytest

from store.db.engine import Database
from tests.api.client import Api, refused
from tests.api.jobs.test_control import completed, dial, end_dial, running, scheduled

GRACE, HEDY = "+12025550103", "+12025550104"


async def add(api: Api, job_id: str, *phones: Any) -> httpx.Response:
    return await api.post(f"/batch/jobs/{job_id}/contacts", json={"contacts": [{"phone": phone} for phone in phones]})


async def upload(api: Api, job_id: str, file: bytes | None, **fields: str) -> httpx.Response:
    parts: dict[str, Any] = {name: (None, value) for name, value in fields.items()}
    if file is not None:
        parts["file"] = ("more.csv", file)
    return await api.post(f"/batch/jobs/{job_id}/contacts", files=parts or {"x": (None, "y")})


async def remove(api: Api, job_id: str, contact_id: str) -> httpx.Response:
    return await api.http.delete(f"/batch/jobs/{job_id}/contacts/{contact_id}", headers=api.key)


async def test_contacts_are_added_as_json(api: Api) -> None:
    job_id = await running(api)
    body = (await add(api, job_id, GRACE, HEDY, GRACE)).json()
    assert body == {
        "success": True,
        "batchJobId": job_id,
        "status": "running",
        "added": 2,
        "totalContacts": 4,
        "estimatedCost": "$0.07",
        "validation": {
            "rows": 3,
            "valid": 2,
            "blank": 0,
            "invalidTotal": 0,
            "invalid": [],
            "duplicatesTotal": 1,
            "duplicates": [{"row": 3, "firstRow": 1}],
            "rewrittenTotal": 0,
            "rewritten": [],
            "warnings": [],
        },
    }
    job = await api.job(job_id)
    assert [contact["phoneNumber"] for contact in job["contacts"]][2:] == [GRACE, HEDY]
    assert (job["totalContacts"], job["statusBreakdown"]["pending"]) == (4, 4)


async def test_contacts_are_added_as_a_file_and_bad_rows_are_reported(api: Api) -> None:
    job_id = await scheduled(api)
    body = (await upload(api, job_id, b"name,phone,plan\nGrace,+12025550103,pro\nNobody,12,x\n")).json()
    assert (body["status"], body["added"], body["totalContacts"]) == ("scheduled", 1, 3)
    assert (body["validation"]["invalidTotal"], body["validation"]["invalid"][0]["row"]) == (1, 3)
    added = (await api.job(job_id))["contacts"][2]
    assert added["contactData"] == {"name": "Grace", "phone": GRACE, "plan": "pro"}


async def test_numbers_that_the_job_has_are_not_called_twice(api: Api) -> None:
    job_id = await running(api)
    for _ in range(2):
        body = (await add(api, job_id, "+12025550102", GRACE)).json()
    assert (body["added"], body["totalContacts"], body["estimatedCost"]) == (0, 3, "$0.00")
    assert body["validation"]["duplicates"] == [{"row": 1, "firstRow": 2}, {"row": 2, "firstRow": 4}]


async def test_the_named_columns_of_create_hold(api: Api) -> None:
    job_id = await running(api)
    file = b"Mobile,ref\n+12025550103,patient-17\n+12025550104,\n"
    answer = await upload(
        api, job_id, file, phoneColumn="Mobile", externalIdColumn="ref", requiredFields='["ref"]', other="x"
    )
    body = answer.json()
    assert (body["added"], body["validation"]["invalid"][0]["row"]) == (1, 3)
    assert 'The unknown field "other" was ignored.' in body["validation"]["warnings"]
    assert (await api.job(job_id))["contacts"][2]["externalId"] == "patient-17"


async def test_contacts_can_be_added_to_a_paused_job(api: Api) -> None:
    job_id = await running(api)
    await api.post(f"/batch/jobs/{job_id}/pause")
    assert (await add(api, job_id, GRACE)).json()["status"] == "paused"


async def test_nobody_is_added_to_an_ended_job(api: Api, records: Database, control: Any) -> None:
    done, cancelled = await completed(api, records, control), await scheduled(api)
    await api.post(f"/batch/jobs/{cancelled}/cancel")
    for job_id in (done, cancelled):
        refused(await add(api, job_id, GRACE), 400, "invalid_status")
        assert (await api.job(job_id))["totalContacts"] == 2


@pytest.mark.parametrize(
    ("contacts", "code"),
    [
        (..., "invalid_request"),
        ("x", "invalid_request"),
        ([], "no_valid_contacts"),
        ([{"phone": "12"}], "invalid_phone_format"),
        ([{"phone": GRACE}, {"name": "Nobody"}], "invalid_phone_format"),
        ([{"phone": GRACE, "x": "y" * 70_000}], "invalid_request"),
    ],
)
async def test_codes_of_json_are_those_of_create(api: Api, contacts: Any, code: str) -> None:
    job_id = await running(api)
    body = {} if contacts is ... else {"contacts": contacts}
    refused(await api.post(f"/batch/jobs/{job_id}/contacts", json=body), 400, code)
    assert (await api.job(job_id))["totalContacts"] == 2


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (None, "invalid_csv"),
        (b"", "invalid_csv"),
        (b"name\nGrace\n", "missing_phone_column"),
        (b"phone\n12\n", "no_valid_contacts"),
    ],
)
async def test_codes_of_a_file_are_those_of_create(api: Api, file: bytes | None, code: str) -> None:
    refused(await upload(api, await running(api), file), 400, code)


async def test_whoever_is_on_the_do_not_call_list_enters_as_blocked(api: Api) -> None:
    job_id = await running(api)
    await api.post("/do-not-call", json={"numbers": [GRACE]})
    body = (await add(api, job_id, GRACE, HEDY)).json()
    assert (body["added"], body["estimatedCost"]) == (2, "$0.04")
    assert any("do-not-call" in warning for warning in body["validation"]["warnings"])
    assert [contact["status"] for contact in (await api.job(job_id))["contacts"]][2:] == ["blocked", "pending"]
    refused(await add(api, await running(api), GRACE), 400, "no_valid_contacts")


async def test_a_removed_contact_is_not_called_any_more(api: Api) -> None:
    job_id = await running(api)
    contact_id = (await api.job(job_id))["contacts"][1]["id"]
    for _ in range(2):
        assert (await remove(api, job_id, contact_id)).json() == {
            "success": True,
            "message": "The contact is not called any more.",
            "batchJobId": job_id,
            "contactId": contact_id,
            "status": "cancelled",
        }
    contact = (await api.job(job_id))["contacts"][1]
    assert (contact["status"], contact["failureReason"]) == ("cancelled", "Removed from the job.")
    record = (await api.get(f"/batch/jobs/{job_id}/activity")).json()["activity"]
    assert [entry["action"] for entry in record].count("contact_removed") == 1


async def test_a_live_call_of_a_removed_contact_ends_by_itself(api: Api, records: Database) -> None:
    job_id = await running(api)
    dial_id = await dial(records, job_id, "CA-removed-" + job_id)
    contact_id = (await api.job(job_id))["contacts"][0]["id"]
    body = (await remove(api, job_id, contact_id)).json()
    assert (body["status"], "ends by itself" in body["message"]) == ("dialing", True)
    await end_dial(records, dial_id)


async def test_a_final_result_stays(api: Api, records: Database, control: Any) -> None:
    job_id = await completed(api, records, control)
    contact_id = (await api.job(job_id))["contacts"][0]["id"]
    body = (await remove(api, job_id, contact_id)).json()
    assert (body["status"], body["message"]) == ("completed", "The contact had its final result already.")


async def test_national_writing_is_read_where_the_country_is_given(api: Api) -> None:
    job = await api.new_job()
    rows = b"phone,name\n(202) 555-0105,Ada\n+1 202-555-0106,Bob\n2025550107 ext. 5,Eve\n"
    parts = {"file": ("more.csv", rows), "defaultCountry": (None, "US")}
    body = (await api.post(f"/batch/jobs/{job}/contacts", files=parts)).json()
    assert body["added"] == 2
    assert [(one["written"], one["number"]) for one in body["validation"]["rewritten"]] == [
        ("(202) 555-0105", "+12025550105"),
        ("+1 202-555-0106", "+12025550106"),
    ]
    assert "letters or an extension" in body["validation"]["invalid"][0]["reason"]
    body = (await api.post(f"/batch/jobs/{job}/contacts", files={"file": ("more.csv", rows)})).json()
    assert body["code"] == "no_valid_contacts"
