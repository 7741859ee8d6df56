"""Profiles: addresses and keys by name."""

import json
import os
import stat
from pathlib import Path

import pytest

from tests.cli.answers import CREATE, CREATED, form_of
from tests.cli.conftest import FakeApi, Run

PAGE = (200, {"phoneNumbers": [], "total": 0, "page": 1, "pageSize": 100})


@pytest.fixture
def profiles(run: Run, api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> FakeApi:
    """Two profiles, of which the first is current; nothing in the environment."""
    monkeypatch.delenv("OUTDIAL_KEY")
    monkeypatch.delenv("OUTDIAL_URL")
    api.will("GET /phone-numbers", PAGE)
    for name in ("one", "two"):
        assert run("profile", "set", name, "--url", f"{api.url}/", "--key", f"od_{name}_secret").code == 0
    return api


def path() -> Path:
    return Path(os.environ["OUTDIAL_PROFILES"])


def keys(api: FakeApi) -> list[str]:
    return [request.headers["authorization"] for request in api.requests]


def test_a_command_uses_the_current_profile_or_the_one_that_it_names(run: Run, profiles: FakeApi) -> None:
    assert run("number", "list").code == 0
    assert run("number", "list", "--profile", "two").code == 0
    assert run("profile", "use", "two").code == 0
    assert run("number", "list").code == 0
    assert keys(profiles) == ["Bearer od_one_secret", "Bearer od_two_secret", "Bearer od_two_secret"]


@pytest.mark.usefixtures("profiles")
def test_only_its_owner_can_read_the_file_and_no_list_shows_a_key(run: Run) -> None:
    assert stat.S_IMODE(path().stat().st_mode) == 0o600
    listed = json.loads(run("profile", "list", "--json").out)
    assert [(one["name"], one["current"]) for one in listed] == [("one", True), ("two", False)]
    assert "secret" not in json.dumps(listed)


@pytest.mark.usefixtures("profiles")
def test_a_profiles_key_goes_to_its_own_address_only(run: Run) -> None:
    ended = run("number", "list", "--url", "http://127.0.0.1:9")
    assert (ended.code, "A key is needed" in ended.err) == (2, True)


def test_a_key_that_is_given_goes_where_it_is_said(run: Run, profiles: FakeApi) -> None:
    assert run("number", "list", "--key", "od_mine", "--url", profiles.url).code == 0
    assert run("number", "list", "--key", "od_mine", "--profile", "two").code == 0
    assert keys(profiles) == ["Bearer od_mine"] * 2


@pytest.mark.usefixtures("profiles")
def test_a_profile_is_forgotten(run: Run) -> None:
    assert run("profile", "remove", "one").code == 0
    assert run("number", "list").code == 2
    missing = run("number", "list", "--profile", "one")
    assert (missing.code, "There are: two." in missing.err) == (2, True)


def test_a_profile_may_say_which_number_calls(run: Run, profiles: FakeApi, file: str) -> None:
    profiles.will(CREATE, (200, CREATED))
    assert run("profile", "set", "three", "--url", profiles.url, "--key", "od_k", "--from", "phone_7").code == 0
    assert run("submit", file, "--profile", "three").code == 0
    assert form_of(profiles.requests[0])["fromPhoneNumberId"] == b"phone_7"


def test_a_file_that_cannot_be_read_is_said(run: Run) -> None:
    path().parent.mkdir()
    path().write_text("{")
    ended = run("jobs")
    assert (ended.code, "cannot be read" in ended.err) == (1, True)
