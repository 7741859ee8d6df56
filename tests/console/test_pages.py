"""What holds for every page: nothing foreign, a strict policy, errors that are pages, little to load."""

import re

import httpx
import pytest

from tests.api.client import Api
from tests.console.browsing import Visitor

FILE = re.compile(r'(?:href|src)="(/console/static/[^"]+)"')
MAX_FIRST_PAGE = 100_000  # bytes


async def test_pages_run_and_load_only_what_is_ours(visitor: Visitor) -> None:
    answer = await visitor.client.get("/console")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["cache-control"] == "no-store"
    assert re.findall(r"(?:https?:)?//[\w.-]+", answer.text) == []
    assert re.search(r"<script(?![^>]* src=)|\bstyle=|\bon\w+=\"|javascript:", answer.text) is None


async def test_the_first_page_is_small_and_its_files_are_kept(visitor: Visitor, api: Api) -> None:
    for index in range(20):
        await api.new_job(name=f"Job {index}", contacts=[{"phone": f"+120255501{index:02d}"}])
    page = await visitor.read("/console")
    files = [await visitor.client.get(path) for path in {*FILE.findall(page)}]
    modules = [
        await visitor.client.get(re.sub(r"[\w.-]+$", name, FILE.findall(page)[-1]))
        for name in ("api.js", "focus.js", "forms.js", "times.js")
    ]
    assert all(file.status_code == 200 for file in [*files, *modules])
    assert {file.headers["cache-control"] for file in files} == {"public, max-age=31536000, immutable"}
    assert len(page.encode()) + sum(len(file.content) for file in [*files, *modules]) < MAX_FIRST_PAGE


@pytest.mark.parametrize(
    ("path", "status"), [("/console/nowhere", 404), ("/console?status=wrong", 400), ("/console?page=0", 400)]
)
async def test_an_error_is_a_page_too(visitor: Visitor, path: str, status: int) -> None:
    answer = await visitor.client.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert "To the jobs" in answer.text


async def test_the_list_of_jobs_is_that_of_the_api(visitor: Visitor, api: Api) -> None:
    await api.new_job(name="Spring <b>campaign</b>")
    await api.new_job(name="Autumn", contacts=[{"phone": "+12025550102"}])
    page = await visitor.read("/console?search=spring")
    assert "Spring &lt;b&gt;campaign&lt;/b&gt;" in page
    assert "Autumn" not in page
    assert "0 of 1" in page
    assert "1–1 of 1 job" in page


async def test_test_calls_have_a_list_of_their_own(visitor: Visitor, api: Api) -> None:
    job_id = await api.new_job(name="Spring")
    before = {"fromPhoneNumberId": api.tenant.pipeline, "name": "Autumn", "contacts": [{"phone": "+12025550101"}]}
    tried = (await api.post("/batch/test", json=before | {"phone": "+13105550177"})).json()["batchJobId"]
    await api.post(f"/batch/jobs/{job_id}/test", json={"phone": "+13105550177"})

    assert "Test of" not in await visitor.text("/console")
    listed = await visitor.text("/console?test=true")
    assert "Test of Spring test call" in listed
    assert "Test of Autumn test call" in listed
    assert "test call of a job before it was created" in await visitor.text(f"/console/jobs/{tried}")


async def test_an_empty_list_says_what_to_do(visitor: Visitor, member: Visitor) -> None:
    assert "No jobs yet" in await visitor.text("/console")
    assert "Create the first job" in await visitor.text("/console")
    assert "Create the first job" not in await member.text("/console")
    assert "No job fits" in await visitor.text("/console?search=nothing")


async def test_the_list_keeps_itself_up_to_date(visitor: Visitor, api: Api) -> None:
    job_id = await api.new_job(name="Live")
    path = re.search(r'data-live="([^"]+)"', await visitor.read("/console"))
    assert path is not None
    assert "Pause Live" not in await visitor.read(path[1])
    await api.post(f"/batch/jobs/{job_id}/start")
    assert "Pause Live" in await visitor.read(path[1])


async def test_a_stopped_organization_says_so_on_every_page(visitor: Visitor, api: Api) -> None:
    await api.post("/organization/stop")
    assert "All calling is stopped." in await visitor.text("/console")


async def test_a_page_without_its_session_sends_no_html_of_the_sign_in_into_a_part(stranger: httpx.AsyncClient) -> None:
    part = await stranger.get("/console/live/jobs", headers={"Sec-Fetch-Mode": "cors"})
    assert part.status_code == 401


async def test_a_slash_at_the_end_leads_to_the_console(stranger: httpx.AsyncClient) -> None:
    led = await stranger.get("/console/")
    assert (led.status_code, led.headers["location"]) == (307, "/console")
