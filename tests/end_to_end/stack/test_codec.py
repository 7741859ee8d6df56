"""Where payloads are encrypted nobody reads a job in Temporal but through the codec server."""

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Page
from temporalio.client import Client

from tests.browsers import chromium
from tests.end_to_end.batch import MAX_TALK, TALKS, Batch, Numbers, contacts
from tests.end_to_end.live_stack import LiveStack
from tests.waiting import until

NAME = "Quokka campaign"
LOADED = 60  # seconds
SHOWN = "row 1 · …"  # an activity's summary


@pytest.fixture(scope="module")
def job(encrypted: LiveStack) -> Batch:
    """One that has called, and is still on the phone."""
    numbers = Numbers()
    called = numbers.scripted(TALKS, 2) + numbers.some(3)
    made = Batch.create(encrypted, contacts(called), name=NAME, maxCallSeconds=MAX_TALK)
    until(lambda: len(made.dials()) >= len(called), LOADED, every=0.2)
    return made


async def test_histories_are_unreadable_without_the_key(encrypted: LiveStack, job: Batch) -> None:
    ids = [contact["id"] for contact in job.contacts()]
    read = [*ids, job.job_id, NAME, SHOWN, "call_seconds", "answered", "every_seconds"]
    temporal, seen = encrypted.ready["temporal"], set()
    client = await Client.connect(temporal["address"], namespace=temporal["namespace"])
    async for execution in client.list_workflows():
        seen.add(execution.id.partition("/")[0])
        history = await client.get_workflow_handle(execution.id, run_id=execution.run_id).fetch_history()
        events = json.loads(history.to_json())
        told = "\n".join(payloads(events)) + str(execution.raw_info.memo)
        assert [text for text in read if text in told] == [], execution.id

    assert seen >= {"batch-job", "organization-lines", "housekeeper"}


def payloads(value: Any) -> Iterator[str]:
    """What all payloads say; but for search attributes, which lists of workflows are asked by."""
    if isinstance(value, dict):
        if isinstance(value.get("data"), str) and "metadata" in value:
            yield base64.b64decode(value["data"]).decode(errors="replace")
        for name, part in value.items():
            if name not in {"searchAttributes", "indexedFields"}:
                yield from payloads(part)
    elif isinstance(value, list):
        for part in value:
            yield from payloads(part)


def test_the_web_ui_reads_them_through_the_codec_server(encrypted: LiveStack, job: Batch) -> None:
    temporal = encrypted.ready["temporal"]
    workflow = quote(f"batch-job/{job.job_id}", safe="")
    with chromium("the web UI") as browser:
        page = browser.new_page(viewport={"width": 1400, "height": 940})
        page.set_default_timeout(LOADED * 1000)
        page.goto(f"{temporal['ui']}/namespaces/{temporal['namespace']}/workflows/{workflow}")
        until(lambda: "call_contact" in text_of(page), LOADED, every=0.2)
        assert job.job_id not in text_of(page).replace(f"batch-job/{job.job_id}", "")
        assert SHOWN not in text_of(page)

        enter_codec_server(page, encrypted.ready["codec"]["endpoint"])
        page.reload()
        until(lambda: SHOWN in text_of(page) and f'"{job.job_id}"' in text_of(page), LOADED, every=0.2)

        page.get_by_role("tab", name="User Metadata").click()
        until(lambda: "of 5 contacts done" in text_of(page) and NAME in text_of(page), LOADED, every=0.2)
    assert encrypted.ready["codec"]["endpoint"].rpartition("/")[2] not in encrypted.log("codec")


def enter_codec_server(page: Page, endpoint: str) -> None:
    """As a person does it."""
    page.get_by_role("button", name="Configure Codec Server").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Use my browser setting").check()
    dialog.get_by_role("textbox").first.fill(endpoint)
    dialog.get_by_role("button", name="Apply").click()


def text_of(page: Page) -> str:
    """Frames included."""
    return "\n".join(frame.locator("body").inner_text() for frame in page.frames)
