"""Keys that nobody has cost the database little, and others nothing."""

import secrets

import httpx
import pytest
import sqlalchemy as sa

from api import unknown_keys
from api.app import create_app
from api.unknown_keys import MAX_REMEMBERED, UnknownKeys
from store.db.engine import Database
from store.db.vault import Vault
from tests.api.client import SECRET, Api, refused, serve, settings_for
from tests.api.jobs.test_control import dial, running
from tests.api.managing import ask


def a_key() -> str:
    return "od_" + secrets.token_urlsafe(32)


@pytest.mark.parametrize("key", ["od_short", "x" * 46, "od_" + "ü" * 43, "od_" + "x" * 44, "\udc80"])
def test_what_cannot_be_a_key_is_not_looked_up(key: str) -> None:
    assert UnknownKeys().is_unknown(key)


def test_a_key_that_was_not_found_is_not_looked_up_again_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    keys, key = UnknownKeys(), a_key()
    assert not keys.is_unknown(key)
    keys.not_found(key, "192.0.2.1")
    assert keys.is_unknown(key)
    monkeypatch.setattr(unknown_keys, "UNKNOWN_SECONDS", -1.0)
    keys.not_found(key, "192.0.2.1")
    assert not keys.is_unknown(key)


def test_a_source_of_unknown_keys_waits_and_others_and_known_keys_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unknown_keys, "MAX_FAILURES", 3)
    monkeypatch.setattr(unknown_keys, "FAILURES_PER_SECOND", 0.1)
    keys, known = UnknownKeys(), a_key()
    keys.found(known)
    for _ in range(3):
        assert not keys.seconds_to_wait(a_key(), "192.0.2.1")
        keys.not_found(a_key(), "192.0.2.1")
    assert 9 < keys.seconds_to_wait(a_key(), "192.0.2.1") <= 10
    monkeypatch.setattr(unknown_keys, "FAILURES_PER_SECOND", 1e9)  # as if time had passed
    assert not keys.seconds_to_wait(a_key(), "192.0.2.1")
    monkeypatch.setattr(unknown_keys, "FAILURES_PER_SECOND", 0.1)
    assert not keys.seconds_to_wait(known, "192.0.2.1")
    assert not keys.seconds_to_wait(a_key(), "192.0.2.2")


def test_keys_that_were_looked_up_at_once_are_all_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unknown_keys, "MAX_FAILURES", 50)
    keys, together = UnknownKeys(), [a_key() for _ in range(90)]
    for key in together:
        assert not keys.seconds_to_wait(key, "192.0.2.1")
    for key in together:
        keys.not_found(key, "192.0.2.1")
    assert 40 / unknown_keys.FAILURES_PER_SECOND < keys.seconds_to_wait(a_key(), "192.0.2.1") < 3
    for _ in range(1000):
        keys.refused("192.0.2.1")
    assert keys.seconds_to_wait(a_key(), "192.0.2.1") < 51 / unknown_keys.FAILURES_PER_SECOND + 1


def test_what_is_remembered_is_bounded() -> None:
    keys = UnknownKeys()
    for n in range(MAX_REMEMBERED + 10):
        keys.not_found(a_key(), f"source {n}")
    assert len(keys._unknown) == len(keys._failures) == MAX_REMEMBERED


async def test_a_flood_of_unknown_keys_is_answered_429_and_clients_go_on(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unknown_keys, "MAX_FAILURES", 5)
    monkeypatch.setattr(unknown_keys, "FAILURES_PER_SECOND", 0.1)
    assert (await api.get("/batch/jobs")).status_code == 200
    answers = [await ask(api.http, a_key(), "GET", "/batch/jobs") for _ in range(20)]
    refused(answers[0], 401, "unauthorized")
    assert int(answers[-1].headers["Retry-After"]) > 0
    refused(answers[-1], 429, "rate_limited")
    assert (await api.get("/batch/jobs")).status_code == 200


async def test_more_keys_are_no_more_requests(shared_database_url: str, temporal_away: None, api: Api) -> None:
    served = serve(create_app(settings_for(shared_database_url, organization_rate_limit_per_minute=4)))
    try:
        async with httpx.AsyncClient(base_url=served.url, timeout=20) as http:
            keys = [api.tenant.owner, api.tenant.admin, api.tenant.member]
            answers = [await ask(http, key, "GET", "/batch/jobs") for key in keys * 2]
    finally:
        served.stop()
    assert [answer.status_code for answer in answers] == [200] * 4 + [429] * 2
    assert "organization" in refused(answers[-1], 429, "rate_limited")["error"]
    assert int(answers[-1].headers["Retry-After"]) > 0


async def test_answers_are_not_cached_guessed_or_framed(api: Api) -> None:
    for answer in (await api.get("/batch/jobs"), await api.http.get("/batch/jobs"), await api.http.get("/nowhere")):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    page = await api.http.get("/docs")
    assert "'unsafe-inline'" in page.headers["Content-Security-Policy"]


async def test_a_calls_token_ends_a_day_after_its_call(api: Api, records: Database) -> None:
    call = await dial(records, await running(api), None)
    token = Vault([SECRET]).call_token(call) or ""

    async def report() -> httpx.Response:
        answer: httpx.Response = await ask(
            api.http, token, "POST", f"/calls/{call}/result", {"disposition": "interested"}
        )
        return answer

    assert (await report()).status_code == 200
    async with records.begin() as connection:
        ended = sa.text("UPDATE dials SET ended_at = now() - interval '25 hours' WHERE id = :id")
        await connection.execute(ended, {"id": call})
    refused(await report(), 404, "call_not_found")
