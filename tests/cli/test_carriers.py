"""Operators look at a carrier before they call anybody."""

import asyncio
import json
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from store.db.engine import Database
from store.db.vault import Vault
from store.organizations.phone_numbers import PhoneNumbers
from store.tables import carrier_accounts, organizations, phone_numbers
from tests.builders import an_organization
from tests.cli.conftest import FakeApi, Run

SECRET = "s" * 32
STRANGE = ("+12025550163", "3", "t" * 32)  # sealed by a secret that is not known here
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
    assert {request.line for request in api.requests} == {ACCOUNT, EVENTS}


@pytest.mark.usefixtures("_twilio")
def test_what_is_not_in_order_is_named(run: Run, api: FakeApi) -> None:
    api.will(ACCOUNT, (401, {"code": 20003, "message": "Authenticate", "status": 401}))

    ended = run("carrier", "check", "twilio")

    assert ended.code == 1
    assert "Not in order: account." in ended.err
    assert "The carrier refuses the account" in ended.out


@pytest.mark.usefixtures("_twilio")
async def test_numbers_with_settings_of_their_own_are_looked_at_too(
    run: Run, api: FakeApi, engine: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUTDIAL_DATABASE_URL", database_url)
    monkeypatch.setenv("OUTDIAL_SECRET", SECRET)
    given = await an_organization(engine)
    for number, digit, secret in (("+12025550161", "1", SECRET), ("+12025550162", "2", SECRET), STRANGE):
        own = Vault.from_setting(secret).seal(json.dumps({"accountSid": "AC" + digit * 32, "authToken": "token"}))
        await PhoneNumbers(engine).create(given.id, number, sealed_settings=own)
    api.will(f"GET /2010-04-01/Accounts/AC{'1' * 32}.json", (200, {"sid": "AC1", "status": "active"}))
    api.will(f"GET /2010-04-01/Accounts/AC{'2' * 32}.json", (401, {"code": 20003, "message": "No", "status": 401}))

    ended = await asyncio.to_thread(run, "carrier", "check", "twilio", "--numbers", "--json")

    rows = {row["what"]: row for row in json.loads(ended.out)}
    assert {what: row["ok"] for what, row in rows.items()} == {
        "account": True,
        "callback address": True,
        "number +12025550161": True,
        "number +12025550162": False,
        "number +12025550163": False,
    }
    assert "send them again" in rows["number +12025550163"]["detail"]
    assert "Not in order: number +12025550162, number +12025550163." in ended.err


@pytest.mark.usefixtures("_twilio")
def test_numbers_cannot_be_looked_at_without_the_database(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTDIAL_DATABASE_URL", "postgresql://postgres@127.0.0.1:9/outdial")

    ended = run("carrier", "check", "twilio", "--numbers")

    assert ended.code == 4
    assert "The database does not answer" in ended.err


def test_a_carrier_that_nobody_installed(run: Run) -> None:
    ended = run("carrier", "check", "pigeon")

    assert ended.code == 2
    assert "twilio" in ended.err


def test_the_carriers_that_are_installed_are_listed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert {"name": "twilio", "setUp": False} in json.loads(run("carrier", "list", "--json").out)
    monkeypatch.setenv("OUTDIAL_TWILIO_ACCOUNT_SID", "AC1")
    assert {"name": "twilio", "setUp": True} in json.loads(run("carrier", "list", "--json").out)


async def test_an_account_is_closed_and_opened_by_a_person(
    run: Run, engine: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUTDIAL_DATABASE_URL", database_url)
    given = await an_organization(engine)
    for command, closed in (("close", True), ("open", False)):
        ended = await asyncio.to_thread(run, "carrier", command, "twilio")
        assert (ended.code, "twilio" in ended.out) == (0, True), ended
        assert await is_closed(engine, carrier_accounts, "twilio") is closed
        ended = await asyncio.to_thread(run, "number", command, given.number.id)
        assert (ended.code, given.number.id in ended.out) == (0, True), ended
        assert await is_closed(engine, phone_numbers, given.number.id) is closed


async def test_all_that_is_closed_is_listed_with_its_reason(
    run: Run, engine: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUTDIAL_DATABASE_URL", database_url)
    given, other = await an_organization(engine), await an_organization(engine)
    await asyncio.to_thread(run, "number", "close", given.number.id)
    async with engine.begin() as connection:
        refused = {"closed_until": datetime(2026, 12, 1, tzinfo=UTC), "closed_reason": "The account is suspended."}
        await connection.execute(sa.update(carrier_accounts).where(carrier_accounts.c.id == "twilio").values(refused))
        stopped = sa.update(organizations).where(organizations.c.id == other.id).values(stopped_at=sa.func.now())
        await connection.execute(stopped)
    ended = await asyncio.to_thread(run, "carrier", "gates", "--json")
    account, number, organization = json.loads(ended.out)
    assert (account["id"], account["reason"], account["by"]) == ("twilio", "The account is suspended.", None)
    assert account["until"] == "2026-12-01T00:00:00Z"
    assert (number["id"], number["organizationId"], number["by"]) == (given.number.id, given.id, "operator")
    assert number["until"] is None
    assert (organization["id"], organization["scope"]) == (other.id, "organization")
    assert "The account is suspended." in (await asyncio.to_thread(run, "carrier", "gates")).out
    for command in (("carrier", "open", "twilio"), ("number", "open", given.number.id)):
        await asyncio.to_thread(run, *command)
    left = json.loads((await asyncio.to_thread(run, "carrier", "gates", "--json")).out)
    assert [gate["id"] for gate in left] == [other.id]


async def is_closed(engine: Database, gated: sa.Table, id: str) -> bool:
    async with engine.connect() as connection:
        return await connection.scalar(sa.select(gated.c.stopped_at).where(gated.c.id == id)) is not None
