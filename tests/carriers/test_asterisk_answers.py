"""What each answer of Asterisk, or of a proxy before it, proves of a call that it was asked for."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from aiohttp import web
from pydantic import SecretStr

from carriers import CarrierError, CarrierRefused, NotPlaced, PlaceUnknown
from carriers.asterisk.ari import Ari, NoChannel
from carriers.asterisk.options import Options
from tests.serving import served

JSON, HTML = "application/json", "text/html"
FULL = '{"error":"Allocation failed"}'


@dataclass
class Answer:
    """What a server in Asterisk's place says to everything."""

    status: int = 200
    kind: str = JSON
    body: str = "{}"


@pytest.fixture
def answer() -> Answer:
    return Answer()


@pytest.fixture
async def ari(answer: Answer) -> AsyncIterator[Ari]:
    async def say(_: web.Request) -> web.Response:
        return web.Response(status=answer.status, text=answer.body, content_type=answer.kind)

    app = web.Application()
    app.router.add_post("/ari/channels", say)
    async with served(app) as url:
        ari = Ari(Options(url=f"{url}/ari", user="outdial", password=SecretStr("secret")))
        yield ari
        await ari.close()


async def originate(ari: Ari) -> bool:
    return await ari.originate({"endpoint": "PJSIP/+12025550101@trunk"}, {}, time.monotonic() + 5)


@pytest.mark.parametrize(("status", "is_new"), [(200, True), (409, False)])
async def test_a_call_was_taken_or_lives_already(ari: Ari, answer: Answer, status: int, is_new: bool) -> None:
    answer.status = status
    assert await originate(ari) is is_new


@pytest.mark.parametrize(
    ("status", "kind", "body", "error"),
    [
        (500, JSON, FULL, NoChannel),
        (500, JSON, '{"message":"Something broke"}', PlaceUnknown),
        (500, HTML, FULL, PlaceUnknown),
        (500, HTML, "", PlaceUnknown),
        (502, HTML, "Bad Gateway", PlaceUnknown),
        (504, HTML, "Gateway Timeout", PlaceUnknown),
        (200, HTML, "Sign in first", PlaceUnknown),
        (302, HTML, "", PlaceUnknown),
        (409, HTML, "Conflict", PlaceUnknown),
        (404, HTML, "Not Found", NotPlaced),
        (404, JSON, '{"message":"No such thing"}', NotPlaced),
        (400, JSON, '{"message":"Invalid endpoint specified"}', NotPlaced),
        (503, HTML, "Shutdown in progress", NotPlaced),
        (401, JSON, '{"message":"Authentication required"}', CarrierRefused),
        (403, JSON, '{"message":"Forbidden"}', CarrierRefused),
    ],
)
async def test_only_what_is_said_before_anything_is_dialed_proves_that_nothing_rang(
    ari: Ari, answer: Answer, status: int, kind: str, body: str, error: type[CarrierError]
) -> None:
    answer.status, answer.kind, answer.body = status, kind, body
    with pytest.raises(CarrierError) as raised:
        await originate(ari)
    assert type(raised.value) is error
    assert "2025550101" not in str(raised.value)
