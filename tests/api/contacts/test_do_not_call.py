"""The do-not-call list over HTTP: added as JSON or as a file, looked up, taken off; an agent's opt-out."""

import asyncio
import io
import re
from typing import Any
from urllib.parse import quote

import httpx
import openpyxl
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.api.client import Api, Tenant, refused
from tests.api.jobs.test_control import dial, end_dial, running

ADA, BOB = "+12025550101", "+12025550102"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z")
LISTED = "The number is on the do-not-call list."


async def add(api: Api, *numbers: Any, **more: Any) -> httpx.Response:
    return await api.post("/do-not-call", json={"numbers": list(numbers), **more})


async def upload(api: Api, file: bytes, **fields: str) -> httpx.Response:
    parts: dict[str, Any] = {name: (None, value) for name, value in fields.items()}
    return await api.post("/do-not-call", files=parts | {"file": ("list.csv", file)})


def at(number: str) -> str:
    return f"/do-not-call/{quote(number, safe='')}"


async def delete(api: Api, number: str, key: str | None = None) -> httpx.Response:
    return await api.http.delete(at(number), headers={"x-api-key": key or api.tenant.owner})


async def test_numbers_are_added_as_json(api: Api) -> None:
    body = (await add(api, ADA, BOB, ADA, note="  Asked us.  ")).json()
    assert body == {
        "success": True,
        "added": 2,
        "alreadyListed": 0,
        "contactsBlocked": 0,
        "validation": {
            "rows": 3,
            "valid": 2,
            "blank": 0,
            "invalidTotal": 0,
            "invalid": [],
            "duplicatesTotal": 1,
            "duplicates": [{"row": 3, "firstRow": 1}],
            "warnings": [],
        },
    }
    entry = (await api.get(at(ADA))).json()
    assert MOMENT.fullmatch(entry.pop("addedAt"))
    assert entry.pop("addedBy").startswith("key_")
    assert entry == {"number": ADA, "source": "api", "note": "Asked us."}


async def test_numbers_are_added_as_a_file_and_bad_rows_are_reported(api: Api) -> None:
    body = (await upload(api, b"Name,PHONE\nAda,+12025550101\nBob,2025550102\nAda,+12025550101\n", note="list")).json()
    assert (body["added"], body["alreadyListed"]) == (1, 0)
    report = body["validation"]
    assert (report["rows"], report["valid"], report["invalidTotal"], report["duplicatesTotal"]) == (3, 1, 1, 1)
    assert (report["invalid"][0]["row"], report["invalid"][0]["value"]) == (3, "…02")
    entry = (await api.get(at(ADA))).json()
    assert (entry["source"], entry["note"]) == ("file", "list")


async def test_a_spreadsheet_lists_numbers_and_may_name_its_column(api: Api) -> None:
    workbook = openpyxl.Workbook()
    for row in (["Mobile", "Name"], [ADA, "Ada"], [BOB, "Bob"]):
        workbook.active.append(row)
    content = io.BytesIO()
    workbook.save(content)
    assert (await upload(api, content.getvalue(), phoneColumn="Mobile")).json()["added"] == 2
    body = refused(await upload(api, content.getvalue(), phoneColumn="Fax"), 400, "missing_phone_column")
    assert "Fax" in body["error"]


async def test_a_number_added_twice_keeps_its_entry(api: Api) -> None:
    await add(api, ADA, note="first")
    body = (await add(api, ADA, BOB, note="second")).json()
    assert (body["added"], body["alreadyListed"]) == (1, 1)
    assert (await api.get(at(ADA))).json()["note"] == "first"
    assert (await api.get(at(BOB))).json()["note"] == "second"


@pytest.mark.parametrize(
    ("numbers", "code"),
    [
        (..., "invalid_request"),
        (None, "invalid_request"),
        (ADA, "invalid_request"),
        ({}, "invalid_request"),
        ([], "no_valid_contacts"),
        ([ADA, "12025550102"], "invalid_phone_format"),
        ([ADA, 12025550102], "invalid_phone_format"),
        ([ADA, None], "invalid_phone_format"),
        ([ADA, "+1 202 555 0102"], "invalid_phone_format"),
        ([ADA] * 10_001, "too_many_contacts"),
    ],
)
async def test_one_bad_number_in_json_rejects_them_all(api: Api, numbers: Any, code: str) -> None:
    body = {} if numbers is ... else {"numbers": numbers}
    refused(await api.post("/do-not-call", json=body), 400, code)
    assert (await api.get("/do-not-call")).json()["total"] == 0


async def test_bad_numbers_are_named_by_index_and_masked(api: Api) -> None:
    body = refused(await add(api, ADA, "2025550102", 7), 400, "invalid_phone_format")
    assert [(found["index"], found["value"]) for found in body["details"]] == [(1, "…02"), (2, None)]
    assert "2025550102" not in body["error"]


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (b"", "invalid_csv"),
        (b"name\nAda\n", "missing_phone_column"),
        (b"phone\n", "no_valid_contacts"),
        (b"phone\n12\n", "no_valid_contacts"),
        (b"phone\n" + b"+12025550101\n" * 10_001, "too_many_contacts"),
    ],
)
async def test_a_file_that_lists_nobody(api: Api, file: bytes, code: str) -> None:
    refused(await upload(api, file), 400, code)


@pytest.mark.parametrize("note", [7, ["x"], "x" * 1001, "\0"])
async def test_what_is_no_note(api: Api, note: Any) -> None:
    details = refused(await add(api, ADA, note=note), 400, "invalid_request")["details"]
    assert "note" in {details[0].get("field"), details[0].get("path")}


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff"])
async def test_what_is_no_json_object(api: Api, content: bytes) -> None:
    sent = await api.post("/do-not-call", content=content)
    refused(sent, 400, "invalid_request")
    headers = api.key | {"Content-Type": "application/json"}
    refused(await api.http.post("/do-not-call", content=content, headers=headers), 400, "invalid_request")


async def test_a_request_with_a_key_is_answered_the_same_again(api: Api) -> None:
    headers = api.key | {"Idempotency-Key": "list-1"}
    first, second = [await api.http.post("/do-not-call", json={"numbers": [ADA]}, headers=headers) for _ in range(2)]
    assert (first.json(), first.json()["added"]) == (second.json(), 1)
    assert second.headers["Idempotent-Replayed"] == "true"
    other = await api.http.post("/do-not-call", json={"numbers": [BOB]}, headers=headers)
    refused(other, 409, "idempotency_conflict")


async def test_a_body_of_another_kind_is_refused(api: Api) -> None:
    headers = api.key | {"Content-Type": "text/plain"}
    answer = await api.http.post("/do-not-call", content=ADA, headers=headers)
    assert refused(answer, 400, "invalid_request")["error"].endswith("or application/json with numbers.")


async def test_who_waits_to_be_called_is_blocked(api: Api, records: AsyncEngine) -> None:
    contacts = [{"phone": ADA}, {"phone": BOB}]
    job_id = await api.new_job(contacts=contacts)
    on_the_phone = await api.new_job(contacts=[{"phone": ADA}])
    await api.post(f"/batch/jobs/{on_the_phone}/start")
    await dial(records, on_the_phone, "CA-live-" + on_the_phone)
    assert (await add(api, ADA)).json()["contactsBlocked"] == 1
    job = await api.job(job_id)
    assert [(c["status"], c["failureReason"], c["errorCode"]) for c in job["contacts"]] == [
        ("blocked", LISTED, None),
        ("pending", None, None),
    ]
    assert (job["statusBreakdown"]["blocked"], job["failedCalls"]) == (1, 1)
    assert (await api.job(on_the_phone))["contacts"][0]["status"] == "dialing"


async def test_the_answer_waits_for_a_request_to_one_of_the_numbers(api: Api, records: AsyncEngine) -> None:
    job_id = await running(api)  # the first contact is Ada
    dial_id = await dial(records, job_id, None)
    assert (await add(api, BOB)).status_code == 200
    answer = asyncio.create_task(add(api, ADA))
    await asyncio.sleep(0.4)
    assert not answer.done()
    assert (await api.get(at(ADA))).status_code == 200  # it is on the list already
    await end_dial(records, dial_id)
    assert (await answer).json()["contactsBlocked"] == 0


async def test_the_list_comes_newest_first_page_by_page_and_by_search(api: Api) -> None:
    for number in (ADA, BOB, "+442079460101"):
        await add(api, number)
    everything = (await api.get("/do-not-call")).json()
    assert [entry["number"] for entry in everything["entries"]] == ["+442079460101", BOB, ADA]
    assert (everything["total"], everything["page"], everything["pageSize"]) == (3, 1, 20)
    second = (await api.get("/do-not-call", page=2, pageSize=2)).json()
    assert ([entry["number"] for entry in second["entries"]], second["total"]) == ([ADA], 3)
    for text, expected in (("+1202", [BOB, ADA]), ("0101", ["+442079460101", ADA]), ("%", [])):
        found = (await api.get("/do-not-call", search=text)).json()
        assert [entry["number"] for entry in found["entries"]] == expected
    refused(await api.get("/do-not-call", page=0), 400, "invalid_page")
    refused(await api.get("/do-not-call", pageSize=101), 400, "invalid_page_size")


async def test_a_number_taken_off_is_called_again_by_new_jobs(api: Api) -> None:
    await add(api, ADA)
    assert (await delete(api, ADA)).json() == {"success": True, "removed": True}
    assert (await delete(api, ADA)).json() == {"success": True, "removed": False}
    refused(await api.get(at(ADA)), 404, "not_found")
    assert (await api.job(await api.new_job(contacts=[{"phone": ADA}])))["totalContacts"] == 1


@pytest.mark.parametrize("number", ["12025550101", "+1 202", "+", "x", "+0123456", "+1202555010199999"])
async def test_an_address_without_a_number(api: Api, number: str) -> None:
    refused(await api.get(at(number)), 400, "invalid_phone_format")
    refused(await delete(api, number), 400, "invalid_phone_format")


async def test_the_plus_sign_may_be_written_as_it_is(api: Api) -> None:
    await add(api, ADA)
    assert (await api.get(f"/do-not-call/{ADA}")).json()["number"] == ADA


async def test_every_organization_has_its_own_list(api: Api, other: Tenant) -> None:
    await add(api, ADA)
    stranger = Api(api.http, other)
    assert (await stranger.get("/do-not-call")).json()["total"] == 0
    refused(await stranger.get(at(ADA)), 404, "not_found")
    assert (await delete(api, ADA, other.owner)).json()["removed"] is False
    assert (await api.get(at(ADA))).status_code == 200


async def test_a_member_reads_the_list_and_changes_nothing(api: Api) -> None:
    await add(api, ADA)
    member = {"x-api-key": api.tenant.member}
    assert (await api.http.get("/do-not-call", headers=member)).json()["total"] == 1
    assert (await api.http.get(at(ADA), headers=member)).status_code == 200
    refused(await api.http.post("/do-not-call", headers=member, json={"numbers": [BOB]}), 403, "forbidden")
    refused(await delete(api, ADA, api.tenant.member), 403, "forbidden")
    refused(await api.http.post("/calls/call_1/opt-out", headers=member), 403, "forbidden")


async def test_without_a_key_nothing_is_told(http: httpx.AsyncClient) -> None:
    refused(await http.get("/do-not-call"), 401, "unauthorized")
    refused(await http.post("/do-not-call"), 401, "unauthorized")
    refused(await http.get(at(ADA)), 401, "unauthorized")
    refused(await http.delete(at(ADA)), 401, "unauthorized")
    refused(await http.post("/calls/call_1/opt-out"), 401, "unauthorized")


async def test_an_agent_opts_the_person_out(api: Api, records: AsyncEngine) -> None:
    job_id = await running(api)
    later = await api.new_job(contacts=[{"phone": ADA}], onOverlap="warn")
    call_id = await dial(records, job_id, "CA-opt-out-" + job_id)
    path = f"/calls/{call_id}/opt-out"
    assert (await api.post(path, json={"note": "Never again."})).json() == {
        "success": True,
        "callId": call_id,
        "number": "…01",
        "alreadyListed": False,
        "contactsBlocked": 1,
    }
    entry = (await api.get(at(ADA))).json()
    assert (entry["source"], entry["note"]) == ("agent", "Never again.")
    assert (await api.job(later))["contacts"][0]["status"] == "blocked"
    again = (await api.post(path)).json()
    assert (again["alreadyListed"], again["contactsBlocked"]) == (True, 0)


async def test_the_call_of_another_organization_cannot_be_opted_out(
    api: Api, other: Tenant, records: AsyncEngine
) -> None:
    call_id = await dial(records, await running(api), None)
    stranger = Api(api.http, other)
    refused(await stranger.post(f"/calls/{call_id}/opt-out"), 404, "call_not_found")
    refused(await api.post("/calls/call_none/opt-out"), 404, "call_not_found")
    refused(await api.post("/calls/%00/opt-out"), 404, "call_not_found")
    assert (await stranger.get("/do-not-call")).json()["total"] == 0


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"note": 1}', b"x" * 70_000])
async def test_an_opt_out_that_cannot_be_read_lists_nobody(api: Api, records: AsyncEngine, content: bytes) -> None:
    call_id = await dial(records, await running(api), None)
    refused(await api.post(f"/calls/{call_id}/opt-out", content=content), 400, "invalid_request")
    assert (await api.get("/do-not-call")).json()["total"] == 0
