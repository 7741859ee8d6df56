"""Create from a file, over HTTP: what is answered, what is stored, what is refused."""

from decimal import Decimal

import httpx
import pytest

from store.db.engine import Database
from tests.api.client import CSV, Api, new_tenant, numbers, refused

MEGABYTE = 1024 * 1024


async def test_a_file_is_answered_as_the_contract_says(api: Api) -> None:
    answer = await api.upload(b"phone,name,plan\n+12025550101,Ada,basic\n+12025550102,Bob,pro\n")
    assert answer.status_code == 200
    body = answer.json()
    assert body.pop("batchJobId").startswith("batch_")
    assert body == {
        "success": True,
        "totalContacts": 2,
        "estimatedDuration": "2 minutes",
        "estimatedCost": "$0.07",
        "status": "pending",
        "scheduledStartTime": None,
        "message": "Batch job created successfully. No calling window is set: calls may be made at any hour."
        " Its start is delayed until the scheduler answers again;"
        " the job is stored and will start by itself.",
        "validation": {
            "rows": 2,
            "valid": 2,
            "blank": 0,
            "invalidTotal": 0,
            "invalid": [],
            "duplicatesTotal": 0,
            "duplicates": [],
            "rewrittenTotal": 0,
            "rewritten": [],
            "warnings": [],
        },
    }


async def test_what_is_not_given_has_its_default(api: Api) -> None:
    created = (await api.upload()).json()
    job = await api.job(created["batchJobId"])
    assert job["description"] is None
    assert job["concurrentCallLimit"] == 5
    assert job["retryPolicy"] == {
        "maxAttempts": 3,
        "delaysMinutes": [5, 30, 120],
        "retryableStatuses": ["no_answer", "busy", "timeout"],
        "onVoicemail": "complete",
        "onDeclined": "fail",
        "onScreened": "complete",
        "retriesFirst": False,
    }
    assert job["scheduledStartTime"] is None
    assert job["fromPhoneNumberId"] == api.tenant.pipeline
    assert job["agentId"] == api.tenant.agent_id
    assert job["organizationId"] == api.tenant.id


async def test_every_field_of_a_form_is_text(api: Api) -> None:
    answer = await api.upload(
        name="  Appointments  ",
        description=" In May ",
        concurrentCallLimit="50",
        maxAttempts="10",
        ringSeconds="120",
        maxCallSeconds="14400",
        timezone="Europe/Berlin",
        onOverlap="skip",
    )
    assert answer.status_code == 200, answer.text
    job = await api.job(answer.json()["batchJobId"])
    assert (job["name"], job["description"]) == ("Appointments", "In May")
    assert (job["concurrentCallLimit"], job["retryPolicy"]["maxAttempts"]) == (50, 10)


async def test_blank_fields_are_not_given(api: Api) -> None:
    answer = await api.upload(description="  ", concurrentCallLimit="", maxAttempts=" ", scheduledStartTime="")
    job = await api.job(answer.json()["batchJobId"])
    assert (job["description"], job["concurrentCallLimit"]) == (None, 5)
    assert job["retryPolicy"]["maxAttempts"] == 3


async def test_the_whole_row_is_kept_as_it_was_written(api: Api) -> None:
    file = "Name, Phone ,größe,\nAda,'+12025550101,7,x\n".encode()
    job = await api.job((await api.upload(file)).json()["batchJobId"])
    contact = job["contacts"][0]
    assert contact["phoneNumber"] == "+12025550101"
    assert list(contact["contactData"].items()) == [
        ("Name", "Ada"),
        ("Phone", "'+12025550101"),
        ("größe", "7"),
        ("column_4", "x"),
    ]


async def test_bad_rows_and_duplicates_are_reported_and_skipped(api: Api) -> None:
    file = b"phone\n+12025550101\n12025550102\n\n+12025550101\n1.20256E+10\n"
    body = (await api.upload(file)).json()
    assert body["totalContacts"] == 1
    report = body["validation"]
    assert (report["rows"], report["valid"], report["blank"]) == (5, 1, 1)
    assert report["duplicates"] == [{"row": 5, "firstRow": 2}]
    assert report["invalidTotal"] == 2
    first, second = report["invalid"]
    assert (first["row"], first["column"], first["value"]) == (3, "phone", "…02")
    assert second["row"] == 6
    assert "spreadsheet" in second["reason"]


async def test_a_hundred_entries_of_each_list_are_enough(api: Api) -> None:
    rows = ["+12025550101", *(["no number"] * 150), *(["+12025550101"] * 120)]
    report = (await api.upload("\n".join(["phone", *rows]).encode())).json()["validation"]
    assert (report["invalidTotal"], len(report["invalid"])) == (150, 100)
    assert (report["duplicatesTotal"], len(report["duplicates"])) == (120, 100)


async def test_unknown_fields_are_ignored_and_named(api: Api) -> None:
    answer = await api.http.post(
        "/batch/create",
        data={"fromPhoneNumberId": api.tenant.pipeline, "name": "Test", "color": "red"},
        files={"file": ("a.csv", CSV), "logo": ("logo.png", b"\x89PNG\xff\xfe\x00")},
        headers=api.key,
    )
    assert answer.status_code == 200, answer.text
    warnings = " ".join(answer.json()["validation"]["warnings"])
    assert "color" in warnings
    assert "logo" in warnings


async def test_name_and_type_of_the_file_do_not_count(api: Api) -> None:
    for name, kind in (("list.xlsx", "application/vnd.ms-excel"), ("x", "image/png"), ("", "text/plain")):
        answer = await api.http.post(
            "/batch/create",
            data={"fromPhoneNumberId": api.tenant.pipeline, "name": "Test"},
            files={"file": (name or "a", CSV, kind)},
            headers=api.key,
        )
        assert answer.status_code == 200, answer.text


async def test_of_a_field_sent_twice_the_last_counts(api: Api) -> None:
    parts = [
        ("fromPhoneNumberId", (None, "phone_none")),
        ("fromPhoneNumberId", (None, api.tenant.pipeline)),
        ("name", (None, "First")),
        ("name", (None, "Last")),
        ("file", ("a.csv", b"nothing")),
        ("file", ("b.csv", CSV)),
    ]
    answer = await api.http.post("/batch/create", files=parts, headers=api.key)
    assert answer.status_code == 200, answer.text
    assert (await api.job(answer.json()["batchJobId"]))["name"] == "Last"


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (None, "invalid_csv"),
        (b"", "invalid_csv"),
        (b" \n ", "invalid_csv"),
        (b"PK\x03\x04" + bytes(range(256)) * 4, "invalid_csv"),
        (b"phone\n\x00\x01\x02\xff+12025550101\n", "invalid_csv"),
        (b"phone,phone\n+12025550101,+12025550102\n", "invalid_csv"),
        (b"phone,Phone\n+12025550101,+12025550102\n", "invalid_csv"),
        (b"+12025550101\n+12025550102\n", "invalid_csv"),
        (b"number,name\n+12025550101,Ada\n", "missing_phone_column"),
        (b"phone\n", "no_valid_contacts"),
        (b"phone\n12025550101\n+1 202 555 0102\n(202)5550103\n", "no_valid_contacts"),
    ],
)
async def test_a_file_that_cannot_be_used(api: Api, file: bytes | None, code: str) -> None:
    refused(await api.upload(file), 400, code)
    assert (await api.get("/batch/jobs")).json()["total"] == 0


async def test_a_header_written_twice_says_what_the_first_row_is_for(api: Api) -> None:
    body = refused(await api.upload(b"phone,a,Phone\n+12025550101,1,2\n"), 400, "invalid_csv")
    assert "the first row must hold column names" in body["error"]


async def test_ten_thousand_contacts_are_taken_and_one_more_is_not(http: httpx.AsyncClient, records: Database) -> None:
    api = Api(http, await new_tenant(records, credits=Decimal(1000)))
    rows = numbers(10_000)
    assert len(set(rows)) == 10_000
    answer = await api.upload("\n".join(["phone", *rows, "", ""]).encode(), concurrentCallLimit="50")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["totalContacts"] == 10_000
    assert body["estimatedCost"] == "$350.00"
    assert body["estimatedDuration"] == "66 hours 40 minutes"  # the organization's 5 lines bind
    over = "\n".join(["phone", *rows, rows[0]]).encode()
    refused(await api.upload(over), 400, "too_many_contacts")
    job = await api.job(body["batchJobId"], contactsPage=20, contactsPageSize=500)
    assert [contact["phoneNumber"] for contact in job["contacts"]] == rows[9_500:]
    assert job["contactsHasMore"] is False


async def test_a_file_of_ten_megabytes_is_taken_and_one_byte_more_is_not(api: Api) -> None:
    head, line = b"phone,note\n+12025550101,", b"x" * 1000
    file = head + b'"' + (line + b"\n") * 10_000 + b'"\n'
    file += b" " * (10 * MEGABYTE - len(file))
    assert len(file) == 10 * MEGABYTE
    body = refused(await api.upload(file), 400, "no_valid_contacts")  # read: its one contact is over 64 KB
    assert "64 KB" in body["error"]
    body = refused(await api.upload(file + b"\n"), 400, "invalid_csv")
    assert "10 MB" in body["error"]


async def test_realtime_agents_cost_twice_as_much(api: Api) -> None:
    file = "\n".join(["phone", *numbers(100)]).encode()
    body = (await api.upload(file, fromPhoneNumberId=api.tenant.realtime)).json()
    assert body["estimatedCost"] == "$7.00"
    assert body["estimatedDuration"] == "40 minutes"  # 100 contacts on 5 lines
