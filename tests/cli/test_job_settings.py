"""Commands that send a job's settings."""

import io
import json
from typing import Any

import pytest

from domain.jobs.create_request import KNOWN_FIELDS
from tests.cli.answers import CONTACTS, CREATE, CREATED, ID, JOB, REPORT, Terminal, form_of, job, refusal, sent
from tests.cli.conftest import FakeApi, Run

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


def test_submit_sends_the_file_as_it_is_and_only_what_was_given(run: Run, api: FakeApi, file: str) -> None:
    api.will(CREATE, (200, CREATED))
    ended = run("submit", file, "--from", "phone_1")
    assert ended.code == 0
    assert form_of(api.requests[0]) == {
        "fromPhoneNumberId": b"phone_1",
        "name": b"spring list",
        "file": CONTACTS,
    }
    assert api.requests[0].headers["authorization"] == "Bearer od_secret"


def test_submit_passes_every_option_on(run: Run, api: FakeApi, file: str) -> None:
    api.will(CREATE, (200, CREATED))
    options = {
        "--name": ("name", "Mine"),
        "--description": ("description", "Why"),
        "--at": ("scheduledStartTime", "2027-03-01T09:00"),
        "--timezone": ("timezone", "Europe/Berlin"),
        "--lines": ("concurrentCallLimit", "7"),
        "--attempts": ("maxAttempts", "2"),
        "--ring-seconds": ("ringSeconds", "20"),
        "--max-call-seconds": ("maxCallSeconds", "60"),
        "--on-overlap": ("onOverlap", "skip"),
        "--overlap-days": ("overlapDays", "7"),
        "--on-machine": ("onMachine", "hangUp"),
        "--priority": ("priority", "9"),
        "--end": ("endTime", "2027-03-01T18:00"),
        "--start-within": ("startWithin", "30"),
        "--max-cost": ("maxCost", "12.50"),
        "--phone-column": ("phoneColumn", "Mobile"),
        "--timezone-column": ("timezoneColumn", "zone"),
        "--not-before-column": ("notBeforeColumn", "earliest"),
        "--external-id-column": ("externalIdColumn", "id"),
        "--retry-policy": ("retryPolicy", '{"delaysMinutes": [5]}'),
        "--contact-frequency": ("contactFrequency", '{"quietHours": 48}'),
        "--required-fields": ("requiredFields", '["plan"]'),
        "--default-country": ("defaultCountry", "US"),
        "--number-check": ("numberCheck", "possible"),
    }
    given = [word for option, (_, value) in options.items() for word in (option, value)]
    window = ["--window", "09:00-20:00 mon,fri"]

    assert run("submit", file, "--from", "phone_1", *given, *window, "--no-circuit-breaker").code == 0

    form = form_of(api.requests[0])
    assert form.keys() - {"file", "fromPhoneNumberId"} == KNOWN_FIELDS - {"contacts", "file", "fromPhoneNumberId"}
    assert json.loads(form.pop("callingWindow")) == {"from": "09:00", "to": "20:00", "weekdays": ["mon", "fri"]}
    assert form == {field: value.encode() for field, value in options.values()} | {
        "fromPhoneNumberId": b"phone_1",
        "circuitBreaker": b"false",
        "file": CONTACTS,
    }


def test_submit_shows_the_account_of_the_rows(run: Run, api: FakeApi, file: str) -> None:
    api.will(CREATE, (200, CREATED))
    out = run("submit", file, "--from", "phone_1").out
    assert "14 rows: 1 to call, 12 invalid, 1 duplicate, 0 blank" in out
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
        "outdial: Not like this. (invalid_request)\n  --name: is required\n  --attempts: must be a whole number\n"
    )


def test_when_the_answer_is_lost_nobody_is_told_that_nothing_happened(run: Run, api: FakeApi, file: str) -> None:
    api.will(CREATE, None)
    ended = run("submit", file, "--from", "phone_1")
    assert ended.code == 4
    assert "It cannot be told whether the job was created: look with `outdial jobs`" in ended.err
    keys = [request.headers["idempotency-key"] for request in api.requests]
    assert (len(keys), len(set(keys))) == (3, 1)


def test_a_creation_whose_answer_is_lost_is_done_once_and_it_is_said(run: Run, api: FakeApi, file: str) -> None:
    api.will(CREATE, None, (200, CREATED))
    ended = run("submit", file, "--from", "phone_1", "--json")
    assert (ended.code, json.loads(ended.out)["batchJobId"]) == (0, ID)
    assert "was lost before the answer came. Trying again in" in ended.err
    first, again = (request.headers["idempotency-key"] for request in api.requests)
    assert first == again


def test_an_api_that_is_not_there_is_said(run: Run, file: str) -> None:
    ended = run("submit", file, "--from", "phone_1", "--key", "k", "--url", "http://127.0.0.1:9")
    assert (ended.code, ended.out) == (4, "")
    assert "The API does not answer at http://127.0.0.1:9." in ended.err


def test_validate_says_what_a_file_would_come_to(run: Run, api: FakeApi, file: str) -> None:
    api.will("POST /batch/validate", (200, VALIDATED))

    ended = run("validate", file, "--from", "phone_1", "--lines", "9", "--window", "us-federal")

    assert ended.code == 0
    assert "organization" in ended.out
    assert "US 2, — 1" in ended.out
    form = form_of(api.requests[0])
    assert (form["concurrentCallLimit"], form["callingWindow"], form["name"]) == (b"9", b"us-federal", b"spring list")


def test_validate_fails_where_the_job_would_be_refused(run: Run, api: FakeApi, file: str) -> None:
    obstacle = {"code": "insufficient_credits", "error": "Top up."}
    api.will("POST /batch/validate", (200, VALIDATED | {"wouldBeCreated": False, "obstacles": [obstacle]}))

    ended = run("validate", file, "--from", "phone_1", "--json")

    assert (ended.code, json.loads(ended.out)["obstacles"]) == (1, [obstacle])
    assert "Top up." in ended.err


def test_retry_sends_what_is_different(run: Run, api: FakeApi) -> None:
    api.will(f"POST /batch/jobs/{ID}/retry", (200, CREATED))

    assert run("retry", ID, "--attempts", "2", "--include-unknown").code == 0

    assert sent(api) == {"maxAttempts": 2, "includeUnknown": True}


@pytest.mark.parametrize(
    ("written", "window"),
    [
        ("9-20", {"from": "09:00", "to": "20:00"}),
        ("9:30 – 20 mon, tue", {"from": "09:30", "to": "20:00", "weekdays": ["mon", "tue"]}),
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
    [
        ["--window", "{no json"],
        ["--window", "9 to 5"],
        ["--calls-per-day", "0"],
        ["--clear", "name"],
        ["--lines", "many"],
    ],
)
def test_a_change_written_wrongly_is_2_and_sends_nothing(run: Run, api: FakeApi, arguments: list[str]) -> None:
    assert run("change", ID, *arguments).code == 2
    assert api.requests == []


@pytest.mark.parametrize(
    ("command", "line", "answer"),
    [
        (["submit", "-", "--from", "phone_1"], CREATE, CREATED),
        (["validate", "-", "--from", "phone_1"], "POST /batch/validate", None),
        (["dnc", "add", "--file", "-"], "POST /do-not-call", None),
    ],
)
def test_a_dash_is_standard_input(
    run: Run, api: FakeApi, monkeypatch: pytest.MonkeyPatch, command: list[str], line: str, answer: Any
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"phone,name\n+12025550101,\xff\n")))
    api.will(line, (200, answer) if answer is not None else (400, refusal("invalid_csv")))
    assert run(*command).code == (0 if answer is not None else 1)
    assert b"phone,name\n+12025550101,\xff\n" in api.requests[0].body


def test_every_rule_has_a_plain_option(run: Run, api: FakeApi, file: str) -> None:
    api.will(CREATE, (200, CREATED))
    retries = ["--delays", "5, 30", "--retry-on", "busy", "--voicemail", "retry", "--declined", "retry"]
    retries += ["--screened", "retry", "--retries-first"]
    caps = ["--calls-per-day", "1", "--calls-per-week", "3", "--quiet-hours", "48"]
    columns = ["--required-fields", "plan, zip"]

    assert run("submit", file, "--from", "phone_1", *retries, *caps, *columns).code == 0

    form = form_of(api.requests[0])
    assert json.loads(form["retryPolicy"]) == {
        "delaysMinutes": [5, 30],
        "retryableStatuses": ["busy"],
        "onVoicemail": "retry",
        "onDeclined": "retry",
        "onScreened": "retry",
        "retriesFirst": True,
    }
    assert json.loads(form["contactFrequency"]) == {"callsPer24Hours": 1, "callsPer7Days": 3, "quietHours": 48}
    assert json.loads(form["requiredFields"]) == ["plan", "zip"]


def test_a_plain_option_wins_over_the_same_in_json(run: Run, api: FakeApi, file: str) -> None:
    api.will(CREATE, (200, CREATED))
    policy = '{"delaysMinutes": [5], "onVoicemail": "retry"}'
    run("submit", file, "--from", "phone_1", "--retry-policy", policy, "--delays", "60")
    assert json.loads(form_of(api.requests[0])["retryPolicy"]) == {"delaysMinutes": [60], "onVoicemail": "retry"}


@pytest.mark.parametrize("wrong", [["--delays", "soon"], ["--retry-on", "completed"], ["--voicemail", "sing"]])
def test_a_rule_written_wrongly_is_2(run: Run, api: FakeApi, file: str, wrong: list[str]) -> None:
    assert run("submit", file, "--from", "phone_1", *wrong).code == 2
    assert api.requests == []


def test_what_is_wrong_is_said_of_the_option(run: Run, api: FakeApi, file: str) -> None:
    error = "concurrentCallLimit must be from 1 to 50. retryPolicy.delaysMinutes must hold numbers."
    api.will(CREATE, (400, refusal("invalid_request") | {"error": error}))
    said = run("submit", file, "--from", "phone_1", "--lines", "50").err
    assert said == "outdial: --lines must be from 1 to 50. --delays must hold numbers. (invalid_request)\n"
    api.will(CREATE, (400, refusal("invalid_request") | {"error": "name must have 1 to 200 characters."}))
    assert run("submit", file, "--from", "phone_1").err.startswith("outdial: --name must have")


def number(written: str, agent: str | None = "agent_1") -> dict[str, Any]:
    return {"id": f"phone_{written[-2:]}", "number": written, "outboundAgentId": agent}


def numbers(*found: dict[str, Any]) -> tuple[int, Any]:
    return 200, {"phoneNumbers": list(found), "total": len(found), "page": 1, "pageSize": 100}


@pytest.mark.parametrize("given", [[], ["--from", "+1 202 555 0101"], ["--from", "+12025550101"]])
def test_the_number_to_call_from_is_the_only_one_or_named_as_people_know_it(
    run: Run, api: FakeApi, file: str, given: list[str]
) -> None:
    api.will("GET /phone-numbers", numbers(number("+12025550101"), number("+12025550102", None)))
    api.will(CREATE, (200, CREATED))
    assert run("submit", file, *given).code == 0
    assert form_of(api.requests[1])["fromPhoneNumberId"] == b"phone_01"


def test_which_number_calls_is_never_guessed(run: Run, api: FakeApi, file: str) -> None:
    api.will("GET /phone-numbers", numbers(number("+12025550101"), number("+12025550102")))
    ended = run("submit", file)
    assert (ended.code, "--from +12025550101, +12025550102" in ended.err) == (2, True)
    assert "none of the organization's numbers" in run("submit", file, "--from", "+12025550103").err
    api.will("GET /phone-numbers", numbers())
    assert "No number has an agent" in run("submit", file).err


@pytest.mark.parametrize(("answer", "code", "created"), [("y", 0, True), ("n", 1, False), ("", 1, False)])
def test_at_a_terminal_people_see_the_forecast_and_are_asked(
    run: Run, api: FakeApi, file: str, monkeypatch: pytest.MonkeyPatch, answer: str, code: int, created: bool
) -> None:
    api.will("POST /batch/validate", (200, VALIDATED | {"totalContacts": 1000, "estimatedCost": "$35.00"}))
    api.will(CREATE, (200, CREATED))
    monkeypatch.setattr("sys.stdin", Terminal(f"{answer}\n"))

    ended = run("submit", file, "--from", "phone_1")

    assert (ended.code, CREATE in [request.line for request in api.requests]) == (code, created)
    assert "Estimated cost" in ended.out
    assert "Call 1,000 contacts, for about $35.00?" in ended.err


def test_a_job_that_would_be_refused_is_not_asked_about(
    run: Run, api: FakeApi, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    obstacle = {"code": "invalid_request", "error": "maxAttempts is odd."}
    api.will("POST /batch/validate", (200, VALIDATED | {"wouldBeCreated": False, "obstacles": [obstacle]}))
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    assert run("submit", file, "--from", "phone_1").err == "outdial: --attempts is odd.\n"
    assert len(api.requests) == 1


def test_nobody_is_asked_with_yes(run: Run, api: FakeApi, file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    api.will(CREATE, (200, CREATED))
    monkeypatch.setattr("sys.stdin", Terminal())
    assert run("submit", file, "--from", "phone_1", "--yes").code == 0
    assert len(api.requests) == 1


@pytest.mark.parametrize(("verb", "question"), [("start", "call 4 contacts?"), ("retry", "3 contacts at most?")])
def test_starting_and_calling_again_ask_too(
    run: Run, api: FakeApi, monkeypatch: pytest.MonkeyPatch, verb: str, question: str
) -> None:
    api.will(JOB, (200, job("scheduled", 1)))
    api.will(f"POST /batch/jobs/{ID}/{verb}", (200, CREATED))
    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    ended = run(verb, ID)
    assert (ended.code, question in ended.err, len(api.requests)) == (1, True, 1)
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    assert run(verb, ID).code == 0
