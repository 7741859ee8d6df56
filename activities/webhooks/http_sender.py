"""One signed request to a webhook's receiver. It reaches no private network: it goes to an address that was judged."""

import asyncio
import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

import httpcore
from standardwebhooks import Webhook

from activities.webhooks.dns import Resolve, resolved
from domain.errors import InvalidRequest
from domain.phone.masking import mask_numbers
from domain.webhooks.destinations import Address, AllowedDestination, Target, may_send_to, parse_target
from domain.webhooks.events import AttemptResult

REQUEST_SECONDS = 10.0  # for everything: lookup, connection, request, answer
READ_BYTES = 64 * 1024  # of an answer's body; the rest is not waited for
KEPT_CHARACTERS = 1024
CONNECTIONS = 100
KEEP_ALIVE_SECONDS = 20.0
USER_AGENT = "Outdial-Webhooks/1"

REFUSED = "Refused: the host stands for an address in a private network, which webhooks may not reach."
REFUSED_PLAIN = "Refused: without https only what an operator allows is sent to."
REDIRECTS_INSIDE = "Refused: it redirects to a private network, which webhooks may not reach."
TOO_SLOW = f"No complete answer within {REQUEST_SECONDS:.0f} seconds."
NOT_FOUND = "The host's name has no address."


BROKEN = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, OSError, ValueError)

Judge = Callable[[Address, int], bool]


class Private(Exception):
    """The host stands for an address that webhooks may not reach."""


class JudgedNetwork(httpcore.AsyncNetworkBackend):
    """Looks a host up once, judges all its addresses, and connects to one of those: there is no second lookup.

    Connections that are kept alive lead to where they were judged.
    """

    def __init__(self, may_go_to: Judge, resolve: Resolve) -> None:
        self._may_go_to = may_go_to
        self._resolve = resolve
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  the library's name
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Raises Private, and what httpcore raises."""
        failure: Exception = httpcore.ConnectError(NOT_FOUND)
        for address in await self._judged(host, port):
            try:
                return await self._network.connect_tcp(
                    str(address), port, timeout, local_address, socket_options=socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def _judged(self, host: str, port: int) -> list[Address]:
        """A host's addresses, if all of them may be reached."""
        try:
            addresses = await self._resolve(host, port)
        except OSError:
            raise httpcore.ConnectError(NOT_FOUND) from None
        if not all(self._may_go_to(address, port) for address in addresses):
            raise Private
        return addresses


class Poster:
    """Signs and posts, over connections that are kept. `allowed`: places in private networks that may be reached."""

    def __init__(
        self,
        allowed: Sequence[AllowedDestination] = (),
        *,
        resolve: Resolve = resolved,
        trust: ssl.SSLContext | None = None,
        seconds: float = REQUEST_SECONDS,
    ) -> None:
        judges: dict[str, Judge] = {
            "https": lambda address, port: may_send_to(address, port, allowed),
            "http": lambda address, port: any(place.holds(address, port) for place in allowed),
        }
        self._resolve = resolve
        self._seconds = seconds
        self._pools = {
            scheme: httpcore.AsyncConnectionPool(
                ssl_context=trust,
                max_connections=CONNECTIONS,
                keepalive_expiry=KEEP_ALIVE_SECONDS,
                network_backend=JudgedNetwork(judge, resolve),
            )
            for scheme, judge in judges.items()
        }

    async def close(self) -> None:
        for pool in self._pools.values():
            await pool.aclose()

    async def post(self, url: str, id: str, secrets: Sequence[str], body: bytes) -> AttemptResult:
        """Post a body, signed with each secret, under the `webhook-id` `id`. Every ending is an answer."""
        try:
            target = parse_target(url)
            async with asyncio.timeout(self._seconds):
                return await self._post(url, target, signed(id, secrets, body), body)
        except InvalidRequest as error:
            return AttemptResult(error=error.sentence, refused=True)
        except Private:
            return AttemptResult(error=REFUSED if target.scheme == "https" else REFUSED_PLAIN, refused=True)
        except TimeoutError:
            return AttemptResult(error=TOO_SLOW)
        except BROKEN as error:
            return AttemptResult(error=_in_words(error))

    async def _post(self, url: str, target: Target, headers: Mapping[str, str], body: bytes) -> AttemptResult:
        parts = urlsplit(url)
        where = httpcore.URL(
            scheme=target.scheme,
            host=target.host,
            port=target.port,
            target=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
        )
        sent = {"Host": parts.netloc, "Content-Length": str(len(body)), **headers}
        async with self._pools[target.scheme].stream(
            "POST", where, headers=list(sent.items()), content=body
        ) as response:
            code = response.status
            said = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
            text = await _beginning(response)
        return await self._read(url, code, said, text)

    async def _read(self, url: str, code: int, headers: Mapping[str, str], text: str | None) -> AttemptResult:
        if 200 <= code < 300:
            return AttemptResult(code=code, body=text)
        if 300 <= code < 400 and "location" in headers:
            inside = await self._leads_inside(urljoin(url, headers["location"]))
            error = REDIRECTS_INSIDE if inside else f"It answered {code}, a redirect: redirects are not followed."
            return AttemptResult(code=code, body=text, error=error, refused=inside)
        retry_after = _retry_after(headers.get("retry-after", ""))
        return AttemptResult(code=code, body=text, error=f"It answered {code}.", retry_after=retry_after)

    async def _leads_inside(self, url: str) -> bool:
        """Whether a redirect would lead into a private network; what an operator allows does not count for it."""
        try:
            target = parse_target(url)
            addresses = await self._resolve(target.host, target.port)
        except (InvalidRequest, OSError):
            return False
        return not all(may_send_to(address, target.port, ()) for address in addresses)


def signed(id: str, secrets: Sequence[str], body: bytes) -> dict[str, str]:
    """The headers of Standard Webhooks; while a secret is being replaced one signature for each."""
    now = datetime.now(UTC)
    signatures = [Webhook(secret).sign(id, now, body.decode()) for secret in secrets]
    return {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        "webhook-id": id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


async def _beginning(response: httpcore.Response) -> str | None:
    """The beginning of an answer's body as text for a log; None where it has none."""
    read = bytearray()
    async for chunk in response.aiter_stream():
        read += chunk
        if len(read) >= READ_BYTES:
            break
    return (
        mask_numbers(read[: 4 * KEPT_CHARACTERS].decode("utf-8", "replace"))[:KEPT_CHARACTERS].replace("\0", "") or None
    )


def _retry_after(text: str) -> timedelta | None:
    """Seconds or a date (RFC 9110, 10.2.3); anything else says nothing."""
    if text.isascii() and text.isdigit() and len(text) < 10:
        return timedelta(seconds=int(text))
    try:
        return max(parsedate_to_datetime(text) - datetime.now(UTC), timedelta())
    except (ValueError, TypeError):
        return None


def _in_words(error: Exception) -> str:
    """Why there was no answer; the library's own text may name addresses, and is kept short."""
    if isinstance(error, httpcore.TimeoutException):
        return TOO_SLOW
    if isinstance(error, httpcore.ConnectError | ssl.SSLError):
        return f"No connection: {str(error) or type(error).__name__}"[:200]
    return f"The connection broke off before the answer was complete ({type(error).__name__})."
