"""Results, rejected rows and single contacts, as clients download them."""

import asyncio
import csv
import io
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from domain.contacts.export import RESULT_COLUMNS
from store.db.engine import Database
from tests.api.client import Api, Tenant, numbers, refused
from tests.api.results import Rows

AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


async def test_a_contact_is_shown_with_every_dial(api: Api, records: Database) -> None:
    job = Rows(records, await api.new_job())
    [contact] = await job.contact_ids()
    busy = await job.dial(
        contact,
        1,
        AT,
        ended_at=AT + timedelta(seconds=3),
        outcome="busy",
        sip_code=486,
        cost=Decimal(0),
        rang=False,
        ended_by="callee",
        sip_reason="Busy Here",
    )
    talked = await job.answered(contact, 2, AT + timedelta(minutes=5))

    answer = await api.get(f"/batch/jobs/{job.job_id}/contacts/{contact}")

    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert shown["id"] == contact
    assert shown["phoneNumber"] == "+12025550101"
    assert shown["conversation"] is None
    assert shown["dials"][0] == {
        "id": busy,
        "number": 1,
        "askedAt": "2026-11-24T09:00:00Z",
        "ringingAt": None,
        "answeredAt": None,
        "endedAt": "2026-11-24T09:00:03Z",
        "outcome": "busy",
        "sipCode": "486",
        "faultOf": "person",
        "rang": False,
        "endedBy": "callee",
        "sipReason": "Busy Here",
        "carrierCode": None,
        "agent": None,
        "secondsToRinging": None,
        "secondsToAnswer": None,
        "duration": None,
        "answeredBy": None,
        "cost": "0.000000",
        "carrierCallId": None,
        "conversation": None,
    }
    assert shown["dials"][1] == {
        "id": talked,
        "number": 2,
        "askedAt": "2026-11-24T09:05:00Z",
        "ringingAt": "2026-11-24T09:05:00Z",
        "answeredAt": "2026-11-24T09:05:00Z",
        "endedAt": "2026-11-24T09:05:00Z",
        "outcome": "answered",
        "sipCode": "200",
        "faultOf": None,
        "rang": None,
        "endedBy": None,
        "sipReason": None,
        "carrierCode": None,
        "agent": None,
        "secondsToRinging": 0.0,
        "secondsToAnswer": 0.0,
        "duration": 61,
        "answeredBy": "human",
        "cost": "0.017792",
        "carrierCallId": f"CA-{contact}-2",
        "conversation": None,
    }


async def test_a_contact_of_another_job_or_organization_is_not_there(
    api: Api, other: Tenant, http: httpx.AsyncClient, records: Database
) -> None:
    first, second = await api.new_job(), await api.new_job()
    [contact] = await Rows(records, first).contact_ids()

    for path in (f"/batch/jobs/{second}/contacts/{contact}", f"/batch/jobs/{first}/contacts/contact_0"):
        refused(await api.get(path), 404, "contact_not_found")
    foreign = await Api(http, other).get(f"/batch/jobs/{first}/contacts/{contact}")
    refused(foreign, 404, "contact_not_found")


async def test_results_hold_the_original_columns_first(api: Api, records: Database) -> None:
    file = b"Note,phone,name\nZo\xc3\xab,+12025550101,Ada\n,+12025550102,Bob\n"
    created = await api.upload(file)
    job = Rows(records, created.json()["batchJobId"])
    first, second = await job.contact_ids()
    await job.answered(first, 1, AT)
    await job.contact(
        first,
        status="completed",
        attempts=1,
        last_attempt_at=AT,
        completed_at=AT + timedelta(seconds=61),
        call_seconds=61,
        answered_by="human",
        call_id="CA1",
        external_id="patient-1",
    )

    answer = await api.get(f"/batch/jobs/{job.job_id}/results", format="csv")

    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{job.job_id}-results.csv"'
    assert answer.content.decode("utf-8-sig").split("\r\n") == [
        "Note,phone,name,status,errorCode,failureReason,attemptCount,dials,lastAttemptAt,completedAt,callDuration,"
        "answeredBy,roomName,cost,externalId,disposition,summary,data,transcriptUrl,recordingUrl,contactId,"
        "outcome,faultOf,rang,endedBy,secondsToRinging,secondsToAnswer,carrierCode",
        "Zoë,+12025550101,Ada,completed,,,1,1,2026-11-24T09:00:00Z,2026-11-24T09:01:01Z,61,human,CA1,0.017792,"
        f"patient-1,,,,,,{first},answered,,,,0.0,0.0,",
        f",+12025550102,Bob,pending,,,0,0,,,,,,,,,,,,,{second},,,,,,,",
        "",
    ]


async def test_json_contacts_that_differ_have_all_their_columns_in_order(api: Api) -> None:
    first, second, third = numbers(3)
    job = await api.new_job(
        contacts=[
            {"phone": first, "b": 1, "plan": {"tier": ["x"]}},
            {"phone": second, "c": True, "b": None},
            {"a": -0.5, "phone": third, "b": "=1"},
        ]
    )

    rows = await _csv(api, job)

    assert list(rows[0])[:6] == ["phone", "b", "plan", "c", "a", "status"]
    assert [row["b"] for row in rows] == ["1", "", "'=1"]
    assert [row["plan"] for row in rows] == ['{"tier": ["x"]}', "", ""]
    assert [row["c"] for row in rows] == ["", "true", ""]
    assert [row["a"] for row in rows] == ["", "", "-0.5"]


async def test_a_spreadsheet_runs_no_formula_of_the_results(api: Api) -> None:
    job = await api.new_job(contacts=[{"phone": "+12025550101", "=cmd()": "=1+1", "x": "@a", "y": "\tb", "z": "-1"}])

    [row] = await _csv(api, job)

    assert row["phone"] == "+12025550101"
    assert row["'=cmd()"] == "'=1+1"
    assert (row["x"], row["y"], row["z"]) == ("'@a", "'\tb", "-1")


async def test_json_lines_are_never_changed(api: Api) -> None:
    contact = {"phone": "+12025550101", "note": "=1+1", "n": 1.5, "deep": {"z": [1, None]}, "t": True}
    job = await api.new_job(contacts=[contact])

    answer = await api.get(f"/batch/jobs/{job}/results", format="jsonl")

    assert answer.headers["Content-Type"] == "application/jsonl; charset=utf-8"
    [line] = [json.loads(text) for text in answer.text.splitlines()]
    assert list(line) == [*contact, *RESULT_COLUMNS]
    assert {name: line[name] for name in contact} == contact
    assert (line["status"], line["attemptCount"], line["cost"], line["data"]) == ("pending", 0, None, None)


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
async def test_a_contacts_own_status_keeps_its_name(api: Api, kind: str) -> None:
    job = await api.new_job(contacts=[{"phone": "+12025550101", "Status": "gold", "outdial_cost": 1, "cost": 2}])

    [row] = await _csv(api, job) if kind == "csv" else await _lines(api, job)

    assert (row["Status"], row["outdial_status"]) == ("gold", "pending")
    assert str(row["cost"]) == "2"
    assert not row["outdial_outdial_cost"]
    assert "status" not in row


async def test_contacts_with_too_many_different_fields_are_for_json_lines(api: Api) -> None:
    contacts = [
        {"phone": number, **{f"f{row}_{field}": 1 for field in range(150)}} for row, number in enumerate(numbers(14))
    ]
    job = await api.new_job(contacts=contacts)

    refused(await api.get(f"/batch/jobs/{job}/results"), 400, "invalid_request")
    assert len(await _lines(api, job)) == 14


async def test_an_unknown_format_is_refused(api: Api) -> None:
    refused(await api.get(f"/batch/jobs/{await api.new_job()}/results", format="xlsx"), 400, "invalid_request")


@pytest.mark.parametrize("what", ["results", "rejects"])
async def test_files_of_others_are_not_there(api: Api, other: Tenant, http: httpx.AsyncClient, what: str) -> None:
    job = await api.new_job()

    refused(await Api(http, other).get(f"/batch/jobs/{job}/{what}"), 404, "job_not_found")


async def test_many_downloads_at_once_all_come_through(api: Api) -> None:
    job = await api.new_job(contacts=[{"phone": number} for number in numbers(120)])

    async with httpx.AsyncClient(base_url=str(api.http.base_url), timeout=30, headers=api.key) as client:
        answers = await asyncio.gather(*(client.get(f"/batch/jobs/{job}/results") for _ in range(8)))

    assert [len(answer.text.splitlines()) for answer in answers] == [121] * 8


async def _csv(api: Api, job: str) -> list[dict[str, Any]]:
    answer = await api.get(f"/batch/jobs/{job}/results")
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"), newline="")))


async def _lines(api: Api, job: str) -> list[dict[str, Any]]:
    answer = await api.get(f"/batch/jobs/{job}/results", format="jsonl")
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]
