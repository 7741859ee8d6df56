"""A carrier in under 100 lines: Tin Can, whose small API has idempotency keys and signed callbacks."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from carriers import Absent, BadSignature, CannotTell, CarrierAway, CarrierRefused, EventRequest, Gone, Health
from carriers import Idempotency, Limits, NotPlaced, PlaceUnknown, Push, Search, SearchOrder, Traits
from carriers.outgoing_request import OutgoingRequest
from carriers.placing_sockets import socket_options
from domain.calls.models import CallOrder, CallReport, Ending

ENDINGS = {200: Ending.COMPLETED, 486: Ending.BUSY, 480: Ending.NO_ANSWER, 487: Ending.NO_ANSWER}  # by SIP code
TIMEOUT_SECONDS = 10  # of a request as a whole; what has not arrived by then never does


def from_environment(environment: Mapping[str, str]) -> "TinCan | None":
    url = environment.get("OUTDIAL_TINCAN_URL")
    return TinCan(url, environment.get("OUTDIAL_TINCAN_SECRET", "")) if url else None


class TinCan:
    name = "tincan"
    traits = Traits(
        idempotency=Idempotency.BY_KEY,
        search=Search.PROVES_ABSENCE,
        push=Push.CALLBACK,
        limits=Limits(concurrent_calls=20),
    )

    def __init__(self, url: str, secret: str) -> None:
        self._secret = secret.encode()
        headers = {"Authorization": f"Bearer {secret}"}
        transport = httpx.AsyncHTTPTransport(socket_options=socket_options(TIMEOUT_SECONDS))
        self._http = httpx.AsyncClient(base_url=url, headers=headers, timeout=TIMEOUT_SECONDS, transport=transport)

    async def place(self, order: CallOrder, *, callback_url: str, send_before: float) -> CallReport:
        content = order.model_dump(mode="json") | {"callback_url": callback_url}
        outgoing = OutgoingRequest(send_before)
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                answer = await self._http.post("/calls", json=content, extensions={"trace": outgoing.trace})
            if answer.is_success:
                return _report(answer.json())
        except (httpx.HTTPError, TimeoutError, ValueError):
            raise (PlaceUnknown if outgoing.sent else NotPlaced)(
                "The carrier gave no answer that can be read."
            ) from None
        if answer.status_code in {401, 403}:
            raise CarrierRefused("The carrier refuses the account.")
        raise (NotPlaced if 400 <= answer.status_code < 500 else PlaceUnknown)("The carrier did not take the call.")

    async def fetch(self, call_id: str) -> CallReport | Gone:
        return await self._ask("GET", f"/calls/{call_id}", read=_report) or Gone()

    async def find(self, order: SearchOrder) -> CallReport | Absent | CannotTell:
        calls = await self._ask("GET", "/calls", params={"key": order.key}, read=lambda calls: [*map(_report, calls)])
        return next((call for call in calls or () if call.call_id not in order.not_these), Absent())

    async def hang_up(self, call_id: str) -> None:
        await self._ask("DELETE", f"/calls/{call_id}")

    def read_event(self, request: EventRequest) -> CallReport:
        expected = hmac.new(self._secret, request.url.encode() + request.body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(request.headers.get("x-tincan-signature", ""), expected):
            raise BadSignature("The event was not signed with the account's secret.")
        return _report(json.loads(request.body))

    async def health(self) -> Health:
        try:
            return Health(ok=await self._ask("GET", "/health") is not None, detail="The carrier was asked.")
        except (CarrierAway, CarrierRefused) as error:
            return Health(ok=False, detail=str(error))

    async def close(self) -> None:
        await self._http.aclose()

    async def _ask(self, method: str, path: str, read: Callable[[Any], Any] = dict, **more: Any) -> Any | None:
        try:
            answer = await self._http.request(method, path, **more)
            found = read(answer.json()) if answer.is_success else None
        except (httpx.HTTPError, ValueError):
            raise CarrierAway("The carrier did not answer the question.") from None
        if answer.status_code in {401, 403}:
            raise CarrierRefused("The carrier refuses the account.")
        if not answer.is_success and answer.status_code != 404:
            raise CarrierAway("The carrier did not answer the question.")
        return found  # None: there is no such thing


def _report(body: Any) -> CallReport:
    """Its fields of a call are ours but for the ending. Raises ValueError where they cannot be read."""
    call = CallReport.model_validate(body)  # an ended one has a code
    return call.model_copy(update={"ending": call.sip_code and ENDINGS.get(call.sip_code, Ending.FAILED)})
