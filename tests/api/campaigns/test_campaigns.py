"""A campaign's file comes in while it is sent, each row once; then jobs of a hundred call it, under one id."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Iterator, Sequence
from decimal import Decimal
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from api.app import create_app
from stack.ports import free_port
from store.db.engine import Database
from store.jobs.lifecycle import JobLifecycle
from store.tables import contacts as contact_rows
from tests.api.client import Api, Served, Tenant, new_tenant, numbers, refused, serve, settings_for

PADDING = "x" * 800  # so that a block of the file holds 300 rows


@pytest.fixture(scope="module")
def small(shared_database_url: str) -> Iterator[Served]:
    """An API whose campaigns have jobs of a hundred contacts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{free_port()}")
        served = serve(create_app(settings_for(shared_database_url, campaign_job_contacts=100, max_campaigns=2)))
    yield served
    served.stop()


@pytest.fixture
async def http(small: Served) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=small.url, timeout=60) as client:
        yield client


@pytest.fixture
async def tenant(records: Database) -> Tenant:
    return await new_tenant(records, credits=None)


def a_file(called: Sequence[str], padding: str = "") -> bytes:
    rows = [f'{number},"Ada\nof {at}",{padding}\n' for at, number in enumerate(called)]
    return ("phone,name,note\n" + "".join(rows)).encode()


async def create(api: Api, **fields: Any) -> str:
    body = {"name": "May", "fromPhoneNumberId": api.tenant.pipeline} | fields
    answer = await api.post("/campaigns", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["status"] == "draft"
    return str(answer.json()["campaignId"])


async def put(api: Api, id: str, content: Any, **query: Any) -> httpx.Response:
    kind = {"Content-Type": "text/csv"}
    return await api.http.put(f"/campaigns/{id}/contacts", content=content, params=query, headers=api.key | kind)


async def look(api: Api, id: str) -> dict[str, Any]:
    answer = await api.get(f"/campaigns/{id}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def a_campaign(api: Api, called: Sequence[str], **fields: Any) -> str:
    id = await create(api, **fields)
    answer = await put(api, id, a_file(called))
    assert answer.status_code == 200, answer.text
    return id


async def begin(api: Api, id: str) -> list[str]:
    answer = await api.post(f"/campaigns/{id}/start")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["batchJobIds"])


async def settled(api: Api, id: str) -> int:
    """The offset of a file whose connection was cut, once the server has noticed that."""
    before = -1
    while (offset := (await look(api, id))["upload"]["offset"]) != before or offset == 0:
        before = offset
        await asyncio.sleep(1)
    return int(offset)


async def results(api: Api, id: str) -> list[dict[str, str]]:
    answer = await api.get(f"/campaigns/{id}/results")
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff"))))


async def end(records: Database, job_id: str, organization_id: str) -> None:
    """Everybody of a job was reached."""
    await JobLifecycle(records).begin(organization_id, job_id)
    async with records.begin() as connection:
        reached = sa.update(contact_rows).where(contact_rows.c.job_id == job_id).values(status="completed")
        await connection.execute(reached)
    assert await JobLifecycle(records).complete(organization_id, job_id)


async def test_a_file_longer_than_a_block_comes_in_each_row_once(api: Api) -> None:
    id, called = await create(api), numbers(1_000)
    content = a_file([*called, called[0], "+12", called[999]], PADDING)
    answer = await put(api, id, content)
    assert answer.status_code == 200, answer.text
    seen = answer.json()
    assert seen["upload"] == {"offset": len(content), "complete": True}
    assert (seen["totalContacts"], seen["jobs"], seen["jobsBegun"], seen["status"]) == (1_000, 10, 0, "draft")
    told = seen["validation"]
    assert [told[name] for name in ("rows", "valid", "invalidTotal", "duplicatesTotal")] == [1_003, 1_000, 1, 2]
    assert told["duplicates"] == [{"row": 1_002, "firstRow": 2}, {"row": 1_004, "firstRow": 1_001}]
    assert told["invalid"][0]["row"] == 1_003
    rejects = (await api.get(f"/campaigns/{id}/rejects")).text.splitlines()
    assert rejects[0].lstrip("\ufeff") == "outdial_reason,phone,name,note"
    assert rejects[1].startswith("phone ")
    again = await put(api, id, content)  # the same file, once more
    assert again.json() == seen


async def test_after_a_broken_connection_the_file_goes_on_where_it_is(api: Api) -> None:
    id, called = await create(api), numbers(1_000)
    content = a_file(called, PADDING)

    async def breaking() -> AsyncIterator[bytes]:
        for at in range(0, 700_000, 50_000):
            yield content[at : at + 50_000]
        raise ConnectionError("cut")

    with pytest.raises(ConnectionError):
        await put(api, id, breaking())
    offset = await settled(api, id)
    assert 256_000 < offset < 700_000
    assert not (await look(api, id))["upload"]["complete"]
    wrong = refused(await put(api, id, b"x", offset=5), 409, "upload_conflict")
    assert wrong["details"] == [{"offset": offset}]
    answer = await put(api, id, content[offset:], offset=offset)
    assert answer.status_code == 200, answer.text
    assert answer.json()["totalContacts"] == 1_000
    found = await results(api, id)
    assert [row["phone"] for row in found] == called
    assert {row["status"] for row in found} == {"pending"}
    assert found[999]["name"] == "Ada\nof 999"


async def test_the_whole_file_may_be_sent_again_but_no_other(api: Api) -> None:
    id, content = await create(api), a_file(numbers(1_000), PADDING)

    async def half() -> AsyncIterator[bytes]:
        yield content[:600_000]
        raise ConnectionError("cut")

    with pytest.raises(ConnectionError):
        await put(api, id, half())
    await settled(api, id)
    other = content.replace(b"of 3", b"of 4", 1)
    assert "not the file" in refused(await put(api, id, other), 409, "upload_conflict")["error"]
    assert "ends before" in refused(await put(api, id, content[:1000]), 409, "upload_conflict")["error"]
    assert (await put(api, id, content)).json()["totalContacts"] == 1_000
    longer = refused(await put(api, id, content + b"+12025550101,,\n"), 409, "upload_conflict")
    assert "not the file" in longer["error"]


async def test_a_campaign_runs_as_jobs_which_begin_one_after_the_other(api: Api, records: Database) -> None:
    called = numbers(350)
    id = await a_campaign(api, called, jobsAtOnce=2)
    first, second = await begin(api, id)
    assert await begin(api, id) == []  # idempotent
    seen = await look(api, id)
    assert (seen["status"], seen["jobs"], seen["jobsBegun"], seen["jobsOpen"]) == ("running", 4, 2, 2)
    assert (seen["totalContacts"], seen["statusBreakdown"]["pending"]) == (350, 350)
    assert [(job["batchJobId"], job["totalContacts"]) for job in seen["batchJobs"]] == [(first, 100), (second, 100)]
    assert (await api.job(first))["name"] == "May (1/4)"
    await end(records, first, api.tenant.id)
    resumed = await api.post(f"/campaigns/{id}/resume")  # looks whether another may begin, as the reconciler does
    assert resumed.status_code == 200
    jobs = (await look(api, id))["batchJobs"]
    assert [(job["part"], job["status"]) for job in jobs] == [(1, "completed"), (2, "pending"), (3, "pending")]
    for job in jobs[1:]:
        await end(records, job["batchJobId"], api.tenant.id)
    await api.post(f"/campaigns/{id}/resume")
    [last] = [job for job in (await look(api, id))["batchJobs"] if job["status"] == "pending"]
    assert (last["part"], last["totalContacts"]) == (4, 50)
    await end(records, last["batchJobId"], api.tenant.id)
    seen = await look(api, id)
    assert (seen["status"], seen["contactsProcessed"], seen["successfulCalls"]) == ("completed", 350, 350)
    assert [(row["phone"], row["status"]) for row in await results(api, id)] == [(one, "completed") for one in called]
    lines = (await api.get(f"/campaigns/{id}/results", format="jsonl")).text.splitlines()
    assert len(lines) == 350


async def test_pause_holds_all_jobs_and_begins_no_other(api: Api, records: Database) -> None:
    id = await a_campaign(api, numbers(350))
    jobs = await begin(api, id)
    for _ in range(2):
        answer = await api.post(f"/campaigns/{id}/pause")
        assert (answer.json()["status"], answer.json()["batchJobIds"]) == ("paused", jobs)
    assert [(await api.job(job))["status"] for job in jobs] == ["paused", "paused"]
    await api.post(f"/batch/jobs/{jobs[0]}/cancel")  # one of them by itself
    assert (await look(api, id))["jobsBegun"] == 2
    answer = await api.post(f"/campaigns/{id}/resume")
    assert answer.json()["batchJobIds"] == jobs[1:]
    seen = await look(api, id)
    assert [job["status"] for job in seen["batchJobs"]] == ["cancelled", "pending", "pending"]
    assert seen["statusBreakdown"]["cancelled"] == 100


async def test_no_job_begins_beside_one_that_is_paused(api: Api, control: JobLifecycle, records: Database) -> None:
    id = await a_campaign(api, numbers(350), jobsAtOnce=1)
    [first] = await begin(api, id)
    await control.pause(api.tenant.id, first, "its calls go wrong")
    async with records.begin() as connection:
        none_due = sa.update(contact_rows).where(contact_rows.c.job_id == first).values(status="completed")
        await connection.execute(none_due)
    assert (await look(api, id))["jobsBegun"] == 1
    assert await begin(api, id) == []
    assert (await look(api, id))["batchJobs"][0]["statusReason"] == "its calls go wrong"


async def test_cancel_ends_all_jobs_and_whoever_waits(api: Api) -> None:
    id = await a_campaign(api, numbers(350))
    jobs = await begin(api, id)
    answer = await api.post(f"/campaigns/{id}/cancel", json={"hangUp": True})
    assert answer.json()["contactsCancelled"] == 350
    assert [(await api.job(job))["status"] for job in jobs] == ["cancelled", "cancelled"]
    assert (await api.post(f"/campaigns/{id}/cancel")).status_code == 200
    seen = await look(api, id)
    assert (seen["status"], seen["statusBreakdown"]["cancelled"], seen["jobsOpen"]) == ("cancelled", 350, 0)
    assert {row["status"] for row in await results(api, id)} == {"cancelled"}
    refused(await api.post(f"/campaigns/{id}/start"), 400, "invalid_status")
    refused(await api.post(f"/campaigns/{id}/resume"), 400, "invalid_status")


async def test_what_other_jobs_call_is_left_out_and_the_list_is_kept(api: Api) -> None:
    called = numbers(150)
    await api.new_job(contacts=[{"phone": number} for number in called[:100]])  # all of the first part
    await api.post("/do-not-call", json={"numbers": called[100:]})  # all of the second
    id = await a_campaign(api, called, onOverlap="skip")
    jobs = await begin(api, id)
    seen = await look(api, id)
    assert (seen["leftOut"], seen["totalContacts"], seen["jobsBegun"]) == (100, 50, 2)
    assert seen["statusBreakdown"]["blocked"] == 50
    assert [job["batchJobId"] for job in seen["batchJobs"]] == jobs
    assert [row["status"] for row in await results(api, id)] == ["blocked"] * 50


async def test_credits_are_held_job_by_job(http: httpx.AsyncClient, records: Database) -> None:
    api = Api(http, await new_tenant(records, credits=Decimal(4)))  # a job of a hundred is estimated at $3.50
    id = await a_campaign(api, numbers(350))
    assert (await look(api, id))["forecast"]["estimatedCost"] == "12.25"
    assert len(await begin(api, id)) == 1
    seen = await look(api, id)
    assert (seen["status"], seen["jobsBegun"]) == ("running", 1)
    assert "top-up" in seen["statusReason"]
    another = await a_campaign(api, numbers(1_000)[900:])
    refused(await api.post(f"/campaigns/{another}/start"), 400, "insufficient_credits")
    assert (await look(api, another))["status"] == "draft"


async def test_what_it_may_cost_is_shared_out_among_its_jobs(api: Api) -> None:
    id = await a_campaign(api, numbers(350), maxCost="7.00", jobsAtOnce=3)
    jobs = await begin(api, id)
    assert [(await api.job(job))["maxCost"] for job in jobs] == ["2.00", "2.00", "2.00"]


async def test_a_campaign_starts_only_when_its_file_is_in(api: Api) -> None:
    id = await create(api)
    assert "not in yet" in refused(await api.post(f"/campaigns/{id}/start"), 400, "invalid_status")["error"]
    refused(await put(api, id, b"name\nAda\n"), 400, "missing_phone_column")
    refused(await put(api, id, b""), 400, "invalid_csv")
    form = await api.http.put(f"/campaigns/{id}/contacts", files={"file": b"phone\n"}, headers=api.key)
    refused(form, 400, "invalid_request")
    assert (await put(api, id, b"phone\n+12\n")).status_code == 200
    assert "can be called" in refused(await api.post(f"/campaigns/{id}/start"), 400, "invalid_status")["error"]


@pytest.mark.parametrize(
    ("fields", "blamed"),
    [
        ({"contacts": []}, "contacts"),
        ({"onOverlap": "reject"}, "onOverlap"),
        ({"jobsAtOnce": 0}, "jobsAtOnce"),
        ({"concurrentCallLimit": 51}, "concurrentCallLimit"),
    ],
)
async def test_what_a_campaign_cannot_be_is_told(api: Api, fields: dict[str, Any], blamed: str) -> None:
    body = {"name": "May", "fromPhoneNumberId": api.tenant.pipeline} | fields
    assert refused(await api.post("/campaigns", json=body), 400, "invalid_request")["details"][0]["field"] == blamed


async def test_one_file_of_an_organization_comes_in_at_a_time(api: Api) -> None:
    first, second = await create(api), await create(api)
    content = a_file(numbers(1_000), PADDING)

    async def slow() -> AsyncIterator[bytes]:
        yield content[:600_000]
        while (await look(api, first))["upload"]["offset"] < 300_000:
            pass
        refused(await put(api, second, content), 409, "upload_conflict")
        yield content[600_000:]

    assert (await put(api, first, slow())).status_code == 200
    assert (await put(api, second, content)).status_code == 200
    body = {"name": "June", "fromPhoneNumberId": api.tenant.pipeline}
    assert refused(await api.post("/campaigns", json=body), 409, "quota_exceeded")["details"][0]["limit"] == 2
    listed = (await api.get("/campaigns")).json()
    assert ([one["id"] for one in listed["campaigns"]], listed["total"]) == ([second, first], 2)
    assert (await api.get("/campaigns", status="running")).json()["total"] == 0
    deleted = await api.http.delete(f"/campaigns/{first}", headers=api.key)
    assert deleted.json()["contactsDeleted"] == 1_000
    refused(await api.get(f"/campaigns/{first}"), 404, "campaign_not_found")


async def test_a_create_that_is_sent_again_makes_one_campaign(api: Api) -> None:
    body = {"name": "May", "fromPhoneNumberId": api.tenant.pipeline}
    key = {"Idempotency-Key": "may"}
    answers = [await api.http.post("/campaigns", json=body, headers=api.key | key) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert (await api.get("/campaigns")).json()["total"] == 1
