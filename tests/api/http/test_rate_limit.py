"""The limit of requests a minute: for each key, over all processes, and what the headers say of it."""

import time
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import sqlalchemy as sa

from api.app import create_app
from stack.ports import free_port
from store.db.engine import Database
from tests.api.client import Api, Served, Tenant, refused, serve, settings_for
from tests.api.managing import as_platform, ask

LIMIT = 3


@pytest.fixture(scope="module")
def limited(shared_database_url: str) -> Iterator[list[Served]]:
    """Two processes' worth of API with a limit of three requests a minute."""
    settings = settings_for(shared_database_url, rate_limit_per_minute=LIMIT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{free_port()}")
        served = [serve(create_app(settings)) for _ in range(2)]
    yield served
    for one in served:
        one.stop()


@pytest.fixture
async def apis(limited: list[Served], tenant: Tenant) -> AsyncIterator[list[Api]]:
    """A client of each process, with the same key."""
    clients = [httpx.AsyncClient(base_url=served.url, timeout=30) for served in limited]
    yield [Api(client, tenant) for client in clients]
    for client in clients:
        await client.aclose()


def standing(answer: httpx.Response) -> tuple[str, str]:
    return answer.headers["X-RateLimit-Limit"], answer.headers["X-RateLimit-Remaining"]


async def test_the_limit_is_shared_by_all_processes(apis: list[Api]) -> None:
    answers = [await apis[n % 2].get("/batch/jobs") for n in range(LIMIT)]
    assert [standing(answer) for answer in answers] == [("3", "2"), ("3", "1"), ("3", "0")]
    for api in apis:
        answer = await api.get("/batch/jobs")
        refused(answer, 429, "rate_limited")
        assert standing(answer) == ("3", "0")
        assert 0 < int(answer.headers["Retry-After"]) <= 60
        left = int(answer.headers["X-RateLimit-Reset"]) - time.time()
        assert 0 < left <= 61


async def test_every_answer_tells_where_one_stands(apis: list[Api]) -> None:
    answers = [await apis[0].get("/batch/jobs/none"), await apis[0].get("/batch/jobs", page=0), await apis[0].send()]
    assert [answer.status_code for answer in answers] == [404, 400, 200]
    assert [standing(answer)[1] for answer in answers] == ["2", "1", "0"]


async def test_each_key_has_a_limit_of_its_own(apis: list[Api]) -> None:
    for _ in range(LIMIT + 1):
        last = await apis[0].get("/batch/jobs")
    assert last.status_code == 429
    assert (await ask(apis[0].http, apis[0].tenant.admin, "GET", "/batch/jobs")).status_code == 200


async def test_after_a_minute_the_whole_limit_is_there_again(apis: list[Api], records: Database) -> None:
    for _ in range(LIMIT + 1):
        await apis[0].get("/batch/jobs")
    async with records.begin() as connection:
        await connection.execute(sa.text("UPDATE rate_limits SET begun_at = begun_at - interval '1 minute'"))
    assert standing(await apis[0].get("/batch/jobs")) == ("3", "2")


async def test_key_and_role_are_judged_before_the_rate_and_the_body_after(apis: list[Api]) -> None:
    http, tenant = apis[0].http, apis[0].tenant
    for _ in range(LIMIT):
        await ask(http, tenant.member, "GET", "/batch/jobs")
        await ask(http, tenant.owner, "GET", "/batch/jobs")
    refused(await ask(http, "od_unknown", "POST", "/batch/create"), 401, "unauthorized")
    refused(await ask(http, tenant.member, "POST", "/batch/create"), 403, "forbidden")
    answer = await http.post("/batch/create", content=b"nonsense", headers=apis[0].key)
    refused(answer, 429, "rate_limited")


async def test_what_needs_no_key_has_no_limit(apis: list[Api]) -> None:
    for _ in range(LIMIT + 1):
        answer = await apis[0].http.get("/healthz")
    assert answer.status_code == 200
    assert "X-RateLimit-Limit" not in answer.headers


async def test_the_platform_has_a_limit_too(apis: list[Api], records: Database) -> None:
    async with records.begin() as connection:
        await connection.execute(sa.text("DELETE FROM rate_limits WHERE caller = 'platform'"))
    answers = [await as_platform(apis[0].http, "GET", "/organizations") for _ in range(LIMIT + 1)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]


async def test_without_a_limit_no_answer_speaks_of_one(api: Api) -> None:
    assert "X-RateLimit-Limit" not in (await api.get("/batch/jobs")).headers
