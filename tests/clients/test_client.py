"""The Python client against the API."""

import json
from pathlib import Path

import httpx
import pytest
from outdial_client import ApiError, AsyncOutdial, NoAnswer, Outdial, UnexpectedAnswer, Upload, save_async
from outdial_client.models import ContactInput, CreateBatchJobBody, JobStatus, RetryPolicyInput

from stack.ports import free_port
from tests.api.client import Served, Tenant

CSV = b"phone,name,plan\r\n+12025550101,Ada,basic\r\n+12025550102,Bob,gold\r\n+12025550103,Eve,basic\r\n"


def body(tenant: Tenant, name: str = "Appointments", **fields: object) -> CreateBatchJobBody:
    return CreateBatchJobBody(name=name, from_phone_number_id=tenant.pipeline, **fields)  # type: ignore[arg-type]


def test_a_file_becomes_a_job_that_is_watched_to_its_end(outdial: Outdial, tenant: Tenant) -> None:
    policy = RetryPolicyInput(delays_minutes=[7], retries_first=True)
    created = outdial.create_batch_job(body(tenant, retry_policy=policy), file=Upload(CSV))

    kinds = []
    for event in outdial.watch_batch_job(created.batch_job_id):
        kinds.append(event.kind)
        if event.kind == "snapshot":
            assert (event.data.status, event.data.total_contacts) == (JobStatus.PENDING, 3)
            assert outdial.cancel_batch_job(created.batch_job_id).contacts_cancelled == 3
    assert (kinds[0], kinds[-1]) == ("snapshot", "end")

    job = outdial.get_batch_job(created.batch_job_id)
    assert (job.status, job.retry_policy.delays_minutes) == (JobStatus.CANCELLED, [7])
    assert job.created_at.tzinfo is not None
    results = b"".join(outdial.download_results(created.batch_job_id, format="jsonl")).splitlines()
    assert [json.loads(line)["plan"] for line in results] == ["basic", "gold", "basic"]


def test_lists_are_read_page_by_page(outdial: Outdial, tenant: Tenant) -> None:
    contacts = [ContactInput(phone=f"+120255501{last:02}") for last in range(5)]
    ids = [outdial.create_batch_job(body(tenant, str(one), contacts=contacts)).batch_job_id for one in range(3)]

    page = outdial.list_batch_jobs(page_size=2)
    assert (page.total, [job.id for job in page.batch_jobs]) == (3, ids[:0:-1])
    assert [job.id for job in outdial.iterate_batch_jobs(page_size=2)] == ids[::-1]
    found = outdial.iterate_batch_job_contacts(ids[0], contacts_page_size=2)
    assert [one.phone_number for one in found] == [contact.phone for contact in contacts]
    assert list(outdial.iterate_batch_jobs(search="nothing")) == []


def test_what_is_refused_says_which_field_is_to_blame(outdial: Outdial, tenant: Tenant) -> None:
    with pytest.raises(ApiError) as refused:
        outdial.create_batch_job(body(tenant, concurrent_call_limit=99, contacts=[ContactInput(phone="+12025550101")]))
    error = refused.value
    assert (error.status, error.code) == (400, "invalid_request")
    assert error.message == str(error).removesuffix(" (invalid_request)")
    assert [detail["field"] for detail in error.details] == ["concurrentCallLimit"]
    assert error.request_id


def test_a_creation_is_done_once_for_each_key(outdial: Outdial, tenant: Tenant) -> None:
    first, again = (
        outdial.create_batch_job(body(tenant), file=Upload(CSV), idempotency_key="one-of-the-client") for _ in range(2)
    )
    assert first == again
    assert outdial.list_batch_jobs().total == 1
    with pytest.raises(ApiError, match="idempotency_conflict"):
        outdial.create_batch_job(body(tenant, "Other"), file=Upload(CSV), idempotency_key="one-of-the-client")


def test_a_change_to_null_is_sent_and_what_is_not_given_is_not(outdial: Outdial, tenant: Tenant) -> None:
    created = outdial.create_batch_job(body(tenant, description="Old"), file=Upload(CSV))
    outdial.change_batch_job(created.batch_job_id, {"description": None})
    job = outdial.get_batch_job(created.batch_job_id)
    assert (job.name, job.description) == ("Appointments", None)


def test_an_answer_is_given_on_as_the_api_wrote_it(outdial: Outdial, served: Served, tenant: Tenant) -> None:
    policy = RetryPolicyInput(delays_minutes=[7])
    created = outdial.create_batch_job(
        body(tenant, retry_policy=policy, calling_window="us-federal", max_cost="5.00"), file=Upload(CSV)
    )
    job = f"/batch/jobs/{created.batch_job_id}"
    outdial.pause_batch_job(created.batch_job_id)
    answers = {
        job: outdial.get_batch_job(created.batch_job_id),
        f"{job}/activity": outdial.list_batch_job_activity(created.batch_job_id),
        "/batch/jobs": outdial.list_batch_jobs(),
        "/organization": outdial.get_organization(),
        "/organization/credits": outdial.get_credits(),
        "/phone-numbers": outdial.list_phone_numbers(),
        "/agents": outdial.list_agents(),
    }
    for path, answer in answers.items():
        written = httpx.get(served.url + path, headers={"Authorization": f"Bearer {tenant.owner}"}).json()
        assert answer.to_api() == written, path


async def test_it_works_without_blocking(served: Served, tenant: Tenant, tmp_path: Path) -> None:
    file = tmp_path / "spring.csv"
    file.write_bytes(CSV)
    async with AsyncOutdial(tenant.owner, served.url) as outdial:
        created = await outdial.create_batch_job(body(tenant), file=Upload.read(file))
        kinds = []
        async for event in outdial.watch_batch_job(created.batch_job_id):
            kinds.append(event.kind)
            if event.kind == "snapshot":
                await outdial.cancel_batch_job(created.batch_job_id, {"hangUp": True})
        assert kinds[-1] == "end"
        assert [job.id async for job in outdial.iterate_batch_jobs(page_size=1)] == [created.batch_job_id]
        await save_async(outdial.download_results(created.batch_job_id), tmp_path / "results.csv")
        assert (tmp_path / "results.csv").read_text("utf-8-sig").startswith("phone,name,plan,")
        with pytest.raises(ApiError, match="job_not_found"):
            await outdial.get_batch_job("batch_0123")


def test_what_is_not_there_or_something_else_is_told_apart(served: Served, tenant: Tenant) -> None:
    with (
        Outdial(tenant.owner, f"http://127.0.0.1:{free_port()}", max_retries=0) as nowhere,
        pytest.raises(NoAnswer) as away,
    ):
        nowhere.list_agents()
    assert not away.value.sent
    with Outdial(tenant.owner, f"{served.url}/console", max_retries=0) as other, pytest.raises(UnexpectedAnswer):
        other.list_agents()
