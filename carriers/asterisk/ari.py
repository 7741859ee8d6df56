"""The HTTP of Asterisk's REST interface (ARI): one pool, no retries, the clock checked right before sending."""

import asyncio
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from carriers import (
    CarrierAway,
    CarrierBusy,
    CarrierError,
    CarrierRefused,
    CarrierUnreachable,
    NotPlaced,
    PlaceUnknown,
    TooLate,
)
from carriers.asterisk.options import Options
from carriers.foreign import read_object
from carriers.outgoing_request import OutgoingRequest
from carriers.placing_sockets import socket_options

MAX_CONNECTIONS = 20  # Asterisk serves 100 at once by default, with all WebSockets
REQUEST_TIMEOUT_SECONDS = 5.0
NOT_READY_DELAY = timedelta(seconds=5)
NO_CHANNEL_DELAY = timedelta(seconds=30)  # as long as the first redial waits: a call may be over by then
NO_CHANNEL = {"error": "Allocation failed"}  # the body of a 500: nothing was dialed yet
NOT_APPLIED = frozenset({401, 407})  # "the request has not been applied", whoever says so: RFC 9110 §15.5.2, §15.5.8
UNREADABLE = "Asterisk's answer cannot be read."
Json = dict[str, Any]

_NO_JSON = object()


class NoChannel(CarrierBusy):
    """No file is left for another call, or there is no way to the trunk."""


class Ari:
    """Requests and what their answers mean. None stands for a 404 of the interface itself. An answer is an object."""

    def __init__(self, options: Options) -> None:
        self._place_timeout = options.place_timeout_seconds
        self._http = httpx.AsyncClient(
            base_url=options.url.rstrip("/"),
            auth=(options.user, options.password.get_secret_value()),
            timeout=REQUEST_TIMEOUT_SECONDS,
            transport=httpx.AsyncHTTPTransport(
                limits=httpx.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=MAX_CONNECTIONS),
                socket_options=socket_options(options.place_timeout_seconds),
                trust_env=False,
            ),
            trust_env=False,
        )

    async def originate(self, parameters: Json, variables: dict[str, str], send_before: float) -> bool:
        """Originate a call; False where a call of this id is live already. The number is in the body: paths are logged.

        Raises NotPlaced, NoChannel, TooLate, PlaceUnknown, CarrierRefused.
        """
        outgoing = OutgoingRequest(send_before)
        try:
            async with asyncio.timeout(self._place_timeout):  # as a whole: httpx's own bounds each of its steps
                answer = await self._http.post(
                    "/channels",
                    json={**parameters, "variables": variables},
                    timeout=self._place_timeout,
                    extensions={"trace": outgoing.trace},
                )
        except httpx.PoolTimeout:
            raise TooLate("The request was not sent: all our connections were taken.") from None
        except (httpx.TransportError, TimeoutError):
            if outgoing.sent:
                raise PlaceUnknown("Asterisk was asked for the call and gave no answer.") from None
            raise CarrierUnreachable("Asterisk could not be reached.") from None
        return _is_new_call(answer)

    async def ask(self, method: str, path: str, body: Any = None, **parameters: Any) -> Json | None:
        """Raises CarrierAway, CarrierRefused."""
        answer = await self._request(method, path, body, parameters)
        if answer.status_code == 404:
            return None
        found = answer.json() if answer.content else {}
        if not isinstance(found, dict):
            raise CarrierAway(UNREADABLE)
        return found

    async def list_channels(self) -> dict[str, str]:
        """The state of every channel, by its id; what cannot be read is none of ours. Raises as `ask`."""
        answer = await self._request("GET", "/channels", None, {})
        found = _json(answer)
        channels = [read_object(each) for each in found] if isinstance(found, list) else []
        return {str(channel.get("id")): str(channel.get("state")) for channel in channels}

    async def clock(self) -> tuple[datetime, datetime]:
        """What time it is by Asterisk's own clock, and when it started by the same. Raises CarrierAway, CarrierRefused.

        The first is cut to whole seconds.
        """
        answer = await self._request("GET", "/asterisk/info", None, {})
        try:
            now = parsedate_to_datetime(answer.headers["date"])
            started = datetime.fromisoformat(answer.json()["status"]["startup_time"])
            _ = now - started  # both have a zone
        except (KeyError, OverflowError, TypeError, ValueError):
            raise CarrierAway(UNREADABLE) from None
        return now, started

    async def _request(self, method: str, path: str, body: Any, parameters: Json) -> httpx.Response:
        """An answer of the interface itself: a success, a 404, or a 409 where something is there already."""
        try:
            answer = await self._http.request(method, path, params=parameters, json=body)
        except httpx.TransportError:
            raise CarrierAway("Asterisk did not answer the question.") from None
        from_ari = _is_from_ari(answer)
        if answer.status_code in NOT_APPLIED or (from_ari and answer.status_code == 403):
            raise CarrierRefused("Asterisk refuses the user or its password.")
        if not from_ari:  # the web server is up before the interface: its 404 means nothing
            raise CarrierAway("Asterisk's REST interface does not answer (yet).")
        if not answer.is_success and answer.status_code not in {404, 409}:
            raise CarrierAway("Asterisk did not do what it was asked.")
        return answer

    async def get_variable(self, channel: str, name: str) -> str | None:
        """A channel's variable, or a dialplan function of it; None where there is no such channel."""
        found = await self.ask("GET", f"/channels/{channel}/variable", variable=name)
        return None if found is None else str(found.get("value", ""))

    async def set_variable(self, channel: str, name: str, value: str) -> None:
        await self.ask("POST", f"/channels/{channel}/variable", variable=name, value=value)

    async def close(self) -> None:
        await self._http.aclose()


def _is_new_call(answer: httpx.Response) -> bool:
    """False where a call of this id is live. Raises what the answer means otherwise."""
    from_ari = _is_from_ari(answer)
    if from_ari and (answer.is_success or answer.status_code == 409):
        return answer.is_success
    raise _failure(answer, from_ari=from_ari)


def _failure(answer: httpx.Response, *, from_ari: bool) -> CarrierError:
    """Only what Asterisk itself says before it dials proves that nothing rang: a proxy may have passed it on."""
    status = answer.status_code
    if status in NOT_APPLIED or (from_ari and status == 403):
        return CarrierRefused("Asterisk refuses the user or its password.")
    if from_ari and status == 500 and _json(answer) == NO_CHANNEL:
        return NoChannel("Asterisk has no channel for another call.", NO_CHANNEL_DELAY)
    if _is_from_web_server(answer) and status in {404, 503}:  # it is up before the interface, and longer
        return CarrierUnreachable("Asterisk takes no call at the moment.", NOT_READY_DELAY)
    if from_ari and 400 <= status < 500 and status not in {409, 429}:
        return NotPlaced("Asterisk did not take the call.")
    return PlaceUnknown("No answer of Asterisk's own that says whether it took the call.")


def _is_from_ari(answer: httpx.Response) -> bool:
    """The interface answers in JSON. While Asterisk boots, its web server answers alone, in HTML."""
    if answer.status_code == 204:
        return True
    is_json = answer.headers.get("content-type", "").startswith("application/json")
    return is_json and (not answer.content or _json(answer) is not _NO_JSON)


def _is_from_web_server(answer: httpx.Response) -> bool:
    """Asterisk's own web server, which names itself in a header or, behind a proxy, at the end of its pages."""
    return answer.headers.get("server", "").startswith("Asterisk") or b"<address>Asterisk" in answer.content


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return _NO_JSON
