"""Commands for organizations: over HTTP, and for operators on a real database."""

import json
from typing import Any

import pytest

from tests.cli.answers import ID, Terminal, sent
from tests.cli.conftest import FakeApi, Run
from tests.databases import Databases


@pytest.fixture
def operate(run: Run, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a command on this test's database and read its JSON."""

    def operate_it(*arguments: str) -> Any:
        monkeypatch.setenv("OUTDIAL_DATABASE_URL", database_url)
        ended = run(*arguments, "--json")
        assert ended.code == 0, ended.err
        return json.loads(ended.out)

    return operate_it


def test_an_organization_is_set_up_from_nothing(operate: Any) -> None:
    org = operate("org", "create", "Clinic", "--limit", "50", "--credits", "12.5")
    assert (org["concurrentCallLimit"], org["balance"], org["creditsUnlimited"]) == (50, "12.500000", False)
    agent = operate("agent", "create", org["id"], "Ava", "wss://agent.example/audio", "--architecture", "realtime")
    number = operate("number", "create", org["id"], "+12025550101", "--agent", agent["id"], "--calls-per-second", "2")
    assert number["agent"] == agent
    assert operate("number", "list", org["id"]) == [number]
    assert operate("number", "assign", org["id"], number["id"])["agent"] is None
    assert operate("org", "limit", org["id"], "7")["concurrentCallLimit"] == 7
    assert [found["id"] for found in operate("org", "list")] == [org["id"]]


def test_numbers_and_trunks_are_granted_and_taken_back(operate: Any, run: Run) -> None:
    mine, theirs = operate("org", "create", "Clinic")["id"], operate("org", "create", "Other")["id"]
    number = operate("number", "grant", mine, "+12025550101")
    trunk = operate("number", "grant", mine, "--trunk", "PJSIP/{number}@trunk2", "--carrier", "asterisk")
    assert operate("number", "grants", mine) == [number, trunk]
    for command in ("grant", "create"):
        refused = run("number", command, theirs, "+12025550101")
        assert (refused.code, "another organization" in refused.err) == (1, True)
    assert run("number", "grant", mine).code == 2
    assert run("number", "revoke", mine, number["id"]).code == 0
    assert operate("number", "create", theirs, "+12025550101")["number"] == "+12025550101"


def test_a_key_is_shown_once_and_can_be_revoked(operate: Any, run: Run) -> None:
    org = operate("org", "create", "Clinic")
    issued = operate("key", "create", org["id"], "--role", "member", "--name", "dashboard")
    assert issued["key"].startswith("od_")
    listed = operate("key", "list", org["id"])
    assert [(key["name"], key["role"], key["revokedAt"]) for key in listed] == [("dashboard", "member", None)]
    assert issued["key"] not in json.dumps(listed)
    assert run("key", "revoke", org["id"], issued["id"]).code == 0
    assert operate("key", "list", org["id"])[0]["revokedAt"] is not None


def test_a_key_may_expire(operate: Any) -> None:
    org = operate("org", "create", "Clinic")
    operate("key", "create", org["id"], "--days", "30")
    assert operate("key", "list", org["id"])[0]["expiresAt"] is not None


def test_an_organization_is_changed(operate: Any, run: Run) -> None:
    org = operate("org", "create", "Clinic")
    changed = operate("org", "change", org["id"], "--limit", "20", "--reserved", "2", "--countries", "us, de")
    assert (changed["name"], changed["concurrentCallLimit"], changed["reservedLines"]) == ("Clinic", 20, 2)
    assert changed["allowedCountries"] == ["US", "DE"]
    assert operate("org", "change", org["id"], "--countries", "own")["allowedCountries"] is None
    assert "Say what to change" in run("org", "change", org["id"]).err
    assert "XX is no ISO 3166 code" in run("org", "change", org["id"], "--countries", "XX").err
    assert "must be fewer than the limit" in run("org", "change", org["id"], "--reserved", "21").err


def test_what_is_not_in_use_is_removed(operate: Any, run: Run) -> None:
    org = operate("org", "create", "Clinic")
    agent = operate("agent", "create", org["id"], "Ava", "wss://agent.example/audio")
    number = operate("number", "create", org["id"], "+12025550101", "--agent", agent["id"])
    refused = run("agent", "remove", org["id"], agent["id"])
    assert refused.code == 1
    assert f"is used by {number['id']}" in refused.err
    assert run("number", "remove", org["id"], number["id"]).code == 0
    assert run("agent", "remove", org["id"], agent["id"]).code == 0
    assert operate("number", "list", org["id"]) == operate("agent", "list", org["id"]) == []
    assert run("agent", "remove", org["id"], agent["id"]).code == 1


def test_a_number_calls_through_the_carrier_that_it_is_given(operate: Any) -> None:
    org = operate("org", "create", "Clinic")

    usual = operate("number", "create", org["id"], "+12025550101")
    other = operate("number", "create", org["id"], "+12025550102", "--carrier", "asterisk")

    assert (usual["carrierAccountId"], other["carrierAccountId"]) == ("twilio", "asterisk")


def test_credits_add_up(operate: Any) -> None:
    org = operate("org", "create", "Clinic", "--credits", "10")
    assert operate("credits", "add", org["id"], "2.5")["balance"] == "12.500000"
    assert operate("credits", "show", org["id"])["balance"] == "12.500000"
    entries = operate("credits", "entries", org["id"])
    assert [(entry["kind"], entry["balanceDelta"]) for entry in entries] == [
        ("topup", "2.500000"),
        ("topup", "10.000000"),
    ]


def test_tables_are_for_people(operate: Any, run: Run) -> None:
    org = operate("org", "create", "[red]Clinic")
    assert "[red]Clinic" in run("org", "list").out
    assert org["id"] in run("org", "list").out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["credits", "add", "org_none", "5"], 1, "There is no organization org_none."),
        (["credits", "add", "org_none", "0"], 1, "more than zero"),
        (["credits", "add", "org_none", "NaN"], 2, "not an amount"),
        (["credits", "add", "org_none", "many"], 2, "not an amount"),
        (["number", "create", "org_none", "12025550101"], 2, "does not begin with +"),
        (["number", "create", "org_none", "+12025550101", "--carrier", "pigeon"], 2, "twilio"),
        (["org", "create", "Clinic", "--limit", "1001"], 2, "1000"),
    ],
)
def test_what_is_wrong_is_said(
    run: Run, database_url: str, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, said: str
) -> None:
    monkeypatch.setenv("OUTDIAL_DATABASE_URL", database_url)
    ended = run(*arguments)
    assert ended.code == code
    assert said in ended.err


def test_a_database_without_tables_is_said_and_migrated(run: Run, databases: Databases) -> None:
    with databases.without_tables() as url:
        before = run("org", "list", "--database-url", url)
        assert before.code == 1
        assert "run `outdial migrate` first" in before.err
        assert run("migrate", "--database-url", url).code == 0
        assert run("org", "list", "--database-url", url).code == 0


def test_the_drivers_name_may_be_left_out(run: Run, database_url: str) -> None:
    assert run("org", "list", "--database-url", database_url.replace("+psycopg", "")).code == 0


@pytest.mark.parametrize("address", ["nonsense", "mysql://db/outdial", "postgresql://db:port/outdial"])
@pytest.mark.parametrize("command", [["org", "list"], ["migrate"]])
def test_an_address_of_no_such_database_is_said(run: Run, address: str, command: list[str]) -> None:
    ended = run(*command, "--database-url", address)
    assert ended.code == 2
    assert "must look like postgresql://" in ended.err


def test_a_database_that_is_away_is_said_without_its_password(run: Run) -> None:
    url = "postgresql+psycopg://outdial:hush@127.0.0.1:9/outdial"
    for command in (["org", "list"], ["migrate"]):
        ended = run(*command, "--database-url", url)
        assert ended.code == 4
        assert "The database does not answer" in ended.err
        assert "hush" not in ended.err


def test_stop_and_resume_all(run: Run, api: FakeApi) -> None:
    answer = {"success": True, "message": "Done so.", "batchJobIds": [ID], "liveCalls": 3}
    api.will("POST /organization/stop", (200, answer))
    api.will("POST /organization/resume", (200, answer))
    assert run("stop", "--hang-up").out == "Paused: 1 job. Live: 3 calls.\nDone so.\n"
    assert sent(api) == {"hangUp": True}
    assert run("resume-all").out == "Resumed: 1 job.\nDone so.\n"
    assert json.loads(run("stop", "--json").out) == answer


@pytest.mark.parametrize(("answer", "flags", "resumed"), [("y", [], True), ("n", [], False), ("", ["--yes"], True)])
def test_at_a_terminal_calls_do_not_start_again_unasked(
    run: Run, api: FakeApi, monkeypatch: pytest.MonkeyPatch, answer: str, flags: list[str], resumed: bool
) -> None:
    api.will("POST /organization/resume", (200, {"message": "Done so.", "batchJobIds": [ID]}))
    monkeypatch.setattr("sys.stdin", Terminal(f"{answer}\n"))
    run("resume-all", *flags)
    assert len(api.requests) == int(resumed)


@pytest.mark.parametrize(("arguments", "path"), [([], "/organization/activity"), ([ID], f"/batch/jobs/{ID}/activity")])
def test_activity_is_listed(run: Run, api: FakeApi, arguments: list[str], path: str) -> None:
    entry = {
        "id": "activity_1",
        "at": "2026-11-24T12:00:00Z",
        "actor": "key_1",
        "action": "changed",
        "jobId": ID,
        "details": {"name": "[red]", "hangUp": False},
    }
    api.will(f"GET {path}", (200, {"activity": [entry], "total": 1, "page": 1, "pageSize": 20}))
    out = run("activity", *arguments).out
    assert api.requests[0].line == f"GET {path}?page=1&pageSize=20"
    for said in ("key_1", "changed", ID, "name [red], hangUp no", "2026-11-24 12:00:00Z", "page 1, 1 entry"):
        assert said in out


def test_quotas_are_shown_and_set_for_one_organization(operate: Any, run: Run) -> None:
    org = operate("org", "create", "Clinic")["id"]
    assert {"quota": "openJobs", "used": 0, "limit": 1_000} in operate("org", "quotas", org)
    changed = operate("org", "quotas", org, "openJobs=2000", "contacts=none")
    assert {"quota": "openJobs", "used": 0, "limit": 2_000} in changed
    assert {"quota": "contacts", "used": 0, "limit": None} in changed
    assert {"quota": "openJobs", "used": 0, "limit": 1_000} in operate("org", "quotas", org, "openJobs=default")
    assert "at most 5,000" in run("org", "quotas", org, "openJobs=none").err
    assert run("org", "quotas", org, "cats=1").code == 2
