"""What each answer of Asterisk, or of a proxy before it, proves about a call that was requested."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from carriers import CarrierError, CarrierRefused, CarrierUnreachable, NotPlaced, PlaceUnknown
from carriers.asterisk.ari import Ari, NoChannel
from carriers.asterisk.options import Options
from carriers.clock import boot_time
from tests.receiving import Receiver, answers

JSON, HTML = "application/json", "text/html"
BOOTING = "<html><h1>Not Found</h1><hr /><address>Asterisk/22.6.0</address></html>"  # through a proxy too
FULL = '{"error":"Allocation failed"}'


@pytest.fixture
async def ari(server: Receiver) -> AsyncIterator[Ari]:
    ari = Ari(Options(url=f"{server.origin}/ari", user="outdial", password=SecretStr("secret")))
    yield ari
    await ari.close()


async def originate(ari: Ari) -> bool:
    return await ari.originate({"endpoint": "PJSIP/+12025550101@trunk"}, {}, boot_time() + 5)


@pytest.mark.parametrize(("status", "is_new"), [(200, True), (409, False)])
async def test_a_call_is_new_or_live_already(ari: Ari, server: Receiver, status: int, is_new: bool) -> None:
    server.answering = answers(status, "{}", **{"Content-Type": JSON})
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
        (404, HTML, BOOTING, CarrierUnreachable),
        (503, HTML, BOOTING, CarrierUnreachable),
        (404, HTML, "Not Found", PlaceUnknown),
        (429, HTML, "Slow down", PlaceUnknown),
        (429, JSON, '{"message":"API rate limit exceeded"}', PlaceUnknown),
        (413, HTML, "Too large", PlaceUnknown),
        (400, JSON, "no JSON", PlaceUnknown),
        (404, JSON, '{"message":"No such thing"}', NotPlaced),
        (400, JSON, '{"message":"Invalid endpoint specified"}', NotPlaced),
        (503, HTML, "Service Unavailable", PlaceUnknown),
        (503, JSON, '{"message":"no upstream"}', PlaceUnknown),
        (401, HTML, "Unauthorized", CarrierRefused),
        (403, HTML, "Blocked by policy", PlaceUnknown),
        (401, JSON, '{"message":"Authentication required"}', CarrierRefused),
        (403, JSON, '{"message":"Forbidden"}', CarrierRefused),
    ],
)
async def test_only_what_is_said_before_anything_is_dialed_proves_that_nothing_rang(
    ari: Ari, server: Receiver, status: int, kind: str, body: str, error: type[CarrierError]
) -> None:
    server.answering = answers(status, body, **{"Content-Type": kind})
    with pytest.raises(CarrierError) as raised:
        await originate(ari)
    assert type(raised.value) is error
    assert "2025550101" not in str(raised.value)


async def test_the_web_server_of_asterisk_is_known_by_its_header(ari: Ari, server: Receiver) -> None:
    server.answering = answers(503, "Shutdown in progress", **{"Content-Type": HTML, "Server": "Asterisk/22.6.0"})
    with pytest.raises(NotPlaced):
        await originate(ari)
