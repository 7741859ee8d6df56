"""TwiML that did not come with the request: fetched from its address, signed, once the call is answered."""

import asyncio
from collections.abc import Callable

import aiohttp
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]
from yarl import URL

from carriers.simulator.calls import Call
from carriers.simulator.media_streams import StreamTarget, stream_of

TIMEOUT_SECONDS = 15.0  # Twilio's own
MAX_TWIML_BYTES = 65_536  # Twilio's own
FAILURES = (aiohttp.ClientError, TimeoutError, OSError, ValueError)

Connect = Callable[[str, StreamTarget], None]


class TwimlFetcher:
    """Used from one event loop. A failure ends no call: the person hears nothing."""

    def __init__(self, account_sid: str, auth_token: str) -> None:
        self._account_sid = account_sid
        self._validator = RequestValidator(auth_token)
        self._tasks: set[asyncio.Task[None]] = set()

    def fetch(self, call: Call, url: str, connect: Connect) -> None:
        """Fetch the TwiML, and connect the call to the stream that it names."""
        task = asyncio.create_task(self._fetch(call, url, connect))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _fetch(self, call: Call, url: str, connect: Connect) -> None:
        try:
            stream = stream_of(await self._twiml(call, url))
        except FAILURES:
            return
        if stream is not None and call.live:
            connect(call.sid, stream)

    async def _twiml(self, call: Call, url: str) -> str | None:
        form = {
            "AccountSid": self._account_sid,
            "CallSid": call.sid,
            "CallStatus": "in-progress",
            "Direction": "outbound-api",
            "From": call.from_,
            "To": call.to,
        }
        headers = {"X-Twilio-Signature": self._validator.compute_signature(url, form)}
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(URL(url, encoded=True), data=form, headers=headers) as answer,
        ):
            body = await answer.content.read(MAX_TWIML_BYTES + 1)
            whole = answer.status == 200 and len(body) <= MAX_TWIML_BYTES
            return body.decode(answer.charset or "utf-8") if whole else None
