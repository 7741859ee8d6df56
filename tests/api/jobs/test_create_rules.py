"""The rules of calling and the named columns, over HTTP: read in both modes, stored, shown."""

import io
import json
from typing import Any

import openpyxl

from api.jobs.openapi import FIELDS
from domain.jobs.create_request import KNOWN_FIELDS
from tests.api.client import Api, refused

RULES: dict[str, Any] = {
    "priority": 7,
    "callingWindow": {"from": "09:00", "to": "20:00", "weekdays": ["mon"], "holidays": ["2026-12-25"]},
    "retryPolicy": {"maxAttempts": 2, "delaysMinutes": [1, 2], "onVoicemail": "retry"},
    "onMachine": "hangUp",
    "contactFrequency": {"callsPer24Hours": 1},
    "startWithin": 10,
    "circuitBreaker": False,
    "maxCost": "5.00",
}


def test_every_field_that_is_read_is_described() -> None:
    assert set(FIELDS) == KNOWN_FIELDS - {"file", "contacts"}


async def test_the_rules_of_a_job_are_read_alike_in_both_modes(api: Api) -> None:
    as_text = {name: value if isinstance(value, str) else json.dumps(value) for name, value in RULES.items()}
    for answer in (await api.send(**RULES), await api.upload(**as_text)):
        assert answer.status_code == 200, answer.text
        job = await api.job(answer.json()["batchJobId"])
        assert job["priority"] == 7
        assert (job["callingWindow"]["from"], job["callingWindow"]["weekdays"]) == ("09:00", ["mon"])
        assert job["retryPolicy"]["maxAttempts"] == 2
        assert job["retryPolicy"]["delaysMinutes"] == [1, 2]
        assert (job["retryPolicy"]["onVoicemail"], job["onMachine"]) == ("retry", "hangUp")


async def test_all_bad_rules_are_named_in_one_answer(api: Api) -> None:
    body = refused(
        await api.send(priority=0, retryPolicy={"delaysMinutes": [0]}, callingWindow="x", maxCost=-1, onMachine="stop"),
        400,
        "invalid_request",
    )
    assert {detail["field"] for detail in body["details"]} == {
        "priority",
        "retryPolicy.delaysMinutes",
        "callingWindow",
        "maxCost",
        "onMachine",
    }
    assert 'onMachine must be "talk" or "hangUp"' in body["error"]


async def test_named_columns_are_read_and_what_is_held_is_told(api: Api) -> None:
    file = b"mobile;zone;id\n+12025550101;Europe/Berlin;a\n+12025550102;Mars/Base;b\n+12025550103;;\n"
    answer = await api.upload(file, phoneColumn="mobile", timezoneColumn="zone", externalIdColumn="id")
    assert answer.status_code == 200, answer.text
    assert answer.json()["validation"]["warnings"][:1] == [
        'Row 3: "Mars/Base" in "zone" is not the name of an IANA time zone.'
        " The contact is held, and not called, until removed."
    ]


async def test_a_named_column_that_is_not_there_is_an_invalid_request(api: Api) -> None:
    body = refused(await api.upload(timezoneColumn="zone"), 400, "invalid_request")
    assert [detail["field"] for detail in body["details"]] == ["timezoneColumn"]
    body = refused(await api.upload(phoneColumn="mobile"), 400, "missing_phone_column")
    assert [detail["field"] for detail in body["details"]] == ["phoneColumn"]


async def test_required_fields_fail_closed(api: Api) -> None:
    body = refused(await api.send(requiredFields=["plan"]), 400, "invalid_request")
    assert [detail["path"] for detail in body["details"]] == ["contacts[0].plan"]
    report = (await api.upload(b"phone,plan\n+12025550101,\n+12025550102,pro\n", requiredFields='["plan"]')).json()
    assert report["totalContacts"] == 1
    assert [(row["row"], row["column"]) for row in report["validation"]["invalid"]] == [(2, "plan")]


async def test_a_workbook_is_read_whatever_its_name_is(api: Api) -> None:
    workbook = openpyxl.Workbook()
    for row in (["phone", "visits"], ["+12025550101", 3], [12025550102, 4]):
        workbook.active.append(row)
    buffer = io.BytesIO()
    workbook.save(buffer)
    answer = await api.upload(buffer.getvalue())  # as contacts.csv
    assert answer.status_code == 200, answer.text
    job = await api.job(answer.json()["batchJobId"])
    assert [contact["contactData"] for contact in job["contacts"]] == [{"phone": "+12025550101", "visits": "3"}]
    assert [row["row"] for row in answer.json()["validation"]["invalid"]] == [3]
