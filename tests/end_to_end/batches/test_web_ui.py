"""What an operator sees and does in Temporal's own web UI."""

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Error, Page

from tests.browsers import chromium
from tests.end_to_end.batch import MAX_TALK, TALKS, Batch, Numbers, contacts
from tests.end_to_end.live_stack import LiveStack
from tests.waiting import until

PICTURES = Path(__file__).parents[3] / "docs" / "images"
NAME = "Spring campaign"
SECONDS = 1000  # in a page's milliseconds
LOADED = 60  # seconds that a page may need where other tests run beside it


@pytest.fixture
def page() -> Iterator[Page]:
    with chromium("the web UI") as browser:
        page = browser.new_page(viewport={"width": 1400, "height": 940})
        page.set_default_timeout(LOADED * SECONDS)
        yield page


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where pictures go: into the tree only when they are wanted there."""
    return PICTURES if os.environ.get("OUTDIAL_PICTURES") == "1" else tmp_path


@pytest.fixture
def job(stack: LiveStack, numbers: Numbers) -> Batch:
    called = numbers.scripted(TALKS, 8) + numbers.some(200)
    return Batch.create(stack, contacts(called), name=NAME, maxCallSeconds=MAX_TALK, concurrentCallLimit=9)


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("settled")
def test_an_operator_sees_the_job_and_cancels_it(page: Page, stack: LiveStack, job: Batch, pictures: Path) -> None:
    until(lambda: len(job.dials()) > 10, LOADED, every=0.2)
    open_workflow(page, stack, job)
    until(lambda: re.search(r"row \d+ · …\d\d · attempt 1", text_of(page)) is not None, LOADED, every=0.2)
    assert_masked(page, job)

    page.goto(f"{page.url.rpartition('/')[0]}/pending-activities")  # while people are called the timeline never rests
    until(lambda: '"answered"' in text_of(page), LOADED, every=0.2)
    assert_masked(page, job)

    see_progress(page, job)
    pictures.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=pictures / "temporal-web-ui.png")

    cancelled_at = cancel(page, job)
    time.sleep(1)
    assert [dial for dial in job.dials() if dial["askedAt"] > cancelled_at] == []
    job.hang_up()
    job.wait_until_nobody_is_on_the_phone(30)


def open_workflow(page: Page, stack: LiveStack, job: Batch) -> None:
    temporal = stack.ready["temporal"]
    workflow = quote(f"batch-job/{job.job_id}", safe="")
    page.goto(f"{temporal['ui']}/namespaces/{temporal['namespace']}/workflows/{workflow}")


def see_progress(page: Page, job: Batch) -> None:
    """The job's name, and a table of counts that are those of the record."""
    page.get_by_role("tab", name="User Metadata").click()

    def told() -> bool:
        text = text_of(page)
        return NAME in text and f"of {len(job.numbers)} contacts done" in text and "completed" in text

    until(told, LOADED, every=0.2)
    assert_masked(page, job)


def text_of(page: Page) -> str:
    """What can be read, frames included; nothing while they are being replaced."""
    try:
        return "\n".join(frame.locator("body").inner_text() for frame in page.frames)
    except Error:
        return ""


def assert_masked(page: Page, job: Batch) -> None:
    text = text_of(page) + page.content()
    assert [number for number in job.numbers if number[-10:] in text] == []


def cancel(page: Page, job: Batch) -> float:
    """Press the button; when the API says that the job is cancelled."""
    page.get_by_role("button", name="Request Cancellation").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Confirm").first.click()
    until(lambda: job.status() == "cancelled", LOADED, every=0.1)
    return time.time()
