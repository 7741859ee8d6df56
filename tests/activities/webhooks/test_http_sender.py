"""One webhook request over real sockets: signed, bounded, and never into a private network."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from standardwebhooks import WebhookVerificationError

from activities.webhooks import http_sender
from activities.webhooks.http_sender import WebhookSender
from domain.webhooks.destinations import Address, AllowedDestination, parse_allowed_destinations
from domain.webhooks.events import AttemptResult
from tests.certificates import authority_for
from tests.receiving import Receiver, answers, never

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="
OTHER = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
BODY = b'{"type":"webhook.test","data":{}}'
LOCAL, PUBLIC = ip_address("127.0.0.1"), ip_address("93.184.216.34")


class Names:
    """A name server: what a name stands for, the next time it is asked."""

    def __init__(self, *turns: Sequence[Address]) -> None:
        self.asked = 0
        self._turns = list(turns)

    async def __call__(self, host: str, port: int) -> list[Address]:
        self.asked += 1
        return list(self._turns[min(self.asked, len(self._turns)) - 1])


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver.listening() as receiver:
        yield receiver


async def post(url: str, allowed: Sequence[AllowedDestination] = (), **more: object) -> AttemptResult:
    secrets = more.pop("secrets", [SECRET])
    poster = WebhookSender(allowed, **more)  # type: ignore[arg-type]
    try:
        return await poster.send(url, "msg_1", secrets, BODY)  # type: ignore[arg-type]
    finally:
        await poster.close()


async def test_a_request_is_signed_as_standard_webhooks_says(receiver: Receiver) -> None:
    answer = await post(receiver.url + "?to=us", receiver.place)
    assert answer == AttemptResult(code=200, body="thanks")
    (received,) = receiver.requests
    assert received.verify(SECRET)["type"] == "webhook.test"
    with pytest.raises(WebhookVerificationError):
        received.verify(OTHER)
    assert received.headers["webhook-id"] == "msg_1"
    assert received.headers["content-type"] == "application/json"
    assert received.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert (received.path, received.body) == ("/hooks?to=us", BODY.decode())


async def test_while_a_secret_is_replaced_both_verify(receiver: Receiver) -> None:
    await post(receiver.url, receiver.place, secrets=[SECRET, OTHER])
    receiver.requests[0].verify(SECRET)
    receiver.requests[0].verify(OTHER)


async def test_connections_are_kept(receiver: Receiver) -> None:
    names = Names([LOCAL])
    poster = WebhookSender(receiver.place, resolve=names)
    for _ in range(3):
        await poster.send(f"http://hooks.test:{receiver.port}/", "msg_1", [SECRET], BODY)
    await poster.close()
    assert (len(receiver.requests), names.asked) == (3, 1)


async def test_a_private_address_is_refused_before_anything_is_sent(receiver: Receiver) -> None:
    for url in (f"https://127.0.0.1:{receiver.port}/", f"https://localhost:{receiver.port}/"):
        assert await post(url) == AttemptResult(error=http_sender.REFUSED, refused=True)
    assert receiver.requests == []


async def test_plain_http_goes_only_where_an_operator_allows() -> None:
    answer = await post("http://hooks.test/", resolve=Names([PUBLIC]))
    assert answer == AttemptResult(error=http_sender.REFUSED_PLAIN, refused=True)


async def test_only_the_allowed_port_is_reached(receiver: Receiver) -> None:
    async with Receiver.listening() as other:
        answer = await post(other.url, receiver.place)
        assert (answer.refused, other.requests) == (True, [])


async def test_a_name_that_changes_its_address_after_the_check_is_not_followed(receiver: Receiver) -> None:
    names = Names([LOCAL], [ip_address("10.0.0.1")])
    answer = await post(f"http://hooks.test:{receiver.port}/", receiver.place, resolve=names)
    assert (answer.code, names.asked) == (200, 1)


async def test_one_private_address_refuses_a_name(receiver: Receiver) -> None:
    names = Names([LOCAL, ip_address("127.0.0.2")])
    answer = await post(f"http://hooks.test:{receiver.port}/", receiver.place, resolve=names)
    assert (answer.refused, receiver.requests) == (True, [])


async def test_a_redirect_into_a_private_network_is_refused_whatever_is_allowed(receiver: Receiver) -> None:
    async with Receiver.listening() as inside:
        allowed = [*receiver.place, *inside.place]
        for location in (inside.url, f"//127.0.0.1:{inside.port}/", "http://localhost/", "/elsewhere"):
            receiver.answering = answers(302, Location=location)
            answer = await post(receiver.url, allowed)
            assert (answer.code, answer.refused, answer.error) == (302, True, http_sender.REDIRECTS_TO_PRIVATE)
        assert inside.requests == []
    assert len(receiver.requests) == 4


async def test_other_redirects_are_not_followed_either(receiver: Receiver) -> None:
    receiver.answering = answers(308, Location="https://93.184.216.34/")
    answer = await post(receiver.url, receiver.place)
    assert (answer.delivered, answer.refused) == (False, False)
    assert answer.error == "It answered 308, a redirect: redirects are not followed."


async def test_an_error_says_what_was_answered_with_numbers_masked(receiver: Receiver) -> None:
    receiver.answering = answers(500, "nobody has +12025550101", **{"Retry-After": "120"})
    assert await post(receiver.url, receiver.place) == AttemptResult(
        code=500, body="nobody has …01", error="It answered 500.", retry_after=timedelta(minutes=2)
    )


@pytest.mark.parametrize("header", ["soon", "-1", "99999999999999", "Wed, 99 Oct 2015 07:28:00 GMT"])
async def test_a_retry_after_that_cannot_be_read_says_nothing(receiver: Receiver, header: str) -> None:
    receiver.answering = answers(503, **{"Retry-After": header})
    assert (await post(receiver.url, receiver.place)).retry_after is None


async def test_of_a_long_answer_only_the_beginning_is_read_and_kept(receiver: Receiver) -> None:
    receiver.answering = answers(500, "ü\0" * 500_000)
    answer = await post(receiver.url, receiver.place)
    assert answer.body is not None
    assert answer.body.startswith("üü")
    assert len(answer.body) <= http_sender.MAX_KEPT_CHARACTERS


async def test_a_slow_receiver_is_not_waited_for(receiver: Receiver) -> None:
    receiver.answering = never
    started = asyncio.get_running_loop().time()
    answer = await post(receiver.url, receiver.place, seconds=0.3)
    assert answer.error == http_sender.TOO_SLOW
    assert asyncio.get_running_loop().time() - started < 2


async def test_a_receiver_that_is_down_or_unknown_is_an_answer_too(receiver: Receiver) -> None:
    await receiver.stop()
    down = await post(receiver.url, receiver.place)
    assert (down.delivered, down.refused) == (False, False)
    assert down.error is not None
    assert down.error.startswith("No connection")

    async def unknown(host: str, port: int) -> list[Address]:
        raise OSError("Name or service not known")

    assert (await post("https://hooks.test/", resolve=unknown)).error == f"No connection: {http_sender.NOT_FOUND}"
    assert (await post(f"https://{'x' * 64}.test/")).error == f"No connection: {http_sender.NOT_FOUND}"


async def test_a_receiver_that_breaks_off_is_an_answer_too() -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        answer = await post(f"http://127.0.0.1:{port}/", parse_allowed_destinations(f"127.0.0.1:{port}"))
    assert answer.error is not None
    assert answer.error.startswith("The connection broke off")


async def test_tls_is_checked_against_the_name_not_the_address(tmp_path: Path) -> None:
    authority, certificate = authority_for("hooks.test", tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    trust = ssl.create_default_context(cafile=authority)
    async with Receiver.listening(tls) as receiver:
        for name, error in (("hooks.test", False), ("other.test", True)):
            url = f"https://{name}:{receiver.port}/"
            answer = await post(url, receiver.place, resolve=Names([LOCAL]), trust=trust)
            assert (answer.error is not None) is error, answer
        assert (await post(f"https://hooks.test:{receiver.port}/", receiver.place, resolve=Names([LOCAL]))).error
        assert len(receiver.delivered) == 1
