"""Commands that steer, and the do-not-call list."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import FakeApi, Run
from tests.cli.test_jobs import CREATE, CREATED, ID, REPORT, form_of, job

CONTACT = "contact_0123456789abcdef01234567"
NUMBER = "+12025550101"


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "more.csv"
    path.write_bytes(b"phone\r\n+12025550101\r\n")
    return str(path)


def sent(api: FakeApi) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(api.asked[0].body)
    return body


def test_submit_passes_the_rules_on(run: Run, api: FakeApi, file: str) -> None:
    api.will(CREATE, (200, CREATED))
    options = {
        "--window": "09:00-20:00 mon,fri",
        "--priority": "9",
        "--end": "2027-03-01T18:00",
        "--start-within": "30",
        "--max-cost": "12.50",
        "--on-machine": "hangUp",
        "--phone-column": "Mobile",
        "--timezone-column": "zone",
        "--not-before-column": "earliest",
    }
    given = [word for option in options.items() for word in option]
    assert run("submit", file, "--from", "phone_1", *given, "--no-circuit-breaker").code == 0
    form = form_of(api.asked[0])
    assert json.loads(form.pop("callingWindow")) == {"from": "09:00", "to": "20:00", "weekdays": ["mon", "fri"]}
    for known in ("file", "name", "fromPhoneNumberId"):
        del form[known]
    assert form == {
        "priority": b"9",
        "endTime": b"2027-03-01T18:00",
        "startWithin": b"30",
        "maxCost": b"12.50",
        "onMachine": b"hangUp",
        "circuitBreaker": b"false",
        "phoneColumn": b"Mobile",
        "timezoneColumn": b"zone",
        "notBeforeColumn": b"earliest",
    }


@pytest.mark.parametrize(
    ("written", "window"),
    [
        ("09:00-20:00", {"from": "09:00", "to": "20:00"}),
        ("us-federal", "us-federal"),
        ('{"from": "09:00", "to": "24:00", "holidays": "US"}', {"from": "09:00", "to": "24:00", "holidays": "US"}),
    ],
)
def test_change_sends_only_what_is_named(run: Run, api: FakeApi, written: str, window: Any) -> None:
    api.will(f"PATCH /batch/jobs/{ID}", (200, job("running", message="Batch job changed.")))
    ended = run("change", ID, "--window", written, "--lines", "7", "--clear", "end", "--clear", "max-cost")
    assert (ended.code, ended.out) == (0, "Batch job changed.\n")
    assert sent(api) == {"callingWindow": window, "concurrentCallLimit": 7, "endTime": None, "maxCost": None}


def test_every_field_can_be_changed(run: Run, api: FakeApi) -> None:
    api.will(f"PATCH /batch/jobs/{ID}", (200, job("scheduled", message="Batch job changed.")))
    options = ["--name", "Spring", "--description", "x", "--attempts", "2", "--priority", "1", "--end", "E"]
    run("change", ID, *options, "--on-machine", "talk", "--max-cost", "5", "--at", "T", "--timezone", "UTC")
    assert sent(api) == {
        "name": "Spring",
        "description": "x",
        "maxAttempts": 2,
        "priority": 1,
        "onMachine": "talk",
        "endTime": "E",
        "maxCost": "5",
        "scheduledStartTime": "T",
        "timezone": "UTC",
    }


@pytest.mark.parametrize(
    "arguments",
    [["--window", "{no json"], ["--clear", "name"], ["--lines", "many"]],
)
def test_a_change_written_wrongly_is_2_and_sends_nothing(run: Run, api: FakeApi, arguments: list[str]) -> None:
    assert run("change", ID, *arguments).code == 2
    assert api.asked == []


def test_add_sends_the_file_and_shows_what_became_of_its_rows(run: Run, api: FakeApi, file: str) -> None:
    answer = {"success": True, "added": 1, "totalContacts": 5, "validation": REPORT}
    api.will(f"POST /batch/jobs/{ID}/contacts", (200, answer))
    ended = run("add", ID, file, "--phone-column", "Mobile")
    assert form_of(api.asked[0]) == {"phoneColumn": b"Mobile", "file": b"phone\r\n+12025550101\r\n"}
    assert "14 rows: 1 to call" in ended.out
    assert "1 contacts were added; the job has 5." in ended.out


def test_remove_takes_a_contact_away(run: Run, api: FakeApi) -> None:
    api.will(f"DELETE /batch/jobs/{ID}/contacts/{CONTACT}", (200, {"success": True, "message": "Done so."}))
    assert run("remove", ID, CONTACT).out == "Done so.\n"
    assert run("remove", ID, "../x").code == 1


def test_stop_and_resume_all(run: Run, api: FakeApi) -> None:
    answer = {"success": True, "message": "Done so.", "batchJobIds": [ID], "liveCalls": 3}
    api.will("POST /organization/stop", (200, answer))
    api.will("POST /organization/resume", (200, answer))
    assert run("stop", "--hang-up").out == "1 jobs were paused, 3 calls are live.\nDone so.\n"
    assert sent(api) == {"hangUp": True}
    assert run("resume-all").out == "1 jobs were resumed.\nDone so.\n"
    assert json.loads(run("stop", "--json").out) == answer


@pytest.mark.parametrize(("arguments", "path"), [([], "/organization/activity"), ([ID], f"/batch/jobs/{ID}/activity")])
def test_activity_is_listed(run: Run, api: FakeApi, arguments: list[str], path: str) -> None:
    entry = {
        "id": "activity_1",
        "at": "2026-11-24T12:00:00Z",
        "actor": "key_1",
        "action": "changed",
        "jobId": ID,
        "details": {"name": "[red]"},
    }
    api.will(f"GET {path}", (200, {"activity": [entry], "total": 1, "page": 1, "pageSize": 20}))
    out = run("activity", *arguments).out
    assert api.asked[0].line == f"GET {path}?page=1&pageSize=20"
    for said in ("key_1", "changed", ID, "[red]", "page 1, 1 entries"):
        assert said in out


def test_numbers_are_listed_from_arguments_or_a_file(run: Run, api: FakeApi, file: str) -> None:
    answer = {"success": True, "added": 1, "alreadyListed": 0, "contactsBlocked": 2, "validation": REPORT}
    api.will("POST /do-not-call", (200, answer))
    ended = run("dnc", "add", NUMBER, "--note", "Asked us.")
    assert sent(api) == {"numbers": [NUMBER], "note": "Asked us."}
    assert "1 numbers were listed, 0 were already; 2 waiting contacts are not called any more." in ended.out
    assert run("dnc", "add", "--file", file, "--phone-column", "Mobile").code == 0
    assert form_of(api.asked[1]) == {"phoneColumn": b"Mobile", "file": b"phone\r\n+12025550101\r\n"}
    for wrong in ([], [NUMBER, "--file", file]):
        assert run("dnc", "add", *wrong).code == 1


def test_a_number_is_taken_off_the_list(run: Run, api: FakeApi) -> None:
    api.will("DELETE /do-not-call/%2B12025550101", (200, {"success": True, "removed": True}))
    assert run("dnc", "remove", NUMBER).out == "The number may be called again.\n"
    api.will("DELETE /do-not-call/%2B12025550101", (200, {"success": True, "removed": False}))
    assert run("dnc", "remove", NUMBER).out == "The number was not on the list.\n"


def test_the_list_is_shown(run: Run, api: FakeApi) -> None:
    entry = {"number": NUMBER, "source": "agent", "note": None, "addedBy": "key_1", "addedAt": "2026-11-24T12:00:00Z"}
    api.will("GET /do-not-call", (200, {"entries": [entry], "total": 1, "page": 1, "pageSize": 20}))
    out = run("dnc", "list", "--search", "555").out
    assert api.asked[0].line == "GET /do-not-call?search=555&page=1&pageSize=20"
    assert NUMBER in out
    assert "agent" in out


def test_show_says_why_a_job_is_paused_and_what_it_keeps(run: Run, api: FakeApi) -> None:
    rules = {
        "statusReason": "The carrier refused the account.",
        "endTime": "2026-11-25T12:00:00Z",
        "callingWindow": {"from": "09:00", "to": "20:00", "weekdays": ["mon"], "holidays": None, "preset": None},
        "spent": "1.23",
        "maxCost": "5.00",
    }
    api.will(f"GET /batch/jobs/{ID}", (200, job("paused", **rules)))
    out = run("show", ID).out
    for said in ("The carrier refused the account.", "09:00-20:00 mon", "$1.23 of $5.00", "2026-11-25T12:00:00Z"):
        assert said in out
