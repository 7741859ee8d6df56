"""Commands for whoever has a key."""

import json
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Asked, FakeApi, Run

ID = "batch_0123456789abcdef01234567"
CREATE = "POST /batch/create"
JOB = f"GET /batch/jobs/{ID}"
REPORT = {
    "rows": 14,
    "valid": 1,
    "blank": 0,
    "invalidTotal": 12,
    "invalid": [{"row": row, "column": "phone", "value": "…01", "reason": "[bold]is odd"} for row in range(3, 15)],
    "duplicatesTotal": 1,
    "duplicates": [{"row": 15, "firstRow": 2}],
    "warnings": ['The unknown field "x" was ignored.'],
}
CREATED = {
    "success": True,
    "batchJobId": ID,
    "totalContacts": 1,
    "estimatedDuration": "2 minutes",
    "estimatedCost": "$0.04",
    "status": "pending",
    "scheduledStartTime": None,
    "message": "Batch job created.",
    "validation": REPORT,
}


def job(status: str, done: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "id": ID,
        "name": "[red]Mine",
        "description": None,
        "status": status,
        "totalContacts": 4,
        "contactsProcessed": done,
        "successfulCalls": done,
        "failedCalls": 0,
        "scheduledStartTime": None,
        "actualStartTime": None,
        "completedAt": None,
        "createdAt": "2026-11-24T12:00:00Z",
        "concurrentCallLimit": 5,
        "retryPolicy": {"maxAttempts": 3},
        "statusBreakdown": {"pending": 4 - done, "completed": done, "busy": 0},
        "estimatedCompletionTime": None,
        "progress": {
            "liveCalls": 2,
            "linesHeld": 3,
            "linesWanted": 3,
            "waitingFor": {"reason": "retry", "until": "2026-11-24T12:05:00Z"},
        },
        "contacts": [],
        "contactsTotal": 4,
        **more,
    }


def refusal(code: str, *details: dict[str, Any]) -> dict[str, Any]:
    return {"success": False, "error": "Not like this.", "code": code, "details": list(details)}


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "spring list.csv"
    path.write_bytes(b"phone\r\n+12025550101\r\n")
    return str(path)


def form_of(asked: Asked) -> dict[str, bytes]:
    message = message_from_bytes(b"Content-Type: " + asked.headers["content-type"].encode() + b"\r\n\r\n" + asked.body)
    parts = message.get_payload()
    assert isinstance(parts, list)
    return {str(part.get_param("name", header="content-disposition")): part.get_payload(decode=True) for part in parts}  # type: ignore[union-attr,misc]


def test_submit_sends_the_file_as_it_is_and_only_what_was_given(run: Run, api: FakeApi, file: str) -> None:
    api.will(CREATE, (200, CREATED))
    ended = run("submit", file, "--from", "phone_1")
    assert ended.code == 0
    assert form_of(api.asked[0]) == {
        "fromPhoneNumberId": b"phone_1",
        "name": b"spring list",
        "file": b"phone\r\n+12025550101\r\n",
    }
    assert api.asked[0].headers["authorization"] == "Bearer od_secret"


def test_submit_passes_every_option_on(run: Run, api: FakeApi, file: str) -> None:
    api.will(CREATE, (200, CREATED))
    options = {
        "--name": "Mine",
        "--description": "Why",
        "--at": "2027-03-01T09:00",
        "--timezone": "Europe/Berlin",
        "--lines": "7",
        "--attempts": "2",
        "--ring-seconds": "20",
        "--max-call-seconds": "60",
        "--on-overlap": "skip",
    }
    given = [word for option in options.items() for word in option]
    assert run("submit", file, "--from", "phone_1", *given).code == 0
    form = form_of(api.asked[0])
    del form["file"]
    assert form == {
        "fromPhoneNumberId": b"phone_1",
        "name": b"Mine",
        "description": b"Why",
        "scheduledStartTime": b"2027-03-01T09:00",
        "timezone": b"Europe/Berlin",
        "concurrentCallLimit": b"7",
        "maxAttempts": b"2",
        "ringSeconds": b"20",
        "maxCallSeconds": b"60",
        "onOverlap": b"skip",
    }


def test_submit_shows_the_account_of_the_rows(run: Run, api: FakeApi, file: str) -> None:
    api.will(CREATE, (200, CREATED))
    out = run("submit", file, "--from", "phone_1").out
    assert "14 rows: 1 to call, 12 invalid, 1 duplicates, 0 blank" in out
    assert "row 3: phone …01: [bold]is odd" in out
    assert "… and 2 more invalid rows" in out
    assert "row 15: the number of row 2 again" in out
    assert 'The unknown field "x" was ignored.' in out


def test_json_is_one_document_a_line(run: Run, api: FakeApi, file: str) -> None:
    api.will(CREATE, (200, CREATED))
    api.will(JOB, (200, job("running", 1)), (200, job("completed", 4)))
    ended = run("submit", file, "--from", "phone_1", "--watch", "--json")
    assert ended.code == 0
    created, watched = (json.loads(line) for line in ended.out.splitlines())
    assert created == CREATED
    assert watched["status"] == "completed"


def test_a_refusal_is_printed_with_its_details(run: Run, api: FakeApi, file: str) -> None:
    details = [{"field": "name", "reason": "is required"}, {"field": "maxAttempts", "reason": "must be a whole number"}]
    api.will(CREATE, (400, refusal("invalid_request", *details)))
    ended = run("submit", file, "--from", "phone_1")
    assert ended.code == 1
    assert ended.out == ""
    assert ended.err == (
        "outdial: Not like this. (invalid_request)\n"
        "  field name: is required\n"
        "  field maxAttempts: must be a whole number\n"
    )


def test_when_the_answer_is_lost_nobody_is_told_that_nothing_happened(run: Run, api: FakeApi, file: str) -> None:
    api.will(CREATE, None)
    ended = run("submit", file, "--from", "phone_1")
    assert ended.code == 4
    assert "It cannot be told whether the job was created: look with `outdial jobs`" in ended.err


def test_an_api_that_is_not_there_is_said(run: Run, file: str) -> None:
    ended = run("submit", file, "--from", "phone_1", "--key", "k", "--url", "http://127.0.0.1:9")
    assert (ended.code, ended.out) == (4, "")
    assert "The API does not answer at http://127.0.0.1:9." in ended.err


@pytest.mark.parametrize(
    "arguments",
    [["jobs"], ["submit", "no-such-file.csv", "--key", "k", "--from", "p"], ["show", "../x", "--key", "k"], ["fly"]],
)
def test_a_command_written_wrongly_is_2(run: Run, arguments: list[str]) -> None:
    assert run(*arguments).code == 2


@pytest.mark.parametrize(("status", "code"), [("completed", 0), ("failed", 3), ("cancelled", 3)])
def test_watch_ends_with_the_job(run: Run, api: FakeApi, status: str, code: int) -> None:
    api.will(JOB, (200, job("scheduled")), (200, job("running", 1)), (200, job(status, 4)))
    ended = run("watch", ID)
    assert ended.code == code
    assert (
        "running: 1 of 4 done; 3 pending, 1 completed; 2 live calls on 3 lines, waits for the next retry until"
        in ended.out
    )
    assert ended.out.splitlines()[-1] == f"{ID} {status}"


def test_watch_goes_on_after_a_lost_connection(run: Run, api: FakeApi) -> None:
    api.will(JOB, (200, job("running", 1)), None, (503, refusal("unavailable")), (200, job("completed", 4)))
    assert run("watch", ID).code == 0
    assert len(api.asked) == 4


def test_a_job_just_submitted_is_watched_even_if_the_first_look_is_lost(run: Run, api: FakeApi, file: str) -> None:
    api.will(CREATE, (200, CREATED))
    api.will(JOB, None, (200, job("completed", 4)))
    assert run("submit", file, "--from", "phone_1", "--watch").code == 0


def test_watch_of_a_job_that_is_not_there_ends_at_once(run: Run, api: FakeApi) -> None:
    api.will(JOB, (404, refusal("job_not_found")))
    ended = run("watch", ID)
    assert (ended.code, ended.err) == (1, "outdial: Not like this. (job_not_found)\n")


def test_jobs_are_listed_with_what_they_are_called(run: Run, api: FakeApi) -> None:
    api.will("GET /batch/jobs", (200, {"batchJobs": [job("running", 1)], "total": 1, "page": 2, "pageSize": 5}))
    ended = run("jobs", "--status", "running", "--page", "2", "--page-size", "5")
    assert api.asked[0].line == "GET /batch/jobs?status=running&page=2&pageSize=5"
    assert ID in ended.out
    assert "[red]Mine" in ended.out


def test_an_id_is_never_cut_off(run: Run, api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    api.will("GET /batch/jobs", (200, {"batchJobs": [job("running")], "total": 1, "page": 1, "pageSize": 20}))
    assert ID in run("jobs").out


def test_show_asks_for_the_contacts_wanted(run: Run, api: FakeApi) -> None:
    contact = {
        "phoneNumber": "+12025550101",
        "status": "busy",
        "attemptCount": 3,
        "errorCode": "486",
        "callDuration": None,
        "nextRetryAt": None,
        "failureReason": "The line was busy.",
    }
    api.will(JOB, (200, job("running", 1, contacts=[contact])))
    ended = run("show", ID, "--status", "busy", "--page-size", "7")
    assert api.asked[0].line == f"{JOB}?contactStatus=busy&contactsPage=1&contactsPageSize=7"
    assert "The line was busy." in ended.out
    assert "1 of 4 contacts; more with --page" in ended.out


@pytest.mark.parametrize("verb", ["start", "pause", "resume", "cancel"])
def test_a_control_is_one_post_and_its_message(run: Run, api: FakeApi, verb: str) -> None:
    api.will(f"POST /batch/jobs/{ID}/{verb}", (200, {"success": True, "message": "Done so."}))
    ended = run(verb, ID)
    assert (ended.code, ended.out) == (0, "Done so.\n")
    assert api.asked[0].body == b""


def test_cancel_may_hang_up(run: Run, api: FakeApi) -> None:
    api.will(f"POST /batch/jobs/{ID}/cancel", (200, {"success": True, "message": "Done so."}))
    run("cancel", ID, "--hang-up")
    assert json.loads(api.asked[0].body) == {"hangUp": True}


def test_what_is_not_our_api_is_said(run: Run, api: FakeApi) -> None:
    api.will("GET /batch/jobs", (200, b"<html>"))
    ended = run("jobs")
    assert (ended.code, ended.err) == (1, "outdial: What answered is not Outdial's API (HTTP status 200).\n")
