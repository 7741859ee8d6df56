"""Commands before and after a job."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import FakeApi, Run
from tests.cli.test_jobs import CREATED, ID, REPORT, form_of

VALIDATED = {
    "success": True,
    "wouldBeCreated": True,
    "obstacles": [],
    "totalContacts": 3,
    "blockedContacts": 1,
    "estimatedCost": "$0.07",
    "estimatedDuration": "2 minutes",
    "estimatedFinish": None,
    "bindingLimit": "organization",
    "countries": [
        {"country": "US", "contacts": 2, "allowed": True},
        {"country": None, "contacts": 1, "allowed": False},
    ],
    "message": "Calling would start now.",
    "validation": REPORT,
}


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "contacts.csv"
    path.write_bytes(b"phone\r\n+12025550101\r\n")
    return str(path)


def sent(api: FakeApi) -> Any:
    return json.loads(api.asked[0].body)


def test_validate_says_what_a_file_would_come_to(run: Run, api: FakeApi, file: str) -> None:
    api.will("POST /batch/validate", (200, VALIDATED))

    ended = run("validate", file, "--from", "phone_1", "--lines", "9", "--window", "us-federal")

    assert ended.code == 0
    assert "organization" in ended.out
    assert "US 2, — 1" in ended.out
    form = form_of(api.asked[0])
    assert (form["concurrentCallLimit"], form["callingWindow"], form["name"]) == (b"9", b"us-federal", b"contacts")


def test_validate_fails_where_the_job_would_be_refused(run: Run, api: FakeApi, file: str) -> None:
    obstacle = {"code": "insufficient_credits", "error": "Top up."}
    api.will("POST /batch/validate", (200, VALIDATED | {"wouldBeCreated": False, "obstacles": [obstacle]}))

    ended = run("validate", file, "--from", "phone_1", "--json")

    assert (ended.code, json.loads(ended.out)["obstacles"]) == (1, [obstacle])
    assert "Top up." in ended.err


def test_results_go_to_stdout_as_they_come(run: Run, api: FakeApi) -> None:
    api.will(f"GET /batch/jobs/{ID}/results", (200, "phone,name\r\n+12025550101,Zoë\r\n".encode()))

    ended = run("results", ID)

    assert (ended.code, ended.out) == (0, "phone,name\r\n+12025550101,Zoë\r\n")
    assert api.asked[0].line == f"GET /batch/jobs/{ID}/results?format=csv"


def test_results_go_to_a_file(run: Run, api: FakeApi, tmp_path: Path) -> None:
    api.will(f"GET /batch/jobs/{ID}/results", (200, b'{"phone":"+12025550101"}\n'))
    output = tmp_path / "results.jsonl"

    assert run("results", ID, "--format", "jsonl", "-o", str(output)).code == 0

    assert output.read_bytes() == b'{"phone":"+12025550101"}\n'
    assert api.asked[0].line.endswith("format=jsonl")
    assert [path.name for path in tmp_path.iterdir()] == ["results.jsonl"]


def test_a_refused_download_writes_nothing(run: Run, api: FakeApi, tmp_path: Path) -> None:
    refusal = {"success": False, "error": "There is no batch job.", "code": "job_not_found"}
    api.will(f"GET /batch/jobs/{ID}/rejects", (404, refusal))

    ended = run("rejects", ID, "-o", str(tmp_path / "rejects.csv"))

    assert (ended.code, list(tmp_path.iterdir())) == (1, [])
    assert "There is no batch job." in ended.err


def test_a_download_that_breaks_off_keeps_what_was_there(run: Run, api: FakeApi, tmp_path: Path) -> None:
    api.will(f"GET /batch/jobs/{ID}/results", None)
    output = tmp_path / "results.csv"
    output.write_text("old")

    assert run("results", ID, "-o", str(output)).code == 4

    assert output.read_text() == "old"


def test_retry_sends_what_is_different(run: Run, api: FakeApi) -> None:
    api.will(f"POST /batch/jobs/{ID}/retry", (200, CREATED))

    assert run("retry", ID, "--attempts", "2", "--include-unknown").code == 0

    assert sent(api) == {"maxAttempts": 2, "includeUnknown": True}


def test_test_calls_one_number(run: Run, api: FakeApi) -> None:
    api.will(f"POST /batch/jobs/{ID}/test", (200, CREATED))

    assert run("test", ID, "+12025550101").code == 0

    assert sent(api) == {"phone": "+12025550101"}


def test_delete_asks_first(run: Run, api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    api.will(f"DELETE /batch/jobs/{ID}", (200, {"message": "The job was deleted."}))

    assert run("delete", ID, "--yes").out.strip() == "The job was deleted."
    assert len(api.asked) == 1
