"""One job's page: what it says of how the job goes, and the eight questions of operators."""

import asyncio
import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.api.client import Api, numbers
from tests.api.results import Rows
from tests.console.browsing import Visitor, words
from tests.statements import heard

FINDING = r'data-finding="{}">(.*?)</div>'


def finding(html: str, question: str) -> str:
    """What the page answers to a question of operators."""
    found = re.search(FINDING.format(question), html, re.DOTALL)
    assert found is not None, words(html)
    return words(found[1])


@pytest.fixture
async def job(api: Api) -> str:
    called = [{"phone": number, "name": f"Person {index}"} for index, number in enumerate(numbers(25))]
    return await api.new_job(name="Spring", contacts=called, concurrentCallLimit=9)


@pytest.fixture
def rows(records: AsyncEngine, job: str) -> Rows:
    return Rows(records, job)


async def call(rows: Rows, outcomes: list[str], **values: object) -> None:
    """Ended calls of these outcomes, one for each of the first contacts, a few minutes ago."""
    for index, contact_id in enumerate((await rows.contact_ids())[: len(outcomes)]):
        at = datetime.now(UTC) - timedelta(minutes=4, seconds=index)
        ended = {"ended_at": at + timedelta(seconds=40), "outcome": outcomes[index]} | values
        await rows.dial(contact_id, 1, at, **ended)


async def test_the_page_shows_how_the_job_goes(visitor: Visitor, rows: Rows, job: str) -> None:
    await call(rows, ["answered"] * 3 + ["busy"], call_seconds=61, answered_at=datetime.now(UTC))
    for contact_id in (await rows.contact_ids())[:3]:
        await rows.contact(contact_id, status="completed")
    text = await visitor.text(f"/console/jobs/{job}")
    assert "Done 3 of 25" in text
    assert "Reached 3 100 %" in text
    assert "The line was busy. 1" in text
    assert "9 calls at once, priority 5 of 9" in text


async def test_a_job_of_others_is_not_there(visitor: Visitor, other: object, http: httpx.AsyncClient) -> None:
    job_id = await Api(http, other).new_job()  # type: ignore[arg-type]
    for path in ("", "/stream", "/results"):
        assert (await visitor.client.get(f"/console/jobs/{job_id}{path}")).status_code == 404
    assert (await visitor.client.get(f"/console/live/jobs/{job_id}")).status_code == 404


async def test_numbers_are_masked_unless_asked_for_and_the_asking_is_recorded(
    visitor: Visitor, api: Api, job: str
) -> None:
    page = await visitor.read(f"/console/jobs/{job}")
    assert [number for number in numbers(25) if number in page] == []
    assert f"…{numbers(1)[0][-2:]}" in page
    assert "numbers shown" not in words(page)
    shown = await visitor.read(f"/console/jobs/{job}?numbers=shown")
    assert numbers(1)[0] in shown
    [newest, *_] = (await api.get(f"/batch/jobs/{job}/activity")).json()["activity"]
    assert (newest["action"], newest["details"]) == ("numbers_shown", {"contacts": 25})
    assert "numbers shown" in await visitor.text(f"/console/jobs/{job}")


async def test_whoever_takes_the_results_is_recorded(member: Visitor, api: Api, job: str) -> None:
    file = await member.client.get(f"/console/jobs/{job}/results")
    assert file.headers["content-disposition"].endswith('-results.csv"')
    assert numbers(1)[0] in file.text
    [newest, *_] = (await api.get(f"/batch/jobs/{job}/activity")).json()["activity"]
    assert newest["action"] == "results_downloaded"


async def test_contacts_are_filtered_and_searched_by_number(visitor: Visitor, rows: Rows, job: str) -> None:
    await rows.contact((await rows.contact_ids())[3], status="busy")
    busy = await visitor.text(f"/console/jobs/{job}?contactStatus=busy")
    assert "Person 3" in busy
    assert "Person 4" not in busy
    found = await visitor.text(f"/console/jobs/{job}?contactsSearch={numbers(5)[4][-6:]}")
    assert "Person 4" in found
    assert "Person 3" not in found
    assert "No contact fits." in await visitor.text(f"/console/jobs/{job}?contactsSearch=99999999")


async def test_a_contact_shows_its_calls_with_codes_in_words(visitor: Visitor, rows: Rows, job: str) -> None:
    await call(rows, ["busy"], sip_code=486, carrier_code="13224")
    [contact_id, *_] = await rows.contact_ids()
    page = await visitor.read(f"/console/jobs/{job}/contacts/{contact_id}")
    assert numbers(1)[0] not in page
    text = words(page)
    assert "Call 1: The line was busy. Called again where the job's retryableStatuses says so." in text
    assert "SIP 486 busy, its code 13224" in text
    assert "name Person 0" in text


async def test_other_numbers_of_a_contact_are_masked_too(visitor: Visitor, api: Api) -> None:
    job_id = await api.new_job(contacts=[{"phone": "+12025550101", "callback": "+13105550142"}])
    [contact] = (await api.job(job_id))["contacts"]
    path = f"/console/jobs/{job_id}/contacts/{contact['id']}"
    assert "3105550142" not in await visitor.read(path)
    assert "+13105550142" in await visitor.read(f"{path}?numbers=shown")


async def test_members_see_the_page_without_its_buttons(member: Visitor, job: str) -> None:
    page = await member.read(f"/console/jobs/{job}")
    assert "Spring" in page
    assert re.findall(r"data-(?:post|delete|send|open)=", page) == []


async def test_a_watched_page_is_sent_what_changes(visitor: Visitor, api: Api, rows: Rows, job: str) -> None:
    async with visitor.client.stream("GET", f"/console/jobs/{job}/stream") as stream:
        lines = stream.aiter_lines()
        assert "Done 0 of 25" in await sent(lines)
        await rows.contact((await rows.contact_ids())[0], status="completed", completed_at=datetime.now(UTC))
        assert "Done 1 of 25" in await sent(lines)


async def test_contacts_and_activity_of_a_watched_page_are_sent_as_they_change(
    visitor: Visitor, api: Api, rows: Rows, job: str
) -> None:
    ids = await rows.contact_ids()
    async with visitor.client.stream("GET", f"/console/jobs/{job}/stream?numbers=shown") as stream:
        lines = stream.aiter_lines()
        first = await sent_html(lines)
        assert [id for id in ids if f'data-part="{id}"' not in first] == []
        assert [number for number in numbers(25) if number in first] == []  # nobody recorded that they were shown
        await rows.contact(ids[3], status="busy", attempts=1)
        changed = await sent_html(lines)
        assert re.findall(r'<tr data-part="(\w+)"', changed) == [ids[3]]
        assert "Busy" in words(changed)
        assert 'data-part="contacts"' not in changed
        await api.post(f"/batch/jobs/{job}/start")
        await api.post(f"/batch/jobs/{job}/pause")
        assert "paused it" in words(await sent_html(lines, until='data-part="activity"'))


async def test_rules_of_a_watched_page_are_sent_as_they_change_and_the_file_once(
    visitor: Visitor, api: Api, rows: Rows, job: str
) -> None:
    async with visitor.client.stream("GET", f"/console/jobs/{job}/stream") as stream:
        lines = stream.aiter_lines()
        first = await sent_html(lines)
        assert "9 calls at once" in words(first)
        assert 'data-part="file"' in first
        await api.http.patch(f"/batch/jobs/{job}", json={"concurrentCallLimit": 4, "maxCost": "5"}, headers=api.key)
        await rows.contact((await rows.contact_ids())[0], status="busy", completed_at=datetime.now(UTC))
        changed = await sent_html(lines, until='data-part="rules"')
        assert "4 calls at once" in words(changed)
        assert "Budget $5.00" in words(changed)
        assert 'data-part="file"' not in changed


async def test_a_watched_contact_is_sent_as_it_changes(visitor: Visitor, member: Visitor, rows: Rows, job: str) -> None:
    [id, *_] = await rows.contact_ids()
    path = f"/console/jobs/{job}/contacts/{id}"
    assert "Call no more" in await visitor.read(path)
    async with visitor.client.stream("GET", f"{path}/stream?numbers=shown") as stream:
        lines = stream.aiter_lines()
        first = await sent_html(lines)
        assert "Not called yet" in words(first)
        await call(rows, ["busy"], sip_code=486)
        await rows.contact(id, status="busy", attempts=1, error_code="486", completed_at=datetime.now(UTC))
        changed = await sent_html(lines, until='data-part="calls"')
        assert "Call 1: The line was busy." in words(changed)
        assert "Busy 1 of 3 attempts" in words(changed)
        assert "Call no more" not in changed
        assert numbers(1)[0] not in first + changed
    part = words(await visitor.read(f"/console/live/jobs/{job}/contacts/{id}"))
    assert "Call 1: The line was busy." in part
    for watched in (f"{path}0/stream", f"/console/live/jobs/{job}0/contacts/{id}"):
        assert (await visitor.client.get(watched)).status_code == 404


async def test_who_look_at_different_contacts_share_what_is_the_same(visitor: Visitor, rows: Rows, job: str) -> None:
    async def first_part(page: int) -> str:
        path = f"/console/jobs/{job}/stream?contactsPageSize=5&contactsPage={page}"
        async with visitor.client.stream("GET", path) as stream:
            return await sent_html(stream.aiter_lines())

    ids = await rows.contact_ids()
    with heard() as statements:
        seen = await asyncio.gather(*map(first_part, range(1, 6)))

    assert [re.findall(r'<tr data-part="(\w+)"', html) for html in seen] == [ids[i : i + 5] for i in range(0, 25, 5)]
    assert all("created the job" in words(html) for html in seen)
    activities = [statement for statement, _ in statements if "FROM activity" in statement and "LIMIT" in statement]
    assert 0 < len(activities) < len(seen)


async def test_a_watched_page_keeps_its_filter(visitor: Visitor, rows: Rows, job: str) -> None:
    ids = await rows.contact_ids()
    await rows.contact(ids[0], status="busy")
    async with visitor.client.stream("GET", f"/console/jobs/{job}/stream?contactStatus=busy") as stream:
        lines = stream.aiter_lines()
        assert re.findall(r'<tr data-part="(\w+)"', await sent_html(lines)) == ids[:1]
        await rows.contact(ids[7], status="busy")
        changed = await sent_html(lines, until='data-part="contacts"')
        assert re.findall(r'<tr data-part="(\w+)"', changed) == [ids[0], ids[7]]
        assert "1–2 of 2 contacts" in words(changed)


async def test_right_after_something_was_done_the_same_lists_are_read(visitor: Visitor, rows: Rows, job: str) -> None:
    await rows.contact((await rows.contact_ids())[3], status="busy")
    part = words(await visitor.read(f"/console/live/jobs/{job}?contactStatus=busy&numbers=shown"))
    assert "Person 3" in part
    assert "Person 4" not in part
    assert numbers(4)[3] not in part


async def sent(lines: object) -> str:
    """What can be read of the next part that comes."""
    return words(await sent_html(lines))


async def sent_html(lines: object, until: str = "") -> str:
    """The next part that comes with this in it."""
    html: list[str] = []
    async for line in lines:  # type: ignore[attr-defined]
        if line.startswith("data: "):
            html.append(line.removeprefix("data: "))
        elif not line and html:
            if until in (part := "\n".join(html)):
                return part
            html = []
    raise AssertionError("The stream has ended.")


# The eight questions.


async def test_why_it_does_not_start(visitor: Visitor, api: Api, rows: Rows, job: str) -> None:
    assert "The scheduler or the workers do not answer" in finding(await visitor.read(f"/console/jobs/{job}"), "start")
    start = (datetime.now(UTC) + timedelta(hours=5)).isoformat()
    later = await api.new_job(name="Later", scheduledStartTime=start)
    assert "starts by itself in 5 hours" in finding(await visitor.read(f"/console/jobs/{later}"), "start")
    await rows.job(status="paused", status_reason="Its start was missed by more than 120 minutes.")
    said = finding(await visitor.read(f"/console/jobs/{job}"), "start")
    assert "paused: no call starts. Its start was missed by more than 120 minutes. Press Resume." in said


async def test_why_it_runs_and_calls_nobody(visitor: Visitor, api: Api, job: str) -> None:
    await api.post(f"/batch/jobs/{job}/start")
    assert "Nobody says how it goes." in finding(await visitor.read(f"/console/jobs/{job}"), "nobody")
    await api.post(f"/phone-numbers/{api.tenant.pipeline}/close")
    assert "The number that it calls from is closed." in finding(await visitor.read(f"/console/jobs/{job}"), "nobody")


async def test_that_most_calls_are_not_answered(visitor: Visitor, rows: Rows, job: str) -> None:
    await call(rows, ["no_answer"] * 16 + ["answered"] * 4)
    assert "16 of 20 calls (80 %)" in finding(await visitor.read(f"/console/jobs/{job}"), "no-answers")


async def test_that_the_agent_is_silent(visitor: Visitor, rows: Rows, job: str) -> None:
    await call(rows, ["no_speech"] * 2)
    said = finding(await visitor.read(f"/console/jobs/{job}"), "silent")
    assert "2 calls were answered without an agent: The call was answered, and its agent never spoke." in said


async def test_that_answered_calls_are_over_at_once(visitor: Visitor, rows: Rows, job: str) -> None:
    await call(rows, ["answered"] * 20, call_seconds=3)
    said = finding(await visitor.read(f"/console/jobs/{job}"), "silent")
    assert "20 of 20 answered calls were over within 5 seconds." in said


async def test_which_details_do_not_reach_the_agent(visitor: Visitor, api: Api) -> None:
    job_id = await api.new_job(contacts=[{"phone": "+12025550101", "outdial_plan": "basic"}])
    said = finding(await visitor.read(f"/console/jobs/{job_id}"), "details")
    assert "outdial_plan" in said
    [contact] = (await api.job(job_id))["contacts"]
    received = await visitor.text(f"/console/jobs/{job_id}/contacts/{contact['id']}")
    assert "outdial_plan" not in received


async def test_when_retries_come_and_why_none_do(visitor: Visitor, rows: Rows, api: Api, job: str) -> None:
    [first, second, *_] = await rows.contact_ids()
    await rows.contact(first, status="queued", attempts=1, next_retry_at=datetime.now(UTC) + timedelta(minutes=30))
    said = finding(await visitor.read(f"/console/jobs/{job}"), "retries")
    assert "1 contact waits to be called again. Up to 3 attempts each. The next one is due in 30 minutes." in said
    await rows.contact(first, status="no_answer", next_retry_at=None)
    await rows.contact(second, status="busy")
    await rows.ended()
    assert "2 people were not reached." in finding(await visitor.read(f"/console/jobs/{job}"), "retries")


async def test_that_it_hangs(visitor: Visitor, rows: Rows, job: str) -> None:
    [first, *_] = await rows.contact_ids()
    await rows.dial(first, 1, datetime.now(UTC) - timedelta(minutes=45))
    assert "It was placed 45:" in finding(await visitor.read(f"/console/jobs/{job}"), "hangs")


async def test_which_rows_are_missing(visitor: Visitor, api: Api) -> None:
    created = await api.upload(b"phone,name\n+12025550101,Ada\n+12025550101,Ada again\nnonsense,Bo\n")
    job_id = created.json()["batchJobId"]
    page = await visitor.read(f"/console/jobs/{job_id}")
    said = finding(page, "rows")
    assert "2 of 3 rows are not in the job. 1 row could not be read and 1 number stood there twice" in said
    assert finding(await visitor.read(f"/console/live/jobs/{job_id}"), "rows") == said
    path = re.search(r'href="(/console/api/[^"]+/rejects)"', page)
    assert path is not None
    assert "nonsense,Bo" in (await visitor.client.get(path[1])).text
