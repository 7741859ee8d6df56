"""Campaigns: a file is sent on from where it broke off, then started and watched."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.answers import refusal
from tests.cli.conftest import FakeApi, Run

ID = "campaign_0123456789abcdef01234567"
CONTENT = b"phone,name\n+12025550101,Ada\n"
CREATED = {"success": True, "campaignId": ID, "status": "draft", "message": "Campaign created.", "warnings": []}
SWITCHED = {"success": True, "campaignId": ID, "status": "running", "message": "Done.", "batchJobIds": []}


def campaign(status: str = "draft", offset: int = 0, *, complete: bool = False, done: int = 0) -> dict[str, Any]:
    report = {"rows": 1, "valid": 1, "blank": 0, "invalidTotal": 0, "invalid": [], "duplicatesTotal": 0}
    report |= {"duplicates": [], "rewrittenTotal": 0, "rewritten": [], "warnings": []}
    return {
        "id": ID,
        "name": "May",
        "status": status,
        "statusReason": None,
        "totalContacts": 1,
        "contactsProcessed": done,
        "successfulCalls": done,
        "failedCalls": 0,
        "statusBreakdown": {"completed": done},
        "upload": {"offset": offset, "complete": complete},
        "jobs": 1,
        "jobsBegun": done,
        "jobsOpen": 0,
        "spent": "0.00",
        "maxCost": None,
        "createdAt": "2026-11-24T12:00:00Z",
        "forecast": {
            "estimatedCost": "0.035",
            "estimatedDuration": "2 minutes",
            "estimatedCompletionTime": None,
        },
        "validation": report,
    }


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "May.csv"
    path.write_bytes(CONTENT)
    return str(path)


def test_create_sends_the_file_starts_and_watches(run: Run, api: FakeApi, file: str) -> None:
    api.will("POST /campaigns", (200, CREATED))
    api.will(f"GET /campaigns/{ID}", (200, campaign()), (200, campaign("completed", 28, complete=True, done=1)))
    api.will(f"PUT /campaigns/{ID}/contacts", (200, campaign(offset=28, complete=True)))
    api.will(f"POST /campaigns/{ID}/start", (200, SWITCHED))

    ended = run("campaign", "create", file, "--from", "phone_1", "--lines", "50", "--jobs-at-once", "3", "--watch")

    assert (ended.code, "completed" in ended.out) == (0, True), ended.err
    created, _, sent, *_ = api.requests
    wanted = {"name": "May", "fromPhoneNumberId": "phone_1", "concurrentCallLimit": 50, "jobsAtOnce": 3}
    assert json.loads(created.body) == wanted
    assert (sent.body, sent.headers["content-type"]) == (CONTENT, "text/csv")


def test_a_file_that_broke_off_goes_on_where_it_is(
    run: Run, api: FakeApi, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.campaigns.SEND_WAIT_SECONDS", 0)
    api.will(f"GET /campaigns/{ID}", (200, campaign()), (200, campaign(offset=11)), (200, campaign(offset=11)))
    then = (409, refusal("upload_conflict")), (200, campaign(offset=28, complete=True))
    api.will(f"PUT /campaigns/{ID}/contacts", None, *then)

    ended = run("campaign", "send", ID, file)

    assert ended.code == 0, ended.err
    assert "goes on in a moment" in ended.err
    sent = [one for one in api.requests if one.line.startswith("PUT")]
    assert [(one.line[-9:], one.body) for one in sent[1:]] == [("offset=11", CONTENT[11:])] * 2


def test_a_refused_file_is_not_sent_again(run: Run, api: FakeApi, file: str) -> None:
    api.will(f"GET /campaigns/{ID}", (200, campaign()))
    api.will(f"PUT /campaigns/{ID}/contacts", (400, refusal("missing_phone_column")))

    ended = run("campaign", "send", ID, file)

    assert (ended.code, "missing_phone_column" in ended.err) == (1, True)


@pytest.mark.parametrize("what", ["pause", "resume", "cancel"])
def test_a_campaign_is_ordered_as_a_whole(run: Run, api: FakeApi, what: str) -> None:
    more = {"callsNotStopped": 0, "contactsCancelled": 0}
    api.will(f"POST /campaigns/{ID}/{what}", (200, SWITCHED | more))
    assert run("campaign", what, ID).out == "Done.\n"


def test_campaigns_are_listed_and_shown(run: Run, api: FakeApi) -> None:
    api.will("GET /campaigns", (200, {"campaigns": [campaign()], "total": 1, "page": 1, "pageSize": 20}))
    api.will(f"GET /campaigns/{ID}", (200, campaign(offset=28, complete=True)))
    listed = run("campaign", "list")
    assert (listed.code, ID in listed.out, "page 1, 1 campaign" in listed.out) == (0, True, True), listed.err
    shown = run("campaign", "show", ID)
    assert (shown.code, "$0.035" in shown.out, "1 row: 1 to call" in shown.out) == (0, True, True), shown.err
