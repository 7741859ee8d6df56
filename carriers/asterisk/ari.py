"""The HTTP of the REST interface: one pool, no retries, a look at the clock last thing."""

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx

from carriers import CarrierAway, CarrierError, CarrierRefused, NotPlaced, PlaceUnknown, TooLate
from carriers.asterisk.options import Options

CONNECTIONS = 20  # Asterisk serves 100 at once by default, with all WebSockets
ASK_TIMEOUT_SECONDS = 5.0
NOT_READY = timedelta(seconds=5)
LINES_FREE = timedelta(seconds=30)  # as long as the first redial waits: a call may be over by then
NO_CHANNEL = {"error": "Allocation failed"}  # said before anything is dialed, as the body of a 500
HEADERS_LEAVE = ".send_request_headers.started"
Json = dict[str, Any]


class NoChannel(NotPlaced):
    """No file is left for another call, or there is no way to the trunk."""


@dataclass
class Departure:
    """Whether a request left, and the instant (`time.monotonic()`) after which it may not."""

    send_before: float
    left: bool = False

    async def trace(self, event: str, _: Json) -> None:
        """Called by the transport; raising here keeps the request back."""
        if event.endswith(HEADERS_LEAVE):
            if time.monotonic() > self.send_before:
                raise TooLate("The request was held back: its time to leave had passed.")
            self.left = True


class Ari:
    """Requests and what their answers mean. None stands for "there is no such thing", said by the interface itself."""

    def __init__(self, options: Options) -> None:
        self._place_timeout = options.place_timeout_seconds
        self._http = httpx.AsyncClient(
            base_url=options.url.rstrip("/"),
            auth=(options.user, options.password.get_secret_value()),
            timeout=ASK_TIMEOUT_SECONDS,
            limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
            trust_env=False,
        )

    async def originate(self, parameters: Json, variables: dict[str, str], send_before: float) -> bool:
        """Ask for a call; False where a call of this id lives already. The number is in the body: addresses are logged.

        Raises NotPlaced, NoChannel, TooLate, PlaceUnknown, CarrierRefused.
        """
        departure = Departure(send_before)
        try:
            answer = await self._http.post(
                "/channels",
                json={**parameters, "variables": variables},
                timeout=self._place_timeout,
                extensions={"trace": departure.trace},
            )
        except httpx.TransportError:
            if departure.left:
                raise PlaceUnknown("Asterisk was asked for the call and gave no answer.") from None
            raise NotPlaced("Asterisk could not be reached.") from None
        return _placed(answer)

    async def ask(self, method: str, path: str, body: Any = None, **parameters: Any) -> Any | None:
        """Raises CarrierAway, CarrierRefused."""
        try:
            answer = await self._http.request(method, path, params=parameters, json=body)
        except httpx.TransportError:
            raise CarrierAway("Asterisk did not answer the question.") from None
        if answer.status_code in {401, 403}:
            raise CarrierRefused("Asterisk refuses the user or its password.")
        if not _is_its_own(answer):  # the server is up before the interface: its 404 means nothing
            raise CarrierAway("Asterisk's REST interface does not answer (yet).")
        if answer.status_code == 404:
            return None
        if not answer.is_success and answer.status_code != 409:  # there already: what was wanted
            raise CarrierAway("Asterisk did not do what it was asked.")
        return answer.json() if answer.content else {}

    async def variable(self, channel: str, name: str) -> str | None:
        """A channel's variable, or a function of it."""
        found = await self.ask("GET", f"/channels/{channel}/variable", variable=name)
        return None if found is None else str(found.get("value", ""))

    async def close(self) -> None:
        await self._http.aclose()


def _placed(answer: httpx.Response) -> bool:
    """Whether a new call was taken: it was not where one of this id lives."""
    own = _is_its_own(answer)
    if own and (answer.is_success or answer.status_code == 409):
        return answer.is_success
    raise _failure(answer, own=own)


def _failure(answer: httpx.Response, *, own: bool) -> CarrierError:
    """Only what Asterisk says before it dials proves that nothing rang. A proxy may have passed the request on."""
    status = answer.status_code
    if status in {401, 403}:
        return CarrierRefused("Asterisk refuses the user or its password.")
    if own and status == 500 and answer.json() == NO_CHANNEL:
        return NoChannel("Asterisk has no channel for another call.", LINES_FREE)
    if status in {429, 503} or (status == 404 and not own):  # the server is up before the interface
        return NotPlaced("Asterisk takes no call at the moment.", NOT_READY)
    if 400 <= status < 500 and status != 409:
        return NotPlaced("Asterisk did not take the call.")
    return PlaceUnknown("Asterisk failed while it was asked for the call.")


def _is_its_own(answer: httpx.Response) -> bool:
    """While Asterisk boots its web server answers alone, in HTML."""
    return answer.status_code == 204 or answer.headers.get("content-type", "").startswith("application/json")
