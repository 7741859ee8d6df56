"""One signed request to a webhook's receiver. It reaches no private network: it connects to an address that was
checked."""

import asyncio
import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

import httpcore
from standardwebhooks import Webhook

from activities.webhooks.dns import Resolve, resolve
from domain.errors import InvalidRequest
from domain.phone.masking import mask_numbers
from domain.webhooks.destinations import Address, AllowedDestination, Target, may_send_to, parse_target
from domain.webhooks.events import AttemptResult

REQUEST_TIMEOUT_SECONDS = 10.0  # for everything: lookup, connection, request, answer
MAX_READ_BYTES = 64 * 1024  # of an answer's body; the rest is not waited for
MAX_KEPT_CHARACTERS = 1024
MAX_CONNECTIONS = 400  # an endpoint has eight at most: activities.webhooks.deliver
KEEP_ALIVE_SECONDS = 20.0
USER_AGENT = "Outdial-Webhooks/1"

REFUSED = "Refused: the host stands for an address in a private network, which webhooks may not reach."
REFUSED_PLAIN = "Refused: without https only what an operator allows is sent to."
REDIRECTS_TO_PRIVATE = "Refused: it redirects to a private network, which webhooks may not reach."
TOO_SLOW = f"No complete answer within {REQUEST_TIMEOUT_SECONDS:.0f} seconds."
NOT_FOUND = "The host's name has no address."

CONNECTION_ERRORS = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, OSError, ValueError)

IsAllowed = Callable[[Address, int], bool]


class PrivateAddress(Exception):
    """The host stands for an address that webhooks may not reach."""


class CheckedNetwork(httpcore.AsyncNetworkBackend):
    """Resolves a host once, checks all its addresses, and connects to one of those: there is no second lookup.

    Connections that are kept alive lead to where they were checked.
    """

    def __init__(self, is_allowed: IsAllowed, resolve: Resolve) -> None:
        self._is_allowed = is_allowed
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
        """Raises PrivateAddress, and what httpcore raises."""
        failure: Exception = httpcore.ConnectError(NOT_FOUND)
        for address in await self._checked(host, port):
            try:
                return await self._network.connect_tcp(
                    str(address), port, timeout, local_address, socket_options=socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def _checked(self, host: str, port: int) -> list[Address]:
        """A host's addresses, if all of them may be reached."""
        try:
            addresses = await self._resolve(host, port)
        except OSError:
            raise httpcore.ConnectError(NOT_FOUND) from None
        if not all(self._is_allowed(address, port) for address in addresses):
            raise PrivateAddress
        return addresses


class WebhookSender:
    """Signs and sends, over connections that are kept alive. `allowed`: destinations in private networks."""

    def __init__(
        self,
        allowed: Sequence[AllowedDestination] = (),
        *,
        resolve: Resolve = resolve,
        trust: ssl.SSLContext | None = None,
        seconds: float = REQUEST_TIMEOUT_SECONDS,
    ) -> None:
        checks: dict[str, IsAllowed] = {
            "https": lambda address, port: may_send_to(address, port, allowed),
            "http": lambda address, port: any(destination.covers(address, port) for destination in allowed),
        }
        self._resolve = resolve
        self._seconds = seconds
        self._pools = {
            scheme: httpcore.AsyncConnectionPool(
                ssl_context=trust,
                max_connections=MAX_CONNECTIONS,
                keepalive_expiry=KEEP_ALIVE_SECONDS,
                network_backend=CheckedNetwork(check, resolve),
            )
            for scheme, check in checks.items()
        }

    async def close(self) -> None:
        for pool in self._pools.values():
            await pool.aclose()

    async def send(self, url: str, id: str, secrets: Sequence[str], body: bytes) -> AttemptResult:
        """POST a body, signed with each secret, under the `webhook-id` `id`. Every failure is a result too."""
        try:
            target = parse_target(url)
            async with asyncio.timeout(self._seconds):
                return await self._post(url, target, sign(id, secrets, body), body)
        except InvalidRequest as error:
            return AttemptResult(error=error.sentence, refused=True)
        except PrivateAddress:
            return AttemptResult(error=REFUSED if target.scheme == "https" else REFUSED_PLAIN, refused=True)
        except TimeoutError:
            return AttemptResult(error=TOO_SLOW)
        except CONNECTION_ERRORS as error:
            return AttemptResult(error=_describe(error))

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
            received = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
            text = await _read_beginning(response)
        return await self._read(url, code, received, text)

    async def _read(self, url: str, code: int, headers: Mapping[str, str], text: str | None) -> AttemptResult:
        if 200 <= code < 300:
            return AttemptResult(code=code, body=text)
        if 300 <= code < 400 and "location" in headers:
            private = await self._leads_to_private(urljoin(url, headers["location"]))
            error = REDIRECTS_TO_PRIVATE if private else f"It answered {code}, a redirect: redirects are not followed."
            return AttemptResult(code=code, body=text, error=error, refused=private)
        retry_after = _parse_retry_after(headers.get("retry-after", ""))
        return AttemptResult(code=code, body=text, error=f"It answered {code}.", retry_after=retry_after)

    async def _leads_to_private(self, url: str) -> bool:
        """Whether a redirect would lead into a private network; what an operator allows does not count for it."""
        try:
            target = parse_target(url)
            addresses = await self._resolve(target.host, target.port)
        except (InvalidRequest, OSError):
            return False
        return not all(may_send_to(address, target.port, ()) for address in addresses)


def sign(id: str, secrets: Sequence[str], body: bytes) -> dict[str, str]:
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


async def _read_beginning(response: httpcore.Response) -> str | None:
    """The beginning of an answer's body as text for a log; None where it has none."""
    read = bytearray()
    async for chunk in response.aiter_stream():
        read += chunk
        if len(read) >= MAX_READ_BYTES:
            break
    text = mask_numbers(read[: 4 * MAX_KEPT_CHARACTERS].decode("utf-8", "replace"))
    return text[:MAX_KEPT_CHARACTERS].replace("\0", "") or None


def _parse_retry_after(text: str) -> timedelta | None:
    """Seconds or a date (RFC 9110, 10.2.3); None for anything else."""
    if text.isascii() and text.isdigit() and len(text) < 10:
        return timedelta(seconds=int(text))
    try:
        return max(parsedate_to_datetime(text) - datetime.now(UTC), timedelta())
    except (ValueError, TypeError):
        return None


def _describe(error: Exception) -> str:
    """Why there was no answer; the library's own text may name addresses, and is kept short."""
    if isinstance(error, httpcore.TimeoutException):
        return TOO_SLOW
    if isinstance(error, httpcore.ConnectError | ssl.SSLError):
        return f"No connection: {str(error) or type(error).__name__}"[:200]
    return f"The connection broke off before the answer was complete ({type(error).__name__})."
