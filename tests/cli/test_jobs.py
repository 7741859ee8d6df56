"""Commands for jobs that are there."""

import pytest

from tests.cli.answers import CREATE, CREATED, DONE, ID, JOB, job, refusal, sent
from tests.cli.conftest import FakeApi, Run


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
    assert len(api.requests) == 4


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
    assert api.requests[0].line == "GET /batch/jobs?status=running&page=2&pageSize=5"
    assert ID in ended.out
    assert "[red]Mine" in ended.out


@pytest.mark.parametrize("width", ["200", "80", "40"])
def test_no_id_and_no_number_is_ever_cut_off(
    run: Run, api: FakeApi, monkeypatch: pytest.MonkeyPatch, width: str
) -> None:
    """A hundred and twenty-two failed: twelve would be another answer."""
    monkeypatch.setenv("COLUMNS", width)
    given = job("completed", 864, name="Reminders of Monday, of all branches", failedCalls=122)
    api.will("GET /batch/jobs", (200, {"batchJobs": [given], "total": 1, "page": 1, "pageSize": 20}))
    words = run("jobs").out.split()
    assert {ID, "completed", "122", "Failed", "Reminders", "branches"} <= set(words)


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
    assert api.requests[0].line == f"{JOB}?contactStatus=busy&contactsPage=1&contactsPageSize=7"
    assert "The line was busy." in ended.out
    assert "1 of 4 contacts; more with --page" in ended.out


@pytest.mark.parametrize("verb", ["start", "pause", "resume", "cancel"])
def test_a_control_is_one_post_and_its_message(run: Run, api: FakeApi, verb: str) -> None:
    api.will(f"POST /batch/jobs/{ID}/{verb}", (200, DONE))
    ended = run(verb, ID)
    assert (ended.code, ended.out) == (0, "Done so.\n")
    assert api.requests[0].body == b""


def test_cancel_may_hang_up(run: Run, api: FakeApi) -> None:
    api.will(f"POST /batch/jobs/{ID}/cancel", (200, DONE))
    run("cancel", ID, "--hang-up")
    assert sent(api) == {"hangUp": True}


def test_what_is_not_our_api_is_said(run: Run, api: FakeApi) -> None:
    api.will("GET /batch/jobs", (200, b"<html>"))
    ended = run("jobs")
    assert (ended.code, ended.err) == (1, "outdial: What answered is not Outdial's API (HTTP status 200).\n")


def test_test_calls_one_number(run: Run, api: FakeApi) -> None:
    api.will(f"POST /batch/jobs/{ID}/test", (200, CREATED))

    assert run("test", ID, "+12025550101").code == 0

    assert sent(api) == {"phone": "+12025550101"}


def test_delete_asks_first(run: Run, api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    api.will(f"DELETE /batch/jobs/{ID}", (200, {"message": "The job was deleted."}))

    assert run("delete", ID, "--yes").out.strip() == "The job was deleted."
    assert len(api.requests) == 1


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
    for said in ("The carrier refused the account.", "09:00-20:00 mon", "$1.23 of $5.00", "2026-11-25 12:00:00Z"):
        assert said in out


def test_a_test_call_is_watched(run: Run, api: FakeApi) -> None:
    api.will(f"POST /batch/jobs/{ID}/test", (200, CREATED))
    api.will(JOB, (200, job("running")), (200, job("completed", 4)))
    ended = run("test", ID, "+12025550101", "--watch")
    assert (ended.code, ended.out.splitlines()[-1]) == (0, f"{ID} completed")


def test_test_calls_of_a_job_are_listed_and_jobs_searched(run: Run, api: FakeApi) -> None:
    api.will("GET /batch/jobs", (200, {"batchJobs": [], "total": 0, "page": 1, "pageSize": 20}))
    run("jobs", "--tests-of", ID, "--search", "spring", "--json")
    assert api.requests[0].line == f"GET /batch/jobs?search=spring&testOf={ID}&page=1&pageSize=20"


def test_test_calls_of_any_job_are_listed_where_asked_for(run: Run, api: FakeApi) -> None:
    api.will("GET /batch/jobs", (200, {"batchJobs": [], "total": 0, "page": 1, "pageSize": 20}))
    run("jobs", "--tests", "--json")
    assert api.requests[0].line == "GET /batch/jobs?test=true&page=1&pageSize=20"


def test_show_tells_who_a_contact_is_and_what_the_agent_said(run: Run, api: FakeApi) -> None:
    contact = {
        "id": "contact_0123456789abcdef01234567",
        "row": 17,
        "phoneNumber": "+12025550101",
        "contactData": {"phone": "+12025550101", " Name": "Ada"},
        "status": "completed",
        "conversation": {"disposition": "interested"},
    }
    api.will(JOB, (200, job("running", 1, contacts=[contact])))
    out = run("show", ID).out
    for said in ("17", "Ada", "interested", contact["id"]):
        assert str(said) in out


def test_the_version_is_said(run: Run) -> None:
    ended = run("--version")
    assert ended.code == 0
    assert ended.out.startswith("outdial ")
