"""A person drives campaigns in a browser: drops a file, schedules, watches, steers, reads. On a running stack."""

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Route

from tests.browsers import chromium
from tests.end_to_end.batch import MAX_TALK, SHORT, TALKS, Batch, Numbers, contacts
from tests.end_to_end.campaign import RunningCampaign, lines
from tests.end_to_end.live_stack import LiveStack
from tests.waiting import until

PICTURES = Path(__file__).parents[2] / "docs" / "images"
SPEED = 60
SECONDS = 1000  # in a page's milliseconds
LOADED = 60  # seconds that something may need where other tests run beside it
COUNTED = 120  # seconds until calls are in the analytics: a round of the reconciler is every 30
SIZES = {"laptop": {"width": 1280, "height": 860}, "phone": {"width": 390, "height": 844}}
SCHEMES = ("light", "dark")
AXE = (files("axe_playwright_python") / "axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PATHS = ("", "/new", "/analytics", "/organization", "/numbers", "/agents", "/do-not-call", "/credits", "/webhooks")
MORE_PATHS = ("/keys", "/activity", "/nowhere")

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def stack() -> Iterator[LiveStack]:
    with LiveStack.running("--speed", str(SPEED)) as running:
        yield running


@pytest.fixture(scope="module")
def numbers() -> Numbers:
    return Numbers()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium("the console") as running:
        yield running


class Seen:
    """What a browser asked for, and what its pages complained of."""

    def __init__(self, context: BrowserContext) -> None:
        self.requests: list[str] = []
        self.complaints: list[str] = []
        context.on("request", self._note_request)
        context.on("console", self._note_message)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))

    def _note_request(self, request: Request) -> None:
        self.requests.append(request.url)

    def _note_message(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.text} ({message.location.get('url')})")

    def foreign(self, own: str) -> list[str]:
        return [url for url in self.requests if not url.startswith((own, "data:", "blob:"))]


@pytest.fixture(scope="module")
def context(browser: Browser, stack: LiveStack) -> Iterator[BrowserContext]:
    """Signed in as the owner, with the link that `up` prints first."""
    context = browser.new_context(viewport=SIZES["laptop"], locale="en-GB", timezone_id="Africa/Lagos")  # type: ignore[arg-type]
    context.set_default_timeout(LOADED * SECONDS)
    page = context.new_page()
    page.goto(stack.ready["console"]["signIn"])
    assert page.title() == "Jobs · Outdial"
    page.close()
    yield context
    context.close()


@pytest.fixture(scope="module")
def seen(context: BrowserContext) -> Seen:
    return Seen(context)


@pytest.fixture
def page(context: BrowserContext, seen: Seen) -> Iterator[Page]:
    page = context.new_page()
    yield page
    page.close()


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where pictures go: into the tree only when they are wanted there."""
    folder = PICTURES if os.environ.get("OUTDIAL_PICTURES") == "1" else tmp_path
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def test_the_link_comes_first_and_signs_in_once(stack: LiveStack, context: BrowserContext, browser: Browser) -> None:
    console = stack.ready["console"]
    lines = [line for line in stack.output.splitlines() if "http" in line]
    assert lines[0].split()[-1] == console["url"]
    assert lines[1].split()[-1] == console["signIn"]
    other = browser.new_context()
    page = other.new_page()
    page.goto(console["signIn"])
    assert "used already" in page.inner_text("main")
    other.close()


def test_a_job_from_a_file_to_its_end(
    page: Page, stack: LiveStack, numbers: Numbers, tmp_path: Path, pictures: Path
) -> None:
    file = tmp_path / "people.csv"
    called = numbers.scripted(TALKS, 6) + numbers.some(60)
    rows = [f"{number},Person {index},{1000 + index}" for index, number in enumerate(called)]
    file.write_text("\n".join(["mobile,name,customer", *rows, "12,Nobody,1", f"{called[0]},Again,2"]))

    page.goto(f"{stack.ready['console']['url']}/new")
    drop_file(page, file)
    page.get_by_role("region", name="First rows of the file").get_by_text("Person 1", exact=True).wait_for()
    assert page.locator("#m-phone").input_value() == "mobile"
    page.select_option("#m-id", "customer")
    page.fill("#name", "Spring campaign")
    page.fill("#lines", "5")
    page.check("input[name=when][value=later]")
    page.fill("#zone", "Asia/Tokyo")
    page.fill("#start", f"{datetime.now(UTC).date() + timedelta(days=3)}T09:00")
    until(lambda: "01:00" in page.inner_text("#local-clock"), LOADED)

    page.reload()
    page.get_by_role("region", name="First rows of the file").get_by_text("Person 1", exact=True).wait_for()
    assert page.input_value("#name") == "Spring campaign"
    assert page.input_value("#m-id") == "customer"
    assert page.input_value("#zone") == "Asia/Tokyo"

    page.get_by_text("Make a test call to your own telephone").click()
    page.fill("#own-phone", numbers.scripted(SHORT, 1)[0])
    page.click("#call-me")
    path = page.get_by_role("link", name="See what becomes of the call").get_attribute("href")
    page.click("#check")
    page.locator("#report").get_by_text("2 of 68 will not be called, because").wait_for()
    assert "1 row cannot be called" in page.inner_text("#row-errors")
    for scheme in reversed(SCHEMES):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        assert violations(page) == {}
    page.locator("#step-4").scroll_into_view_if_needed()
    page.screenshot(path=pictures / "console-new-job.png")
    page.click("#create")
    page.get_by_role("dialog").get_by_role("button", name="Schedule it").click()
    page.wait_for_url("**/console/jobs/batch_*")
    assert "It has not started yet." in finding(page, "start")
    assert "2 of 68 rows are not in the job." in finding(page, "rows")

    page.get_by_role("button", name="Start now").click()
    page.get_by_role("dialog").get_by_role("button", name="Start now").click()
    until(lambda: done(page) > 3, LOADED)  # without a reload
    page.get_by_role("button", name="Pause").click()
    page.locator(".live .pill.paused").wait_for()
    assert "It is paused: no call starts." in finding(page, "start")
    page.get_by_role("button", name="Resume").click()
    page.locator(".live .pill.running").wait_for()
    until(lambda: page.locator("#messages > *").count() == 0, LOADED)
    assert "2 of 68 rows are not in the job." in finding(page, "rows")
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.screenshot(path=pictures / f"console-job-{scheme}.png")
    page.get_by_role("button", name="Cancel", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel and hang up").click()
    page.locator(".live .pill.cancelled").wait_for()
    until(lambda: "On the phone 0" in flat(page.inner_text(".live")), LOADED)
    until(lambda: "demo owner cancelled it" in flat(page.inner_text("main")), LOADED)  # without a reload
    page.goto(f"{stack.ready['api']['url']}{path}")
    page.locator(".live .pill.completed").wait_for()
    assert "test call of a job before it was created" in flat(page.inner_text(".live"))
    assert "Person 0" in page.inner_text("#contacts")


def test_a_job_ends_and_its_results_are_taken(page: Page, stack: LiveStack, numbers: Numbers, pictures: Path) -> None:
    called = numbers.scripted(SHORT, 4)
    job = Batch.create(stack, contacts(called), name="Short calls")
    page.goto(f"{stack.ready['console']['url']}/jobs/{job.job_id}")
    page.locator(".live .pill.completed").wait_for()
    with page.expect_download() as taken:
        page.get_by_role("link", name="Download results").click()
    text = Path(taken.value.path()).read_text()
    assert [number for number in called if number not in text] == []
    page.get_by_role("link", name=re.compile("…00")).first.click()
    page.get_by_text("Call 1: The call was answered, and its agent was there.").wait_for()
    page.screenshot(path=pictures / "console-contact.png", clip={"x": 0, "y": 0, "width": 1280, "height": 520})
    page.goto(stack.ready["console"]["url"])
    page.screenshot(path=pictures / "console-jobs.png", clip={"x": 0, "y": 0, "width": 1280, "height": 520})
    page.goto(f"{stack.ready['console']['url']}/activity")
    assert "results downloaded" in page.inner_text("main")


def test_the_table_of_contacts_is_live_and_disturbs_nobody(page: Page, stack: LiveStack, numbers: Numbers) -> None:
    called = numbers.scripted(TALKS, 1) + numbers.some(40)
    job = Batch.create(stack, contacts(called), name="Watched", concurrentCallLimit=3)
    page.goto(f"{stack.ready['console']['url']}/jobs/{job.job_id}?numbers=shown")
    first = page.locator("#contacts tbody tr").first
    first.get_by_role("link").focus()
    page.evaluate("getSelection().selectAllChildren(document.querySelector('#rules'))")
    until(lambda: "On the phone" in first.inner_text(), LOADED)
    until(lambda: page.locator("#contacts tbody .s-completed").count() > 3, LOADED)
    assert first.get_by_role("link").evaluate("link => link === document.activeElement")
    assert called[0] in first.inner_text()
    assert page.evaluate("getSelection().toString()") == "Rules"

    page.evaluate("getSelection().removeAllRanges()")
    with stack.http() as client:
        client.patch(f"/batch/jobs/{job.job_id}", json={"concurrentCallLimit": 2}).raise_for_status()
    page.get_by_text("2 calls at once").wait_for()  # without a reload
    page.evaluate("getSelection().selectAllChildren(document.querySelector('#contacts tbody tr'))")
    job.hang_up()
    page.locator(".live .pill.cancelled").wait_for()
    assert "On the phone" in first.inner_text()  # it is being read
    page.evaluate("getSelection().removeAllRanges()")
    until(lambda: "On the phone" not in first.inner_text(), LOADED)


def test_a_contacts_page_is_live_and_disturbs_nobody(page: Page, stack: LiveStack, numbers: Numbers) -> None:
    [called] = numbers.scripted(TALKS, 1)
    job = Batch.create(stack, contacts([called]), name="One of them")
    with stack.http() as client:
        [contact] = client.get(f"/batch/jobs/{job.job_id}").json()["contacts"]
    page.goto(f"{stack.ready['console']['url']}/jobs/{job.job_id}/contacts/{contact['id']}?numbers=shown")
    page.locator("[data-part=contact-status]").get_by_text("On the phone").wait_for()  # without a reload
    page.get_by_text("Answered", exact=True).wait_for()
    page.get_by_role("link", name="One of them").focus()
    page.evaluate("getSelection().selectAllChildren(document.querySelector('[data-part=contact-status]'))")
    job.hang_up()
    page.locator(".timeline .reached").wait_for()
    assert page.get_by_role("link", name="One of them").evaluate("link => link === document.activeElement")
    assert "On the phone" in page.inner_text("[data-part=contact-status]")  # it is being read
    page.evaluate("getSelection().removeAllRanges()")
    until(lambda: "Reached" in page.inner_text("[data-part=contact-status]"), LOADED)
    assert called in page.inner_text("h1")


def test_contacts_are_added_and_the_unreached_are_called_again(page: Page, stack: LiveStack, numbers: Numbers) -> None:
    job = Batch.create(stack, contacts(numbers.scripted(TALKS, 1)), name="To be joined", concurrentCallLimit=1)
    [late] = numbers.scripted(SHORT, 1)
    page.goto(f"{stack.ready['console']['url']}/jobs/{job.job_id}")
    page.get_by_role("button", name="Add contacts").click()
    page.get_by_label("Or numbers, one on each line").fill(late)
    page.get_by_role("button", name="Add the numbers").click()
    until(lambda: "of 2" in flat(page.inner_text(".live .tiles")), LOADED)
    until(lambda: page.locator("#contacts tbody tr").count() == 2, LOADED)
    job.hang_up()
    page.get_by_role("button", name="Retry", exact=True).click()
    page.fill("#r-name", "Once more")
    page.get_by_role("button", name="Call again").click()
    page.get_by_role("heading", name="Once more").wait_for()
    assert "retry of another job" in flat(page.inner_text(".live"))
    assert "of 1" in flat(page.inner_text(".live .tiles"))
    Batch(stack, page.url.rpartition("/")[2], frozenset()).hang_up()


def test_a_job_is_steered_by_keyboard(page: Page, stack: LiveStack, numbers: Numbers) -> None:
    """What has the focus keeps it, or hands it to what then stands there: while the page changes, after a dialog."""
    job = Batch.create(stack, contacts(numbers.some(40)), name="By keyboard", concurrentCallLimit=2)
    page.goto(f"{stack.ready['console']['url']}/jobs/{job.job_id}")
    page.locator(".live .pill.running").wait_for()
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the content"
    page.keyboard.press("Enter")
    tab_to(page, "Pause")
    page.keyboard.press("Enter")
    page.locator(".live .pill.paused").wait_for()
    until(lambda: focused(page) == "Resume", LOADED)
    page.keyboard.press("Enter")
    page.locator(".live .pill.running").wait_for()
    before = done(page)
    tab_to(page, "Cancel")
    page.keyboard.press("Enter")
    page.get_by_role("dialog").get_by_text("Cancel this job?").wait_for()
    until(lambda: done(page) > before, LOADED)
    page.keyboard.press("Escape")
    until(lambda: focused(page) == "Cancel", LOADED)
    job.hang_up()


def test_jobs_are_changed_in_place(page: Page, stack: LiveStack, numbers: Numbers) -> None:
    job = Batch.create(stack, contacts(numbers.scripted(TALKS, 2)), name="As it was", concurrentCallLimit=2)
    page.goto(f"{stack.ready['console']['url']}?search=as+it")
    page.get_by_role("button", name="Pause As it was").click()
    page.get_by_role("button", name="Resume As it was").wait_for()
    page.get_by_role("button", name="Rename As it was").click()
    page.fill("#new-name", "As it is")
    page.get_by_role("dialog").get_by_role("button", name="Rename", exact=True).click()
    page.get_by_role("link", name="As it is", exact=True).wait_for()
    page.get_by_role("button", name="Resume As it is").click()
    page.get_by_role("button", name="Pause As it is").wait_for()
    page.get_by_role("link", name="As it is", exact=True).click()
    page.get_by_role("button", name="Change", exact=True).click()
    page.fill("#c-lines", "3")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("3 calls at once").wait_for()
    workflow = page.get_by_role("link", name="in Temporal's web UI").get_attribute("href")
    assert str(workflow).endswith(f"/workflows/batch-job%2F{job.job_id}")
    assert httpx.get(str(workflow), follow_redirects=True, trust_env=False).status_code == 200
    job.hang_up()


def test_one_red_button_stops_everything(page: Page, stack: LiveStack, numbers: Numbers) -> None:
    job = Batch.create(stack, contacts(numbers.scripted(TALKS, 2)), name="To be stopped", concurrentCallLimit=1)
    page.goto(f"{stack.ready['console']['url']}/organization")
    page.get_by_role("button", name="Stop all calls").click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("hang up", re.IGNORECASE)).click()
    page.get_by_text("All calling is stopped.").wait_for()
    page.goto(f"{stack.ready['console']['url']}/jobs/{job.job_id}")
    page.locator(".live .pill.paused").wait_for()
    until(lambda: "On the phone 0" in flat(page.inner_text(".live")), LOADED)
    page.get_by_role("button", name="Resume calling").click()
    page.locator(".live .pill.running").wait_for()
    job.hang_up()


def test_who_is_signed_out_elsewhere_sees_no_more(browser: Browser, stack: LiveStack, numbers: Numbers) -> None:
    """A page that is open and touched by nobody asks to sign in when its key is revoked."""
    job = Batch.create(stack, contacts(numbers.scripted(TALKS, 1)), name="Seen by a guest")
    with stack.http() as client:
        key = client.post("/api-keys", json={"name": "guest", "role": "member"}).raise_for_status().json()
    guest = browser.new_context()
    page = guest.new_page()
    page.goto(f"{stack.ready['console']['url']}/jobs/{job.job_id}")
    page.fill("#key", key["key"])
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Seen by a guest").wait_for()
    with stack.http() as client:
        client.delete(f"/api-keys/{key['id']}").raise_for_status()
    page.get_by_role("heading", name="Sign in").wait_for(timeout=LOADED * SECONDS)
    guest.close()
    job.hang_up()


def test_a_page_says_when_it_may_be_old(page: Page, stack: LiveStack, numbers: Numbers, seen: Seen) -> None:
    job = Batch.create(stack, contacts(numbers.scripted(TALKS, 1)), name="Cut off")
    page.route("**/stream*", lambda route: route.abort())
    page.goto(f"{stack.ready['console']['url']}/jobs/{job.job_id}")
    page.get_by_text("No answer comes.").wait_for()
    page.unroute("**/stream*")
    page.get_by_text("No answer comes.").wait_for(state="hidden")
    seen.complaints[:] = [said for said in seen.complaints if "ERR_FAILED" not in said]  # that was our doing
    job.hang_up()


def test_a_webhook_is_added_and_its_deliveries_are_replayed(page: Page, stack: LiveStack) -> None:
    page.goto(f"{stack.ready['console']['url']}/webhooks")
    page.get_by_role("button", name="Add a webhook").click()
    page.get_by_label("Address").fill("https://127.0.0.1:9/hooks/walk")
    page.get_by_role("dialog").get_by_role("button", name="Add", exact=True).click()
    page.locator("#secret").get_by_text("whsec_").wait_for()
    page.get_by_role("button", name="I have it").click()
    page.get_by_role("link", name="https://127.0.0.1:9/hooks/walk").click()
    with page.expect_navigation():  # the page loads itself anew
        page.get_by_role("button", name="Send a test").click()

    def tries() -> int:
        page.reload()
        return int((page.locator("tbody td[data-name=Tries]").all_inner_texts() or ["0"])[0])

    until(lambda: tries() >= 1, LOADED, every=0.5)
    before = tries()
    with page.expect_navigation():
        page.locator("tbody").get_by_role("button", name=re.compile("^Replay ")).first.click()
    until(lambda: tries() > before, LOADED, every=0.5)


def test_a_list_of_numbers_is_uploaded_taken_back_and_exported(
    page: Page, stack: LiveStack, numbers: Numbers, tmp_path: Path
) -> None:
    listed = numbers.some(3)
    file = tmp_path / "do-not-call.csv"
    file.write_text("\n".join(["phone", *listed]))
    url = f"{stack.ready['console']['url']}/do-not-call"
    page.goto(url)

    def upload() -> None:
        page.get_by_role("button", name="Upload a file").click()
        page.set_input_files("#d-file", file)
        page.get_by_role("button", name="Add all of them").click()
        page.locator("#confirm button[value=yes]").click()
        page.locator("#listed").get_by_text("Numbers that are new on the list: 3.").wait_for()

    upload()
    with page.expect_navigation():
        page.get_by_role("button", name="Undo all of it").click()
    page.goto(f"{url}?search={listed[0][1:]}")
    page.get_by_text("Not on the list").wait_for()
    upload()
    with page.expect_navigation():
        page.get_by_role("button", name="Good").click()
    with page.expect_download() as taken:
        page.get_by_role("link", name="Export").click()
    text = Path(taken.value.path()).read_text()
    assert [number for number in listed if number not in text] == []


def test_a_file_chosen_while_the_draft_is_read_is_the_one_that_is_meant(
    page: Page, stack: LiveStack, tmp_path: Path
) -> None:
    kept, chosen = tmp_path / "kept.csv", tmp_path / "chosen.csv"
    kept.write_text("phone,name\n+12025550101,Kept\n")
    chosen.write_text("phone,name\n+12025550102,Chosen\n")
    rows = page.get_by_role("region", name="First rows of the file")
    page.goto(f"{stack.ready['console']['url']}/new")
    drop_file(page, kept)
    rows.get_by_text("Kept", exact=True).wait_for()
    held: list[Route] = []
    page.route("**/console/columns", lambda route: route.continue_() if held else held.append(route))
    page.reload()
    until(lambda: page.wait_for_timeout(50) or held, LOADED)
    drop_file(page, chosen)
    rows.get_by_text("Chosen", exact=True).wait_for()
    with page.expect_response("**/console/columns"):
        held[0].continue_()
    page.wait_for_timeout(300)
    assert "Chosen" in rows.inner_text()
    assert "Kept" not in rows.inner_text()
    assert "chosen.csv" in page.inner_text("#chosen")
    page.get_by_role("button", name="Discard the draft").click()
    page.locator("#confirm button[value=yes]").click()
    page.get_by_text("Drop a CSV or Excel file here").wait_for()


def test_a_job_says_what_it_waits_for_and_until_when(page: Page, stack: LiveStack, numbers: Numbers) -> None:
    weekday = (datetime.now(UTC) + timedelta(days=3)).strftime("%a").lower()
    window = {"from": "09:00", "to": "20:00", "weekdays": [weekday]}
    job = Batch.create(stack, contacts(numbers.some(3)), name="Another day", callingWindow=window)
    page.goto(f"{stack.ready['console']['url']}/jobs/{job.job_id}")
    page.locator('[data-finding="nobody"]').get_by_text("it waits for the calling window to open").wait_for()
    at = page.locator('[data-finding="nobody"] time').get_attribute("datetime")
    assert datetime.fromisoformat(str(at)) > datetime.now(UTC) + timedelta(days=1)
    with stack.http() as client:
        client.post(f"/batch/jobs/{job.job_id}/cancel").raise_for_status()
    page.locator(".live .pill.cancelled").wait_for()


def test_a_member_sees_and_cannot_act(browser: Browser, stack: LiveStack, numbers: Numbers) -> None:
    job = Batch.create(stack, contacts(numbers.scripted(TALKS, 2)), name="Theirs", maxCallSeconds=MAX_TALK)
    member = browser.new_context()
    page = member.new_page()
    page.goto(stack.ready["console"]["url"])
    for viewport in SIZES.values():
        page.set_viewport_size(viewport)  # type: ignore[arg-type]
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            assert violations(page) == {}
    page.set_viewport_size(SIZES["laptop"])  # type: ignore[arg-type]
    page.fill("#key", stack.ready["api"]["memberKey"])
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Theirs").click()
    page.get_by_text("Contacts by outcome").first.wait_for()
    assert page.get_by_role("button").all_inner_texts() == ["Sign out", "Filter"]
    status = page.evaluate(
        """async (path) => (await fetch(path, {method: "POST",
           headers: {"X-CSRF-Token": document.querySelector("meta[name=csrf-token]").content}})).status""",
        f"/console/api/batch/jobs/{job.job_id}/cancel",
    )
    assert status == 403
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("heading", name="Sign in").wait_for()
    page.goto(f"{stack.ready['console']['url']}/jobs/{job.job_id}")
    assert page.title() == "Sign in · Outdial"
    member.close()
    job.hang_up()


def test_a_forged_form_is_refused(context: BrowserContext, stack: LiveStack) -> None:
    url = stack.ready["api"]["url"]
    [cookie] = [one for one in context.cookies(f"{url}/console") if one["name"] == "outdial_console"]
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    cookies = {"Cookie": f"outdial_console={cookie['value']}"}
    for headers in ({"Origin": url}, {"Origin": "https://evil.example"}, {}):
        answer = httpx.post(f"{url}/console/api/organization/stop", headers=cookies | headers, trust_env=False)
        assert answer.status_code == 403


@pytest.mark.timeout(400)
def test_axe_finds_nothing_on_any_page(page: Page, stack: LiveStack, numbers: Numbers, seen: Seen) -> None:
    console = stack.ready["console"]["url"]
    job = Batch.create(stack, contacts(numbers.some(30)), name="To be looked at")
    start = f"{datetime.now(UTC).date() + timedelta(days=3)}T09:00"
    Batch.create(stack, contacts(numbers.some(3)), name="Later", scheduledStartTime=start)
    with stack.http() as client:
        hook = {"url": "https://127.0.0.1:9/hook", "events": ["batch.completed"]}
        webhook = client.post("/webhooks", json=hook).raise_for_status().json()["id"]
        client.post(f"/webhooks/{webhook}/test").raise_for_status()
        client.post("/do-not-call", json={"numbers": numbers.some(1)}).raise_for_status()
        client.post(f"/phone-numbers/{stack.ready['phoneNumbers']['noAgent']}/close").raise_for_status()
    campaign = RunningCampaign.create(stack, name="A long list")
    campaign.send(lines([*numbers.some(20), "12"]))
    campaign.order("start")
    until(lambda: len(job.dials()) > 5, LOADED)
    with stack.http() as client:
        contact = client.get(f"/batch/jobs/{job.job_id}").json()["contacts"][0]["id"]
    until(lambda: counted(page, console), COUNTED, every=2)
    of_a_job = [f"/jobs/{job.job_id}", f"/jobs/{job.job_id}/contacts/{contact}"]
    paths = [*PATHS, *MORE_PATHS, *of_a_job, f"/webhooks/{webhook}", "/campaigns", f"/campaigns/{campaign.id}"]
    found: dict[str, Any] = {}
    for path in paths:
        page.goto(console + path)
        for size, viewport in SIZES.items():
            page.set_viewport_size(viewport)  # type: ignore[arg-type]
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} is too wide: {size}"
            for scheme in SCHEMES:
                page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
                found |= {f"{path} {size} {scheme} {one}": where for one, where in violations(page).items()}
        found |= {f"{path} {one}": where for one, where in violations_of_dialogs(page).items()}
    assert found == {}
    assert seen.foreign(stack.ready["api"]["url"]) == []
    assert [said for said in seen.complaints if "404" not in said] == []


def counted(page: Page, console: str) -> bool:
    """Whether the analytics have calls to show."""
    page.goto(f"{console}/analytics")
    return page.locator("table tbody tr").count() > 0


def violations(page: Page) -> dict[str, Any]:
    """What axe finds: the rules that are broken, and where."""
    page.evaluate(AXE + "; null")
    options = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
    found = page.evaluate("options => axe.run(document, options)", options)["violations"]
    return {one["id"]: [node["html"][:160] for node in one["nodes"][:3]] for one in found}


def violations_of_dialogs(page: Page) -> dict[str, Any]:
    """The same of all that a page can open: here on a telephone in the dark."""
    found: dict[str, Any] = {}
    for id in page.evaluate("[...document.querySelectorAll('dialog:not(#confirm)')].map((dialog) => dialog.id)"):
        page.evaluate("id => document.getElementById(id).showModal()", id)
        found |= {f"#{id} {one}": where for one, where in violations(page).items()}
        page.evaluate("id => document.getElementById(id).close()", id)
    return found


def focused(page: Page) -> str:
    """What the keyboard would press."""
    return str(page.evaluate("document.activeElement.textContent")).strip()[:40]


def tab_to(page: Page, name: str) -> None:
    for _ in range(40):
        if focused(page) == name:
            return
        page.keyboard.press("Tab")
    pytest.fail(f"{name} is not reached by keyboard")


def drop_file(page: Page, file: Path) -> None:
    """As a person lets a file fall."""
    transfer = page.evaluate_handle(
        """({name, text}) => {
             const transfer = new DataTransfer();
             transfer.items.add(new File([text], name, {type: "text/csv"}));
             return transfer;
           }""",
        {"name": file.name, "text": file.read_text()},
    )
    page.dispatch_event(".drop", "drop", {"dataTransfer": transfer})


def finding(page: Page, question: str) -> str:
    return flat(page.locator(f'[data-finding="{question}"]').first.inner_text())


def done(page: Page) -> int:
    return int(re.findall(r"Done (\d+) of", flat(page.inner_text(".live")))[0])


def flat(text: str) -> str:
    return re.sub(r"\s+", " ", text)
