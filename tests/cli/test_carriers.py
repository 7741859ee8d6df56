"""Operators look at a carrier before they call anybody."""

import json

import pytest

from tests.cli.conftest import FakeApi, Run

ACCOUNT = "GET /2010-04-01/Accounts/AC1.json"
EVENTS = "POST /carriers/twilio/events"


@pytest.fixture
def _twilio(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    """One server in Twilio's place and in the API's."""
    monkeypatch.setenv("OUTDIAL_TWILIO_ACCOUNT_SID", "AC1")
    monkeypatch.setenv("OUTDIAL_TWILIO_AUTH_TOKEN", "token")
    monkeypatch.setenv("OUTDIAL_TWILIO_BASE_URL", api.url)
    monkeypatch.setenv("OUTDIAL_PUBLIC_URL", api.url)
    api.will(ACCOUNT, (200, {"sid": "AC1", "status": "active"}))
    api.will(EVENTS, (403, {}))


@pytest.mark.usefixtures("_twilio")
def test_a_carrier_in_order_is_said_to_be(run: Run, api: FakeApi) -> None:
    ended = run("carrier", "check", "twilio", "--json")

    assert ended.code == 0
    assert [(row["what"], row["ok"]) for row in json.loads(ended.out)] == [
        ("account", True),
        ("callback address", True),
    ]
    assert {asked.line for asked in api.asked} == {ACCOUNT, EVENTS}


@pytest.mark.usefixtures("_twilio")
def test_what_is_not_in_order_is_named(run: Run, api: FakeApi) -> None:
    api.will(ACCOUNT, (401, {"code": 20003, "message": "Authenticate", "status": 401}))

    ended = run("carrier", "check", "twilio")

    assert ended.code == 1
    assert "Not in order: account." in ended.err
    assert "The carrier refuses the account" in ended.out


def test_a_carrier_that_nobody_installed(run: Run) -> None:
    ended = run("carrier", "check", "pigeon")

    assert ended.code == 2
    assert "twilio" in ended.err


def test_the_carriers_that_are_installed_are_listed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert {"name": "twilio", "set_up": False} in json.loads(run("carrier", "list", "--json").out)
    monkeypatch.setenv("OUTDIAL_TWILIO_ACCOUNT_SID", "AC1")
    assert {"name": "twilio", "set_up": True} in json.loads(run("carrier", "list", "--json").out)
