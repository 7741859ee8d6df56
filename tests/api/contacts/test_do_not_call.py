"""The do-not-call list over HTTP: added as JSON or as a file, looked up, taken off; an agent's opt-out."""

import asyncio
import io
import re
from typing import Any
from urllib.parse import quote

import httpx
import openpyxl
import pytest
import sqlalchemy as sa

from store.db.engine import Database
from store.tables import contacts as contact_rows
from store.tables import organizations
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
    batch_id = body.pop("batchId")
    assert batch_id.startswith("dnc_")
    assert body == {
        "success": True,
        "added": 2,
        "alreadyListed": 0,
        "contactsBlocked": 0,
        "callsNotStopped": 0,
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
    entry = (await api.get(at(ADA))).json()
    assert MOMENT.fullmatch(entry.pop("addedAt"))
    assert entry.pop("addedBy").startswith("key_")
    assert entry == {"number": ADA, "source": "api", "note": "Asked us.", "batchId": batch_id}


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


@pytest.mark.parametrize(
    ("numbers", "code"),
    [
        (None, "invalid_request"),
        ([], "no_valid_contacts"),
        ([ADA, "12025550102"], "invalid_phone_format"),
        ([ADA] * 10_001, "too_many_contacts"),
    ],
)
async def test_one_bad_number_in_json_rejects_them_all(api: Api, numbers: Any, code: str) -> None:
    refused(await api.post("/do-not-call", json={"numbers": numbers}), 400, code)
    assert (await api.get("/do-not-call")).json()["total"] == 0


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


async def test_a_body_of_another_kind_is_refused(api: Api) -> None:
    headers = api.key | {"Content-Type": "text/plain"}
    answer = await api.http.post("/do-not-call", content=ADA, headers=headers)
    assert refused(answer, 400, "invalid_request")["error"].endswith("or application/json with numbers.")


async def test_the_answer_waits_for_a_request_to_one_of_the_numbers(api: Api, records: Database) -> None:
    job_id = await running(api)  # the first contact is Ada
    dial_id = await dial(records, job_id, None)
    assert (await add(api, BOB)).status_code == 200
    answer = asyncio.create_task(add(api, ADA))
    await asyncio.sleep(0.4)
    assert not answer.done()
    assert (await api.get(at(ADA))).status_code == 200  # it is on the list already
    await end_dial(records, dial_id)
    assert (await answer).json()["contactsBlocked"] == 0


async def test_the_list_is_paged_and_searched(api: Api) -> None:
    await add(api, ADA, BOB)
    page = (await api.get("/do-not-call", search="0101", pageSize=1)).json()
    assert ([entry["number"] for entry in page["entries"]], page["total"], page["pageSize"]) == ([ADA], 1, 1)


async def test_a_number_taken_off_is_called_again_by_new_jobs(api: Api, other: Tenant) -> None:
    await add(api, ADA)
    assert (await delete(api, ADA, other.owner)).json() == {"success": True, "removed": False}
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


async def test_an_agent_opts_the_person_out(api: Api, records: Database) -> None:
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
        "callsNotStopped": 0,
    }
    entry = (await api.get(at(ADA))).json()
    assert (entry["source"], entry["note"]) == ("agent", "Never again.")
    assert (await api.job(later))["contacts"][0]["status"] == "blocked"
    again = (await api.post(path)).json()
    assert (again["alreadyListed"], again["contactsBlocked"]) == (True, 0)


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"note": 1}', b"x" * 70_000])
async def test_an_opt_out_that_cannot_be_read_lists_nobody(api: Api, records: Database, content: bytes) -> None:
    call_id = await dial(records, await running(api), None)
    refused(await api.post(f"/calls/{call_id}/opt-out", content=content), 400, "invalid_request")
    assert (await api.get("/do-not-call")).json()["total"] == 0


async def test_numbers_are_read_as_people_of_the_country_write_them(api: Api) -> None:
    answer = await add(api, "(202) 555-0101", "12025550102", defaultCountry="us")
    assert answer.json()["validation"]["rewritten"] == [
        {"row": 1, "written": "(202) 555-0101", "number": ADA},
        {"row": 2, "written": "12025550102", "number": BOB},
    ]
    assert (await api.get(at(ADA))).status_code == 200
    refused(await add(api, "(202) 555-0103"), 400, "invalid_phone_format")  # any country may be called


async def test_the_one_country_that_may_be_called_is_the_lists_country(api: Api, records: Database) -> None:
    async with records.begin() as connection:
        change = sa.update(organizations).where(organizations.c.id == api.tenant.id)
        await connection.execute(change.values(allowed_countries=["US"]))
    answer = await upload(api, b"phone\n(202) 555-0101\n+12025550102\n555\n")
    body = answer.json()
    assert (body["added"], body["validation"]["invalidTotal"]) == (2, 1)
    assert (await api.get(at(ADA))).status_code == 200


async def test_a_range_that_nobody_knows_yet_is_listed_too(api: Api) -> None:
    answer = await add(api, "+19995550101")
    assert answer.json()["added"] == 1
    assert "a range that the numbering data do not know" in "".join(answer.json()["validation"]["warnings"])


async def undo(api: Api, batch_id: str) -> dict[str, Any]:
    answer = await api.http.delete(f"/do-not-call/batches/{batch_id}", headers=api.key)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_preview_names_the_jobs_and_changes_nothing(api: Api) -> None:
    job_id = await api.new_job(name="Spring", contacts=[{"phone": ADA}, {"phone": BOB}])
    await add(api, BOB)
    for answer in (
        await api.post("/do-not-call/numbers/preview", json={"numbers": [ADA, BOB]}),
        await api.post("/do-not-call/numbers/preview", files={"file": ("list.csv", f"phone\n{ADA}\n{BOB}\n".encode())}),
    ):
        body = answer.json()
        assert (body["wouldBeAdded"], body["alreadyListed"], body["contactsBlocked"]) == (1, 1, 1)
        assert body["jobs"] == [{"batchJobId": job_id, "name": "Spring", "contacts": 1}]
        assert body["validation"]["valid"] == 2
    assert (await api.get("/do-not-call")).json()["total"] == 1
    assert [one["status"] for one in (await api.job(job_id))["contacts"]] == ["pending", "blocked"]
    refused(await api.post("/do-not-call/numbers/preview", json={"numbers": ["x"]}), 400, "invalid_phone_format")


async def test_a_batch_is_taken_back_and_its_contacts_wait_again(api: Api, other: Tenant) -> None:
    await add(api, BOB)
    job_id = await api.new_job(contacts=[{"phone": ADA}, {"phone": BOB}])
    ended = await api.new_job(contacts=[{"phone": ADA}])
    added = (await add(api, ADA, BOB)).json()
    assert (added["added"], added["contactsBlocked"]) == (1, 2)
    await api.post(f"/batch/jobs/{ended}/cancel")

    assert (await undo(Api(api.http, other), added["batchId"]))["removed"] == 0
    assert await undo(api, added["batchId"]) == {"success": True, "removed": 1, "contactsRestored": 1}
    assert await undo(api, added["batchId"]) == {"success": True, "removed": 0, "contactsRestored": 0}

    contacts = (await api.job(job_id))["contacts"]
    assert [(one["status"], one["failureReason"]) for one in contacts] == [("pending", None), ("blocked", LISTED)]
    assert [one["status"] for one in (await api.job(ended))["contacts"]] == ["blocked"]
    assert [entry["number"] for entry in (await api.get("/do-not-call")).json()["entries"]] == [BOB]
    details = [entry["details"] for entry in (await api.get("/organization/activity")).json()["activity"]]
    assert {"numbers": 1, "batchId": added["batchId"]} in details
    assert {"contactsRestored": 1, "batchId": added["batchId"]} in details


async def test_what_was_listed_already_is_of_no_new_batch(api: Api) -> None:
    first = (await add(api, ADA)).json()["batchId"]
    assert (await add(api, ADA)).json()["batchId"] is None
    assert (await api.get(at(ADA))).json()["batchId"] == first


async def test_a_repeated_request_names_the_batch_that_it_made(api: Api) -> None:
    key = {"Idempotency-Key": "list-1"} | api.key
    one, again = [(await api.http.post("/do-not-call", json={"numbers": [ADA]}, headers=key)).json() for _ in range(2)]
    assert one == again
    assert (await undo(api, one["batchId"]))["removed"] == 1


async def test_a_contact_that_was_called_before_waits_for_its_next_attempt(api: Api, records: Database) -> None:
    job_id = await running(api)
    number = (await api.job(job_id))["contacts"][0]["phoneNumber"]
    async with records.begin() as connection:
        await connection.execute(
            sa.update(contact_rows).where(contact_rows.c.job_id == job_id).values(status="queued", dials=1, attempts=1)
        )
    added = (await add(api, number)).json()
    assert added["contactsBlocked"] == 1
    await undo(api, added["batchId"])
    contact = (await api.job(job_id))["contacts"][0]
    assert (contact["status"], contact["attemptCount"]) == ("queued", 1)
    assert contact["nextRetryAt"] is not None


async def test_null_is_not_given(api: Api) -> None:
    added = await add(api, ADA, defaultCountry=None, numberCheck=None, note=None)
    assert (added.status_code, added.json()["added"]) == (200, 1), added.text
