"""Requests as spans, where traces are wanted."""

from typing import Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.admission import ALWAYS_ANSWERED
from telemetry.tracing import find_ids, request_span


class RequestSpans:
    """A span for each request, with the ids in its path. Neither address nor query are told: numbers stand there."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in ALWAYS_ANSWERED:
            await self.app(scope, receive, send)
            return
        answered: dict[str, Any] = {}

        async def note_status(message: Message) -> None:
            if message["type"] == "http.response.start":
                answered["status"] = message["status"]
            await send(message)

        with request_span(scope["method"], Headers(scope=scope), answered):
            try:
                await self.app(scope, receive, note_status)
            finally:
                answered["route"] = getattr(scope.get("route"), "path", None)
                answered["ids"] = find_ids(scope.get("path_params", {}))
